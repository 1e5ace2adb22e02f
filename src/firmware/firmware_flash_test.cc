// MicroPython's ports/stm32/flash.c, unpatched, over a HAL in the manual's steps: what it erases and programs
// on the models of the flash controllers, and what it makes of errors.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "drivers/arm/guest_cpu.h"
#include "drivers/stm32_flash_bench.h"

namespace firmware {
namespace {

using drivers::Controller;
using drivers::Family;
using drivers::kArrayAddress;
using drivers::arm::GuestCpu;

constexpr int32_t kIo = -5;
constexpr int32_t kTimedOut = -110;

class FlashC : public testing::TestWithParam<Family> {
 protected:
  FlashC() {
    const Family& family = GetParam();
    cpu.map_hardware(family.register_base & ~0xFFFu, 0x1000);
    cpu.map_hardware(kArrayAddress, bench.cells().size_bytes());
    cpu.set_access_ns(100);
  }
  ~FlashC() override {
    for (const sim::Violation& v : bench.violations().list()) ADD_FAILURE() << v.where << ": " << v.what;
  }

  static uc_cpu_arm core() {
    return GetParam().controller == Controller::kF42x ? UC_CPU_ARM_CORTEX_M4 : UC_CPU_ARM_CORTEX_M7;
  }
  int32_t call(const char* function, std::array<uint32_t, 3> arguments) {
    return cpu.call(function, arguments).value();
  }
  // An erase takes seconds: the firmware looks at it from time to time only.
  int32_t erase(uint32_t offset) {
    cpu.set_access_ns(10'000'000);
    const int32_t status = call("flash_erase", {kArrayAddress + offset, 0, 0});
    cpu.set_access_ns(100);
    return status;
  }
  int32_t write(uint32_t offset, std::span<const uint8_t> data) {
    const uint32_t buffer = cpu.address_of("guest_buffer");
    cpu.write_ram(buffer, data);
    return call("flash_write", {kArrayAddress + offset, buffer, static_cast<uint32_t>(data.size() / 4)});
  }
  std::vector<uint8_t> content(uint32_t offset, size_t size_bytes) {
    std::vector<uint8_t> out(size_bytes);
    bench.space().load_block(kArrayAddress + offset, out);
    return out;
  }
  static std::vector<uint8_t> pattern(size_t size_bytes, uint8_t seed) {
    std::vector<uint8_t> data(size_bytes);
    for (size_t i = 0; i < size_bytes; ++i) data[i] = static_cast<uint8_t>(seed + 7 * i);
    return data;
  }
  uint32_t sector_count() { return bench.cells().sector_count(); }

  drivers::Bench bench{GetParam()};
  GuestCpu cpu{core(), std::string(PYBFLASH_GUEST_FOLDER) + "/flash_" + std::string(GetParam().name) + ".elf",
               bench.space()};
};

INSTANTIATE_TEST_SUITE_P(Families, FlashC, testing::ValuesIn(drivers::kFamilies),
                         [](const auto& family) { return std::string(family.param.name); });

TEST_P(FlashC, KnowsTheSectorsOfTheModel) {
  for (uint32_t sector = 0; sector < sector_count(); ++sector) {
    const uint32_t offset = bench.cells().sector_offset(sector);
    const uint32_t last = offset + bench.cells().sector_size_bytes(sector) - 1;
    EXPECT_EQ(call("flash_get_sector_info", {kArrayAddress + offset, 0, 0}), sector);
    EXPECT_EQ(call("flash_get_sector_info", {kArrayAddress + last, 0, 0}), sector);
  }
  EXPECT_EQ(call("flash_is_valid_addr", {kArrayAddress + bench.cells().size_bytes(), 0, 0}), 0);
}

TEST_P(FlashC, ErasesEachSectorAlone) {
  for (uint32_t sector = 0; sector < sector_count(); ++sector) {
    std::fill(bench.bytes().begin(), bench.bytes().end(), uint8_t{0x5A});
    const uint32_t offset = bench.cells().sector_offset(sector);
    const uint32_t size_bytes = bench.cells().sector_size_bytes(sector);
    ASSERT_EQ(erase(offset), 0) << sector;
    const auto& bytes = bench.bytes();
    EXPECT_EQ(std::count(bytes.begin(), bytes.end(), 0xFF), size_bytes) << sector;
    EXPECT_EQ(bytes[offset], 0xFF);
    EXPECT_EQ(bytes[offset + size_bytes - 1], 0xFF);
    EXPECT_TRUE(bench.is_locked());
  }
}

TEST_P(FlashC, WritesWordsInEverySector) {
  for (uint32_t sector = 0; sector < sector_count(); ++sector) {
    const uint32_t offset = bench.cells().sector_offset(sector) + 64;
    const auto data = pattern(160, static_cast<uint8_t>(sector));
    ASSERT_EQ(erase(offset), 0);
    ASSERT_EQ(write(offset, data), 0);
    EXPECT_EQ(content(offset, data.size()), data);
    EXPECT_EQ(content(offset + 160, 32), std::vector<uint8_t>(32, 0xFF));
  }
  EXPECT_TRUE(bench.is_locked());
}

// On the H7 the last flash word is filled up with ones.
TEST_P(FlashC, WritesAnyNumberOfWords) {
  uint32_t offset = 0;
  for (const uint32_t words : {0u, 1u, 7u, 8u, 9u, 31u}) {
    const auto data = pattern(words * 4, static_cast<uint8_t>(words));
    ASSERT_EQ(write(offset, data), 0) << words;
    EXPECT_EQ(content(offset, data.size()), data);
    EXPECT_EQ(content(offset + 4 * words, 4), std::vector<uint8_t>(4, 0xFF));
    offset += 256;
  }
}

TEST_P(FlashC, AProtectedSectorEndsInAnErrorAndTheNextCallWorks) {
  const uint32_t offset = bench.cells().sector_offset(2);
  std::fill(bench.bytes().begin(), bench.bytes().end(), uint8_t{0x5A});
  bench.protect_sector(offset, true);
  EXPECT_EQ(erase(offset), kIo);
  EXPECT_EQ(content(offset, 4), std::vector<uint8_t>(4, 0x5A));
  bench.protect_sector(offset, false);
  ASSERT_EQ(erase(offset), 0);
  ASSERT_EQ(write(offset, pattern(64, 1)), 0);
  EXPECT_EQ(content(offset, 64), pattern(64, 1));
}

// What the controller tells of an operation, the firmware's next look at SR finds.
TEST_P(FlashC, ErrorBitsEndInAnErrorOnceAndAreCleared) {
  const uint32_t protection = GetParam().controller == Controller::kH74x ? 1u << 17 : 1u << 4;
  bench.set_error(protection);
  EXPECT_EQ(write(0, pattern(32, 3)), kIo);
  EXPECT_EQ(content(0, 32), std::vector<uint8_t>(32, 0xFF));
  ASSERT_EQ(write(0, pattern(32, 3)), 0);
  EXPECT_EQ(content(0, 32), pattern(32, 3));
  // An erase clears what is left of others first: on the H7 the macro for it takes both banks' flags for
  // those of bank 2 and leaves bank 1 alone.
  bench.set_error(protection);
  EXPECT_EQ(erase(0), GetParam().controller == Controller::kH74x ? kIo : 0);
  EXPECT_EQ(erase(0), 0);
}

TEST_P(FlashC, StuckHardwareEndsInATimeout) {
  bench.set_stuck_busy(true);
  EXPECT_EQ(erase(0), kTimedOut);
  bench.set_stuck_busy(false);
  bench.violations().clear();  // CR was written while it was busy
  EXPECT_EQ(erase(0), 0);
}

TEST_P(FlashC, MassEraseLeavesNothing) {
  std::fill(bench.bytes().begin(), bench.bytes().end(), uint8_t{0x5A});
  cpu.set_access_ns(10'000'000);
  for (uint32_t bank = 1; bank <= GetParam().bank_count; ++bank) {
    ASSERT_EQ(call("guest_mass_erase", {bank, 0, 0}), 0);
  }
  const auto& bytes = bench.bytes();
  EXPECT_TRUE(std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0xFF; }));
}

// The H7 has one width only, that of its flash word.
TEST_P(FlashC, ProgramsInEveryWidth) {
  if (GetParam().controller == Controller::kH74x) GTEST_SKIP();
  const auto data = pattern(8, 0x31);
  const uint32_t buffer = cpu.address_of("guest_buffer");
  cpu.write_ram(buffer, data);
  for (uint32_t type = 0; type < 4; ++type) {
    const size_t width = size_t{1} << type;
    ASSERT_EQ(call("guest_program_one", {type, kArrayAddress + 32 * type, buffer}), 0) << width;
    EXPECT_EQ(content(32 * type, width), std::vector<uint8_t>(data.begin(), data.begin() + width));
    EXPECT_EQ(content(32 * type + static_cast<uint32_t>(width), 1), std::vector<uint8_t>{0xFF});
  }
}

}  // namespace
}  // namespace firmware
