#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>

#include "sim/nor_chip.h"
#include "sim/nor_chip_testing.h"

namespace sim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(W25q256jv, AStatusWriteOfOneByteLeavesQuadEnableAlone) {
  ChipBench bench(w25q256jv());
  bench.change(spi_command(0x31), {0x02});
  bench.change(spi_command(0x01), {0x00});
  EXPECT_THAT(bench.read(spi_command(0x35), 1), ElementsAre(0x02));
}

TEST(W25q256jv, VolatileStatusWriteNeedsNoWriteEnableAndNoTime) {
  ChipBench bench(w25q256jv());
  bench.command(0x50);
  bench.write(spi_command(0x31), {0x02});
  EXPECT_FALSE(bench.chip.is_busy());
  EXPECT_EQ(bench.chip.status(1), 0x02);
  bench.chip.power_cycle();
  EXPECT_EQ(bench.chip.status(1), 0x00);
  EXPECT_TRUE(bench.violations.empty());
}

// A W25Q256JV with one byte marked on each side of the 16 MiB boundary.
class W25q256jvAddressing : public testing::Test {
 protected:
  W25q256jvAddressing() {
    bench.chip.set_status(1, 0x02);
    bench.bytes[kLow] = 0x11;
    bench.bytes[kHigh] = 0x22;
  }

  static constexpr uint32_t kLow = 0x00123456;
  static constexpr uint32_t kHigh = 0x01123456;
  ChipBench bench{w25q256jv()};
};

TEST_F(W25q256jvAddressing, FourByteModeIsEnteredShownAndLeft) {
  bench.command(0xB7);
  EXPECT_THAT(bench.read(spi_command(0x15), 1), ElementsAre(0x01));
  EXPECT_THAT(bench.read(spi_command(0x03, 4, kHigh), 1), ElementsAre(0x22));
  EXPECT_THAT(bench.read(quad_read(0xEB, 4, kHigh), 1), ElementsAre(0x22));
  bench.command(0xE9);
  EXPECT_THAT(bench.read(spi_command(0x03, 3, kLow), 1), ElementsAre(0x11));
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(W25q256jvAddressing, FourByteOpcodesWorkInBothModes) {
  for (const uint8_t mode : std::initializer_list<uint8_t>{0xE9, 0xB7}) {
    bench.command(mode);
    EXPECT_THAT(bench.read(spi_command(0x13, 4, kHigh), 1), ElementsAre(0x22));
    EXPECT_THAT(bench.read(spi_command(0x0C, 4, kHigh, 8), 1), ElementsAre(0x22));
    EXPECT_THAT(bench.read(quad_read(0xEC, 4, kHigh), 1), ElementsAre(0x22));
    EXPECT_EQ(bench.read(spi_command(0x5A, 3, 0, 8), 1)[0], 'S') << "SFDP takes 24 bits in either mode";
  }
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(W25q256jvAddressing, ExtendedAddressRegisterSelectsTheUpperHalf) {
  bench.command(0x06);
  bench.write(spi_command(0xC5), {0x01});
  EXPECT_THAT(bench.read(spi_command(0xC8), 1), ElementsAre(0x01));
  EXPECT_THAT(bench.read(spi_command(0x03, 3, kLow), 1), ElementsAre(0x22));
  EXPECT_THAT(bench.read(spi_command(0x13, 4, kLow), 1), ElementsAre(0x11));
  bench.command(0xB7);
  EXPECT_THAT(bench.read(spi_command(0x03, 4, kLow), 1), ElementsAre(0x11)) << "only 24 bits need it";
  bench.command(0x66);
  bench.command(0x99);
  bench.clock.pass_ns(30'000);
  EXPECT_THAT(bench.read(spi_command(0x03, 3, kLow), 1), ElementsAre(0x11));
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(W25q256jvAddressing, PowerUpModeIsWhatItsBitSays) {
  bench.command(0xB7);
  bench.chip.power_cycle();
  EXPECT_FALSE(bench.chip.is_four_byte_mode());
  bench.change(spi_command(0x11), {0x02});
  bench.chip.power_cycle();
  EXPECT_TRUE(bench.chip.is_four_byte_mode());
}

// The hazard of a chip left in 4-byte mode: a 24-bit erase lacks a byte and is dropped.
TEST_F(W25q256jvAddressing, EraseWithAByteMissingIsDropped) {
  bench.command(0xB7);
  bench.command(0x06);
  bench.command(spi_command(0x20, 3, 0));
  EXPECT_FALSE(bench.chip.is_busy());
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("20h: framed with another number")));
}

TEST_F(W25q256jvAddressing, ProgramWithAByteMissingTakesItFromTheData) {
  bench.command(0xB7);
  bench.command(0x06);
  bench.write(spi_command(0x02, 3, 0x001000), {0x20, 0xAA, 0xBB});
  bench.wait_until_ready();
  EXPECT_EQ(bench.bytes[0x100020], 0xAA);
  EXPECT_EQ(bench.bytes[0x100021], 0xBB);
  EXPECT_EQ(bench.bytes[0x001000], 0xFF);
}

TEST_F(W25q256jvAddressing, ProgramWithAByteTooManyTakesItAsData) {
  bench.command(0x06);
  bench.write(spi_command(0x02, 4, 0x00100055), {0xAA});
  bench.wait_until_ready();
  EXPECT_EQ(bench.bytes[0x1000], 0x55);
  EXPECT_EQ(bench.bytes[0x1001], 0xAA);
}

TEST_F(W25q256jvAddressing, EraseWithAByteTooManyIsDropped) {
  bench.command(0x06);
  bench.command(spi_command(0x20, 4, 0));
  EXPECT_FALSE(bench.chip.is_busy());
  EXPECT_THAT(bench.take_violations(), testing::SizeIs(1));
}

TEST_F(W25q256jvAddressing, ReadWithAByteMissingIsShifted) {
  bench.command(0xB7);
  // The chip takes the first data byte, which nobody drives, as the last of the address.
  bench.bytes[0x001122FF] = 0x33;
  EXPECT_THAT(bench.read(spi_command(0x03, 3, 0x001122), 2), ElementsAre(0xFF, 0x33));
  EXPECT_THAT(bench.take_violations(), testing::SizeIs(1));
}

TEST_F(W25q256jvAddressing, WrongDummyCyclesShiftTheBits) {
  bench.bytes[kLow + 1] = 0x0F;
  bench.bytes[kLow + 2] = 0xF0;
  // Two clocks too many on four lines: a byte is missed. One clock: half a byte.
  WireCommand late = quad_read(0xEB, 3, kLow);
  late.dummy_cycles = 6;
  EXPECT_THAT(bench.read(late, 2), ElementsAre(0x0F, 0xF0));
  late.dummy_cycles = 5;
  EXPECT_THAT(bench.read(late, 2), ElementsAre(0x10, 0xFF));
  WireCommand early = quad_read(0xEB, 3, kLow);
  early.dummy_cycles = 2;
  EXPECT_THAT(bench.read(early, 2), ElementsAre(0xFF, 0x11));
  EXPECT_THAT(bench.take_violations(), testing::SizeIs(3));
}

TEST_F(W25q256jvAddressing, DummyCyclesMayStandForTheModeByte) {
  WireCommand wire = quad_read(0xEC, 4, kHigh);
  wire.alternate_bytes = 0;
  wire.dummy_cycles = 6;
  EXPECT_THAT(bench.read(wire, 1), ElementsAre(0x22));
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(W25q256jvAddressing, OtherLinesThanTheChipsAreNotUnderstood) {
  WireCommand wire = quad_read(0xEB, 3, kLow);
  wire.address_lanes = kSingle;
  EXPECT_THAT(bench.read(wire, 1), ElementsAre(0xFF));
  wire = quad_read(0xEB, 3, kLow);
  wire.data_lanes = kSingle;
  EXPECT_THAT(bench.read(wire, 1), ElementsAre(0xFF));
  EXPECT_THAT(bench.take_violations(), testing::SizeIs(2));
}

TEST_F(W25q256jvAddressing, ContinuousReadIsRefused) {
  bench.read(quad_read(0xEB, 3, kLow, 0x20), 1);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("continuous read")));
}

}  // namespace
}  // namespace sim
