// The controllers under the order of accesses of ST's HAL, which differs from that of our drivers: a command
// is written as a write first and turned into a read, a poll or a window by a second write; what started an
// operation is written again to start it; an abort clears the functional mode afterwards.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "sim/nor_chip_testing.h"
#include "sim/quadspi.h"
#include "sim/xspi.h"

namespace sim {
namespace {

constexpr uint32_t kTcf = 2, kFtf = 4, kSmf = 8, kTof = 16, kBusy = 32;
constexpr uint32_t kEnable = 1, kAbort = 2, kTimeoutEnable = 1u << 3, kPollingStop = 1u << 22;

std::vector<uint8_t> counting(size_t length, uint8_t first) {
  std::vector<uint8_t> data(length);
  std::iota(data.begin(), data.end(), first);
  return data;
}

class HalOrder {
 public:
  HalOrder(AddressSpace& space, uint32_t base, uint32_t status, uint32_t flag_clear, uint32_t data)
      : space_(space), base_(base), status_(status), flag_clear_(flag_clear), data_(data) {}

  uint32_t get(uint32_t offset) { return static_cast<uint32_t>(space_.load(base_ + offset, 4)); }
  void set(uint32_t offset, uint32_t value) { space_.store(base_ + offset, value, 4); }
  void modify(uint32_t offset, uint32_t mask, uint32_t value) { set(offset, (get(offset) & ~mask) | value); }

  void await(uint32_t flag, bool is_set) {
    for (int i = 0; i < 1'000'000; ++i) {
      if (((get(status_) & flag) != 0) == is_set) return;
    }
    FAIL() << "SR never came to " << flag << " = " << is_set;
  }
  void await_and_clear(uint32_t flag) {
    await(flag, true);
    set(flag_clear_, flag);
  }

  // Byte by byte; the flag that is waited for may also be that of the end.
  std::vector<uint8_t> take(size_t length) {
    std::vector<uint8_t> out(length);
    for (uint8_t& byte : out) {
      await(kFtf | kTcf, true);
      byte = static_cast<uint8_t>(space_.load(base_ + data_, 1));
    }
    await_and_clear(kTcf);
    return out;
  }
  void give(const std::vector<uint8_t>& bytes) {
    for (const uint8_t byte : bytes) {
      await(kFtf, true);
      space_.store(base_ + data_, byte, 1);
    }
    await_and_clear(kTcf);
  }
  void abort() {
    modify(0, 0, kAbort);
    await_and_clear(kTcf);
    await(kBusy, false);
  }

 private:
  AddressSpace& space_;
  uint32_t base_;
  uint32_t status_;
  uint32_t flag_clear_;
  uint32_t data_;
};

// ---- QUADSPI ---------------------------------------------------------------------------------------

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

// ---- XSPI ------------------------------------------------------------------------------------------

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
}  // namespace sim
