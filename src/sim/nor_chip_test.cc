#include "sim/nor_chip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "sim/nor_chip_testing.h"

namespace sim {
namespace {

using testing::Each;
using testing::ElementsAre;

constexpr uint32_t kKiB = 1024;
constexpr uint32_t kMiB = 1024 * kKiB;
constexpr uint64_t kMs = 1'000'000;

std::vector<uint8_t> counting(size_t length, uint8_t first = 0) {
  std::vector<uint8_t> data(length);
  std::iota(data.begin(), data.end(), first);
  return data;
}

// Every part, for what all of them do alike.
class AnyNorChip : public testing::TestWithParam<const NorChipPart*> {
 protected:
  ChipBench bench{*GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Parts, AnyNorChip,
                         testing::Values(&w25q256jv(), &mx25um25645g(), &at25sf128a(), &mx25l12833f()),
                         [](const auto& part) { return std::string(part.param->name); });

TEST_P(AnyNorChip, AnswersWithItsId) {
  const auto& id = GetParam()->jedec_id;
  EXPECT_THAT(bench.read(spi_command(0x9F), 3), ElementsAre(id[0], id[1], id[2]));
  EXPECT_TRUE(bench.violations.empty());
}

TEST_P(AnyNorChip, ProgramsAndReadsBack) {
  bench.command(0x06);
  bench.write(spi_command(0x02, 3, 0x012345), {0xA5, 0x5A});
  bench.wait_until_ready();
  EXPECT_THAT(bench.read(spi_command(0x03, 3, 0x012344), 4), ElementsAre(0xFF, 0xA5, 0x5A, 0xFF));
  EXPECT_THAT(bench.read(spi_command(0x0B, 3, 0x012345, 8), 2), ElementsAre(0xA5, 0x5A));
  EXPECT_TRUE(bench.violations.empty());
}

TEST_P(AnyNorChip, ProgramOnlyClearsBits) {
  bench.change(spi_command(0x02, 3, 0), {0xF0});
  bench.change(spi_command(0x02, 3, 0), {0x3C});
  EXPECT_EQ(bench.bytes[0], 0x30);
}

TEST_P(AnyNorChip, ProgramWrapsInsideItsPage) {
  bench.command(0x06);
  bench.write(spi_command(0x02, 3, 0x1FE), {1, 2, 3, 4});
  EXPECT_EQ(bench.bytes[0x1FE], 1);
  EXPECT_EQ(bench.bytes[0x1FF], 2);
  EXPECT_EQ(bench.bytes[0x100], 3);
  EXPECT_EQ(bench.bytes[0x101], 4);
  EXPECT_EQ(bench.bytes[0x200], 0xFF);
}

TEST_P(AnyNorChip, OfMoreThanAPageTheLast256BytesWin) {
  const auto data = counting(300, 7);
  bench.command(0x06);
  bench.write(spi_command(0x02, 3, 0x110), data);
  for (size_t i = 300 - 256; i < 300; ++i) EXPECT_EQ(bench.bytes[0x100 + (0x10 + i) % 256], data[i]) << i;
  EXPECT_EQ(bench.bytes[0x200], 0xFF);
}

TEST_P(AnyNorChip, EraseIgnoresLowAddressBits) {
  std::ranges::fill(std::span(bench.bytes).first(128 * kKiB), uint8_t{0});
  bench.change(spi_command(0x20, 3, 0x2FFF));
  EXPECT_EQ(bench.bytes[0x1FFF], 0);
  EXPECT_EQ(std::ranges::count(std::span(bench.bytes).subspan(0x2000, 0x1000), uint8_t{0xFF}), 0x1000);
  EXPECT_EQ(bench.bytes[0x3000], 0);
  EXPECT_EQ(bench.cells.stats().erases, 1u);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_P(AnyNorChip, EraseCommandsTakeWhatTheySay) {
  for (const ChipCommand& command : GetParam()->commands) {
    if (command.action != ChipAction::kErase || command.address == AddressWidth::kFour) continue;
    const auto area = std::span(bench.bytes).first(256 * kKiB);
    std::ranges::fill(area, uint8_t{0});
    bench.change(spi_command(command.opcode, 3, 0x20000));
    EXPECT_EQ(std::ranges::count(area, uint8_t{0xFF}), command.argument) << unsigned{command.opcode};
  }
  bench.bytes.back() = 0;
  bench.change(spi_command(0xC7));
  EXPECT_EQ(bench.bytes.front(), 0xFF);
  EXPECT_EQ(bench.bytes.back(), 0xFF);
}

TEST_P(AnyNorChip, WriteEnableIsNeededAndUsedUp) {
  bench.command(spi_command(0x20, 3, 0));
  EXPECT_THAT(bench.take_violations(), ElementsAre("20h: without write enable"));
  EXPECT_EQ(bench.cells.stats().erases, 0u);

  bench.command(0x06);
  EXPECT_EQ(bench.status(), 0x02);
  bench.command(0x04);
  EXPECT_EQ(bench.status(), 0x00);

  bench.change(spi_command(0x20, 3, 0));
  EXPECT_EQ(bench.status(), 0x00);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_P(AnyNorChip, IsBusyForItsTypicalTime) {
  bench.command(0x06);
  bench.command(spi_command(0x20, 3, 0));
  EXPECT_EQ(bench.status(), 0x03);
  const uint64_t time_ns = GetParam()->erase_times.front().time.typical_ns;
  bench.clock.pass_ns(time_ns - 1);
  EXPECT_EQ(bench.status(), 0x03);
  bench.clock.pass_ns(1);
  EXPECT_EQ(bench.status(), 0x00);
}

TEST_P(AnyNorChip, CanBeAsSlowAsItsDataSheetAllows) {
  bench.chip.options().worst_case_times = true;
  bench.command(0x06);
  bench.command(spi_command(0x20, 3, 0));
  bench.wait_until_ready();
  EXPECT_EQ(bench.clock.now_ns(), GetParam()->erase_times.front().time.maximum_ns);
}

TEST_P(AnyNorChip, ShorterProgramsAreFaster) {
  bench.change(spi_command(0x02, 3, 0), {0});
  const uint64_t one_byte_ns = bench.clock.now_ns();
  EXPECT_EQ(one_byte_ns, GetParam()->program_first_byte_ns);
  bench.command(0x06);
  bench.write(spi_command(0x02, 3, 0x100), counting(256));
  bench.wait_until_ready();
  const uint64_t page_ns = bench.clock.now_ns() - one_byte_ns;
  EXPECT_GT(page_ns, GetParam()->program_page.typical_ns * 9 / 10);
  EXPECT_LE(page_ns, GetParam()->program_page.typical_ns);
}

TEST_P(AnyNorChip, HeedsOnlyStatusAndResetWhileBusy) {
  bench.command(0x06);
  bench.command(spi_command(0x20, 3, 0));
  EXPECT_THAT(bench.read(spi_command(0x03, 3, 0), 1), ElementsAre(0xFF));
  EXPECT_THAT(bench.take_violations(), ElementsAre("03h: the chip is busy"));
  bench.command(0x66);
  bench.command(0x99);
  bench.clock.pass_ns(GetParam()->reset_ns);
  EXPECT_EQ(bench.status(), 0x00);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_P(AnyNorChip, ResetDuringEraseTearsTheSector) {
  std::ranges::fill(std::span(bench.bytes).first(128 * kKiB), uint8_t{0x55});
  bench.command(0x06);
  bench.command(spi_command(0x20, 3, 0x1000));
  bench.command(0x66);
  bench.command(0x99);
  EXPECT_EQ(bench.bytes[0x1000], 0xFF);
  EXPECT_EQ(bench.bytes[0x1FFF], 0x00);
  EXPECT_EQ(bench.bytes[0x0FFF], 0x55);
  EXPECT_EQ(bench.bytes[0x2000], 0x55);
}

// A firmware that does not wait for tRES1 after ABh: its 66h may be lost, its 99h not.
TEST_P(AnyNorChip, AResetWhoseFirstHalfTheChipSleptThroughIsNone) {
  bench.command(0xB9);
  bench.command(0xAB);
  bench.command(0x66);
  bench.clock.pass_ns(GetParam()->wake_ns);
  bench.command(0x99);
  EXPECT_TRUE(bench.violations.empty());
  EXPECT_EQ(bench.status(), 0x00) << "and was not reset: it answers";
}

TEST_P(AnyNorChip, ResetNeedsItsTwoCommandsInARow) {
  bench.command(0x06);
  bench.command(0x66);
  bench.status();
  bench.command(0x99);
  EXPECT_THAT(bench.take_violations(), ElementsAre("99h: not right after reset enable"));
  EXPECT_EQ(bench.status(), 0x02);
  bench.command(0x66);
  bench.command(0x99);
  EXPECT_THAT(bench.read(spi_command(0x05), 1), ElementsAre(0xFF)) << "deaf for tRST";
  bench.command(0x06);
  EXPECT_THAT(bench.take_violations(), ElementsAre("06h: the chip is still waking up or resetting"));
  bench.clock.pass_ns(GetParam()->reset_ns);
  EXPECT_EQ(bench.status(), 0x00);
}

TEST_P(AnyNorChip, SleepsUntilReleased) {
  bench.command(0xB9);
  EXPECT_TRUE(bench.chip.is_asleep());
  EXPECT_THAT(bench.read(spi_command(0x9F), 3), Each(0xFF));
  EXPECT_TRUE(bench.violations.empty()) << "asking who is there is no mistake";
  bench.command(0x06);
  EXPECT_THAT(bench.take_violations(), ElementsAre("06h: the chip is in deep power-down"));
  bench.command(0xAB);
  EXPECT_THAT(bench.read(spi_command(0x9F), 3), Each(0xFF)) << "within tRES1";
  bench.clock.pass_ns(GetParam()->wake_ns);
  EXPECT_EQ(bench.read(spi_command(0x9F), 3)[0], GetParam()->jedec_id[0]);
}

TEST_P(AnyNorChip, StuckBusyNeverEnds) {
  bench.chip.options().stuck_busy = true;
  bench.command(0x06);
  bench.command(spi_command(0x20, 3, 0));
  bench.clock.pass_ns(1'000'000 * kMs);
  EXPECT_EQ(bench.status(), 0x03);
  bench.chip.options().stuck_busy = false;
  EXPECT_EQ(bench.status(), 0x00);
  bench.chip.options().stuck_busy = true;
  bench.command(0x06);
  bench.command(spi_command(0x20, 3, 0));
  bench.chip.power_cycle();
  EXPECT_EQ(bench.status(), 0x00);
}

TEST_P(AnyNorChip, MissingChipLeavesTheBusFloating) {
  bench.chip.options().missing = true;
  EXPECT_THAT(bench.read(spi_command(0x9F), 3), Each(0xFF));
  bench.change(spi_command(0x02, 3, 0), {0});
  EXPECT_EQ(bench.bytes[0], 0xFF);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_P(AnyNorChip, ProtectedAreaIsNotChanged) {
  const ChipProtection& protection = GetParam()->protection;
  const uint32_t size_bytes = GetParam()->size_bytes;
  const auto level =
      static_cast<uint8_t>(protection.mask & -protection.mask);  // the smallest area, at the top
  bench.change(spi_command(0x01), {level});
  const auto erase_top = [&](uint32_t from_end) {
    bench.command(0x06);
    if (size_bytes > 16 * kMiB) {
      bench.command(spi_command(0x21, 4, size_bytes - from_end));
    } else {
      bench.command(spi_command(0x20, 3, size_bytes - from_end));
    }
    const bool began = bench.chip.is_busy();
    bench.wait_until_ready();
    return began;
  };
  EXPECT_FALSE(erase_top(4 * kKiB));
  EXPECT_FALSE(erase_top(protection.unit_bytes));
  EXPECT_TRUE(erase_top(protection.unit_bytes + 4 * kKiB));
  EXPECT_EQ(bench.status(), level) << "write enable is used up all the same";
  bench.command(0x06);
  bench.command(0xC7);
  EXPECT_FALSE(bench.chip.is_busy());

  bench.change(spi_command(0x01), {protection.mask});
  bench.change(spi_command(0x02, 3, 0), {0});
  EXPECT_EQ(bench.bytes[0], 0xFF) << "all protected";
  EXPECT_TRUE(bench.violations.empty());
}

TEST_P(AnyNorChip, ProtectedAreaCanBeAtTheBottom) {
  const ChipProtection& protection = GetParam()->protection;
  const auto level = static_cast<uint8_t>(protection.mask & -protection.mask);
  bench.chip.set_status(0, level);
  bench.chip.set_status(
      protection.bottom_index,
      static_cast<uint8_t>(bench.chip.status(protection.bottom_index) | protection.bottom_mask));
  bench.change(spi_command(0x20, 3, protection.unit_bytes - 1));
  EXPECT_EQ(bench.cells.stats().erases, 0u);
  bench.change(spi_command(0x20, 3, protection.unit_bytes));
  EXPECT_EQ(bench.cells.stats().erases, 1u);
}

TEST_P(AnyNorChip, StatusSurvivesAPowerCycle) {
  const uint8_t mask = GetParam()->protection.mask;
  bench.change(spi_command(0x01), {0xFF});
  EXPECT_EQ(bench.status(), GetParam()->status_writable[0]);
  bench.chip.power_cycle();
  EXPECT_EQ(bench.status() & mask, mask);
}

TEST_P(AnyNorChip, UnknownInstructionsAreIgnored) {
  EXPECT_THAT(bench.read(spi_command(0x01 | 0xD0), 2), Each(0xFF));
  EXPECT_THAT(bench.take_violations(), ElementsAre("D1h: the chip has no such instruction"));
}

TEST_P(AnyNorChip, CommandsMustEndWhereTheyEnd) {
  bench.write(spi_command(0x06), {0x00});
  EXPECT_EQ(bench.status(), 0x00) << "a byte too many: not carried out";
  EXPECT_THAT(bench.take_violations(), testing::SizeIs(1));
  bench.command(0x06);
  WireCommand erase = spi_command(0x20, 3, 0);
  bench.chip.select(erase);
  bench.chip.deselect_within_byte();
  EXPECT_FALSE(bench.chip.is_busy());
  EXPECT_THAT(bench.take_violations(), ElementsAre("20h: chip select rose inside a byte"));
}

TEST_P(AnyNorChip, ReadsGoOnAndWrapAtTheEnd) {
  const uint32_t size_bytes = GetParam()->size_bytes;
  bench.bytes[size_bytes - 1] = 0x11;
  bench.bytes[0] = 0x22;
  const WireCommand wire =
      size_bytes > 16 * kMiB ? spi_command(0x13, 4, size_bytes - 1) : spi_command(0x03, 3, size_bytes - 1);
  EXPECT_THAT(bench.read(wire, 2), ElementsAre(0x11, 0x22));
}

TEST_P(AnyNorChip, SuspendLetsOthersRead) {
  const bool winbond_like = GetParam()->suspended.mask != 0;
  const uint8_t suspend = winbond_like ? 0x75 : 0xB0;
  const uint8_t resume = winbond_like ? 0x7A : 0x30;
  bench.command(0x06);
  bench.command(spi_command(0x20, 3, 0));
  bench.clock.pass_ns(1 * kMs);
  bench.command(suspend);
  bench.clock.pass_ns(GetParam()->suspend_ns);
  EXPECT_EQ(bench.status() & 0x01, 0);
  EXPECT_THAT(bench.read(spi_command(0x03, 3, 0x10000), 1), ElementsAre(0xFF));
  EXPECT_TRUE(bench.violations.empty());
  bench.command(spi_command(0x20, 3, 0x5000));
  EXPECT_THAT(bench.take_violations(), ElementsAre("20h: an operation is suspended"));

  bench.command(resume);
  const uint64_t rest_ns = GetParam()->erase_times.front().time.typical_ns - 1 * kMs;
  bench.clock.pass_ns(rest_ns - 1);
  EXPECT_TRUE(bench.chip.is_busy());
  bench.clock.pass_ns(1);
  EXPECT_FALSE(bench.chip.is_busy());
  bench.change(spi_command(0x20, 3, 0x5000));
  EXPECT_TRUE(bench.violations.empty());
}

TEST_P(AnyNorChip, SfdpBeginsWithItsSignature) {
  EXPECT_THAT(bench.read(spi_command(0x5A, 3, 0, 8), 4), ElementsAre('S', 'F', 'D', 'P'));
  EXPECT_THAT(bench.read(spi_command(0x5A, 3, 0xFFFF, 8), 2), Each(0xFF));
}

TEST_P(AnyNorChip, AReadThatFailsIsToldToTheControllerOnce) {
  bench.cells.set_fault_hook(
      [](Operation operation, uint64_t, uint32_t) { return operation == Operation::kRead; });
  EXPECT_THAT(bench.read(spi_command(0x03, 3, 0), 2), Each(0xFF));
  EXPECT_TRUE(bench.chip.take_read_failure());
  EXPECT_FALSE(bench.chip.take_read_failure());
}

TEST_P(AnyNorChip, AnInjectedFaultStopsAProgramHalfWay) {
  bench.cells.set_fault_hook(
      [](Operation operation, uint64_t, uint32_t) { return operation == Operation::kProgram; });
  bench.change(spi_command(0x02, 3, 0), {0, 0, 0, 0});
  EXPECT_EQ(bench.bytes[1], 0x00);
  EXPECT_EQ(bench.bytes[2], 0xFF);
  EXPECT_FALSE(bench.chip.is_busy());
}

// Macronix' security register says how the last program and the last erase ended.
class MacronixNorChip : public testing::TestWithParam<const NorChipPart*> {
 protected:
  void fail(Operation kind) {
    bench.cells.set_fault_hook([kind](Operation operation, uint64_t, uint32_t) { return operation == kind; });
  }
  uint8_t security() { return bench.read(spi_command(0x2B), 1)[0]; }

  ChipBench bench{*GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Parts, MacronixNorChip, testing::Values(&mx25um25645g(), &mx25l12833f()),
                         [](const auto& part) { return std::string(part.param->name); });

TEST_P(MacronixNorChip, TellsOfFailedPrograms) {
  fail(Operation::kProgram);
  bench.change(spi_command(0x02, 3, 0), {0, 0});
  EXPECT_EQ(security(), 0x20);
  bench.change(spi_command(0x20, 3, 0));
  EXPECT_EQ(security(), 0x20) << "an erase has a bit of its own";
  bench.cells.set_fault_hook({});
  bench.change(spi_command(0x02, 3, 0), {0, 0});
  EXPECT_EQ(security(), 0x00);
}

TEST_P(MacronixNorChip, TellsOfProgramsThatFailBeforeTheyWrap) {
  bench.cells.set_fault_hook([](Operation, uint64_t, uint32_t offset) { return offset == 0xFE; });
  bench.change(spi_command(0x02, 3, 0xFE), {0, 0, 0, 0});
  EXPECT_EQ(security(), 0x20);
}

TEST_P(MacronixNorChip, TellsOfFailedErases) {
  fail(Operation::kErase);
  bench.change(spi_command(0x20, 3, 0));
  EXPECT_EQ(security(), 0x40);
  bench.chip.power_cycle();
  EXPECT_EQ(security(), 0x00);
  bench.change(spi_command(0xC7));
  EXPECT_EQ(security(), 0x40);
  EXPECT_TRUE(bench.violations.empty());
}

// Quad enable: each part with quad lines, its own way to switch them on.
struct QuadCase {
  const NorChipPart* part;
  uint8_t write_opcode;
  std::vector<uint8_t> write_data;
};

class QuadNorChip : public testing::TestWithParam<QuadCase> {};

INSTANTIATE_TEST_SUITE_P(Parts, QuadNorChip,
                         testing::Values(QuadCase{&w25q256jv(), 0x31, {0x02}},
                                         QuadCase{&w25q256jv(), 0x01, {0x00, 0x02}},
                                         QuadCase{&at25sf128a(), 0x31, {0x02}},
                                         QuadCase{&at25sf128a(), 0x01, {0x00, 0x02}},
                                         QuadCase{&mx25l12833f(), 0x01, {0x40}}));

TEST_P(QuadNorChip, FourLinesNeedQuadEnable) {
  ChipBench bench(*GetParam().part);
  bench.bytes[0x1234] = 0x77;
  EXPECT_THAT(bench.read(quad_read(0xEB, 3, 0x1234), 1), ElementsAre(0xFF));
  EXPECT_THAT(bench.take_violations(), ElementsAre("EBh: quad enable is off"));

  bench.command(0x06);
  bench.write(spi_command(GetParam().write_opcode), GetParam().write_data);
  bench.wait_until_ready();
  EXPECT_THAT(bench.read(quad_read(0xEB, 3, 0x1234), 1), ElementsAre(0x77));

  bench.chip.power_cycle();
  EXPECT_THAT(bench.read(quad_read(0xEB, 3, 0x1234), 1), ElementsAre(0x77)) << "non-volatile";
  EXPECT_TRUE(bench.violations.empty());
}

}  // namespace
}  // namespace sim
