// A chip as its SFDP table describes it, and the serial NOR driver on it, for the driver's tests.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "drivers/fake_nor_bus.h"
#include "drivers/nor_testing.h"

namespace drivers {

inline constexpr uint32_t k16MiB = 16u << 20;

// The parts of an SFDP table that the driver decides by (JESD216F, 6.4).
struct Table {
  uint32_t size_bytes = 1u << 20;
  uint32_t words = 16;
  uint8_t page_log2 = 8;
  std::array<uint32_t, 2> erases = {0x520F200C, 0x0000D810};  // 4 KiB, 32 KiB; 64 KiB
  bool has_quad_io = true;
  bool has_quad_output = true;
  uint32_t quad_reads = 0x6B08EB44;  // 1-1-4: 8 dummies; 1-4-4: 2 mode clocks, 4 dummies
  uint32_t quad_enable = 7;
  uint32_t address_bytes = 0;
  uint32_t four_byte_entry = 0;
  bool flag_status = false;
  bool inverted_extension = false;
  std::vector<uint32_t> four_byte_table = {};  // two words, or none

  std::vector<uint8_t> bytes() const {
    std::vector<uint32_t> basic(20);
    basic[0] =
        0xFF8020E5u | address_bytes << 17 | (has_quad_io ? 1u << 21 : 0u) | (has_quad_output ? 1u << 22 : 0u);
    basic[0] &= ~(0x3u << 17) | address_bytes << 17;
    basic[0] &= ~(0x3u << 21) | (has_quad_io ? 1u << 21 : 0u) | (has_quad_output ? 1u << 22 : 0u);
    basic[1] = size_bytes * 8 - 1;
    basic[2] = quad_reads;
    basic[7] = erases[0];
    basic[8] = erases[1];
    basic[9] = 0x00000000;  // 1 ms, maximum twice as long
    basic[10] = uint32_t{page_log2} << 4;
    basic[13] = flag_status ? 1u << 3 : 0u;
    basic[14] = quad_enable << 20;
    basic[15] = four_byte_entry << 24;
    basic[17] = inverted_extension ? 1u << 29 : 0u;
    const uint32_t tables = four_byte_table.empty() ? 1 : 2;
    std::vector<uint32_t> all = {
        0x50444653, 0xFF000106 | (tables - 1) << 16, 0x00010600 | words << 24, 0xFF000030,
        0x02000184, 0xFF000000u | (0x30 + 4 * words)};
    all.resize(0x30 / 4, 0xFFFFFFFF);
    all.insert(all.end(), basic.begin(), basic.begin() + words);
    all.insert(all.end(), four_byte_table.begin(), four_byte_table.end());
    std::vector<uint8_t> out;
    for (const uint32_t word : all) {
      for (int i = 0; i < 4; ++i) out.push_back(static_cast<uint8_t>(word >> 8 * i));
    }
    return out;
  }
};

// All that DW1 can promise here, and the erase types 1 and 3 with opcodes of their own.
inline const std::vector<uint32_t> kFourByteTable = {0x00000A72, 0xFFDCFF21};

class SpiNorTest : public testing::Test {
 protected:
  FakeNorBus& make(const Table& table) {
    bus_.emplace(table.size_bytes);
    bus_->sfdp = table.bytes();
    return *bus_;
  }

  SpiNor& driver(NorLines lines = NorLines::kOne, const SpiNorConfig& config = {}) {
    return driver_on(*bus_, lines, config);
  }

  SpiNor& driver_on(NorBus& bus, NorLines lines, SpiNorConfig config) {
    config.platform = {this, [](void* self) { return static_cast<SpiNorTest*>(self)->now_us_; },
                       [](void* self) { static_cast<SpiNorTest*>(self)->now_us_ += 100; },
                       [](void* self, uint32_t address, uint32_t size_bytes) {
                         static_cast<SpiNorTest*>(self)->changed_.emplace_back(address, size_bytes);
                       }};
    nor_ = &nors_.emplace(lines, bus, config);
    return *nor_;
  }

  SpiNor& ready(const Table& table, NorLines lines = NorLines::kOne, const SpiNorConfig& config = {}) {
    make(table);
    SpiNor& nor = driver(lines, config);
    EXPECT_TRUE(nor.init().ok());
    bus_->calls.clear();
    return nor;
  }

  std::vector<uint8_t> read(uint32_t offset, size_t length) {
    std::vector<uint8_t> out(length);
    EXPECT_TRUE(nor_->read(offset, out).ok());
    return out;
  }

  // The clock leaves 32 bits while a test waits: the driver counts in those.
  static constexpr uint64_t kStartUs = UINT32_MAX - 1'000;
  uint64_t now_us_ = kStartUs;
  std::vector<std::pair<uint32_t, uint32_t>> changed_;
  std::optional<FakeNorBus> bus_;
  LinedNor nors_;
  SpiNor* nor_ = nullptr;
};

inline Table octal_table() {
  return {.words = 20,
          .has_quad_io = false,
          .has_quad_output = false,
          .inverted_extension = true,
          .four_byte_table = kFourByteTable};
}
inline void make_octal(FakeNorBus& bus) {
  bus.id = {0xC2, 0x80, 0x11};
  bus.registers[0x71] = 0;
}

}  // namespace drivers
