// MicroPython's ports/stm32/qspi.c and octospi.c under its drivers/memory/spiflash.c, unpatched, on the
// models of the controllers and chips. What the firmware does that a chip's manual does not know is listed by
// name.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "drivers/arm/guest_cpu.h"
#include "sim/nor_chip.h"
#include "sim/quadspi.h"
#include "sim/xspi.h"

namespace firmware {
namespace {

using drivers::arm::GuestCpu;

constexpr uint32_t kSectorBytes = 4096;
constexpr uint32_t kHalf = 16u << 20;  // where 24 bits of address end

struct Setting {
  const char* name;
  const char* elf;
  const sim::NorChipPart& (*part)();
  uint32_t registers;
  uint32_t window;
  bool octo;
  // The firmware looks for the quad enable bit where Winbond has it: with 35h, which others do not know. What
  // floats on the bus then reads as "set".
  bool lacks_35h;
};

void PrintTo(const Setting& setting, std::ostream* out) {
  *out << setting.name;
}

constexpr uint32_t kF7 = 0xA0001000;
constexpr uint32_t kH7 = 0x52005000;
constexpr uint32_t kN6 = 0x5802A000;

const Setting kSettings[] = {
    {"F7_AT25SF128A", "quadspi_F7_27", sim::at25sf128a, kF7, 0x90000000, false, false},
    {"F7_W25Q256JV", "quadspi_F7_28", sim::w25q256jv, kF7, 0x90000000, false, false},
    {"H7_AT25SF128A", "quadspi_H7_27", sim::at25sf128a, kH7, 0x90000000, false, false},
    {"H7_MX25L12833F", "quadspi_H7_27", sim::mx25l12833f, kH7, 0x90000000, false, true},
    {"H7_W25Q256JV", "quadspi_H7_28", sim::w25q256jv, kH7, 0x90000000, false, false},
    {"N6_MX25UM25645G", "octospi_N6_28", sim::mx25um25645g, kN6, 0x70000000, true, true},
};

class SpiflashC : public testing::TestWithParam<Setting> {
 protected:
  SpiflashC() {
    if (GetParam().octo) {
      xspi = std::make_unique<sim::Xspi>(chip, clock, violations, 200'000'000, sim::kOctoSpiFifo);
      space.map(GetParam().registers, sim::Xspi::kRegisterBytes, *xspi);
      space.map(GetParam().window, sim::Xspi::kWindowBytes, xspi->window());
    } else {
      // The H7's first address after mapped mode may misfire; qspi.c knows that, but not for the F7.
      const sim::QuadSpiErrata errata = {.transfer_error_after_mapped = GetParam().registers == kH7};
      quadspi = std::make_unique<sim::QuadSpi>(chip, clock, violations, 200'000'000, errata);
      space.map(GetParam().registers, sim::QuadSpi::kRegisterBytes, *quadspi);
      space.map(GetParam().window, sim::QuadSpi::kWindowBytes, quadspi->window());
    }
    cpu.map_hardware(GetParam().registers & ~0xFFFu, 0x1000);
    cpu.map_hardware(GetParam().window, 256u << 20);
    // As if the firmware had other things to do as well: its polling for hundreds of milliseconds is short
    // then.
    cpu.set_access_ns(20'000);
    // The firmware knows no other quad enable bit than that of Winbond; the factory has to set it.
    if (part.quad_enable.index == 0 && part.quad_enable.mask != 0) chip.set_status(0, part.quad_enable.mask);
  }
  ~SpiflashC() override {
    for (const sim::Violation& v : violations.list()) ADD_FAILURE() << v.where << ": " << v.what;
  }

  void init() {
    ASSERT_EQ(call("guest_init", {}), 0);
    if (!GetParam().lacks_35h) return;
    ASSERT_EQ(violations.list().size(), 1u);
    EXPECT_EQ(violations.list()[0].what, "35h: the chip has no such instruction");
    violations.clear();
  }
  int32_t call(const char* function, std::array<uint32_t, 3> arguments) {
    return cpu.call(function, arguments).value();
  }
  int32_t erase(uint32_t address) { return call("guest_erase", {address, 0, 0}); }
  int32_t write(uint32_t address, std::span<const uint8_t> data, uint32_t misaligned_by = 0,
                const char* function = "guest_write") {
    const uint32_t buffer = cpu.address_of("guest_buffer") + misaligned_by;
    cpu.write_ram(buffer, data);
    return call(function, {address, buffer, static_cast<uint32_t>(data.size())});
  }
  std::vector<uint8_t> read(uint32_t address, uint32_t size_bytes, uint32_t misaligned_by = 0,
                            const char* function = "guest_read") {
    const uint32_t buffer = cpu.address_of("guest_buffer") + misaligned_by;
    EXPECT_EQ(call(function, {address, buffer, size_bytes}), 0);
    std::vector<uint8_t> out(size_bytes);
    cpu.read_ram(buffer, out);
    return out;
  }
  std::vector<uint8_t> cells_at(uint32_t address, uint32_t size_bytes) const {
    return {bytes.begin() + address, bytes.begin() + address + size_bytes};
  }
  static std::vector<uint8_t> pattern(uint32_t size_bytes, uint8_t seed) {
    std::vector<uint8_t> data(size_bytes);
    for (uint32_t i = 0; i < size_bytes; ++i) data[i] = static_cast<uint8_t>(seed + 3 * i + i / 256);
    return data;
  }

  const sim::NorChipPart& part = GetParam().part();
  sim::Clock clock;
  sim::Violations violations;
  sim::AddressSpace space{clock, violations};
  std::vector<uint8_t> bytes = std::vector<uint8_t>(part.size_bytes, 0xFF);
  sim::Cells cells{sim::cell_physics_of(part), bytes};
  sim::NorChip chip{part, cells, clock, violations};
  std::unique_ptr<sim::QuadSpi> quadspi;
  std::unique_ptr<sim::Xspi> xspi;
  GuestCpu cpu{UC_CPU_ARM_CORTEX_M7, std::string(PYBFLASH_GUEST_FOLDER) + "/" + GetParam().elf + ".elf",
               space};
};

INSTANTIATE_TEST_SUITE_P(Chips, SpiflashC, testing::ValuesIn(kSettings),
                         [](const auto& setting) { return std::string(setting.param.name); });

TEST_P(SpiflashC, InitEnablesQuadAndLeavesTheChipReady) {
  init();
  EXPECT_FALSE(chip.is_busy());
  if (part.quad_enable.mask != 0) {
    EXPECT_NE(chip.status(part.quad_enable.index) & part.quad_enable.mask, 0);
  }
}

TEST_P(SpiflashC, InitWakesAChipAndTakesItOutOfFourByteMode) {
  init();
  ASSERT_EQ(call("guest_sleep", {1, 0, 0}), 0);
  EXPECT_TRUE(chip.is_asleep());
  init();
  EXPECT_FALSE(chip.is_asleep());
  EXPECT_FALSE(chip.is_four_byte_mode());
  EXPECT_EQ(read(0, 4), std::vector<uint8_t>(4, 0xFF));
}

TEST_P(SpiflashC, ErasesOneSectorAlone) {
  init();
  const uint32_t address = part.size_bytes / 2 + 3 * kSectorBytes;
  std::fill_n(bytes.begin() + address - kSectorBytes, 3 * kSectorBytes, uint8_t{0x5A});
  ASSERT_EQ(erase(address), 0);
  EXPECT_EQ(cells_at(address, kSectorBytes), std::vector<uint8_t>(kSectorBytes, 0xFF));
  EXPECT_EQ(bytes[address - 1], 0x5A);
  EXPECT_EQ(bytes[address + kSectorBytes], 0x5A);
}

TEST_P(SpiflashC, ReadsAndWritesAnyLengthAtAnyAddress) {
  init();
  uint32_t address = 0x2000;
  for (const uint64_t access_ns : {20'000u, 20u}) {
    cpu.set_access_ns(access_ns);
    for (const uint32_t size_bytes :
         {1u, 2u, 3u, 4u, 5u, 31u, 32u, 33u, 63u, 64u, 65u, 255u, 256u, 257u, 1000u}) {
      for (const uint32_t misaligned_by : {0u, 1u}) {
        const auto data = pattern(size_bytes, static_cast<uint8_t>(address));
        ASSERT_EQ(write(address, data, misaligned_by), 0) << size_bytes;
        EXPECT_EQ(cells_at(address, size_bytes), data) << size_bytes;
        EXPECT_EQ(read(address, size_bytes, misaligned_by), data) << size_bytes;
        address += size_bytes + 1;
      }
    }
  }
}

// Programs and erases choose the opcode by each address, a read by its first one.
TEST_P(SpiflashC, CrossesSixteenMebibytes) {
  if (part.size_bytes <= kHalf) GTEST_SKIP();
  init();
  for (const uint32_t sector : {kHalf - kSectorBytes, kHalf, part.size_bytes - kSectorBytes}) {
    std::fill_n(bytes.begin() + sector, kSectorBytes, uint8_t{0});
    ASSERT_EQ(erase(sector), 0);
    EXPECT_EQ(cells_at(sector, kSectorBytes), std::vector<uint8_t>(kSectorBytes, 0xFF));
  }
  const auto data = pattern(1500, 9);
  ASSERT_EQ(write(kHalf - 700, data), 0);
  EXPECT_EQ(cells_at(kHalf - 700, 1500), data);
  EXPECT_EQ(read(kHalf - 700, 1500), data);
  EXPECT_EQ(read(kHalf, 800), std::vector<uint8_t>(data.begin() + 700, data.end()));
  const auto last = pattern(256, 77);
  ASSERT_EQ(write(part.size_bytes - 256, last), 0);
  EXPECT_EQ(read(part.size_bytes - 256, 256), last);
  EXPECT_EQ(cells_at(0, 700), std::vector<uint8_t>(700, 0xFF)) << "nothing came round";
}

TEST_P(SpiflashC, TheCacheWritesBackSectors) {
  init();
  std::fill_n(bytes.begin(), 3 * kSectorBytes, uint8_t{0x33});
  const auto data = pattern(5000, 21);
  ASSERT_EQ(write(100, data, 0, "guest_cached_write"), 0);
  EXPECT_EQ(read(100, 5000, 0, "guest_cached_read"), data);
  ASSERT_EQ(call("guest_flush", {}), 0);
  EXPECT_EQ(cells_at(100, 5000), data);
  EXPECT_EQ(bytes[99], 0x33);
  EXPECT_EQ(bytes[5100], 0x33);
  EXPECT_EQ(read(100, 5000), data);
}

TEST_P(SpiflashC, TheSlowestChipIsWaitedFor) {
  chip.options().worst_case_times = true;
  init();
  ASSERT_EQ(erase(0), 0);
  ASSERT_EQ(write(0, pattern(300, 1)), 0);
  EXPECT_EQ(read(0, 300), pattern(300, 1));
}

// Where the firmware has its window: between its calls the chip can be read in place.
TEST_P(SpiflashC, TheWindowIsOpenBetweenCalls) {
  if (GetParam().octo) GTEST_SKIP() << "octospi.c maps nothing";
  init();
  const uint32_t address = part.size_bytes - 3 * kSectorBytes - 10;
  const auto data = pattern(600, 5);
  ASSERT_EQ(write(address, data), 0);
  EXPECT_EQ(read(address, 600, 0, "guest_read_mapped"), data);
  ASSERT_EQ(erase(address & ~(kSectorBytes - 1)), 0) << "leaves the window while it was in use";
  EXPECT_EQ(read(address, 10, 0, "guest_read_mapped"), std::vector<uint8_t>(10, 0xFF));
  EXPECT_EQ(read(address, 600), cells_at(address, 600));
  EXPECT_GT(cpu.changes(), 0u) << "the caches are told";
}

// ES0392 2.4.4: the firmware sets FSIZE to the size of the chip, and reads its end through the window.
TEST_P(SpiflashC, TheEndOfTheWindowHangs) {
  if (GetParam().octo) GTEST_SKIP();
  init();
  read(part.size_bytes - 16, 4, 0, "guest_read_mapped");
  ASSERT_FALSE(violations.empty());
  for (const sim::Violation& v : violations.list()) {
    EXPECT_TRUE(v.what.find("ES0392") != std::string::npos || v.what.find("bus error") != std::string::npos)
        << v.what;
  }
  violations.clear();
}

}  // namespace
}  // namespace firmware
