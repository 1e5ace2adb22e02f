#include "sim/spi_controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/nor_chip_testing.h"

namespace sim {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr uint32_t kSpi = 0x40013000;
constexpr uint32_t kGpio = 0x40020000;
constexpr uint32_t kCr1 = kSpi + 0x00, kCr2 = kSpi + 0x04, kSr = kSpi + 0x08, kDr = kSpi + 0x0C;
constexpr uint32_t kModer = kGpio + 0x00, kOdr = kGpio + 0x14, kBsrr = kGpio + 0x18;
constexpr unsigned kPin = 4;

constexpr uint32_t kMaster = 1u << 2, kEnable = 1u << 6, kInternalSelect = 1u << 8, kSoftwareSelect = 1u << 9;
constexpr uint32_t kRunning = kMaster | kEnable | kInternalSelect | kSoftwareSelect;
constexpr uint32_t kReceived = 1, kEmpty = 2, kOverrun = 1u << 6, kBusy = 1u << 7;

class SpiControllerTest : public testing::Test {
 protected:
  SpiControllerTest() {
    space.map(kSpi, SpiController::kRegisterBytes, spi);
    space.map(kGpio, SpiController::kGpioBytes, spi.gpio());
    write(kBsrr, 1u << kPin);
    write(kModer, 1u << 2 * kPin);
    write(kCr1, kRunning);
  }

  uint32_t read(uint32_t address) { return static_cast<uint32_t>(space.load(address, 4)); }
  void write(uint32_t address, uint32_t value) { space.store(address, value, 4); }
  void select() { write(kBsrr, 1u << (kPin + 16)); }
  void deselect() { write(kBsrr, 1u << kPin); }

  void wait_for(uint32_t flag) {
    for (int i = 0; i < 100; ++i) {
      if ((read(kSr) & flag) != 0) return;
    }
    FAIL() << "SR never showed " << flag;
  }
  uint8_t exchange(uint8_t out) {
    write(kDr, out);
    wait_for(kReceived);
    return static_cast<uint8_t>(read(kDr));
  }
  std::vector<uint8_t> transfer(std::initializer_list<uint8_t> out, size_t in = 0) {
    select();
    for (const uint8_t byte : out) exchange(byte);
    std::vector<uint8_t> answer(in);
    for (uint8_t& byte : answer) byte = exchange(0xFF);
    deselect();
    return answer;
  }

  ChipBench bench{w25q256jv()};
  AddressSpace space{bench.clock, bench.violations};
  SpiController spi{bench.chip, bench.clock, bench.violations, 80'000'000, kPin};
};

TEST_F(SpiControllerTest, ReadsTheId) {
  EXPECT_THAT(transfer({0x9F}, 3), ElementsAre(0xEF, 0x40, 0x19));
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(SpiControllerTest, ProgramsErasesAndReads) {
  transfer({0x06});
  EXPECT_THAT(transfer({0x05}, 2), ElementsAre(0x02, 0x02));
  transfer({0x02, 0x01, 0x23, 0x45, 0xA5, 0x5A});
  EXPECT_EQ(transfer({0x05}, 1)[0], 0x03);
  bench.wait_until_ready();
  EXPECT_THAT(transfer({0x03, 0x01, 0x23, 0x45}, 2), ElementsAre(0xA5, 0x5A));
  EXPECT_THAT(transfer({0x0B, 0x01, 0x23, 0x45, 0x00}, 2), ElementsAre(0xA5, 0x5A)) << "eight dummy clocks";
  EXPECT_THAT(transfer({0x13, 0x00, 0x01, 0x23, 0x45}, 1), ElementsAre(0xA5));
  EXPECT_THAT(transfer({0x5A, 0, 0, 0, 0}, 4), ElementsAre('S', 'F', 'D', 'P'));
  transfer({0x06});
  transfer({0x20, 0x01, 0x23, 0x45});
  bench.wait_until_ready();
  EXPECT_EQ(bench.bytes[0x012345], 0xFF);
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(SpiControllerTest, FramesOfTheWrongLengthAreNotCarriedOut) {
  transfer({0x06, 0x00});
  EXPECT_EQ(bench.status(), 0x00) << "a byte too many";
  transfer({0x06});
  transfer({0x20, 0x00, 0x00});
  EXPECT_FALSE(bench.chip.is_busy()) << "a byte too few";
  EXPECT_THAT(bench.take_violations(), SizeIs(2));
}

TEST_F(SpiControllerTest, FourByteModeChangesTheFrame) {
  transfer({0xB7});
  bench.bytes[0x01000010] = 0x42;
  EXPECT_THAT(transfer({0x03, 0x01, 0x00, 0x00, 0x10}, 1), ElementsAre(0x42));
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(SpiControllerTest, QuadReadsAreNotForOneLine) {
  bench.chip.set_status(1, 0x02);
  EXPECT_THAT(transfer({0x6B, 0, 0, 0, 0}, 1), ElementsAre(0xFF));
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("other lines")));
}

TEST_F(SpiControllerTest, UnknownInstructionsReadAsOnes) {
  EXPECT_THAT(transfer({0x83}, 40), Each(0xFF));
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("no such instruction")));
}

TEST_F(SpiControllerTest, StatusFollowsAFrame) {
  EXPECT_EQ(read(kSr), kEmpty);
  select();
  write(kDr, 0x9F);
  EXPECT_EQ(read(kSr), kEmpty | kBusy);
  EXPECT_EQ(read(kSr), kEmpty | kReceived);
  write(kDr, 0xFF);
  write(kDr, 0xFF);
  EXPECT_EQ(read(kSr), kReceived | kBusy) << "one byte shifting, one waiting";
  EXPECT_EQ(read(kSr), kReceived | kBusy) << "with RXNE a look costs no frame";
  wait_for(kOverrun);
  EXPECT_EQ(read(kSr), kReceived | kEmpty | kBusy | kOverrun);
}

TEST_F(SpiControllerTest, AnUnreadByteIsOverrun) {
  select();
  exchange(0x9F);
  write(kDr, 0xFF);
  wait_for(kReceived);
  write(kDr, 0xFF);
  wait_for(kOverrun);
  EXPECT_EQ(read(kDr), 0xEFu) << "the old byte stays";
  EXPECT_EQ(read(kSr) & kOverrun, kOverrun);
  EXPECT_EQ(read(kSr) & kOverrun, 0u) << "cleared by DR, then SR";
}

TEST_F(SpiControllerTest, ATransmitBufferThatIsFullLosesBytes) {
  write(kDr, 1);
  write(kDr, 2);
  EXPECT_TRUE(bench.violations.empty());
  write(kDr, 3);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("TXE = 0")));
}

TEST_F(SpiControllerTest, ReadingDrTooEarlyIsAMistake) {
  read(kDr);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("RXNE = 0")));
}

TEST_F(SpiControllerTest, ChipSelectRaisedTooEarlyCutsTheByte) {
  select();
  write(kDr, 0x06);
  deselect();
  EXPECT_THAT(bench.take_violations(), testing::Contains(HasSubstr("BSY = 1")));
  wait_for(kReceived);
  EXPECT_EQ(bench.status(), 0x00);
}

TEST_F(SpiControllerTest, TimeThatPassesByItselfCounts) {
  select();
  write(kDr, 0x06);
  bench.clock.pass_ns(1000);
  deselect();
  EXPECT_TRUE(bench.violations.empty());
  EXPECT_EQ(bench.status(), 0x02);
}

TEST_F(SpiControllerTest, AWaitingByteFollowsAtOnce) {
  transfer({0x06});
  select();
  const uint8_t frames[] = {0x02, 0x00, 0x00, 0x10, 0xA5};
  write(kDr, frames[0]);
  for (size_t i = 1; i < std::size(frames); ++i) {
    wait_for(kEmpty);
    write(kDr, frames[i]);
    wait_for(kReceived);
    read(kDr);
  }
  wait_for(kReceived);
  deselect();
  EXPECT_EQ(bench.bytes[0x10], 0xA5);
  EXPECT_TRUE(bench.violations.empty());

  write(kDr, 0);
  write(kDr, 0);
  bench.clock.pass_ns(300);  // a frame takes 200 ns
  EXPECT_EQ(read(kSr) & (kEmpty | kBusy), kEmpty | kBusy);
  bench.clock.pass_ns(100);
  EXPECT_EQ(read(kSr) & kBusy, 0u);
}

TEST_F(SpiControllerTest, BsrrTakesHalfWords) {
  space.store(kBsrr + 2, 1u << kPin, 2);
  EXPECT_EQ(exchange(0x9F), 0xFFu);
  EXPECT_EQ(exchange(0xFF), 0xEFu);
  space.store(kBsrr, 1u << kPin, 2);
  EXPECT_EQ(exchange(0xFF), 0xFFu);
  EXPECT_EQ(read(kOdr) >> kPin & 1, 1u);
}

TEST_F(SpiControllerTest, AFrameTakesEightClocks) {
  write(kCr1, kRunning | 2u << 3);  // 80 MHz / 8
  const uint64_t before_ns = bench.clock.device_ns();
  exchange(0);
  EXPECT_EQ(bench.clock.device_ns() - before_ns, 800u);
}

TEST_F(SpiControllerTest, ChipSelectIsAnOutputPin) {
  select();
  write(kModer, 0);
  exchange(0x06);
  write(kModer, 1u << 2 * kPin);
  deselect();
  EXPECT_EQ(bench.status(), 0x00) << "an input pin selects nothing";
  write(kOdr, 0);
  exchange(0x06);
  write(kOdr, 1u << kPin);
  EXPECT_EQ(bench.status(), 0x02) << "ODR does as well as BSRR";
  EXPECT_TRUE(bench.violations.empty());
}

TEST_F(SpiControllerTest, OtherPinsLeaveTheChipAlone) {
  select();
  write(kBsrr, 1u << 5 | 1u << (6 + 16));
  EXPECT_EQ(exchange(0x9F), 0xFFu);
  EXPECT_EQ(exchange(0xFF), 0xEFu);
}

TEST_F(SpiControllerTest, UnsuitableSettingsAreMistakes) {
  struct Case {
    const char* what;
    uint32_t cr1;
  };
  const Case cases[] = {
      {"frame format", kRunning | 1u << 7}, {"frame format", kRunning | 1u << 11},
      {"clock mode", kRunning | 1u << 0},   {"clock mode", kRunning | 1u << 1},
      {"MSTR", kRunning & ~kMaster},        {"SSI", kRunning & ~kInternalSelect},
  };
  for (const auto& [what, cr1] : cases) {
    write(kCr1, cr1);
    EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr(what))) << cr1;
  }
  write(kCr1, kRunning | 3);
  EXPECT_TRUE(bench.violations.empty()) << "mode 3";
  write(kCr1, 0);
  write(kDr, 0);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("SPE = 0")));
}

TEST_F(SpiControllerTest, SettingsStayDuringAFrame) {
  write(kDr, 0);
  write(kCr1, kRunning | 1u << 3);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("format changed")));
  write(kCr1, (kRunning | 1u << 3) & ~kEnable);
  EXPECT_THAT(bench.take_violations(), ElementsAre(HasSubstr("disabled during")));
}

TEST_F(SpiControllerTest, OtherRegisters) {
  write(kCr2, 0xFF);
  EXPECT_EQ(read(kCr2), 0xF7u);
  EXPECT_EQ(read(kCr1), kRunning);
  write(kSr, 0);
  read(kSpi + 0x10);
  write(kGpio + 0x10, 0);
  EXPECT_THAT(bench.take_violations(), SizeIs(3));
}

TEST_F(SpiControllerTest, ResetLeavesThePinsFloating) {
  select();
  exchange(0x06);
  spi.reset();
  EXPECT_EQ(bench.status(), 0x02) << "chip select rose after a whole command";
  EXPECT_EQ(read(kCr1), 0u);
  EXPECT_EQ(read(kSr), kEmpty);
  EXPECT_EQ(read(kModer), 0u);
}

TEST_F(SpiControllerTest, AMissingChipReadsAsOnes) {
  bench.chip.options().missing = true;
  EXPECT_THAT(transfer({0x9F}, 3), Each(0xFF));
  EXPECT_TRUE(bench.violations.empty());
}

}  // namespace
}  // namespace sim
