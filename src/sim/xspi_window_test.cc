// The XSPI's memory-mapped window.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "sim/xspi_testing.h"

namespace sim::xspi_testing {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(XspiTest, WindowReadsAnyAddressAndLength) {
  std::iota(bench.bytes.begin(), bench.bytes.begin() + 256, uint8_t{0});
  enter_octal();
  map_octal();
  for (uint32_t address = 0; address < 5; ++address) {
    for (uint32_t length = 1; length < 9; ++length) {
      std::vector<uint8_t> block(length);
      space.load_block(kWindow + address, block);
      EXPECT_TRUE(std::equal(block.begin(), block.end(), bench.bytes.begin() + address))
          << address << " " << length;
    }
    EXPECT_EQ(space.load(kWindow + address, 1), address);
    EXPECT_EQ(space.load(kWindow + 4 * address, 4) & 0xFF, 4 * address);
  }
  EXPECT_EQ(read(kSr) & kBusy, kBusy);
  EXPECT_EQ(read(kDr), 0u);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(XspiTest, NothingOfTheWindowOutlivesMappedMode) {
  enter_octal();
  map_octal();
  EXPECT_EQ(space.load(kWindow + 0x100, 1), 0xFFu);
  leave_mapped_mode();
  program_octal(0x100, std::vector<uint8_t>{1, 2});
  map_octal();
  space.load(kWindow, 4);
  EXPECT_EQ(space.load(kWindow + 0x100, 1), 1u);
}

TEST_F(XspiTest, WindowWorksOnASingleLineToo) {
  bench.bytes[0x01000003] = 0x42;
  set_mode(kMappedMode);
  write(kCcr, kSingleInstruction | kSingleAddress | kSingleData);
  write(kIr, 0x13);
  EXPECT_EQ(space.load(kWindow + 0x01000003, 1), 0x42u);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(XspiTest, MappedModeIsLeftByAbort) {
  enter_octal();
  map_octal();
  space.load(kWindow, 4);
  write(kIr, 0x06F9);
  EXPECT_THAT(bench.take_violations(), ElementsAre("written while BUSY = 1: no effect"));
  set_mode(0);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("only when BUSY = 0")));
  leave_mapped_mode();
  execute({0, kOctalInstruction, 0x06F9});
  EXPECT_EQ(bench.chip.status(0), 0x02);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(XspiTest, WindowAnswersWithBusErrors) {
  const auto fails = [&](uint32_t address) {
    space.load(address, 4);
    return bench.take_violations().size() == 1;
  };
  EXPECT_TRUE(fails(kWindow)) << "mapped mode is off";
  set_mode(kMappedMode);
  write(kCcr, kSingleInstruction | kSingleAddress);
  write(kIr, 0x13);
  EXPECT_TRUE(fails(kWindow)) << "no data phase";
  write(kCcr, kSingleInstruction | kSingleAddress | kSingleData);
  EXPECT_FALSE(fails(kWindow));
  EXPECT_FALSE(fails(kWindow + 0x01FFFFFC));
  EXPECT_TRUE(fails(kWindow + 0x02000000)) << "beyond DEVSIZE";
  write(kCr, read(kCr) & ~kEnable);
  EXPECT_TRUE(fails(kWindow)) << "disabled";
  space.store(kWindow, 0, 4);
  EXPECT_THAT(bench.take_violations(), Contains(HasSubstr("not programmed through the window")));
}

TEST_F(XspiTest, MappedModeStartsNothingByItself) {
  set_mode(kMappedMode);
  write(kCcr, kSingleInstruction | kSingleData);
  write(kIr, 0x9F);
  EXPECT_EQ(read(kSr) & kBusy, 0u);
  EXPECT_EQ(read(kDr), 0u);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(XspiTest, WindowIsClosedWhileAborting) {
  enter_octal();
  map_octal();
  space.load(kWindow, 4);
  write(kCr, read(kCr) | kAbort);
  space.load(kWindow, 4);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("bus error")));
}

TEST_F(XspiTest, WindowNoticesAMisusedFormat) {
  enter_octal();
  map_octal();
  write(kTcr, 20 | 1u << 30);
  space.load(kWindow, 4);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("SSHIFT")));
}

TEST_F(XspiTest, AddressesInMappedModeAreMistakes) {
  set_mode(kMappedMode);
  write(kAr, 0);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("memory-mapped")));
}

TEST_F(XspiTest, TimeoutReleasesTheChip) {
  write(kLptr, 100);
  write(kCr, read(kCr) | kTimeoutEnable);
  enter_octal();
  map_octal();
  space.load(kWindow, 4);
  bench.clock.pass_ns(600);
  EXPECT_EQ(read(kSr) & (kTof | kBusy), kTof);
}

TEST_F(XspiTest, AReadThatFailsIsAnErrorOfTheTransferOrTheBus) {
  bench.cells.set_fault_hook(
      [](Operation operation, uint64_t, uint32_t) { return operation == Operation::kRead; });
  enter_octal();
  start({kReadMode, kOctalRead, 0xEE11, 0, 4, 20});
  read(kSr);
  EXPECT_EQ(read(kSr) & kTef, kTef);
  write(kFcr, kTef);
  read(kDr);
  map_octal();
  space.load(kWindow, 4);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("bus error")));
}

}  // namespace
}  // namespace sim::xspi_testing
