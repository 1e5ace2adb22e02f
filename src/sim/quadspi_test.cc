// The QUADSPI's registers, commands, FIFO and ranges.
#include "sim/quadspi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "sim/quadspi_testing.h"

namespace sim::quadspi_testing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(QuadSpiTest, RegistersAreZeroAfterReset) {
  QuadSpi fresh(bench.chip, bench.clock, bench.violations, 200'000'000);
  for (uint32_t offset = 0; offset < QuadSpi::kRegisterBytes; offset += 4) {
    if (offset == kDr - kBase) continue;
    EXPECT_EQ(fresh.load(offset, 4), 0u) << offset;
  }
  EXPECT_TRUE(bench.violations.empty());
}

struct PlainRegister {
  uint32_t address;
  uint32_t kept;
};
constexpr PlainRegister kPlainRegisters[] = {
    {kDcr, 0x001F0701},   {kDlr, 0xFFFFFFFF}, {kAbr, 0xFFFFFFFF},  {kPsmkr, 0xFFFFFFFF},
    {kPsmar, 0xFFFFFFFF}, {kPir, 0x0000FFFF}, {kLptr, 0x0000FFFF},
};

TEST_F(QuadSpiTest, PlainRegistersKeepTheirFields) {
  for (const auto& [address, kept] : kPlainRegisters) {
    write(address, 0xFFFFFFFF);
    EXPECT_EQ(read(address), kept) << std::hex << address;
  }
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(QuadSpiTest, NoRegisterTakesAWriteWhileBusy) {
  write(kDlr, 63);
  write(kCcr, kReadId);
  for (const auto& [address, kept] : kPlainRegisters) {
    const uint32_t before = read(address);
    write(address, ~before);
    EXPECT_EQ(read(address), before) << std::hex << address;
    EXPECT_THAT(bench.take_violations(), ElementsAre("written while BUSY = 1: no effect"));
  }
  const uint32_t format = read(kCcr);
  write(kCcr, kWriteEnable);
  EXPECT_EQ(read(kCcr), format);
  EXPECT_THAT(bench.take_violations(), ElementsAre("written while BUSY = 1: no effect"));
}

// Some firmware writes AR whatever the command; nothing is lost where there is no address phase.
TEST_F(QuadSpiTest, AnAddressWhileBusyIsAMistakeOnlyWhereItIsPartOfTheCommand) {
  write(kDlr, 63);
  write(kCcr, kReadId);
  write(kAr, 0x1234);
  EXPECT_EQ(read(kAr), 0u);
  EXPECT_THAT(bench.take_violations(), IsEmpty());
  write(kCr, read(kCr) | kAbort);
  while ((read(kSr) & kBusy) != 0) {
  }
  write(kCcr, kRead);
  write(kAr, 0x1000);
  write(kAr, 0x2000);
  EXPECT_EQ(read(kAr), 0x1000u);
  EXPECT_THAT(bench.take_violations(), ElementsAre("written while BUSY = 1: no effect"));
}

TEST_F(QuadSpiTest, ControlFieldsThatNeedIdleAreFrozenWhileBusy) {
  write(kDlr, 63);
  write(kCcr, kReadId);
  const uint32_t before = read(kCr);
  for (const unsigned bit : {3u, 4u, 6u, 7u, 22u, 23u, 24u, 31u}) {
    write(kCr, before ^ 1u << bit);
    EXPECT_EQ(read(kCr), before) << bit;
    EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("only when BUSY = 0"))) << bit;
  }
  for (const unsigned bit : {2u, 8u, 12u, 16u, 17u, 18u, 19u, 20u}) {
    write(kCr, before ^ 1u << bit);
    EXPECT_EQ(read(kCr), before ^ 1u << bit) << bit;
  }
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(QuadSpiTest, OnlyDrMayBeAccessedNarrowly) {
  write(kDlr, 3);
  write(kCcr, kReadId);
  EXPECT_EQ(read(kDr, 1), 0xEFu);
  EXPECT_EQ(read(kDr, 2), 0x1940u);
  EXPECT_TRUE(bench.violations.empty());
  read(kSr, 1);
  write(kFcr, 2, 1);
  read(kDr + 1, 1);
  write(kDr + 2, 0, 2);
  EXPECT_THAT(bench.take_violations(), SizeIs(4));
}

TEST_F(QuadSpiTest, ReadOnlyRegistersRefuseWrites) {
  write(kSr, 0);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("read-only")));
}

TEST_F(QuadSpiTest, InstructionAloneStartsAtCcr) {
  write(kCcr, kWriteEnable);
  EXPECT_EQ(read(kSr), kBusy);
  EXPECT_EQ(read(kSr) & (kBusy | kTcf), kTcf) << "BUSY falls together with TCF";
  EXPECT_EQ(bench.status(), 0x02);
}

TEST_F(QuadSpiTest, ReadWithoutAddressStartsAtCcr) {
  write(kDlr, 2);
  write(kCcr, kReadId);
  EXPECT_EQ(read(kSr) & kBusy, kBusy);
  EXPECT_EQ(read(kSr), kBusy | kTcf | kFtf | 3u << 8);
  EXPECT_EQ(read(kDr), 0x001940EFu) << "a word read takes what there is";
  EXPECT_EQ(read(kSr) & ~kTcf, 0u) << "idle once the FIFO is empty";
}

TEST_F(QuadSpiTest, AddressStartsAtAr) {
  bench.change(spi_command(0x02, 3, 0), {0});
  bench.violations.clear();
  command(kWriteEnable);
  write(kCcr, kErase);
  EXPECT_EQ(read(kSr) & kBusy, 0u);
  write(kAbr, 0);
  EXPECT_EQ(read(kSr) & kBusy, 0u) << "ABR starts nothing";
  write(kAr, 0);
  EXPECT_EQ(read(kSr) & kBusy, kBusy);
  wait_for(kTcf);
  EXPECT_TRUE(bench.chip.is_busy());
  EXPECT_EQ(bench.bytes[0], 0xFF);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(QuadSpiTest, WriteWithDataStartsAtDr) {
  command(kWriteEnable);
  write(kDlr, 0);
  write(kCcr, kProgram);
  write(kAr, 0x100);
  EXPECT_EQ(read(kSr) & (kBusy | kFtf), kFtf);
  write(kDr, 0x5A, 1);
  EXPECT_EQ(read(kSr) & kBusy, kBusy);
  wait_for(kTcf);
  EXPECT_EQ(read(kSr) & kBusy, 0u);
  EXPECT_EQ(bench.bytes[0x100], 0x5A);
}

TEST_F(QuadSpiTest, ADriverThatDoesNotWaitLosesItsCommand) {
  write(kCcr, kWriteEnable);
  write(kCcr, kSingleInstruction | 0x04);
  EXPECT_THAT(bench.take_violations(), ElementsAre("written while BUSY = 1: no effect"));
  wait_for(kTcf);
  EXPECT_EQ(bench.status(), 0x02);
}

TEST_F(QuadSpiTest, AnEmptyCommandIsNone) {
  write(kCcr, 0);
  EXPECT_EQ(read(kSr) & (kBusy | kTcf), 0u);
  EXPECT_TRUE(bench.violations.empty());
}

struct ThresholdCase {
  uint32_t threshold_bytes;
  uint32_t length;
  uint32_t taken;  // bytes read before the look
  bool flag;
};
class QuadSpiThreshold : public QuadSpiTest, public testing::WithParamInterface<ThresholdCase> {};

INSTANTIATE_TEST_SUITE_P(Reads, QuadSpiThreshold,
                         testing::Values(ThresholdCase{1, 40, 31, true}, ThresholdCase{4, 40, 20, true},
                                         ThresholdCase{12, 40, 20, true},
                                         ThresholdCase{13, 40, 20, false},  // 12 left, refill starts at 11
                                         ThresholdCase{32, 40, 0, true}, ThresholdCase{32, 40, 1, false},
                                         ThresholdCase{32, 20, 0, true},  // all received: any byte counts
                                         ThresholdCase{32, 20, 19, true}, ThresholdCase{4, 20, 20, false}));

TEST_P(QuadSpiThreshold, DecidesWhenReadingFtfIsSet) {
  const auto [threshold_bytes, length, taken, flag] = GetParam();
  write(kCr, kEnable | kPrescaler | threshold(threshold_bytes));
  start_read(kRead, 0, length);
  wait_for(kFtf);
  for (uint32_t i = 0; i < taken; ++i) read(kDr, 1);
  EXPECT_EQ((read(kSr) & kFtf) != 0, flag);
}

TEST_F(QuadSpiTest, AFullFifoStopsTheClockUntilElevenBytesAreLeft) {
  start_read(kRead, 0, 100);
  read(kSr);
  EXPECT_EQ(level(read(kSr)), 32u);
  EXPECT_EQ(level(read(kSr)), 32u);
  for (int i = 0; i < 5; ++i) read(kDr);
  EXPECT_EQ(level(read(kSr)), 12u);
  EXPECT_EQ(level(read(kSr)), 12u) << "with a threshold of 13 a driver would wait for ever";
  read(kDr, 1);
  EXPECT_EQ(level(read(kSr)), 11u);
  EXPECT_EQ(level(read(kSr)), 32u);
}

TEST_F(QuadSpiTest, ReadingDrStallsUntilTheBytesAreThere) {
  std::iota(bench.bytes.begin(), bench.bytes.begin() + 200, uint8_t{0});
  start_read(kRead, 0, 200);
  for (uint32_t i = 0; i < 200; i += 4)
    EXPECT_EQ(read(kDr), i | (i + 1) << 8 | (i + 2) << 16 | (i + 3) << 24);
  EXPECT_EQ(read(kSr) & (kBusy | kTcf), kTcf);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(QuadSpiTest, ReadsInPiecesAreTheBytesOfTheChip) {
  for (size_t i = 0; i < 20'000; ++i) bench.bytes[i] = static_cast<uint8_t>(i * 7 + i / 256);
  const auto data = read_flash(kQuadRead, 3, 10'001);
  EXPECT_TRUE(std::equal(data.begin(), data.end(), bench.bytes.begin() + 3));
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(QuadSpiTest, ReadingDrWithoutAReadIsAMistake) {
  EXPECT_EQ(read(kDr), 0u);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("without an indirect read")));
  write(kDlr, 0);
  write(kCcr, kReadId);
  read(kDr, 1);
  EXPECT_TRUE(bench.violations.empty());
  read(kDr, 1);
  EXPECT_THAT(bench.take_violations(), SizeIs(1));
}

TEST_F(QuadSpiTest, ProgramsThroughTheFifo) {
  std::vector<uint8_t> page(256);
  std::iota(page.begin(), page.end(), uint8_t{0});
  program(0x01000000, page);
  EXPECT_TRUE(std::equal(page.begin(), page.end(), bench.bytes.begin() + 0x01000000));
  EXPECT_TRUE(bench.chip.is_busy());
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(QuadSpiTest, WritingDrStallsWhileTheFifoIsFull) {
  command(kWriteEnable);
  write(kDlr, 255);
  write(kCcr, kProgram);
  write(kAr, 0);
  for (uint32_t i = 0; i < 256; i += 4) write(kDr, 0x01010101u * (i / 4));
  wait_for(kTcf);
  EXPECT_EQ(bench.bytes[255], 63);
  EXPECT_EQ(bench.bytes[0], 0);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(QuadSpiTest, WritingFtfCountsFreeBytes) {
  write(kCr, kEnable | kPrescaler | threshold(4));
  command(kWriteEnable);
  write(kDlr, 63);
  write(kCcr, kProgram);
  write(kAr, 0);
  for (int i = 0; i < 7; ++i) write(kDr, 0);
  EXPECT_EQ(read(kSr) & kFtf, kFtf) << "four bytes free";
  for (int i = 0; i < 7; ++i) write(kDr, 0);
  write(kDr, 0, 1);
  EXPECT_EQ(read(kSr) & kFtf, 0u) << "three bytes free";
  EXPECT_EQ(read(kSr) & kFtf, kFtf) << "sent meanwhile";
}

TEST_F(QuadSpiTest, SurplusBytesAreFlushed) {
  command(kWriteEnable);
  write(kDlr, 4);
  write(kCcr, kProgram);
  write(kAr, 0);
  write(kDr, 0x04030201);
  write(kDr, 0x08070605);
  wait_for(kTcf);
  EXPECT_THAT(std::span(bench.bytes).first(8), ElementsAre(1, 2, 3, 4, 5, 0xFF, 0xFF, 0xFF));
  EXPECT_EQ(read(kSr) & kBusy, 0u);
}

TEST_F(QuadSpiTest, WritingDrOutsideAWriteIsAMistake) {
  write(kCcr, kRead);
  write(kDr, 0);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("without an indirect write")));
}

TEST_F(QuadSpiTest, FlagsAreClearedOneByOne) {
  write(kAr, 0);
  write(kCcr, kRead);
  write(kAr, 0x02000000);  // TEF
  EXPECT_EQ(read(kSr) & (kTef | kBusy), kTef);
  command(kWriteEnable);
  write(kCr, kEnable | kPrescaler | kAbort);  // TCF
  EXPECT_EQ(read(kSr) & (kTef | kTcf), kTef | kTcf);
  write(kFcr, kTcf);
  EXPECT_EQ(read(kSr) & (kTef | kTcf), kTef);
  write(kFcr, kTef);
  EXPECT_EQ(read(kSr) & (kTef | kTcf), 0u);
  EXPECT_EQ(read(kFcr), 0u);
}

struct RangeCase {
  uint32_t ccr;
  uint32_t address;
  uint32_t length;
  bool error;
};
class QuadSpiRange : public QuadSpiTest, public testing::WithParamInterface<RangeCase> {};

INSTANTIATE_TEST_SUITE_P(
    Transfers, QuadSpiRange,
    testing::Values(RangeCase{kRead, 0x01FFFFFF, 1, false}, RangeCase{kRead, 0x01FFFFFF, 2, true},
                    RangeCase{kRead, 0x02000000, 1, true}, RangeCase{kRead, 0xFFFFFFFF, 1, true},
                    RangeCase{kProgram, 0x01FFFF00, 256, false}, RangeCase{kProgram, 0x01FFFF01, 256, true},
                    RangeCase{kPollingMode | kErase | kSingleData, 0x02000000, 1, true}));

TEST_P(QuadSpiRange, BeyondFsizeIsATransferError) {
  const auto [ccr, address, length, error] = GetParam();
  write(kDlr, length - 1);
  write(kCcr, ccr);
  write(kAr, address);
  if (ccr == kProgram) write(kDr, 0, 1);
  EXPECT_EQ((read(kSr) & kTef) != 0, error);
  EXPECT_EQ((read(kSr) & kBusy) != 0, !error);
}

TEST_F(QuadSpiTest, UndefinedLengthReadsToTheEnd) {
  bench.bytes[0x01FFFFFF] = 0x42;
  write(kDlr, 0xFFFFFFFF);
  write(kCcr, kRead);
  write(kAr, 0x01FFFFFC);
  EXPECT_EQ(read(kDr), 0x42FFFFFFu);
  EXPECT_EQ(read(kSr) & (kBusy | kTcf | kTef), kTcf);
  write(kDcr, 3u << 16);
  write(kCcr, kRead);
  write(kDlr, 0);
  write(kAr, 4);
  read(kDr);
  write(kDlr, 0xFFFFFFFF);
  write(kCcr, kReadId);
  for (int i = 0; i < 4; ++i) read(kDr);
  EXPECT_EQ(read(kSr) & kBusy, 0u) << "without an address: the size of the device";
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(QuadSpiTest, MisusedFormatsAreNoticed) {
  struct Case {
    const char* what;
    uint32_t cr;
    uint32_t ccr;
  };
  const Case cases[] = {
      {"free-running", 0, 1u << 29},
      {"SIOO", 0, 1u << 28 | kWriteEnable},
      {"without a data phase", 0, kReadMode | kSingleInstruction | 0x9F},
      {"without a dummy cycle", 0, kReadMode | kQuadData | kSingleInstruction | 0x9F},
      {"without a dummy cycle", 0, kReadMode | 2u << 24 | kSingleInstruction | 0x9F},
      {"DDR without a prescaler", 0, 1u << 31 | kWriteEnable},
      {"SSHIFT", kPrescaler | 1u << 4, 1u << 31 | kWriteEnable},
      {"dual-flash", 1u << 6, kWriteEnable},
      {"bank 2", 1u << 7, kWriteEnable},
  };
  for (const auto& [what, cr, ccr] : cases) {
    write(kCr, kEnable | kAbort);
    wait_until_idle();
    bench.violations.clear();
    write(kCr, kEnable | cr);
    write(kCcr, ccr | kSingleInstruction);
    EXPECT_THAT(bench.take_violations(), testing::Contains(HasSubstr(what)));
  }
}

TEST_F(QuadSpiTest, ResetRaisesChipSelectAndForgetsAll) {
  command(kWriteEnable);
  write(kDlr, 255);
  write(kCcr, kProgram);
  write(kAr, 0);
  for (int i = 0; i < 12; ++i) write(kDr, 0);
  quadspi.reset();
  for (uint32_t offset = 0; offset < QuadSpi::kRegisterBytes; offset += 4) {
    if (offset == kDr - kBase) continue;
    EXPECT_EQ(quadspi.load(offset, 4), 0u) << offset;
  }
  EXPECT_TRUE(bench.chip.is_busy()) << "the chip programs what it got";
  EXPECT_EQ(std::ranges::count(std::span(bench.bytes).first(256), uint8_t{0}), 32);
}

}  // namespace
}  // namespace sim::quadspi_testing
