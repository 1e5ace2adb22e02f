// What the serial buses write to their registers, and what becomes of hardware that does not answer. How
// they get on with controllers is the matter of serial_stack_test.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <vector>

#include "drivers/spi_bus.h"
#include "drivers/stm32_quadspi.h"
#include "drivers/stm32_xspi.h"

namespace drivers {
namespace {

using flash::Error;
using flash::Status;

constexpr uint32_t kBase = 0x52005000;
constexpr uint32_t kWindow = 0x90000000;
const NorCommand kWriteEnable(NorFrame(0x06));
constexpr NorFrame kRead = NorFrame(0x0B).with_address(3).with_dummies(8).with_read();
constexpr NorFrame kProgram = NorFrame(0x12).with_address(4).with_data();

constexpr uint32_t kTransferError = 1, kComplete = 2, kThreshold = 4, kBusy = 0x20;

// Registers that hold what was written, a status that a test sets, and the list of all writes.
struct Registers {
  struct Write {
    uint32_t offset;
    uint32_t value;
    bool masked;  // interrupts
    friend bool operator==(const Write&, const Write&) = default;
  };
  std::map<uint32_t, uint32_t> values;
  std::vector<Write> writes;
  std::vector<size_t> barriers;  // how many writes came before each
  std::function<uint32_t()> status = [] { return kComplete | kThreshold; };
  uint32_t status_offset = 8;
  std::function<void(uint32_t offset)> read_hook = [](uint32_t) {};
  bool masked = false;
  uint64_t now_us = 0;

  std::vector<uint32_t> written(uint32_t offset) const {
    std::vector<uint32_t> out;
    for (const Write& write : writes) {
      if (write.offset == offset) out.push_back(write.value);
    }
    return out;
  }
};

class RecordingMmio {
 public:
  explicit RecordingMmio(Registers& registers) : registers_(&registers) {}

  uint8_t read8(uint32_t address) { return static_cast<uint8_t>(read32(address)); }
  uint16_t read16(uint32_t address) { return static_cast<uint16_t>(read32(address)); }
  uint32_t read32(uint32_t address) {
    const uint32_t offset = address - kBase;
    registers_->read_hook(offset);
    return offset == registers_->status_offset ? registers_->status() : registers_->values[offset];
  }
  void write8(uint32_t address, uint8_t value) { write32(address, value); }
  void write16(uint32_t address, uint16_t value) { write32(address, value); }
  void write32(uint32_t address, uint32_t value) {
    registers_->writes.push_back({address - kBase, value, registers_->masked});
    registers_->values[address - kBase] = value;
  }
  void read_memory(uint32_t, std::span<uint8_t>) {}
  void barrier() { registers_->barriers.push_back(registers_->writes.size()); }
  void mask_interrupts() { registers_->masked = true; }
  void unmask_interrupts() { registers_->masked = false; }
  void begin_guarded_read() {}
  bool end_guarded_read() { return true; }

 private:
  Registers* registers_;
};

class SerialBusTest : public testing::Test {
 protected:
  Platform platform() {
    return {&registers, [](void* context) { return ++static_cast<Registers*>(context)->now_us; },
            [](void*) { ADD_FAILURE() << "a command takes microseconds: nobody is let in"; },
            [](void*, uint32_t, uint32_t) {}};
  }
  Registers registers;
};

// Before the first read through the window, what opens it has arrived; before what closes it, the last read
// has ended.
template <class Bus>
void expect_barriers_around_the_window(Bus bus, Registers& registers) {
  ASSERT_TRUE(bus.open().ok());
  registers.barriers.clear();
  ASSERT_TRUE(bus.map(kRead, 32u << 20).ok());
  ASSERT_FALSE(registers.barriers.empty());
  EXPECT_EQ(registers.barriers.back(), registers.writes.size());
  registers.writes.clear();
  registers.barriers.clear();
  ASSERT_TRUE(bus.unmap().ok());
  ASSERT_FALSE(registers.barriers.empty());
  EXPECT_EQ(registers.barriers.front(), 0u);
}

class QuadSpiBusTest : public SerialBusTest {
 protected:
  enum : uint32_t { kCr = 0x00, kDcr = 0x04, kFcr = 0x0C, kDlr = 0x10, kCcr = 0x14, kAr = 0x18 };
  Stm32QuadSpi<RecordingMmio> make(bool is_h7 = true) {
    return Stm32QuadSpi<RecordingMmio>({kBase, kWindow, 1, 2, platform(), is_h7}, RecordingMmio(registers));
  }
};

// ES0392, "QUADSPI internal timing criticality".
TEST_F(QuadSpiBusTest, TheH7sClockIsSteadiedAfterResetAndAfterMappedMode) {
  const std::vector<Registers::Write> kSequence = {{kCr, 0, false},          {kFcr, 0x1B, false},
                                                   {kCr, 0xFF000001, true},  {kCcr, 0x20000000, true},
                                                   {kCcr, 0x20000000, true}, {kCr, 0, true}};
  auto bus = make();
  const auto count = [&] {
    return std::search(registers.writes.begin(), registers.writes.end(), kSequence.begin(),
                       kSequence.end()) != registers.writes.end();
  };
  ASSERT_TRUE(bus.open().ok());
  EXPECT_TRUE(count());
  EXPECT_EQ(registers.values[kCr], 0x01000311u) << "prescaler 1, a word as threshold, SSHIFT, EN";

  const NorFrame read =
      NorFrame(0xEB).with_address(3, kFourLines).with_mode(1).with_dummies(4).with_read(kFourLines);
  ASSERT_TRUE(bus.map(read, 16u << 20).ok());
  EXPECT_EQ(registers.values[kCcr], 0x0F10EDEBu);
  registers.writes.clear();
  ASSERT_TRUE(bus.unmap().ok());
  EXPECT_EQ(registers.writes[0].value, 0x01000313u) << "ABORT comes first";
  EXPECT_TRUE(count());
  EXPECT_EQ(registers.values[kCr], 0x01000311u);
  EXPECT_EQ(registers.written(kCcr).front(), 0x0310EDEBu) << "the window is closed, and CCR not cleared";
}

TEST_F(QuadSpiBusTest, TheF7HasNoFreeRunningClock) {
  auto bus = make(false);
  ASSERT_TRUE(bus.open().ok());
  EXPECT_TRUE(registers.written(kCcr).empty());
}

TEST_F(QuadSpiBusTest, TheWindowOpensAndClosesBehindBarriers) {
  expect_barriers_around_the_window(make(), registers);
}

TEST_F(QuadSpiBusTest, ModeBytesStartNoContinuousRead) {
  auto bus = make();
  ASSERT_TRUE(bus.open().ok());
  EXPECT_EQ(registers.values[0x1C], 0xFFFFFFFF) << "ABR";
}

TEST_F(QuadSpiBusTest, ToTheControllerAMappedChipIsTwiceAsLarge) {
  auto bus = make();
  ASSERT_TRUE(bus.open().ok());
  ASSERT_TRUE(bus.map(NorFrame(0x0C).with_address(4).with_read(), 32u << 20).ok());
  EXPECT_EQ(registers.values[kDcr] >> 16, 25u) << "2^(25 + 1) bytes; ES0392, 2.4.4";
}

TEST_F(QuadSpiBusTest, TheRegistersOfACommandComeInTheirOrder) {
  auto bus = make();
  ASSERT_TRUE(bus.open().ok());
  registers.writes.clear();
  const std::vector<uint8_t> data = {1, 2, 3, 4, 5};
  ASSERT_TRUE(bus.execute(NorCommand::writing(kProgram, 0x01000000, data)).ok());
  std::vector<uint32_t> order;
  for (const auto& write : registers.writes) order.push_back(write.offset);
  // FCR, DLR, CCR, AR; a word and a byte to DR.
  EXPECT_EQ(order, (std::vector<uint32_t>{0x0C, 0x10, 0x14, 0x18, 0x20, 0x20}));
  EXPECT_EQ(registers.written(kDlr), std::vector<uint32_t>{4});
  EXPECT_EQ(registers.written(0x20), (std::vector<uint32_t>{0x04030201, 5}));
}

TEST_F(QuadSpiBusTest, AnAddressThatRaisesTefAtOnceIsWrittenAgain) {
  auto bus = make();
  ASSERT_TRUE(bus.open().ok());
  registers.writes.clear();
  registers.status = [this] {
    const bool again = registers.written(kAr).size() == 2;
    return registers.written(kAr).size() == 1 ? kTransferError : again ? kComplete | kThreshold : 0u;
  };
  std::vector<uint8_t> in(4);
  EXPECT_TRUE(bus.execute(NorCommand::reading(kRead, 16, in)).ok());
  EXPECT_EQ(registers.written(kAr), (std::vector<uint32_t>{16, 16}));
}

TEST_F(QuadSpiBusTest, ATransferErrorIsReportedAndDropped) {
  auto bus = make();
  ASSERT_TRUE(bus.open().ok());
  registers.status = [] { return kTransferError; };
  std::vector<uint8_t> in(4);
  EXPECT_EQ(bus.execute(NorCommand::reading(kRead, 0, in)), Error::kIo);
  EXPECT_EQ(registers.written(kCr).back() & 2, 2u) << "aborted";
  EXPECT_EQ(registers.written(kFcr).back(), 0x1Bu) << "no flag is left for the next";
}

TEST_F(QuadSpiBusTest, AControllerThatStaysBusyIsGivenUp) {
  auto bus = make();
  registers.status = [] { return kBusy; };
  EXPECT_EQ(bus.open(), Error::kTimedOut);
  EXPECT_EQ(registers.values[kCr], 0u) << "it is off";
  EXPECT_TRUE(registers.written(kCcr).empty()) << "CCR is not written while BUSY";

  registers.status = [] { return kComplete | kThreshold; };
  ASSERT_TRUE(bus.open().ok());
  registers.writes.clear();
  registers.status = [] { return kBusy; };
  EXPECT_EQ(bus.execute(kWriteEnable), Error::kTimedOut);
  EXPECT_EQ(bus.map(kRead, 16u << 20), Error::kTimedOut);
  EXPECT_TRUE(registers.written(kCcr).empty());
  EXPECT_EQ(registers.written(kCr).back() & 2, 2u) << "it was told to stop";

  // It begins, and gets stuck.
  registers.writes.clear();
  registers.status = [this] { return registers.written(kCcr).empty() ? 0u : kBusy; };
  std::vector<uint8_t> in(4);
  EXPECT_EQ(bus.execute(NorCommand::reading(NorFrame(0x05).with_read(), 0, in)), Error::kTimedOut);
  EXPECT_EQ(registers.written(kCr).back() & 2, 2u);
}

TEST_F(QuadSpiBusTest, ACommandIsOverWhenItIsCompleteAndNotBefore) {
  auto bus = make();
  ASSERT_TRUE(bus.open().ok());
  int looks = 0;
  // The FIFO has taken everything, but the last bytes are still on their way.
  registers.status = [&] {
    return registers.written(kCcr).size() < 3 || ++looks > 5 ? kComplete | kThreshold : kThreshold;
  };
  const std::vector<uint8_t> data = {1};
  ASSERT_TRUE(bus.execute(NorCommand::writing(NorFrame(0x01).with_data(), 0, data)).ok());
  EXPECT_GT(looks, 5);
}

TEST_F(QuadSpiBusTest, OctalIsNotForThisBus) {
  auto bus = make();
  ASSERT_TRUE(bus.open().ok());
  EXPECT_EQ(bus.execute(NorCommand(NorFrame(0x06).in_octal_dtr())), Error::kNotSupported);
}

class XspiBusTest : public SerialBusTest {
 protected:
  enum : uint32_t { kCr = 0x000, kDcr1 = 0x008, kDcr2 = 0x00C, kCcr = 0x100, kTcr = 0x108, kIr = 0x110 };
  XspiBusTest() { registers.status_offset = 0x20; }
  Stm32Xspi<RecordingMmio> make() {
    return Stm32Xspi<RecordingMmio>({kBase, kWindow, 3, 2, platform()}, RecordingMmio(registers));
  }
};

TEST_F(XspiBusTest, OctalDtrIsEightLinesAtBothEdgesWithStrobe) {
  auto bus = make();
  ASSERT_TRUE(bus.open().ok());
  EXPECT_EQ(registers.values[kDcr1], 0x011B0100u) << "MTYP Macronix, 256 MiB, two cycles of chip select";
  EXPECT_EQ(registers.values[kDcr2], 3u) << "prescaler 3";
  EXPECT_EQ(registers.values[kCr], 0x301u) << "a word as threshold, EN";
  std::vector<uint8_t> in(8);
  const NorFrame read = NorFrame(0xEE).in_octal_dtr().with_address(4).with_dummies(20).with_read();
  ASSERT_TRUE(bus.execute(NorCommand::reading(read, 2, in)).ok());
  EXPECT_EQ(registers.values[kCcr], 0x2C003C1Cu);
  EXPECT_EQ(registers.values[kTcr], 0x10000014u);
  EXPECT_EQ(registers.values[kIr], 0xEE11u);
  EXPECT_EQ(registers.values[kCr], 0x10000301u);

  // DHQC = 1 wants DDTR = 1, where no data follow, too.
  ASSERT_TRUE(bus.execute(NorCommand(NorFrame(0x06).in_octal_dtr())).ok());
  EXPECT_EQ(registers.values[kCcr], 0x0800001Cu);
  EXPECT_EQ(registers.values[kTcr], 0x10000000u);
  ASSERT_TRUE(bus.execute(NorCommand(NorFrame(0x21).in_octal_dtr().with_address(4), 0)).ok());
  EXPECT_EQ(registers.values[kCcr], 0x08003C1Cu);

  // The window opens last, and closes at once. Only what is under way is aborted.
  registers.writes.clear();
  ASSERT_TRUE(bus.map(read, 32u << 20).ok());
  EXPECT_EQ(registers.writes.back(), (Registers::Write{kCr, 0x30000301, false}));
  registers.writes.clear();
  ASSERT_TRUE(bus.unmap().ok());
  EXPECT_EQ(registers.written(kCr), std::vector<uint32_t>{0x00000301});

  ASSERT_TRUE(bus.map(read, 32u << 20).ok());
  registers.writes.clear();
  registers.status = [&] { return registers.writes.empty() ? kBusy : kComplete; };
  ASSERT_TRUE(bus.unmap().ok());
  EXPECT_EQ(registers.written(kCr), (std::vector<uint32_t>{0x30000303, 0x00000301}));
}

TEST_F(XspiBusTest, TheWindowOpensAndClosesBehindBarriers) {
  expect_barriers_around_the_window(make(), registers);
}

TEST_F(XspiBusTest, ModeBytesStartNoContinuousRead) {
  auto bus = make();
  ASSERT_TRUE(bus.open().ok());
  EXPECT_EQ(registers.values[0x120], 0xFFFFFFFF) << "ABR";
}

TEST_F(XspiBusTest, OddEndsOfOctalDtrAreMadeEven) {
  constexpr uint32_t kDlr = 0x40, kAr = 0x48, kDr = 0x50;
  auto bus = make();
  ASSERT_TRUE(bus.open().ok());
  const std::vector<uint8_t> data = {1, 2, 3, 4, 5, 6};
  struct Case {
    uint32_t address, length;
    std::vector<uint32_t> written;
  };
  for (const Case& c : {Case{8, 4, {0x04030201}}, Case{8, 1, {1, 0xFF}}, Case{9, 1, {0xFF, 1}},
                        Case{9, 6, {0xFF, 0x04030201, 5, 6, 0xFF}}}) {
    registers.writes.clear();
    const auto out = std::span(data).first(c.length);
    ASSERT_TRUE(bus.execute(NorCommand::writing(kProgram.in_octal_dtr(), c.address, out)).ok());
    EXPECT_EQ(registers.written(kDr), c.written);
    EXPECT_EQ(registers.written(kAr), std::vector<uint32_t>{8});
    EXPECT_EQ(registers.written(kDlr), std::vector<uint32_t>{(c.address % 2 + c.length + 1) / 2 * 2 - 1});
  }
  // On one line, every address is as good as any.
  registers.writes.clear();
  ASSERT_TRUE(bus.execute(NorCommand::writing(kProgram, 9, std::span(data).first(1))).ok());
  EXPECT_EQ(registers.written(kDr), std::vector<uint32_t>{1});
  EXPECT_EQ(registers.written(kAr), std::vector<uint32_t>{9});
}

TEST_F(XspiBusTest, AControllerThatStaysBusyIsGivenUp) {
  auto bus = make();
  registers.status = [] { return kBusy; };
  EXPECT_EQ(bus.open(), Error::kTimedOut);
  EXPECT_EQ(registers.values[kCr], 0u);
  registers.status = [] { return kComplete | kThreshold; };
  ASSERT_TRUE(bus.open().ok());
  registers.writes.clear();
  registers.status = [] { return kBusy; };
  EXPECT_EQ(bus.execute(kWriteEnable), Error::kTimedOut);
  EXPECT_EQ(bus.map(kRead, 32u << 20), Error::kTimedOut);
  EXPECT_TRUE(registers.written(kCcr).empty()) << "CCR is not written while BUSY";
  EXPECT_EQ(registers.written(kCr).back() & 2, 2u);
}

class SpiBusTest : public SerialBusTest {
 protected:
  enum : uint32_t { kCr1 = 0x00, kDr = 0x0C, kBsrr = 0x100 + 0x18 };
  SpiBus<Stm32SpiPort<RecordingMmio>> make() {
    return SpiBus(
        Stm32SpiPort<RecordingMmio>({kBase, kBase + 0x100, 6, 1, platform()}, RecordingMmio(registers)));
  }
};

TEST_F(SpiBusTest, BytesGoOutOneByOneUnderChipSelect) {
  registers.status = [] { return 1u; };
  auto bus = make();
  ASSERT_TRUE(bus.open().ok());
  registers.writes.clear();
  std::vector<uint8_t> in(2);
  ASSERT_TRUE(bus.execute(NorCommand::reading(kRead, 0x123456, in)).ok());
  EXPECT_EQ(registers.written(kDr), (std::vector<uint32_t>{0x0B, 0x12, 0x34, 0x56, 0xFF, 0xFF, 0xFF}));
  EXPECT_EQ(registers.writes.front(), (Registers::Write{kBsrr, 1u << 22, false}));
  EXPECT_EQ(registers.writes.back(), (Registers::Write{kBsrr, 1u << 6, false}));
}

TEST_F(SpiBusTest, AByteThatTheLastOwnerLeftIsDropped) {
  bool taken = false;
  registers.status = [&] { return 1u; };
  registers.read_hook = [&](uint32_t offset) { taken = taken || offset == kDr; };
  auto bus = make();
  ASSERT_TRUE(bus.open().ok());
  EXPECT_TRUE(taken);
}

TEST_F(SpiBusTest, AControllerThatDoesNotClockIsGivenUp) {
  registers.status = [] { return 0u; };
  auto bus = make();
  ASSERT_TRUE(bus.open().ok());
  registers.writes.clear();
  std::vector<uint8_t> in(1000);
  EXPECT_EQ(bus.execute(NorCommand::reading(NorFrame(0x05).with_read(), 0, in)), Error::kTimedOut);
  EXPECT_EQ(registers.written(kDr).size(), 1u) << "and not byte by byte";
  EXPECT_EQ(registers.writes.back(), (Registers::Write{kBsrr, 1u << 6, false})) << "chip select is high";
  registers.status = [] { return 1u; };
  EXPECT_TRUE(bus.execute(kWriteEnable).ok());
}

TEST_F(SpiBusTest, MoreThanOneLineIsNotForThisBus) {
  auto bus = make();
  EXPECT_EQ(bus.execute(NorCommand(NorFrame(0x6B).with_read(kFourLines))), Error::kNotSupported);
  EXPECT_EQ(bus.execute(NorCommand(NorFrame(0xEB).with_address(3, kFourLines))), Error::kNotSupported);
  EXPECT_EQ(bus.execute(NorCommand(NorFrame(0x06).in_octal_dtr())), Error::kNotSupported);
  EXPECT_EQ(bus.execute(NorCommand(NorFrame(0x0B).with_dummies(6))), Error::kNotSupported);
  EXPECT_EQ(bus.map(NorFrame(0x0B), 1u << 20), Error::kNotSupported);
}

}  // namespace
}  // namespace drivers
