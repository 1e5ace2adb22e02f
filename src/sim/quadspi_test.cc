#include "sim/quadspi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "sim/nor_chip_testing.h"

namespace sim {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr uint32_t kBase = 0x52005000;
constexpr uint32_t kWindow = 0x90000000;
constexpr uint32_t kCr = kBase + 0x00, kDcr = kBase + 0x04, kSr = kBase + 0x08, kFcr = kBase + 0x0C;
constexpr uint32_t kDlr = kBase + 0x10, kCcr = kBase + 0x14, kAr = kBase + 0x18, kAbr = kBase + 0x1C;
constexpr uint32_t kDr = kBase + 0x20, kPsmkr = kBase + 0x24, kPsmar = kBase + 0x28, kPir = kBase + 0x2C;
constexpr uint32_t kLptr = kBase + 0x30;

constexpr uint32_t kEnable = 1, kAbort = 2, kTimeoutEnable = 1u << 3;
constexpr uint32_t kPrescaler = 1u << 24;
constexpr uint32_t kTef = 1, kTcf = 2, kFtf = 4, kSmf = 8, kTof = 16, kBusy = 32;

constexpr uint32_t kSingleInstruction = 1u << 8;
constexpr uint32_t kSingleAddress = 1u << 10, kQuadAddress = 3u << 10;
constexpr uint32_t kAddress32 = 3u << 12;
constexpr uint32_t kQuadAlternate = 3u << 14;
constexpr uint32_t kSingleData = 1u << 24, kQuadData = 3u << 24;
constexpr uint32_t kReadMode = 1u << 26, kPollingMode = 2u << 26, kMappedMode = 3u << 26;
constexpr uint32_t dummy(uint32_t cycles) {
  return cycles << 18;
}
constexpr uint32_t threshold(uint32_t bytes) {
  return (bytes - 1) << 8;
}
constexpr uint32_t level(uint32_t sr) {
  return sr >> 8 & 0x3F;
}

constexpr uint32_t kWriteEnable = kSingleInstruction | 0x06;
constexpr uint32_t kReadId = kReadMode | kSingleData | kSingleInstruction | 0x9F;
constexpr uint32_t kReadStatus = kReadMode | kSingleData | kSingleInstruction | 0x05;
constexpr uint32_t kPollStatus = kPollingMode | kSingleData | kSingleInstruction | 0x05;
constexpr uint32_t kRead = kReadMode | kSingleData | kAddress32 | kSingleAddress | kSingleInstruction | 0x13;
constexpr uint32_t kQuadRead =
    kQuadData | dummy(4) | kQuadAlternate | kAddress32 | kQuadAddress | kSingleInstruction | 0xEC;
constexpr uint32_t kProgram = kSingleData | kAddress32 | kSingleAddress | kSingleInstruction | 0x12;
constexpr uint32_t kErase = kAddress32 | kSingleAddress | kSingleInstruction | 0x21;

class QuadSpiTest : public testing::Test {
 protected:
  explicit QuadSpiTest(QuadSpiErrata errata = {})
      : quadspi(bench.chip, bench.clock, bench.violations, 200'000'000, errata) {
    space.map(kBase, QuadSpi::kRegisterBytes, quadspi);
    space.map(kWindow, QuadSpi::kWindowBytes, quadspi.window());
    bench.chip.set_status(1, 0x02);
    write(kCr, kEnable | kPrescaler | threshold(4));
    write(kDcr, 24u << 16 | 1u << 8);
  }

  uint32_t read(uint32_t address, unsigned width = 4) {
    return static_cast<uint32_t>(space.load(address, width));
  }
  void write(uint32_t address, uint32_t value, unsigned width = 4) { space.store(address, value, width); }

  // Polls as a driver does.
  void wait_for(uint32_t flag) {
    for (int i = 0; i < 1000; ++i) {
      if ((read(kSr) & flag) != 0) return;
    }
    FAIL() << "SR never showed " << flag;
  }
  void wait_until_idle() {
    for (int i = 0; i < 1000; ++i) {
      if ((read(kSr) & kBusy) == 0) return;
    }
    FAIL() << "BUSY stays";
  }

  void command(uint32_t ccr) {
    write(kFcr, kTcf);
    write(kCcr, ccr);
    wait_for(kTcf);
    write(kFcr, kTcf);
  }

  void start_read(uint32_t ccr, uint32_t address, uint32_t length) {
    write(kDlr, length - 1);
    write(kCcr, kReadMode | ccr);
    write(kAbr, 0);
    write(kAr, address);
  }

  std::vector<uint8_t> read_flash(uint32_t ccr, uint32_t address, uint32_t length) {
    start_read(ccr, address, length);
    std::vector<uint8_t> out(length);
    for (uint8_t& byte : out) {
      while (level(read(kSr)) == 0) {
      }
      byte = static_cast<uint8_t>(read(kDr, 1));
    }
    write(kFcr, kTcf);
    return out;
  }

  void program(uint32_t address, std::span<const uint8_t> data) {
    command(kWriteEnable);
    write(kDlr, static_cast<uint32_t>(data.size()) - 1);
    write(kCcr, kProgram);
    write(kAr, address);
    for (const uint8_t byte : data) {
      wait_for(kFtf);
      write(kDr, byte, 1);
    }
    wait_for(kTcf);
    write(kFcr, kTcf);
  }

  void map() {
    write(kAbr, 0);
    write(kCcr, kMappedMode | kQuadRead);
  }

  ChipBench bench{w25q256jv()};
  AddressSpace space{bench.clock, bench.violations};
  QuadSpi quadspi;
};

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

TEST_F(QuadSpiTest, TimeThatPassesByItselfCounts) {
  write(kCcr, kWriteEnable);
  const uint64_t worked_ns = bench.clock.device_ns();
  bench.clock.pass_ns(1'000'000);
  write(kCcr, kSingleInstruction | 0x04);
  wait_for(kTcf);
  EXPECT_TRUE(bench.violations.empty());
  EXPECT_EQ(bench.status(), 0x00);
  EXPECT_LT(bench.clock.device_ns() - worked_ns, 500u) << "the first command cost nothing more";
}

TEST_F(QuadSpiTest, TimeThatPassedIsNotTakenAgain) {
  write(kCcr, kWriteEnable);
  bench.clock.pass_ns(100);
  const uint64_t worked_ns = bench.clock.device_ns();
  wait_for(kTcf);
  EXPECT_EQ(bench.clock.device_ns() - worked_ns, 300u + 80u - 100u);
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

TEST_F(QuadSpiTest, PollingMatchesAllMaskedBits) {
  bench.command(0x06);
  bench.command(spi_command(0x21, 4, 0));
  write(kPsmkr, 0x03);
  write(kPsmar, 0x00);
  write(kPir, 0x10);
  write(kDlr, 0);
  write(kCr, read(kCr) | 1u << 22);  // APMS
  write(kCcr, kPollStatus);
  EXPECT_EQ(read(kSr), kBusy);
  EXPECT_EQ(read(kSr), kBusy | kFtf);
  EXPECT_EQ(read(kDr), 0x03u);
  while ((read(kSr) & kSmf) == 0) bench.clock.wait_ns(1'000'000);
  EXPECT_FALSE(bench.chip.is_busy());
  EXPECT_EQ(read(kSr) & kBusy, 0u) << "APMS stops at the match";
  EXPECT_EQ(read(kDr), 0x00u);
  EXPECT_EQ(read(kSr), kSmf);
  write(kFcr, kSmf);
  EXPECT_EQ(read(kSr), 0u);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(QuadSpiTest, PollingWithPmmMatchesAnyBit) {
  bench.command(0x06);
  write(kPsmkr, 0x03);
  write(kPsmar, 0x03);
  write(kDlr, 0);
  write(kCcr, kPollStatus);
  for (int i = 0; i < 10; ++i) read(kSr);
  EXPECT_EQ(read(kSr) & kSmf, 0u) << "WIP = 0, WEL = 1";
  write(kCr, read(kCr) | kAbort);
  wait_until_idle();
  write(kCr, read(kCr) | 1u << 23);
  write(kCcr, kPollStatus);
  wait_for(kSmf);
  EXPECT_EQ(read(kSr) & kBusy, kBusy) << "without APMS it goes on";
  EXPECT_EQ(level(read(kSr)), 0u);
}

TEST_F(QuadSpiTest, PollingKeepsItsInterval) {
  write(kPsmkr, 0xFF);
  write(kPsmar, 0xFF);
  write(kPir, 1000);
  write(kDlr, 0);
  write(kCcr, kPollStatus);
  read(kSr);
  const uint64_t first_ns = bench.clock.now_ns();
  read(kSr);
  EXPECT_EQ(bench.clock.now_ns() - first_ns, 10'000u + 300u + 160u);
}

TEST_F(QuadSpiTest, PollingReadsAtMostFourBytes) {
  write(kDlr, 4);
  write(kCcr, kPollStatus);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("more than 4 bytes")));
}

TEST_F(QuadSpiTest, PollingWithoutADataPhaseGoesOn) {
  write(kPsmkr, 0xFF);
  write(kPsmar, 0x01);
  write(kDlr, 0);
  write(kCcr, kPollStatus & ~(3u << 24));  // DMODE
  for (int i = 0; i < 3; ++i) read(kSr);
  bench.clock.wait_ns(1'000'000);
  EXPECT_EQ(read(kSr) & kSmf, 0u) << "nothing is read, nothing matches";
  bench.take_violations();
}

TEST_F(QuadSpiTest, AbortEndsAnything) {
  struct Case {
    const char* what;
    uint32_t ccr;
  };
  for (const auto& [what, ccr] :
       {Case{"read", kReadId}, {"polling", kPollStatus}, {"write", kSingleData | kWriteEnable}}) {
    SCOPED_TRACE(what);
    write(kDlr, ccr == kPollStatus ? 0 : 99);
    write(kPsmkr, 0xFF);
    write(kPsmar, 0xFF);
    write(kCcr, ccr);
    if (ccr == (kSingleData | kWriteEnable)) write(kDr, 0);
    read(kSr);
    write(kFcr, kTcf);
    write(kCr, read(kCr) | kAbort);
    EXPECT_EQ(read(kCr) & kAbort, kAbort);
    EXPECT_EQ(read(kCr) & kAbort, 0u);
    EXPECT_EQ(read(kSr) & (kBusy | kTcf), kTcf);
    EXPECT_EQ(level(read(kSr)), 0u);
    write(kFcr, kTcf);
  }
}

TEST_F(QuadSpiTest, AbortTakesAMoment) {
  map();
  space.load(kWindow, 1);
  write(kCr, read(kCr) | kAbort);
  write(kCcr, kWriteEnable);
  EXPECT_THAT(bench.take_violations(), ElementsAre("written while BUSY = 1: no effect"));
}

TEST_F(QuadSpiTest, DisablingEndsAnything) {
  write(kDlr, 99);
  write(kCcr, kReadId);
  read(kSr);
  write(kCr, read(kCr) & ~kEnable);
  EXPECT_EQ(read(kSr), 0u);
  write(kCcr, kWriteEnable);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("EN = 0")));
  EXPECT_EQ(bench.status(), 0x00);
}

TEST_F(QuadSpiTest, WindowShowsTheChip) {
  std::iota(bench.bytes.begin() + 0x01000000, bench.bytes.begin() + 0x01000010, uint8_t{1});
  map();
  EXPECT_EQ(read(kSr) & kBusy, 0u) << "nothing until the first access";
  EXPECT_EQ(read(kDr), 0u);
  EXPECT_EQ(space.load(kWindow + 0x01000000, 4), 0x04030201u);
  EXPECT_EQ(read(kSr) & kBusy, kBusy);
  EXPECT_EQ(space.load(kWindow + 0x01000004, 1), 0x05u);
  EXPECT_EQ(space.load(kWindow + 0x01000002, 2), 0x0403u);
  EXPECT_EQ(space.load(kWindow + 0x01000008, 8), 0x100F0E0D0C0B0A09u);
  std::vector<uint8_t> block(5);
  space.load_block(kWindow + 0x01000001, block);
  EXPECT_THAT(block, ElementsAre(2, 3, 4, 5, 6));
  EXPECT_EQ(read(kDr), 0u);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(QuadSpiTest, MappedModeStaysBusyUntilAborted) {
  map();
  space.load(kWindow, 4);
  bench.clock.pass_ns(1'000'000'000);
  write(kCcr, kWriteEnable);
  EXPECT_THAT(bench.take_violations(), ElementsAre("written while BUSY = 1: no effect"));
  write(kCr, read(kCr) | kAbort);
  wait_until_idle();
  command(kWriteEnable);
  EXPECT_EQ(bench.status(), 0x02);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(QuadSpiTest, WindowIsClosedWhileAborting) {
  map();
  space.load(kWindow, 4);
  write(kCr, read(kCr) | kAbort);
  space.load(kWindow, 4);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("bus error")));
}

TEST_F(QuadSpiTest, MappedModeStartsNothingByItself) {
  write(kCcr, kMappedMode | kSingleData | kSingleInstruction | 0x9F);
  EXPECT_EQ(read(kSr) & kBusy, 0u);
}

TEST_F(QuadSpiTest, AddressRegisterIsDeadInMappedMode) {
  map();
  write(kAr, 0);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("memory-mapped")));
}

TEST_F(QuadSpiTest, SequentialMappedReadsNeedNoNewCommand) {
  map();
  space.load(kWindow + 0x1000, 4);
  const uint64_t first_ns = bench.clock.now_ns();
  space.load(kWindow + 0x1004, 4);
  EXPECT_EQ(bench.clock.now_ns() - first_ns, 80u);
  const uint64_t second_ns = bench.clock.now_ns();
  space.load(kWindow + 0x2000, 4);
  EXPECT_GT(bench.clock.now_ns() - second_ns, 300u);
}

TEST_F(QuadSpiTest, TimeoutReleasesTheChip) {
  write(kLptr, 100);
  write(kCr, read(kCr) | kTimeoutEnable);
  map();
  space.load(kWindow, 4);
  bench.clock.pass_ns(999);
  EXPECT_EQ(read(kSr), kBusy);
  bench.clock.pass_ns(100);
  EXPECT_EQ(read(kSr), kTof);
  write(kFcr, kTof);
  EXPECT_EQ(read(kSr), 0u);
  EXPECT_EQ(space.load(kWindow, 1), 0xFFu) << "the next access starts anew";
}

TEST_F(QuadSpiTest, WindowAnswersWithBusErrors) {
  const auto fails = [&](uint32_t address) {
    space.begin_guard();
    space.load(address, 4);
    space.end_guard();
    space.load(address, 4);
    return bench.take_violations().size() == 1;
  };
  EXPECT_TRUE(fails(kWindow)) << "mapped mode is off";
  map();
  EXPECT_FALSE(fails(kWindow));
  EXPECT_TRUE(fails(kWindow + 0x02000000)) << "beyond FSIZE";
  write(kCr, read(kCr) & ~kEnable);
  EXPECT_TRUE(fails(kWindow)) << "disabled";
  write(kCr, read(kCr) | kEnable);
  std::vector<uint8_t> block(8);
  space.load_block(kWindow + 0x01FFFFFC, block);
  EXPECT_THAT(bench.take_violations(), SizeIs(1)) << "half beyond FSIZE";
}

TEST_F(QuadSpiTest, WindowIsReadOnly) {
  map();
  space.store(kWindow, 0, 4);
  EXPECT_THAT(bench.take_violations(), testing::Contains(HasSubstr("read-only")));
  EXPECT_EQ(bench.bytes[0], 0xFF);
}

TEST_F(QuadSpiTest, ReadingNearTheEndHangsUnlessFsizeIsLarger) {
  map();
  space.load(kWindow + 0x02000000 - 100, 4);
  EXPECT_TRUE(bench.violations.empty());
  space.load(kWindow + 0x02000000 - 4, 4);
  EXPECT_THAT(bench.take_violations(), testing::Contains(HasSubstr("2.4.4")));
  write(kCr, read(kCr) | kAbort);
  wait_until_idle();
  write(kDcr, 25u << 16);
  bench.bytes[0x01FFFFFF] = 0x42;
  EXPECT_EQ(space.load(kWindow + 0x01FFFFFF, 1), 0x42u);
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

TEST_F(QuadSpiTest, TimeIsThatOfTheClocks) {
  // 100 MHz: 300 ns, 8 + 8 + 2 + 4 clocks, two clocks a byte.
  uint64_t before_ns = bench.clock.device_ns();
  start_read(kQuadRead, 0, 4096);
  for (int i = 0; i < 1024; ++i) read(kDr);
  EXPECT_EQ(bench.clock.device_ns() - before_ns, 300u + 22u * 10u + 4096u * 20u);

  // 8 + 32 clocks, eight clocks a byte; the write enable before it: 8 clocks.
  before_ns = bench.clock.device_ns();
  program(0, std::vector<uint8_t>(256, 0));
  EXPECT_EQ(bench.clock.device_ns() - before_ns, 300u + 80u + 300u + 40u * 10u + 256u * 80u);

  before_ns = bench.clock.device_ns();
  bench.wait_until_ready();
  map();
  std::vector<uint8_t> block(4096);
  before_ns = bench.clock.device_ns();
  space.load_block(kWindow, block);
  EXPECT_EQ(bench.clock.device_ns() - before_ns, 300u + 22u * 10u + 4096u * 20u);
}

TEST_F(QuadSpiTest, OneTransferIsOneReadOfTheCells) {
  read_flash(kQuadRead, 0, 512);
  EXPECT_EQ(bench.cells.stats().reads, 1u);
  EXPECT_EQ(bench.cells.stats().bytes_read, 512u);
}

TEST_F(QuadSpiTest, AReadThatFailsIsAnErrorOfTheTransferOrTheBus) {
  bench.cells.set_fault_hook(
      [](Operation operation, uint64_t, uint32_t) { return operation == Operation::kRead; });
  start_read(kRead, 0, 4);
  read(kSr);
  EXPECT_EQ(read(kSr) & kTef, kTef);
  write(kFcr, kTef);
  read(kDr);
  map();
  space.load(kWindow, 4);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("bus error")));
}

TEST_F(QuadSpiTest, AMissingChipReadsAsOnes) {
  bench.chip.options().missing = true;
  write(kDlr, 2);
  write(kCcr, kReadId);
  EXPECT_EQ(read(kDr), 0x00FFFFFFu);
  EXPECT_EQ(read(kSr) & kBusy, 0u);
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

TEST_F(QuadSpiTest, APolledStatusIsForgottenByTheNextTransfer) {
  write(kPsmkr, 0x01);
  write(kDlr, 0);
  write(kCr, read(kCr) | 1u << 22);
  write(kCcr, kPollStatus);
  wait_for(kSmf);
  write(kCcr, kReadStatus);
  EXPECT_EQ(read(kSr) & (kFtf | kBusy), kBusy);
}

class QuadSpiH7Errata : public QuadSpiTest {
 protected:
  QuadSpiH7Errata() : QuadSpiTest({.transfer_error_after_mapped = true}) {}
};

TEST_F(QuadSpiH7Errata, WritesDoNotMisfire) {
  map();
  command(kWriteEnable);
  write(kCcr, kErase);
  write(kAr, 0);
  wait_for(kTcf);
  EXPECT_TRUE(bench.chip.is_busy());
}

TEST_F(QuadSpiH7Errata, FirstAddressAfterMappedModeMisfires) {
  bench.bytes[0x10] = 0x42;
  map();
  start_read(kRead, 0x10, 1);
  EXPECT_EQ(read(kSr) & (kTef | kBusy), kTef);
  write(kFcr, kTef);
  write(kAr, 0x10);
  EXPECT_EQ(read(kDr, 1), 0x42u);
}

}  // namespace
}  // namespace sim
