// The QUADSPI under the order of accesses of ST's HAL.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/bus.h"
#include "sim/hal_order_testing.h"
#include "sim/nor_chip_testing.h"
#include "sim/quadspi.h"

namespace sim::hal_order {
namespace {

constexpr uint32_t kQuadBase = 0x52005000;
constexpr uint32_t kQuadWindow = 0x90000000;

class QuadSpiHalOrder : public testing::TestWithParam<const NorChipPart*> {
 protected:
  enum : uint32_t {
    kCr = 0x00,
    kDcr = 0x04,
    kSr = 0x08,
    kFcr = 0x0C,
    kDlr = 0x10,
    kCcr = 0x14,
    kAr = 0x18,
    kAbr = 0x1C,
    kDr = 0x20,
    kPsmkr = 0x24,
    kPsmar = 0x28,
    kPir = 0x2C,
    kLptr = 0x30
  };
  static constexpr uint32_t kModeMask = 3u << 26;
  static constexpr uint32_t kRead = 1u << 26, kPoll = 2u << 26, kMapped = 3u << 26;
  // CCR, by phases.
  static constexpr uint32_t kInstruction = 1u << 8, kData = 1u << 24, kDualData = 2u << 24,
                            kQuadData = 3u << 24;
  static constexpr uint32_t kAddress = 1u << 10 | 2u << 12, kDualAddress = 2u << 10 | 2u << 12;
  static constexpr uint32_t kQuadAddress = 3u << 10 | 2u << 12;
  static constexpr uint32_t kQuadMode = 3u << 14;
  static constexpr uint32_t dummies(uint32_t cycles) { return cycles << 18; }

  QuadSpiHalOrder() {
    space.map(kQuadBase, QuadSpi::kRegisterBytes, quadspi);
    space.map(kQuadWindow, QuadSpi::kWindowBytes, quadspi.window());
    hal.modify(kCr, 0x1Fu << 8, 3u << 8);
    hal.await(kBusy, false);
    hal.modify(kCr, 0xFFu << 24 | 1u << 4 | 1u << 7 | 1u << 6, 1u << 24 | 1u << 4);
    hal.modify(kDcr, 0x1Fu << 16 | 7u << 8 | 1, 24u << 16 | 1u << 8);
    hal.modify(kCr, 0, kEnable);
  }
  ~QuadSpiHalOrder() override {
    for (const Violation& v : bench.violations.list()) ADD_FAILURE() << v.where << ": " << v.what;
  }

  // `format`: CCR without its functional mode.
  void configure(uint32_t format, uint32_t address, uint32_t length, uint32_t mode = 0) {
    hal.await(kBusy, false);
    if (length != 0 && mode != kMapped) hal.set(kDlr, length - 1);
    if ((format >> 14 & 3) != 0) hal.set(kAbr, 0);
    hal.set(kCcr, format | mode);
    if ((format >> 10 & 3) != 0 && mode != kMapped) hal.set(kAr, address);
  }
  void command(uint32_t format, uint32_t address = 0) {
    configure(format, address, 0);
    hal.await_and_clear(kTcf);
  }
  std::vector<uint8_t> receive(uint32_t format, uint32_t address, uint32_t length) {
    configure(format, address, length);
    const uint32_t begin = hal.get(kAr);
    hal.modify(kCcr, kModeMask, kRead);
    if ((format >> 10 & 3) != 0) hal.set(kAr, begin);
    auto bytes = hal.take(length);
    abort();  // what ST's HAL does after each read, against surplus bytes
    return bytes;
  }
  void transmit(uint32_t format, uint32_t address, const std::vector<uint8_t>& data) {
    configure(format, address, static_cast<uint32_t>(data.size()));
    hal.modify(kCcr, kModeMask, 0);
    hal.give(data);
  }
  void auto_poll(uint8_t mask, uint8_t match) {
    hal.await(kBusy, false);
    hal.set(kPsmar, match);
    hal.set(kPsmkr, mask);
    hal.set(kPir, 0x10);
    hal.modify(kCr, kPollingStop | 1u << 23, kPollingStop);
    configure(kInstruction | kData | 0x05, 0, 1, kPoll);
    hal.await_and_clear(kSmf);
  }
  void abort() {
    hal.abort();
    hal.modify(kCcr, kModeMask, 0);
  }
  void write_enable() {
    command(kInstruction | 0x06);
    auto_poll(0x02, 0x02);
  }
  void enable_quad() {
    write_enable();
    const StatusBit quad = GetParam()->quad_enable;
    transmit(kInstruction | kData | 0x01, 0,
             quad.index == 0 ? std::vector<uint8_t>{quad.mask} : std::vector<uint8_t>{0, quad.mask});
    auto_poll(0x01, 0);
  }
  void program(uint32_t format, uint32_t address, const std::vector<uint8_t>& data) {
    write_enable();
    transmit(format, address, data);
    auto_poll(0x01, 0);
  }

  ChipBench bench{*GetParam()};
  AddressSpace space{bench.clock, bench.violations};
  QuadSpi quadspi{bench.chip, bench.clock, bench.violations, 200'000'000};
  HalOrder hal{space, kQuadBase, kSr, kFcr, kDr};
};

INSTANTIATE_TEST_SUITE_P(Parts, QuadSpiHalOrder, testing::Values(&w25q256jv(), &at25sf128a(), &mx25l12833f()),
                         [](const auto& part) { return std::string(part.param->name); });

TEST_P(QuadSpiHalOrder, ReadsTheIdAfterAReset) {
  command(kInstruction | 0x66);
  command(kInstruction | 0x99);
  bench.clock.pass_ns(1'000'000);
  const auto& id = GetParam()->jedec_id;
  EXPECT_EQ(receive(kInstruction | kData | 0x9F, 0, 3), std::vector<uint8_t>(id.begin(), id.end()));
}

TEST_P(QuadSpiHalOrder, ErasesAndPolls) {
  std::fill_n(bench.bytes.begin(), 8192, uint8_t{0x5A});
  write_enable();
  command(kInstruction | kAddress | 0x20, 4096);
  const uint64_t begin_ns = bench.clock.now_ns();
  auto_poll(0x01, 0);
  EXPECT_GE(bench.clock.now_ns() - begin_ns, GetParam()->erase_times.front().time.typical_ns - 1000);
  EXPECT_EQ(bench.bytes[4095], 0x5A);
  EXPECT_EQ(bench.bytes[4096], 0xFF);
}

TEST_P(QuadSpiHalOrder, ReadsOnOneTwoAndFourLines) {
  const auto data = counting(256, 3);
  program(kInstruction | kAddress | kData | 0x02, 0x100, data);
  enable_quad();
  for (const uint32_t format :
       {kAddress | kData | 0x03, kAddress | kData | dummies(8) | 0x0B,
        kAddress | kDualData | dummies(8) | 0x3B, kAddress | kQuadData | dummies(8) | 0x6B,
        kQuadAddress | kQuadMode | kQuadData | dummies(4) | 0xEB}) {
    EXPECT_EQ(receive(kInstruction | format, 0x100, 256), data) << std::hex << format;
    EXPECT_EQ(receive(kInstruction | format, 0x1FF, 1), counting(1, 2)) << std::hex << format;
  }
  // The other chips have a mode byte there, and no clock for the lines to turn round.
  if (GetParam() == &mx25l12833f()) {
    EXPECT_EQ(receive(kInstruction | kDualAddress | kDualData | dummies(4) | 0xBB, 0x100, 256), data);
  }
}

TEST_P(QuadSpiHalOrder, ProgramsOnFourLines) {
  enable_quad();
  const bool is_macronix = GetParam() == &mx25l12833f();
  const uint32_t format = is_macronix ? kQuadAddress | kQuadData | 0x38 : kAddress | kQuadData | 0x32;
  const auto data = counting(100, 9);
  program(kInstruction | format, 0x2010, data);
  EXPECT_EQ(std::vector<uint8_t>(bench.bytes.begin() + 0x2010, bench.bytes.begin() + 0x2010 + 100), data);
}

// RM0433, 23.3.9 and 23.5.9: polling without APMS goes on after the match until it is aborted.
TEST_P(QuadSpiHalOrder, PollingWithoutStopGoesOnUntilAborted) {
  hal.set(kPsmar, 0);
  hal.set(kPsmkr, 1);
  hal.set(kPir, 0x10);
  hal.modify(kCr, kPollingStop, 0);
  configure(kInstruction | kData | 0x05, 0, 1, kPoll);
  hal.await_and_clear(kSmf);
  hal.await_and_clear(kSmf);
  EXPECT_NE(hal.get(kSr) & kBusy, 0u);
  abort();
  EXPECT_EQ(hal.get(kSr) & kBusy, 0u);
}

// RM0433, 23.3.11: with TCEN the chip is released after LPTR cycles, TOF is set, and the next access starts
// anew.
TEST_P(QuadSpiHalOrder, TheWindowWithATimeoutIsLeftAndEnteredAgain) {
  enable_quad();
  const auto data = counting(64, 40);
  program(kInstruction | kAddress | kData | 0x02, 0x3000, data);
  hal.modify(kCr, kTimeoutEnable, kTimeoutEnable);
  hal.set(kLptr, 50);
  hal.set(kFcr, kTof);
  hal.modify(kCr, 0, 1u << 20);  // TOIE
  configure(kInstruction | kQuadAddress | kQuadMode | kQuadData | dummies(4) | 0xEB, 0, 0, kMapped);
  std::vector<uint8_t> out(64);
  for (int round = 0; round < 2; ++round) {
    space.load_block(kQuadWindow + 0x3000, out);
    EXPECT_EQ(out, data);
    EXPECT_NE(hal.get(kSr) & kBusy, 0u);
    bench.clock.pass_ns(10'000);
    EXPECT_EQ(hal.get(kSr) & (kBusy | kTof), uint32_t{kTof});
    hal.set(kFcr, kTof);
  }
  abort();
  EXPECT_EQ(receive(kInstruction | kAddress | kData | 0x03, 0x3000, 64), data);
}

TEST_P(QuadSpiHalOrder, AWindowInUseIsLeftByAnAbort) {
  enable_quad();
  configure(kInstruction | kQuadAddress | kQuadMode | kQuadData | dummies(4) | 0xEB, 0, 0, kMapped);
  EXPECT_EQ(space.load(kQuadWindow, 4), 0xFFFFFFFFu);
  abort();
  program(kInstruction | kAddress | kData | 0x02, 0, counting(4, 1));
  configure(kInstruction | kQuadAddress | kQuadMode | kQuadData | dummies(4) | 0xEB, 0, 0, kMapped);
  EXPECT_EQ(space.load(kQuadWindow, 4), 0x04030201u);
  EXPECT_EQ(space.load(kQuadWindow + 1, 1), 0x02u);
  EXPECT_EQ(space.load(kQuadWindow + 2, 2), 0x0403u);
}

}  // namespace
}  // namespace sim::hal_order
