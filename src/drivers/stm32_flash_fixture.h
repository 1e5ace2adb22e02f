// The fixture of the tests of the STM32 flash drivers: a driver on its model, with the CPU's data cache and
// a place to meddle in between.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "drivers/stm32_f4_flash.h"
#include "drivers/stm32_flash_bench.h"
#include "drivers/stm32_h7_flash.h"
#include "sim/mmio.h"

namespace drivers {

inline constexpr uint32_t kSecondKey = 0xCDEF89AB;
inline constexpr uint32_t kLineBytes = 32;

// Interrupts are masked in guarded stretches: never for longer than this.
inline constexpr uint64_t kLongestMaskedNs = 5'000;

// Between driver and model: the L1 data cache of the CPU, and a place to meddle.
struct Wires {
  explicit Wires(Bench& the_bench) : bench(the_bench), model(the_bench.space()) {}

  Bench& bench;
  sim::ModelMmio model;
  std::unordered_map<uint32_t, std::array<uint8_t, kLineBytes>> lines;
  uint64_t longest_yield_ns = 10'000'000;
  bool guarded = false;
  uint64_t guarded_since_ns = 0;
  uint64_t longest_masked_ns = 0;

  // Sees a write first; true: it took care of it.
  std::function<bool(uint32_t address, uint32_t value)> on_write;
  std::function<void()> on_read_memory;

  void read_memory(uint32_t address, std::span<uint8_t> out) {
    if (on_read_memory) on_read_memory();
    if (!bench.family().has_l1_cache) return model.read_memory(address, out);
    while (!out.empty()) {
      const uint32_t at = address % kLineBytes;
      const size_t size = std::min<size_t>(out.size(), kLineBytes - at);
      const auto line = line_of(address - at);
      std::copy_n(line.begin() + at, size, out.begin());
      address += static_cast<uint32_t>(size);
      out = out.subspan(size);
    }
  }

  // A line whose read was a bus error does not enter the cache.
  std::array<uint8_t, kLineBytes> line_of(uint32_t base) {
    if (const auto found = lines.find(base); found != lines.end()) return found->second;
    std::array<uint8_t, kLineBytes> line;
    model.read_memory(base, line);
    if (!bench.cells().has_ecc_error(base - kArrayAddress)) lines[base] = line;
    return line;
  }

  void write32(uint32_t address, uint32_t value) {
    if (on_write && on_write(address, value)) return;
    model.write32(address, value);
    const auto found = lines.find(address / kLineBytes * kLineBytes);
    if (found == lines.end()) return;
    for (uint32_t i = 0; i < 4; ++i) {
      found->second[address % kLineBytes + i] = static_cast<uint8_t>(value >> (8 * i));
    }
  }

  void drop_lines(uint32_t address, uint32_t size_bytes) {
    std::erase_if(lines, [&](const auto& line) { return line.first - address < size_bytes; });
  }
};

class TestMmio {
 public:
  explicit TestMmio(Wires& wires) : wires_(&wires) {}
  uint8_t read8(uint32_t address) { return wires_->model.read8(address); }
  uint16_t read16(uint32_t address) { return wires_->model.read16(address); }
  uint32_t read32(uint32_t address) { return wires_->model.read32(address); }
  void write8(uint32_t address, uint8_t value) { wires_->model.write8(address, value); }
  void write16(uint32_t address, uint16_t value) { wires_->model.write16(address, value); }
  void write32(uint32_t address, uint32_t value) { wires_->write32(address, value); }
  void read_memory(uint32_t address, std::span<uint8_t> out) { wires_->read_memory(address, out); }
  void barrier() {}

  void begin_guarded_read() {
    wires_->guarded = true;
    wires_->guarded_since_ns = wires_->bench.clock().now_ns();
    wires_->model.begin_guarded_read();
  }

  bool end_guarded_read() {
    wires_->guarded = false;
    const uint64_t masked_ns = wires_->bench.clock().now_ns() - wires_->guarded_since_ns;
    wires_->longest_masked_ns = std::max(wires_->longest_masked_ns, masked_ns);
    return wires_->model.end_guarded_read();
  }

 private:
  Wires* wires_;
};

inline Platform platform_of(Wires& the_wires) {
  return {.context = &the_wires,
          .now_us = [](void* context) { return static_cast<Wires*>(context)->bench.clock().now_us(); },
          .yield =
              [](void* context) {
                auto* wires = static_cast<Wires*>(context);
                EXPECT_FALSE(wires->guarded) << "waits with interrupts masked";
                wires->bench.clock().wait_ns(wires->longest_yield_ns);
              },
          .memory_changed =
              [](void* context, uint32_t address, uint32_t size_bytes) {
                static_cast<Wires*>(context)->drop_lines(address, size_bytes);
              }};
}

class Stm32FlashTest : public ::testing::TestWithParam<Family> {
 protected:
  Stm32FlashTest() {
    const flash::Geometry& geometry = *family().geometry;
    const Platform platform = platform_of(wires_);
    const Stm32F4FlashConfig f4 = {.register_base = family().register_base,
                                   .array_address = kArrayAddress,
                                   .geometry = geometry,
                                   .platform = platform};
    const Stm32H7FlashConfig h7 = {.register_base = family().register_base,
                                   .array_address = kArrayAddress,
                                   .geometry = geometry,
                                   .platform = platform};
    switch (family().controller) {
      case Controller::kF42x:
        own(std::make_shared<Stm32F4Flash<TestMmio, Stm32F42x>>(f4, TestMmio(wires_)));
        break;
      case Controller::kF76x:
        own(std::make_shared<Stm32F4Flash<TestMmio, Stm32F76x>>(f4, TestMmio(wires_)));
        break;
      case Controller::kH74x:
        own(std::make_shared<Stm32H7Flash<TestMmio>>(h7, TestMmio(wires_)));
        break;
    }
  }

  // Whatever happened: the driver kept to the manual and left the controller as it should be.
  ~Stm32FlashTest() override {
    for (const sim::Violation& violation : bench_.violations().list()) {
      ADD_FAILURE() << violation.at_ns << " ns, " << violation.where << ": " << violation.what;
    }
    EXPECT_TRUE(bench_.is_locked());
    for (uint32_t bank = 0; bank < family().bank_count; ++bank) EXPECT_EQ(bench_.status(bank), 0u);
    if (!is_h7()) {
      EXPECT_EQ(bench_.load_register(0), family().access_control);
    }
    EXPECT_LE(wires_.longest_masked_ns, kLongestMaskedNs);
  }

  const Family& family() const { return GetParam(); }
  bool is_h7() const { return family().controller == Controller::kH74x; }
  uint32_t unit() const { return family().unit_bytes(); }
  flash::NorFlash& nor() { return *nor_; }

  // Sector 1 of every family: where most of these tests happen.
  uint32_t sector_offset() { return bench_.cells().sector_offset(1); }
  uint32_t sector_size() { return bench_.cells().sector_size_bytes(1); }

  std::vector<uint8_t> pattern(size_t size) {
    std::vector<uint8_t> bytes(size);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random_());
    return bytes;
  }

  std::vector<uint8_t> cells_at(uint32_t offset, size_t size) {
    const auto bytes = bench_.cells().bytes().subspan(offset, size);
    return {bytes.begin(), bytes.end()};
  }

  // Erase, program and read, with data of its own.
  void expect_usable() {
    wires_.on_write = nullptr;
    wires_.on_read_memory = nullptr;
    bench_.cells().set_fault_hook(nullptr);
    const auto data = pattern(unit() * 5);
    std::vector<uint8_t> back(data.size());
    EXPECT_TRUE(nor().erase(sector_offset(), sector_size()).ok());
    EXPECT_TRUE(nor().program(sector_offset() + unit(), data).ok());
    EXPECT_TRUE(nor().read(sector_offset() + unit(), back).ok());
    EXPECT_EQ(back, data);
  }

  bool is_control(uint32_t address) const {
    return (address - family().register_base) % kBankStride == family().control_offset;
  }
  static bool is_array(uint32_t address) { return address >= kArrayAddress && address < 0x10000000; }

  // The moment an operation starts: the command of an erase, the first store of a program.
  bool is_start(uint32_t address, uint32_t value) const {
    return is_array(address) || (is_control(address) && (value & family().start) != 0);
  }

  flash::Status erase_the_sector() { return nor().erase(sector_offset(), sector_size()); }
  flash::Status program_a_unit() {
    return nor().program(sector_offset() + sector_size() / 2, pattern(unit()));
  }

  // Takes the place of the write that starts the next operation.
  void meddle_once(std::function<void(uint32_t address, uint32_t value)> instead) {
    wires_.on_write = [this, instead = std::move(instead), done = false](uint32_t address,
                                                                         uint32_t value) mutable {
      if (done || !is_start(address, value)) return false;
      done = true;
      instead(address, value);
      return true;
    };
  }

  // The model raises errors in both banks of an H74x; the driver clears those of the one it used.
  void clear_other_bank() {
    if (is_h7()) bench_.store_register(kBankStride + 0x14, UINT32_MAX);
  }

  Bench bench_{GetParam()};
  Wires wires_{bench_};

 private:
  template <class Driver>
  void own(std::shared_ptr<Driver> driver) {
    nor_ = driver.get();
    owner_ = std::move(driver);
  }

  std::shared_ptr<void> owner_;
  flash::NorFlash* nor_ = nullptr;
  std::mt19937 random_{20240229};
};

inline std::string family_name(const ::testing::TestParamInfo<Family>& info) {
  return std::string(info.param.name);
}

}  // namespace drivers
