#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "sim/nor_chip.h"
#include "sim/nor_chip_testing.h"

namespace sim {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr uint32_t kKiB = 1024;

// MX25UM25645G: eight lines at both edges.
class OctalNorChip : public testing::Test {
 protected:
  ChipBench bench{mx25um25645g()};
};

TEST_F(OctalNorChip, Config2SwitchesTheProtocol) {
  bench.enter_octal_dtr();
  EXPECT_EQ(bench.chip.protocol(), ChipProtocol::kOctalDtr);
  EXPECT_THAT(bench.read(octal_command(0x718E, 0, 4), 2), ElementsAre(0x02, 0x02));
  EXPECT_THAT(bench.read(octal_command(0x9F60, 0, 4), 6), ElementsAre(0xC2, 0xC2, 0x80, 0x80, 0x39, 0x39));
  EXPECT_THAT(bench.read(octal_command(0x05FA, 0, 4), 2), ElementsAre(0x00, 0x00));

  bench.command(octal_command(0x06F9));
  bench.write(octal_command(0x728D, 0), {0x00, 0x00});
  EXPECT_EQ(bench.chip.protocol(), ChipProtocol::kSpi);
  EXPECT_EQ(bench.read(spi_command(0x9F), 3)[2], 0x39);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(OctalNorChip, Config2RefusesWhatItDoesNotKnow) {
  bench.command(0x06);
  bench.write(spi_command(0x72, 4, 0), {0x03});
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("no such protocol")));
  EXPECT_EQ(bench.chip.protocol(), ChipProtocol::kSpi);
  bench.command(0x06);
  bench.write(spi_command(0x72, 4, 0x123), {0x00});
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("no such address")));
  bench.write(spi_command(0x72, 4, 0), {0x02});
  EXPECT_THAT(bench.take_violations(), ElementsAre("72h: without write enable"));
}

TEST_F(OctalNorChip, WordsTravelInSwappedOrder) {
  bench.enter_octal_dtr();
  bench.command(octal_command(0x06F9));
  bench.write(octal_command(0x12ED, 0x100), {1, 2, 3, 4});
  bench.wait_until_ready();
  EXPECT_THAT(std::span(bench.bytes).subspan(0x100, 4), ElementsAre(2, 1, 4, 3));
  EXPECT_THAT(bench.read(octal_command(0xEE11, 0x100, 20), 4), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(bench.read(octal_command(0x5AA5, 0, 20), 4), ElementsAre('F', 'S', 'P', 'D'));
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(OctalNorChip, StrProtocolKeepsTheOrder) {
  bench.command(0x06);
  bench.write(spi_command(0x72, 4, 0), {0x01});
  bench.bytes[0x100] = 1;
  bench.bytes[0x101] = 2;
  EXPECT_THAT(bench.read(octal_command(0xEC13, 0x100, 20, kOctalStr), 2), ElementsAre(1, 2));
  EXPECT_THAT(bench.read(octal_command(0x9F60, 0, 4, kOctalStr), 3), ElementsAre(0xC2, 0x80, 0x39));
  EXPECT_TRUE(bench.violations.empty());
  bench.read(octal_command(0xEE11, 0x100, 20, kOctalStr), 2);
  EXPECT_THAT(bench.take_violations(), ElementsAre("EEh: the chip has no such instruction"));
}

TEST_F(OctalNorChip, EraseAndProgramWorkOnEightLines) {
  std::ranges::fill(std::span(bench.bytes).first(128 * kKiB), uint8_t{0});
  std::ranges::fill(std::span(bench.bytes).last(4096), uint8_t{0});
  bench.enter_octal_dtr();
  bench.command(octal_command(0x06F9));
  bench.command(octal_command(0x21DE, 0x01FFF000));
  bench.wait_until_ready();
  EXPECT_EQ(std::ranges::count(std::span(bench.bytes).last(4096), uint8_t{0xFF}), 4096);
  bench.command(octal_command(0x06F9));
  bench.command(octal_command(0xDC23, 0));
  bench.wait_until_ready();
  EXPECT_EQ(std::ranges::count(std::span(bench.bytes).first(64 * kKiB), uint8_t{0xFF}), 64 * kKiB);
  EXPECT_EQ(bench.bytes[64 * kKiB], 0);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(OctalNorChip, HasNo32KiBEraseAndNoQuadLines) {
  for (const uint8_t opcode : std::initializer_list<uint8_t>{0x52, 0xEB, 0x6B, 0x35, 0xB7}) {
    bench.command(opcode);
    EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("no such instruction"))) << unsigned{opcode};
  }
}

TEST_F(OctalNorChip, OddAddressesAndLengthsAreMistakes) {
  bench.enter_octal_dtr();
  bench.bytes[0x100] = 0xAA;
  EXPECT_EQ(bench.read(octal_command(0xEE11, 0x101, 20), 2)[1], 0xAA) << "the lowest address bit is ignored";
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("odd address")));
  bench.command(octal_command(0x06F9));
  bench.write(octal_command(0x12ED, 0x200), {0});
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("inside a 16-bit word")));
  EXPECT_EQ(bench.bytes[0x200], 0xFF);
  EXPECT_EQ(bench.bytes[0x201], 0xFF);
}

TEST_F(OctalNorChip, OneLineCommandsAreNotHeard) {
  bench.enter_octal_dtr();
  EXPECT_THAT(bench.read(spi_command(0x9F), 3), Each(0xFF));
  bench.command(0x66);
  bench.command(0x99);
  EXPECT_TRUE(bench.violations.empty()) << "trying to bring a chip back is no mistake";
  EXPECT_EQ(bench.chip.protocol(), ChipProtocol::kOctalDtr);
  bench.command(0x06);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("protocol")));

  bench.command(octal_command(0x6699));
  bench.command(octal_command(0x9966));
  bench.clock.pass_ns(mx25um25645g().reset_ns);
  EXPECT_EQ(bench.chip.protocol(), ChipProtocol::kSpi);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(OctalNorChip, SecondInstructionByteIsTheComplement) {
  bench.enter_octal_dtr();
  bench.command(octal_command(0x0606));
  EXPECT_THAT(bench.take_violations(), ElementsAre("06h: the chip has no such instruction"));
}

TEST_F(OctalNorChip, SecurityRegisterIsReadOnEightLines) {
  bench.enter_octal_dtr();
  bench.cells.set_fault_hook(
      [](Operation operation, uint64_t, uint32_t) { return operation == Operation::kErase; });
  bench.command(octal_command(0x06F9));
  bench.command(octal_command(0x21DE, 0));
  bench.wait_until_ready();
  EXPECT_THAT(bench.read(octal_command(0x2BD4, 0, 4), 2), ElementsAre(0x40, 0x40));
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(OctalNorChip, DummyCyclesAreConfigurable) {
  bench.enter_octal_dtr();
  bench.bytes[0] = 0x5A;
  bench.command(octal_command(0x06F9));
  bench.write(octal_command(0x728D, 0x300), {0x02, 0x02});
  EXPECT_EQ(bench.read(octal_command(0xEE11, 0, 16), 2)[1], 0x5A);
  EXPECT_TRUE(bench.violations.empty());
  bench.read(octal_command(0xEE11, 0, 20), 2);
  EXPECT_THAT(bench.take_violations(), testing::SizeIs(1));
}

TEST_F(OctalNorChip, AStrobedReaderWaitsForTheData) {
  bench.enter_octal_dtr();
  bench.bytes[0] = 0x5A;
  WireCommand wire = octal_command(0xEE11, 0, 6);
  wire.strobed = true;
  EXPECT_EQ(bench.read(wire, 2)[1], 0x5A);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(OctalNorChip, StatusAndConfigurationRegistersAreAddressed) {
  bench.enter_octal_dtr();
  bench.command(octal_command(0x06F9));
  bench.write(octal_command(0x01FE, 0), {0x04, 0x04});
  bench.wait_until_ready();
  EXPECT_EQ(bench.chip.status(0), 0x04);
  bench.command(octal_command(0x06F9));
  bench.write(octal_command(0x01FE, 1), {0x07, 0x07});
  bench.wait_until_ready();
  EXPECT_EQ(bench.chip.status(1), 0x07);
  EXPECT_THAT(bench.read(octal_command(0x15EA, 1, 4), 2), ElementsAre(0x07, 0x07));
  EXPECT_TRUE(bench.violations.empty());
}

}  // namespace
}  // namespace sim
