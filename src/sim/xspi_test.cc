// The XSPI's registers, commands, FIFO, eight lines, ranges and status polling.
#include "sim/xspi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "sim/xspi_testing.h"

namespace sim::xspi_testing {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(XspiTest, RegistersAreZeroAfterReset) {
  Xspi fresh(bench.chip, bench.clock, bench.violations, 200'000'000);
  for (uint32_t offset = 0; offset < Xspi::kRegisterBytes; offset += 4) {
    if (offset == kDr - kBase) continue;
    EXPECT_EQ(fresh.load(offset, 4), 0u) << offset;
  }
}

struct PlainRegister {
  uint32_t address;
  uint32_t kept;
};
constexpr PlainRegister kPlainRegisters[] = {
    {kDcr1, 0x073F3F03},  {kDcr2, 0x000700FF}, {kDlr, 0xFFFFFFFF},  {kPsmkr, 0xFFFFFFFF},
    {kPsmar, 0xFFFFFFFF}, {kPir, 0x0000FFFF},  {kCcr, 0x2F3F3F3F},  {kTcr, 0x5000001F},
    {kAbr, 0xFFFFFFFF},   {kLptr, 0x0000FFFF}, {kWccr, 0x2F3F3F3F},
};

TEST_F(XspiTest, PlainRegistersKeepTheirFields) {
  for (const auto& [address, kept] : kPlainRegisters) {
    write(address, 0xFFFFFFFF);
    EXPECT_EQ(read(address), kept) << std::hex << address;
  }
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(XspiTest, NoRegisterTakesAWriteWhileBusy) {
  start({kReadMode, kSingleInstruction | kSingleData, 0x9F, 0, 100});
  for (const auto& [address, kept] : kPlainRegisters) {
    const uint32_t before = read(address);
    write(address, ~before);
    EXPECT_EQ(read(address), before) << std::hex << address;
    EXPECT_THAT(bench.take_violations(), ElementsAre("written while BUSY = 1: no effect"));
  }
  const uint32_t instruction = read(kIr);
  write(kIr, ~instruction);
  EXPECT_EQ(read(kIr), instruction);
  EXPECT_THAT(bench.take_violations(), ElementsAre("written while BUSY = 1: no effect"));
  const uint32_t before = read(kCr);
  write(kCr, before ^ 1u << 28);
  EXPECT_EQ(read(kCr), before) << "FMODE";
  EXPECT_THAT(bench.take_violations(), SizeIs(1));
  write(kCr, before ^ 1u << 8);
  EXPECT_THAT(bench.take_violations(), IsEmpty());
}

// Some firmware writes AR whatever the command; nothing is lost where there is no address phase.
TEST_F(XspiTest, AnAddressWhileBusyIsAMistakeOnlyWhereItIsPartOfTheCommand) {
  start({kReadMode, kSingleInstruction | kSingleData, 0x9F, 0, 100});
  write(kAr, 0x1234);
  EXPECT_EQ(read(kAr), 0u);
  EXPECT_THAT(bench.take_violations(), IsEmpty());
  leave_mapped_mode();  // an abort
  start({kReadMode, kSingleInstruction | kSingleAddress | kSingleData, 0x13, 0x1000, 100});
  write(kAr, 0x2000);
  EXPECT_EQ(read(kAr), 0x1000u);
  EXPECT_THAT(bench.take_violations(), ElementsAre("written while BUSY = 1: no effect"));
}

TEST_F(XspiTest, ReservedAddressesAndNarrowAccessesAreMistakes) {
  write(kBase + 0x004, 1);
  write(kSr, 0);
  write(kCcr, 0, 2);
  read(kCcr, 1);
  EXPECT_THAT(bench.take_violations(), SizeIs(4));
}

TEST_F(XspiTest, InstructionAloneStartsAtIr) {
  write(kCcr, kSingleInstruction);
  EXPECT_EQ(read(kSr) & kBusy, 0u);
  write(kIr, 0x06);
  EXPECT_EQ(read(kSr) & (kBusy | kTcf), kBusy);
  EXPECT_EQ(read(kSr) & (kBusy | kTcf), kTcf);
  EXPECT_EQ(bench.status(), 0x02);
}

TEST_F(XspiTest, AddressStartsAtArAndDataAtDr) {
  set_mode(kReadMode);
  write(kDlr, 0);
  write(kCcr, kSingleInstruction | kSingleAddress | kSingleData);
  write(kIr, 0x13);
  EXPECT_EQ(read(kSr) & kBusy, 0u);
  write(kAr, 0);
  EXPECT_EQ(read(kSr) & kBusy, kBusy);
  EXPECT_EQ(read(kDr, 1), 0xFFu);
  EXPECT_EQ(read(kSr) & kBusy, 0u);

  execute({0, kSingleInstruction, 0x06});
  start({0, kSingleInstruction | kSingleAddress | kSingleData, 0x12, 0x10, 1});
  EXPECT_EQ(read(kSr) & (kBusy | kFtf), kFtf);
  write(kDr, 0x5A, 1);
  EXPECT_EQ(read(kSr) & kBusy, kBusy);
  wait_for(kTcf);
  EXPECT_EQ(bench.bytes[0x10], 0x5A);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(XspiTest, AbrStartsNothing) {
  set_mode(kReadMode);
  write(kCcr, kSingleInstruction | kSingleAddress | kSingleData);
  write(kAbr, 0);
  EXPECT_EQ(read(kSr) & kBusy, 0u);
}

TEST_F(XspiTest, FifoHoldsSixtyFourBytes) {
  start({kReadMode, kSingleInstruction | kSingleAddress | kSingleData, 0x13, 0, 200});
  read(kSr);
  EXPECT_EQ(level(read(kSr)), 64u) << "six bits of FLEVEL would say it is empty";
  EXPECT_EQ(read(kSr) & kFtf, kFtf);
  for (int i = 0; i < 200; i += 4) EXPECT_EQ(read(kDr), 0xFFFFFFFFu);
  EXPECT_EQ(read(kSr) & (kBusy | kTcf), kTcf);
}

TEST_F(XspiTest, ThresholdIsSixBits) {
  write(kCr, kEnable | 63u << 8);
  EXPECT_EQ(read(kSr) & kFtf, kFtf) << "64 free bytes";
  start({kReadMode, kSingleInstruction | kSingleAddress | kSingleData, 0x13, 0, 200});
  wait_for(kFtf);
  read(kDr, 1);
  EXPECT_EQ(read(kSr) & kFtf, 0u);
}

TEST_F(XspiTest, SwitchesTheChipToOctalAndBack) {
  enter_octal();
  EXPECT_EQ(bench.chip.protocol(), ChipProtocol::kOctalDtr);
  EXPECT_THAT(fetch({0, kOctalRead, 0x9F60, 0, 6, 4}), ElementsAre(0xC2, 0xC2, 0x80, 0x80, 0x39, 0x39));
  EXPECT_THAT(fetch({0, kOctalRead, 0x05FA, 0, 2, 4}), ElementsAre(0, 0));
  execute({0, kOctalInstruction, 0x06F9});
  send({0, kOctalInstruction | kOctalAddress | kOctalData, 0x728D, 0, 2}, {0, 0});
  EXPECT_EQ(bench.chip.protocol(), ChipProtocol::kSpi);
  EXPECT_TRUE(bench.violations.empty());
}

// The controller in Macronix mode and the chip swap twice: what single-line SPI wrote reads back.
TEST_F(XspiTest, MacronixMemoryTypeRestoresTheOrder) {
  for (size_t i = 0; i < 20'000; ++i) bench.bytes[i] = static_cast<uint8_t>(i * 7 + i / 256);
  enter_octal();
  const auto data = fetch({0, kOctalRead, 0xEE11, 0x100, 10'000, 20});
  EXPECT_TRUE(std::equal(data.begin(), data.end(), bench.bytes.begin() + 0x100));
  program_octal(0x8000, std::vector<uint8_t>{1, 2, 3, 4});
  EXPECT_THAT(std::span(bench.bytes).subspan(0x8000, 4), ElementsAre(1, 2, 3, 4));
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(XspiTest, MacronixMemoryTypeLeavesASingleLineAlone) {
  std::iota(bench.bytes.begin(), bench.bytes.begin() + 4, uint8_t{1});
  EXPECT_THAT(fetch({0, kSingleInstruction | kSingleAddress | kSingleData, 0x13, 0, 4}),
              ElementsAre(1, 2, 3, 4));
}

// Whole words come from the chip and whole words go to it, however the CPU takes and gives them.
TEST_F(XspiTest, WordsOnTheWireAreIndependentOfAccessWidths) {
  for (size_t i = 0; i < 9001; ++i) bench.bytes[i] = static_cast<uint8_t>(i * 7 + i / 256);
  enter_octal();
  start({kReadMode, kOctalRead, 0xEE11, 0, 9002, 20});
  EXPECT_EQ(read(kDr, 1), bench.bytes[0]);
  for (size_t i = 1; i < 9001; i += 4) {
    const uint32_t word = read(kDr);
    for (size_t k = 0; k < 4; ++k) ASSERT_EQ(word >> (8 * k) & 0xFF, bench.bytes[i + k]) << i;
  }
  read(kDr, 1);

  execute({0, kOctalInstruction, 0x06F9});
  start({0, kOctalInstruction | kOctalAddress | kOctalData, 0x12ED, 0x8000, 6});
  write(kDr, 0x0201, 2);
  write(kDr, 0x03, 1);
  read(kSr);
  write(kDr, 0x0504, 2);
  write(kDr, 0x06, 1);
  wait_for(kTcf);
  EXPECT_THAT(std::span(bench.bytes).subspan(0x8000, 6), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(XspiTest, WithDqsTheControllerWaitsForTheData) {
  bench.bytes[0] = 0x42;
  enter_octal();
  EXPECT_EQ(fetch({0, kOctalRead, 0xEE11, 0, 2, 6})[0], 0x42);
  EXPECT_TRUE(bench.violations.empty());
  EXPECT_NE(fetch({0, kOctalRead & ~kStrobe, 0xEE11, 0, 2, 6})[0], 0x42);
  EXPECT_THAT(bench.take_violations(), SizeIs(1));
}

TEST_F(XspiTest, AnotherMemoryTypeSwapsTheBytes) {
  bench.bytes[0] = 1;
  bench.bytes[1] = 2;
  enter_octal();
  write(kDcr1, 24u << 16);
  EXPECT_THAT(fetch({0, kOctalRead, 0xEE11, 0, 2, 20}), ElementsAre(2, 1));
  program_octal(0x8000, std::vector<uint8_t>{1, 2});
  EXPECT_THAT(std::span(bench.bytes).subspan(0x8000, 2), ElementsAre(2, 1));
}

TEST_F(XspiTest, OddLengthsOnEightLinesCarryAByteTooMany) {
  std::iota(bench.bytes.begin(), bench.bytes.begin() + 8, uint8_t{1});
  enter_octal();
  EXPECT_THAT(fetch({0, kOctalRead, 0xEE11, 0, 3, 20}), ElementsAre(1, 2, 3));
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("odd length")));
  program_octal(0x8000, std::vector<uint8_t>{1, 2, 3});
  EXPECT_THAT(std::span(bench.bytes).subspan(0x8000, 5), ElementsAre(1, 2, 3, 0, 0xFF));
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("odd length")));
}

TEST_F(XspiTest, OddAddressesOnEightLinesLoseTheirLowestBit) {
  std::iota(bench.bytes.begin(), bench.bytes.begin() + 8, uint8_t{1});
  enter_octal();
  EXPECT_THAT(fetch({0, kOctalRead, 0xEE11, 3, 2, 20}), ElementsAre(3, 4));
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("odd address")));
}

TEST_F(XspiTest, DisablingEndsAnything) {
  start({kReadMode, kSingleInstruction | kSingleData, 0x9F, 0, 100});
  read(kSr);
  write(kCr, read(kCr) & ~kEnable);
  EXPECT_EQ(read(kSr), 0u);
}

TEST_F(XspiTest, AnEmptyCommandIsNone) {
  write(kCcr, 0);
  write(kIr, 0x06);
  EXPECT_EQ(read(kSr) & (kBusy | kTcf), 0u);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(XspiTest, UndefinedLengthReadsToTheEnd) {
  bench.bytes[0x01FFFFFF] = 0x42;
  set_mode(kReadMode);
  write(kDlr, 0xFFFFFFFF);
  write(kCcr, kSingleInstruction | kSingleAddress | kSingleData);
  write(kIr, 0x13);
  write(kAr, 0x01FFFFFC);
  EXPECT_EQ(read(kDr), 0x42FFFFFFu);
  EXPECT_EQ(read(kSr) & (kBusy | kTcf | kTef), kTcf);
}

struct RangeCase {
  uint32_t mode;
  uint32_t address;
  uint32_t length;
  bool error;
};
class XspiRange : public XspiTest, public testing::WithParamInterface<RangeCase> {};

INSTANTIATE_TEST_SUITE_P(
    Transfers, XspiRange,
    testing::Values(RangeCase{kReadMode, 0x01FFFFFE, 2, false}, RangeCase{kReadMode, 0x01FFFFFE, 4, true},
                    RangeCase{kReadMode, 0x02000000, 2, true}, RangeCase{kPollingMode, 0x02000000, 2, true},
                    RangeCase{0, 0x01FFFF00, 256, false}, RangeCase{0, 0x01FFFF02, 256, true}));

TEST_P(XspiRange, BeyondDevsizeIsATransferError) {
  const auto [mode, address, length, error] = GetParam();
  start(
      {mode, kSingleInstruction | kSingleAddress | kSingleData, mode == 0 ? 0x12u : 0x13u, address, length});
  if (mode == 0) write(kDr, 0);
  EXPECT_EQ((read(kSr) & kTef) != 0, error);
  EXPECT_EQ((read(kSr) & kBusy) != 0, !error);
  write(kFcr, kTef);
  EXPECT_EQ(read(kSr) & kTef, 0u);
}

TEST_F(XspiTest, PollingStopsAtTheMatch) {
  enter_octal();
  execute({0, kOctalInstruction, 0x06F9});
  execute({0, kOctalInstruction | kOctalAddress, 0x21DE, 0});
  write(kCr, read(kCr) | kPollingStop);
  write(kPsmkr, 0x01);
  write(kPsmar, 0x00);
  write(kPir, 0x10);
  start({kPollingMode, kOctalRead, 0x05FA, 0, 2, 4});
  EXPECT_EQ(read(kSr) & (kBusy | kSmf), kBusy);
  EXPECT_EQ(read(kSr) & (kFtf | kSmf), kFtf);
  EXPECT_EQ(read(kDr), 0x0303u);
  while ((read(kSr) & kSmf) == 0) bench.clock.wait_ns(1'000'000);
  EXPECT_FALSE(bench.chip.is_busy());
  EXPECT_EQ(read(kSr) & kBusy, 0u);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(XspiTest, WithStrobeNothingComesFromAChipThatDrivesNone) {
  start({kReadMode, kSingleInstruction | kSingleData | kStrobe, 0x9F, 0, 3});
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(read(kSr) & (kTcf | kFtf | kBusy), kBusy);
  leave_mapped_mode();  // ABORT helps
  EXPECT_EQ(read(kSr) & kBusy, 0u);
  EXPECT_EQ(fetch({0, kSingleInstruction | kSingleData, 0x9F, 0, 3}).front(), 0xC2);

  // Nor does the controller ever see a match, though the chip is not busy.
  write(kPsmkr, 1);
  write(kPsmar, 0);
  start({kPollingMode, kSingleInstruction | kSingleData | kStrobe, 0x05, 0, 1});
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(read(kSr) & kSmf, 0u);
  leave_mapped_mode();
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(XspiTest, MisusedFormatsAreNoticed) {
  struct Case {
    const char* what;
    Command command;
  };
  const Case cases[] = {
      {"without a data phase", {kReadMode, kSingleInstruction, 0x9F}},
      {"without a dummy cycle", {kReadMode, kOctalInstruction | kOctalData, 0x9F60, 0, 2}},
      {"SSHIFT", {kReadMode, kOctalInstruction | kOctalData, 0x9F60, 0, 2, 4 | 1u << 30}},
      {"DHQC = 1 and DDTR = 0", {0, kOctalInstruction, 0x06F9, 0, 0, 1u << 28}},
      {"more than 4 bytes", {kPollingMode, kSingleInstruction | kSingleData, 0x05, 0, 5}},
  };
  for (const auto& [what, command] : cases) {
    start(command);
    EXPECT_THAT(bench.take_violations(), Contains(HasSubstr(what)));
    leave_mapped_mode();
  }
  write(kCr, 0);
  write(kCcr, kSingleInstruction);
  write(kIr, 0x06);
  EXPECT_THAT(bench.take_violations(), Contains(HasSubstr("EN = 0")));
  write(kCr, kEnable | 1u << 6 | 1u << 24);
  EXPECT_THAT(bench.take_violations(), SizeIs(2));
}

TEST_F(XspiTest, DataWithoutATransferIsAMistake) {
  read(kDr);
  write(kDr, 0);
  EXPECT_THAT(bench.take_violations(), SizeIs(2));
}

TEST_F(XspiTest, ResetForgetsAll) {
  enter_octal();
  map_octal();
  space.load(kWindow, 4);
  xspi.reset();
  for (uint32_t offset = 0; offset < Xspi::kRegisterBytes; offset += 4) {
    if (offset == kDr - kBase) continue;
    EXPECT_EQ(xspi.load(offset, 4), 0u) << offset;
  }
  EXPECT_EQ(bench.chip.protocol(), ChipProtocol::kOctalDtr) << "the chip kept its supply";
}

TEST_F(XspiTest, TimeIsThatOfTheClocks) {
  enter_octal();
  // 200 MHz, both edges: 1 + 2 + 20 clocks, half a clock a byte.
  uint64_t before_ns = bench.clock.device_ns();
  fetch({0, kOctalRead, 0xEE11, 0, 4096, 20});
  EXPECT_EQ(bench.clock.device_ns() - before_ns, 300u + 23u * 5u + 2048u * 5u);

  write(kDcr2, 3);
  before_ns = bench.clock.device_ns();
  fetch({0, kOctalRead, 0xEE11, 0, 4096, 20});
  EXPECT_EQ(bench.clock.device_ns() - before_ns, 300u + 23u * 20u + 2048u * 20u);
}

}  // namespace
}  // namespace sim::xspi_testing
