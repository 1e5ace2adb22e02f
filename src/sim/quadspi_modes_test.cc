// The QUADSPI's status polling, aborts, memory-mapped window, timing and errata, and a chip that fails or is
// missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <vector>

#include "sim/quadspi_testing.h"

namespace sim::quadspi_testing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

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
  EXPECT_THAT(bench.take_violations(), testing::Contains(HasSubstr("not programmed through the window")));
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
}  // namespace sim::quadspi_testing
