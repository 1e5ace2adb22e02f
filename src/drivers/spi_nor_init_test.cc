// How the serial NOR driver starts a chip: who is there and what its SFDP says, reset and waking up, quad
// enable and octal mode, and how it is addressed.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "drivers/spi_nor.h"
#include "drivers/spi_nor_testing.h"

namespace drivers {
namespace {

using flash::Error;
using flash::Status;

TEST_F(SpiNorTest, EachStepOfInitThatFailsLeavesTheBusClosed) {
  struct Case {
    std::string name;
    Table table;
    NorLines lines;
    bool mapped;
  };
  for (const Case& c : {Case{"quad enable by 01h", {.quad_enable = 5}, NorLines::kFour, true},
                        Case{"mode of four address bytes",
                             {.size_bytes = 2 * k16MiB, .address_bytes = 1, .four_byte_entry = 2},
                             NorLines::kOne,
                             false},
                        Case{"octal", octal_table(), NorLines::kEight, true}}) {
    SCOPED_TRACE(c.name);
    for (const Status failure : {Status(Error::kIo), Status(Error::kTimedOut)}) {
      size_t step = 0;
      for (bool done = false; !done; ++step) {
        SCOPED_TRACE(step);
        FakeNorBus& bus = make(c.table);
        if (c.lines == NorLines::kEight) make_octal(bus);
        bus.registers[0x35] = 0;
        bus.failing_call = step;
        bus.failure = failure;
        SpiNor& nor = driver(c.lines, {.platform = {}, .mapped_reads = c.mapped});
        const Status status = nor.init();
        done = bus.call_count <= step;
        // Nothing hangs on the look before the reset: a chip in another protocol gives no strobe.
        const bool comes_up = done || step == (c.lines == NorLines::kEight ? 2 : 1);
        EXPECT_EQ(status, comes_up ? Status{} : failure);
        EXPECT_EQ(bus.is_open, comes_up);
        EXPECT_EQ(nor.size_bytes(), comes_up ? c.table.size_bytes : 0u);
        bus.failing_call = FakeNorBus::kNever;
        EXPECT_TRUE(nor.init().ok()) << "the next try is not hindered";
      }
      EXPECT_GT(step, 11u);
    }
  }
}

TEST_F(SpiNorTest, QuadIsEnabledByTheChipsOwnMethodOnce) {
  struct Case {
    uint32_t method;
    uint8_t read;  // the register that holds the bit
    uint8_t bit;
    uint8_t write;
    std::vector<uint8_t> written;  // with every register at its value below
  };
  constexpr uint8_t kStatus1 = 0x80, kStatus2 = 0x40;
  for (const Case& c : {Case{1, 0x35, 0x02, 0x01, {kStatus1, 0x42}}, Case{2, 0x05, 0x40, 0x01, {0xC0}},
                        Case{3, 0x3F, 0x80, 0x3E, {0xC0}}, Case{4, 0x35, 0x02, 0x01, {kStatus1, 0x42}},
                        Case{5, 0x35, 0x02, 0x01, {kStatus1, 0x42}}, Case{6, 0x35, 0x02, 0x31, {0x42}}}) {
    SCOPED_TRACE(c.method);
    FakeNorBus& bus = make({.quad_enable = c.method});
    bus.registers = {{0x05, kStatus1}, {0x35, kStatus2}, {0x3F, kStatus2}};
    SpiNor& nor = driver(NorLines::kFour);
    ASSERT_TRUE(nor.init().ok());
    ASSERT_EQ(bus.count(c.write), 1u);
    EXPECT_EQ(bus.last(c.write)->out, c.written);
    read(0, 4);
    EXPECT_EQ(bus.calls.back().command.frame.opcode(), 0xEB);

    bus.calls.clear();
    ASSERT_TRUE(nor.init().ok());
    EXPECT_EQ(bus.count(c.write), 0u) << "the bit is kept: writing wears it, and it is set already";

    bus.registers[c.read] &= static_cast<uint8_t>(~c.bit);
    bus.keeps_registers = true;
    EXPECT_EQ(nor.init(), Error::kIo) << "a bit that does not take";
    EXPECT_FALSE(bus.is_open);
  }
}

struct Addressing {
  uint32_t address_bytes;
  uint8_t program, read, erase;
};
constexpr Addressing kThreeBytes = {3, 0x02, 0x0B, 0x20};
constexpr Addressing kFourByMode = {4, 0x02, 0x0B, 0x20};
constexpr Addressing kFourByOpcode = {4, 0x12, 0x0C, 0x21};

using LargeErases = std::array<uint32_t, 2>;
constexpr LargeErases kBoth = {32768, 65536};
constexpr LargeErases kNo32K = {65536, 0};

struct AddressCase {
  const char* name;
  Table table;
  const char* sent_at_init;  // of interest: B7 and what precedes it
  Addressing addressing;
  LargeErases large_erases;
};

Table of_32mib(uint32_t four_byte_entry, std::vector<uint32_t> four_byte_table = {}) {
  return {.size_bytes = 2 * k16MiB,
          .address_bytes = 1,
          .four_byte_entry = four_byte_entry,
          .four_byte_table = std::move(four_byte_table)};
}

const AddressCase kAddressCases[] = {
    {"16 MiB", {.size_bytes = k16MiB, .address_bytes = 1, .four_byte_entry = 0x21}, "", kThreeBytes, kBoth},
    {"4-byte table", of_32mib(0x01, kFourByteTable), "", kFourByOpcode, kBoth},
    {"dedicated opcodes without a table", of_32mib(0x21), "", kFourByOpcode, kNo32K},
    {"dedicated opcodes, and no mode for the others", of_32mib(0x20), "", kFourByOpcode, kNo32K},
    {"table without programs", of_32mib(0x01, {0x00000A02, 0xFFDCFF21}), "B7", kFourByMode, kBoth},
    {"B7", of_32mib(0x01), "B7", kFourByMode, kBoth},
    {"06 B7", of_32mib(0x02), "06 05 B7", kFourByMode, kBoth},
    {"older than word 16",
     {.size_bytes = 2 * k16MiB, .words = 9, .address_bytes = 1},  // N25Q256A wants the 06
     "06 05 B7",
     kFourByMode,
     kBoth},
    {"always four, says word 16", of_32mib(0x40), "", kFourByMode, kBoth},
    {"always four", {.size_bytes = 2 * k16MiB, .address_bytes = 2}, "", kFourByMode, kBoth},
};

TEST_F(SpiNorTest, OneAddressWidthIsChosenAtInit) {
  for (const AddressCase& c : kAddressCases) {
    SCOPED_TRACE(c.name);
    make(c.table);
    SpiNor& nor = driver();
    ASSERT_TRUE(nor.init().ok());
    const std::string wire = bus_->wire();
    const size_t tables_end = wire.rfind("5A@");
    const size_t rest = wire.find(' ', tables_end);
    EXPECT_EQ(rest == std::string::npos ? "" : wire.substr(rest + 1), c.sent_at_init);
    EXPECT_EQ(nor.geometry().large_erase_bytes, c.large_erases);

    const uint32_t last = c.table.size_bytes - 4096;
    for (const uint32_t offset : {0u, last}) {
      bus_->calls.clear();
      bus_->erases = {{c.addressing.erase, 4096}};
      ASSERT_TRUE(nor.erase(offset, 4096).ok());
      ASSERT_TRUE(nor.program(offset, std::vector<uint8_t>(1)).ok());
      EXPECT_EQ(read(offset, 1), std::vector<uint8_t>(1, 0));
      for (const uint8_t opcode : {c.addressing.erase, c.addressing.program, c.addressing.read}) {
        const auto* call = bus_->last(opcode);
        ASSERT_NE(call, nullptr) << opcode;
        EXPECT_EQ(call->command.frame.address_bytes(), c.addressing.address_bytes);
        EXPECT_EQ(call->command.address, offset);
      }
    }
  }
}

TEST_F(SpiNorTest, ALargeChipWithoutAWayToAddressItIsNoDevice) {
  make({.size_bytes = 2 * k16MiB, .address_bytes = 1, .four_byte_entry = 0x04});
  EXPECT_EQ(driver().init(), Error::kNoDevice);
  EXPECT_FALSE(bus_->is_open);
}

TEST_F(SpiNorTest, AChipThatCannotBeErasedIsNoDevice) {
  make({.erases = {}});
  EXPECT_EQ(driver().init(), Error::kNoDevice);
  EXPECT_FALSE(bus_->is_open);
}

TEST_F(SpiNorTest, AnOctalModeThatDoesNotTakeIsAnError) {
  FakeNorBus& bus = make(octal_table());
  make_octal(bus);
  bus.keeps_registers = true;
  EXPECT_EQ(driver(NorLines::kEight).init(), Error::kIo);
  EXPECT_FALSE(bus.is_open);
}

TEST_F(SpiNorTest, AChipThatIsStuckSinceBeforeInitIsTimedOut) {
  make({});
  bus_->id = {0xFF, 0xFF, 0xFF};  // a busy chip answers nothing but its status
  bus_->hang();
  EXPECT_EQ(driver().init(), Error::kTimedOut);
  EXPECT_FALSE(bus_->is_open);
  EXPECT_GT(now_us_ - kStartUs, 4'096'000u) << "a block erase at its slowest is waited for";
}

TEST_F(SpiNorTest, AChipWithoutSfdpMustBeAKnownOne) {
  struct Case {
    std::array<uint8_t, 3> id;
    uint32_t size_bytes;  // 0: nobody knows it
  };
  for (const Case& c : {Case{{0xEF, 0x40, 0x19}, 2 * k16MiB}, Case{{0xEF, 0x40, 0x18}, k16MiB},
                        Case{{0x1F, 0x89, 0x01}, k16MiB}, Case{{0xC2, 0x20, 0x18}, k16MiB},
                        Case{{0xC2, 0x80, 0x39}, 2 * k16MiB}, Case{{0x12, 0x34, 0x56}, 0},
                        Case{{0x00, 0x00, 0x00}, 0}, Case{{0xFF, 0xFF, 0xFF}, 0}}) {
    bus_.emplace(std::max(c.size_bytes, 1u));
    bus_->id = c.id;
    bus_->registers[0x2B] = 0;
    SpiNor& nor = driver();
    const bool known = c.size_bytes != 0;
    EXPECT_EQ(nor.init(), known ? Status{} : Status(Error::kNoDevice));
    EXPECT_EQ(nor.size_bytes(), c.size_bytes);
    EXPECT_EQ(bus_->is_open, known);
    if (!known) continue;
    EXPECT_EQ(nor.geometry().large_erase_bytes[0], 65536u);
    ASSERT_TRUE(nor.erase(c.size_bytes - 65536, 65536).ok());
    ASSERT_TRUE(nor.program(c.size_bytes - 4, std::vector<uint8_t>{1, 2, 3, 4}).ok());
    EXPECT_EQ(read(c.size_bytes - 4, 4), (std::vector<uint8_t>{1, 2, 3, 4}));
  }
}

TEST_F(SpiNorTest, AKnownChipWithoutSfdpIsReadOnFourLines) {
  bus_.emplace(k16MiB);
  bus_->id = {0xEF, 0x40, 0x18};
  SpiNor& nor = driver(NorLines::kFour);
  ASSERT_TRUE(nor.init().ok());
  EXPECT_EQ(nor.geometry().regions.size(), 1u);
  read(0, 1);
  const auto* call = bus_->last(0xEB);
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(call->command.frame.mode_bytes(), 1u);
  EXPECT_EQ(call->command.frame.dummy_cycles(), 4u);
}

TEST_F(SpiNorTest, NobodyThereIsFoundOutWithoutLongWaits) {
  make({});
  bus_->is_silent = true;
  EXPECT_EQ(driver().init(), Error::kNoDevice);
  EXPECT_LT(now_us_ - kStartUs, 10'000u);
}

TEST_F(SpiNorTest, AChipThatAnswersIsNotDisturbedByWakeUpCalls) {
  ready({});
  make({});
  ASSERT_TRUE(driver().init().ok());
  EXPECT_EQ(bus_->count(0xAB), 0u);
  EXPECT_EQ(bus_->wire().rfind("9F 66 99 9F", 0), 0u) << "reset all the same, for 4-byte mode";
}

}  // namespace
}  // namespace drivers
