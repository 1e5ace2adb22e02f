// The drivers as compiled for the camera, at the camera's addresses, executed instruction by instruction
// against the models - with the power failing at every single store to the hardware.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "drivers/arm/guest_cpu.h"
#include "drivers/stm32_flash_bench.h"

namespace drivers::arm {
namespace {

constexpr int32_t kIo = -5;

class OnTheCpu : public testing::TestWithParam<Family> {
 protected:
  // A sector in the middle, with neighbours on both sides: the first sectors are the smallest.
  static constexpr uint32_t kSector = 2;
  static constexpr uint8_t kOld = 0x5A;

  uint32_t sector_offset() { return bench.cells().sector_offset(kSector); }
  uint32_t sector_bytes() { return bench.cells().sector_size_bytes(kSector); }

  std::unique_ptr<GuestCpu> power_on() {
    const Family& family = GetParam();
    bench.reset();
    const auto core = family.controller == Controller::kF42x ? UC_CPU_ARM_CORTEX_M4 : UC_CPU_ARM_CORTEX_M7;
    const std::string elf =
        std::string(PYBFLASH_GUEST_FOLDER) + "/stm32_flash_" + std::string(family.name) + ".elf";
    auto cpu = std::make_unique<GuestCpu>(core, elf, bench.space());
    cpu->map_hardware(family.register_base & ~0xFFFu, 0x1000);
    cpu->map_hardware(kArrayAddress, bench.cells().size_bytes());
    return cpu;
  }

  static std::optional<int32_t> erase(GuestCpu& cpu, uint32_t offset, uint32_t length) {
    return cpu.call("guest_erase", {offset, length, 0});
  }
  static std::optional<int32_t> program(GuestCpu& cpu, uint32_t offset, const std::vector<uint8_t>& data) {
    const uint32_t buffer = cpu.address_of("guest_buffer");
    cpu.write_ram(buffer, data);
    return cpu.call("guest_program", {offset, buffer, static_cast<uint32_t>(data.size())});
  }
  static int32_t read(GuestCpu& cpu, uint32_t offset, std::span<uint8_t> out) {
    const uint32_t buffer = cpu.address_of("guest_buffer");
    const auto status = cpu.call("guest_read", {offset, buffer, static_cast<uint32_t>(out.size())});
    cpu.read_ram(buffer, out);
    return status.value();
  }
  std::vector<uint8_t> words(uint8_t seed) const {
    std::vector<uint8_t> data(4 * GetParam().unit_bytes());
    for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<uint8_t>(seed + 3 * i);
    return data;
  }
  // The store that the power failed after landed, and so did all before it; none after.
  void expect_a_prefix_of(const std::vector<uint8_t>& data) {
    const auto sector = std::span(bench.bytes()).subspan(sector_offset(), sector_bytes());
    if (sector.back() == kOld) {
      EXPECT_TRUE(std::all_of(sector.begin(), sector.end(), [](uint8_t byte) { return byte == kOld; }));
      return;
    }
    size_t at = 0;
    while (at < data.size() && sector[at] == data[at]) ++at;
    EXPECT_EQ(at % GetParam().unit_bytes(), 0u);
    EXPECT_TRUE(std::all_of(sector.begin() + at, sector.end(), [](uint8_t byte) { return byte == 0xFF; }));
  }
  void expect_no_violations() {
    for (const sim::Violation& v : bench.violations().list()) ADD_FAILURE() << v.where << ": " << v.what;
  }

  Bench bench{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Families, OnTheCpu, testing::ValuesIn(kFamilies),
                         [](const auto& family) { return std::string(family.param.name); });

TEST_P(OnTheCpu, ErasesProgramsAndReads) {
  std::fill(bench.bytes().begin(), bench.bytes().end(), uint8_t{0});
  auto cpu = power_on();
  ASSERT_EQ(erase(*cpu, sector_offset(), sector_bytes()), 0);
  const std::vector<uint8_t> data = words(0x21);
  ASSERT_EQ(program(*cpu, sector_offset() + 64, data), 0);
  std::vector<uint8_t> out(data.size());
  ASSERT_EQ(read(*cpu, sector_offset() + 64, out), 0);
  EXPECT_EQ(out, data);
  ASSERT_EQ(read(*cpu, sector_offset() + sector_bytes() - 4, std::span(out).first(8)), 0);
  EXPECT_EQ(std::vector<uint8_t>(out.begin(), out.begin() + 8),
            (std::vector<uint8_t>{0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0}));
  EXPECT_GE(cpu->changes(), 2u) << "the caches were told of the erase and of the program";
  EXPECT_TRUE(bench.is_locked());
  expect_no_violations();
}

TEST_P(OnTheCpu, RefusesWhatLeavesTheFlash) {
  auto cpu = power_on();
  EXPECT_EQ(erase(*cpu, bench.cells().size_bytes(), sector_bytes()), -22);
  EXPECT_EQ(erase(*cpu, sector_offset() + 4, sector_bytes()), -22);
  EXPECT_EQ(program(*cpu, bench.cells().size_bytes() - 4, words(1)), -22);
  EXPECT_EQ(cpu->stores(), 0u);
}

// The guard of VolatileMmio holds on a CPU: the fault is survived, and noticed where no flag tells of it.
TEST_P(OnTheCpu, ABusErrorEndsInAnError) {
  auto cpu = power_on();
  std::vector<uint8_t> out(2 * GetParam().unit_bytes());
  bench.cells().set_fault_hook(
      [](sim::Operation operation, uint64_t, uint32_t) { return operation == sim::Operation::kRead; });
  EXPECT_EQ(read(*cpu, sector_offset(), out), kIo);
  bench.cells().set_fault_hook(nullptr);
  EXPECT_EQ(read(*cpu, sector_offset(), out), 0);
  expect_no_violations();
}

TEST_P(OnTheCpu, ATornWordIsAnErrorUntilItsSectorIsErased) {
  if (GetParam().geometry->reprogrammable) GTEST_SKIP() << "no ECC";
  bench.tear_word(sector_offset() + 32);
  auto cpu = power_on();
  std::vector<uint8_t> out(96);
  EXPECT_EQ(read(*cpu, sector_offset(), out), kIo);
  EXPECT_EQ(read(*cpu, sector_offset(), std::span(out).first(32)), 0);
  EXPECT_EQ(read(*cpu, sector_offset() + 64, std::span(out).first(32)), 0);
  EXPECT_EQ(program(*cpu, sector_offset() + 32, std::vector<uint8_t>(32, 0x11)), kIo);
  EXPECT_EQ(erase(*cpu, sector_offset(), sector_bytes()), 0);
  EXPECT_EQ(read(*cpu, sector_offset(), out), 0);
  expect_no_violations();
}

TEST_P(OnTheCpu, APowerCutAtAnyStoreHarmsNothingElseAndIsRecovered) {
  const std::vector<uint8_t> data = words(0x43);
  for (uint64_t n = 1;; ++n) {
    SCOPED_TRACE("cut after store " + std::to_string(n));
    std::fill(bench.bytes().begin(), bench.bytes().end(), kOld);
    auto cpu = power_on();
    cpu->fail_power_after_store(n);
    const auto erased = erase(*cpu, sector_offset(), sector_bytes());
    const auto programmed = erased ? program(*cpu, sector_offset(), data) : std::nullopt;
    const bool was_cut = !cpu->has_power();
    if (!was_cut) ASSERT_EQ(programmed, 0);

    // Nothing outside the sector changed.
    const auto begin = bench.bytes().begin() + sector_offset();
    const auto is_old = [](uint8_t byte) { return byte == kOld; };
    ASSERT_TRUE(std::all_of(bench.bytes().begin(), begin, is_old));
    ASSERT_TRUE(std::all_of(begin + sector_bytes(), bench.bytes().end(), is_old));

    if (was_cut) expect_a_prefix_of(data);

    // The next boot reads everything, or learns that a word is torn; never a fault. And it can go on.
    cpu = power_on();
    std::vector<uint8_t> out(data.size());
    const int32_t status = read(*cpu, sector_offset(), out);
    ASSERT_TRUE(status == 0 || status == kIo) << status;
    ASSERT_EQ(erase(*cpu, sector_offset(), sector_bytes()), 0);
    ASSERT_EQ(program(*cpu, sector_offset(), data), 0);
    ASSERT_EQ(read(*cpu, sector_offset(), out), 0);
    ASSERT_EQ(out, data);
    expect_no_violations();
    if (!was_cut) break;
    ASSERT_LT(n, 1000u);
  }
}

}  // namespace
}  // namespace drivers::arm
