// The XSPI under the order of accesses of ST's HAL.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/bus.h"
#include "sim/hal_order_testing.h"
#include "sim/nor_chip_testing.h"
#include "sim/xspi.h"

namespace sim::hal_order {
namespace {

constexpr uint32_t kXspiBase = 0x5802A000;
constexpr uint32_t kXspiWindow = 0x70000000;

// How the chip talks: single line, eight lines on one edge, on both.
enum class Protocol { kSpi, kOctal, kOctalDtr };

class XspiHalOrder : public testing::TestWithParam<Protocol> {
 protected:
  enum : uint32_t {
    kCr = 0x000,
    kDcr1 = 0x008,
    kDcr2 = 0x00C,
    kDcr3 = 0x010,
    kDcr4 = 0x014,
    kSr = 0x020,
    kFcr = 0x024,
    kDlr = 0x040,
    kAr = 0x048,
    kDr = 0x050,
    kPsmkr = 0x080,
    kPsmar = 0x088,
    kPir = 0x090,
    kCcr = 0x100,
    kTcr = 0x108,
    kIr = 0x110,
    kLptr = 0x130,
    kWccr = 0x180,
    kWtcr = 0x188,
    kWir = 0x190
  };
  static constexpr uint32_t kModeMask = 3u << 28;
  static constexpr uint32_t kRead = 1u << 28, kPoll = 2u << 28, kMapped = 3u << 28;

  struct Command {
    uint8_t opcode;
    bool has_address = false;
    uint32_t address = 0;
    uint32_t length = 0;
    uint32_t dummy_cycles = 0;
  };

  XspiHalOrder() {
    space.map(kXspiBase, Xspi::kRegisterBytes, xspi);
    space.map(kXspiWindow, Xspi::kWindowBytes, xspi.window());
    hal.modify(kDcr1, 7u << 24 | 0x1Fu << 16 | 0x3Fu << 8 | 3, 1u << 24 | 24u << 16 | 1u << 8);
    hal.modify(kDcr2, 7u << 16, 0);
    hal.modify(kDcr3, 0x1Fu << 16 | 0xFF, 0);
    hal.set(kDcr4, 0);
    hal.modify(kCr, 0x3Fu << 8, 3u << 8);
    hal.await(kBusy, false);
    hal.modify(kDcr2, 0xFF, 0);
    hal.await(kBusy, false);
    hal.modify(kCr, 1u << 6 | 1u << 24, 0);
    hal.modify(kTcr, 1u << 30 | 1u << 28, 0);
    hal.modify(kCr, 0, kEnable);
    if (GetParam() != Protocol::kSpi) enter(GetParam());
  }
  ~XspiHalOrder() override {
    for (const Violation& v : bench.violations.list()) ADD_FAILURE() << v.where << ": " << v.what;
  }

  static uint32_t format(const Command& command, Protocol protocol) {
    const uint32_t phase = protocol == Protocol::kSpi ? 1u : protocol == Protocol::kOctal ? 4u : 0xCu;
    uint32_t ccr = phase;
    if (protocol != Protocol::kSpi) ccr |= 1u << 4;  // two opcode bytes
    if (command.has_address) ccr |= phase << 8 | 3u << 12;
    if (command.length != 0) ccr |= phase << 24;
    const bool strobed = protocol == Protocol::kOctalDtr && command.length != 0;
    return strobed ? ccr | 1u << 29 : ccr;
  }
  uint32_t instruction(uint8_t opcode) const {
    return protocol_ == Protocol::kSpi ? opcode : uint32_t{opcode} << 8 | (~opcode & 0xFFu);
  }

  // As the HAL does: mode 0, then the format, IR, AR. It starts what needs no data.
  void configure(const Command& command, uint32_t ccr = kCcr, uint32_t tcr = kTcr, uint32_t ir = kIr) {
    hal.await(kBusy, false);
    hal.modify(kCr, kModeMask, 0);
    hal.set(ccr, 0);
    hal.modify(tcr, 0x1F, command.dummy_cycles);
    if (command.length != 0 && ccr == kCcr) hal.set(kDlr, command.length - 1);
    hal.modify(ccr, 0x3F3F3F3F, format(command, protocol_));
    hal.set(ir, instruction(command.opcode));
    if (command.has_address && ccr == kCcr) hal.set(kAr, command.address);
  }
  void execute(const Command& command) {
    configure(command);
    hal.await_and_clear(kTcf);
  }
  // What is written again is what starts it.
  void trigger(const Command& command, uint32_t mode) {
    const uint32_t address = hal.get(kAr);
    const uint32_t ir = hal.get(kIr);
    hal.modify(kCr, kModeMask, mode);
    if (command.has_address) {
      hal.set(kAr, address);
    } else {
      hal.set(kIr, ir);
    }
  }
  std::vector<uint8_t> receive(const Command& command) {
    configure(command);
    trigger(command, kRead);
    return hal.take(command.length);
  }
  void transmit(const Command& command, const std::vector<uint8_t>& data) {
    configure(command);
    hal.modify(kCr, kModeMask, 0);
    hal.give(data);
  }
  void auto_poll(uint8_t mask, uint8_t match) {
    const bool is_octal = protocol_ != Protocol::kSpi;
    const uint32_t length = protocol_ == Protocol::kOctalDtr ? 2u : 1u;
    const Command status{0x05, is_octal, 0, length, is_octal ? status_dummy_cycles : 0};
    configure(status);
    hal.set(kPsmar, match);
    hal.set(kPsmkr, mask);
    hal.set(kPir, 0x10);
    hal.modify(kCr, kPollingStop | 1u << 23 | kModeMask, kPollingStop | kPoll);
    if (is_octal) {
      hal.set(kAr, 0);
    } else {
      hal.set(kIr, instruction(0x05));
    }
    hal.await_and_clear(kSmf);
  }
  void enter(Protocol protocol) {
    execute({0x06});
    auto_poll(0x02, 0x02);
    const auto code = static_cast<uint8_t>(protocol == Protocol::kOctal ? 1 : 2);
    transmit({0x72, true, 0, 1}, {code});
    protocol_ = protocol;
  }
  void program(uint32_t address, const std::vector<uint8_t>& data) {
    execute({0x06});
    auto_poll(0x02, 0x02);
    transmit({0x12, true, address, static_cast<uint32_t>(data.size())}, data);
    auto_poll(0x01, 0);
  }
  Command array_read(uint32_t address, uint32_t length) const {
    if (protocol_ == Protocol::kSpi) return {0x0C, true, address, length, 8};
    return {static_cast<uint8_t>(protocol_ == Protocol::kOctal ? 0xEC : 0xEE), true, address, length, 20};
  }

  ChipBench bench{mx25um25645g()};
  AddressSpace space{bench.clock, bench.violations};
  Xspi xspi{bench.chip, bench.clock, bench.violations, 200'000'000};
  HalOrder hal{space, kXspiBase, kSr, kFcr, kDr};
  Protocol protocol_ = Protocol::kSpi;
  uint32_t status_dummy_cycles = 4;
};

INSTANTIATE_TEST_SUITE_P(Protocols, XspiHalOrder,
                         testing::Values(Protocol::kSpi, Protocol::kOctal, Protocol::kOctalDtr),
                         [](const auto& protocol) {
                           return std::string(protocol.param == Protocol::kSpi     ? "Spi"
                                              : protocol.param == Protocol::kOctal ? "Octal"
                                                                                   : "OctalDtr");
                         });

TEST_P(XspiHalOrder, ErasesProgramsAndReads) {
  std::fill_n(bench.bytes.begin() + 0x1000000, 4096, uint8_t{0});
  execute({0x06});
  auto_poll(0x02, 0x02);
  execute({0x21, true, 0x1000000});
  auto_poll(0x01, 0);
  const auto data = counting(256, 77);
  program(0x1000000, data);
  EXPECT_EQ(receive(array_read(0x1000000, 256)), data);
  EXPECT_EQ(std::vector<uint8_t>(bench.bytes.begin() + 0x1000000, bench.bytes.begin() + 0x1000100), data);
}

// The HAL wants both sets of registers before it enters mapped mode, also for a chip that is only read.
TEST_P(XspiHalOrder, TheWindowWithReadAndWriteSets) {
  const auto data = counting(64, 13);
  program(0x4000, data);
  configure(array_read(0, 1));
  configure({0x12, true, 0, 1}, kWccr, kWtcr, kWir);
  hal.await(kBusy, false);
  hal.set(kLptr, 50);
  hal.set(kFcr, kTof);
  hal.modify(kCr, kTimeoutEnable | kModeMask, kTimeoutEnable | kMapped);
  std::vector<uint8_t> out(64);
  space.load_block(kXspiWindow + 0x4000, out);
  EXPECT_EQ(out, data);
  bench.clock.pass_ns(10'000);
  EXPECT_EQ(hal.get(kSr) & (kBusy | kTof), uint32_t{kTof});
  space.load_block(kXspiWindow + 0x4000, out);
  EXPECT_EQ(out, data);
  hal.abort();
  hal.modify(kCr, kModeMask | kTimeoutEnable, 0);
  EXPECT_EQ(receive(array_read(0x4000, 64)), data);
}

// Firmware for a larger sister waits one clock longer for a register: DQS tells when data is there, and the
// chip repeats the register's byte for as long as it is clocked.
TEST_P(XspiHalOrder, ARegisterMayBeReadLateWhereDqsTells) {
  if (GetParam() != Protocol::kOctalDtr) GTEST_SKIP() << "no DQS";
  status_dummy_cycles = 5;
  program(0, counting(2, 1));
  EXPECT_EQ(bench.bytes[0], 1);
}

}  // namespace
}  // namespace sim::hal_order
