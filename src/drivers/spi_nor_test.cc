// What the serial NOR driver sends, and what it makes of the answers. How it gets on with chips and
// controllers is the matter of serial_stack_test.
#include "drivers/spi_nor.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "drivers/fake_nor_bus.h"
#include "drivers/nor_testing.h"

namespace drivers {
namespace {

using flash::Error;
using flash::Status;

constexpr uint32_t k16MiB = 16u << 20;

// The parts of an SFDP table that the driver decides by (JESD216F, 6.4).
struct Table {
  uint32_t size_bytes = 1u << 20;
  uint32_t words = 16;
  uint8_t page_log2 = 8;
  bool has_erases = true;
  bool has_quad_io = true;
  bool has_quad_output = true;
  uint32_t quad_enable = 7;
  uint32_t address_bytes = 0;
  uint32_t four_byte_entry = 0;
  bool flag_status = false;
  bool inverted_extension = false;
  std::vector<uint32_t> four_byte_table = {};  // two words, or none

  std::vector<uint8_t> bytes() const {
    std::vector<uint32_t> basic(20);
    basic[0] =
        0xFF8020E5u | address_bytes << 17 | (has_quad_io ? 1u << 21 : 0u) | (has_quad_output ? 1u << 22 : 0u);
    basic[0] &= ~(0x3u << 17) | address_bytes << 17;
    basic[0] &= ~(0x3u << 21) | (has_quad_io ? 1u << 21 : 0u) | (has_quad_output ? 1u << 22 : 0u);
    basic[1] = size_bytes * 8 - 1;
    basic[2] = 0x6B08EB44;                   // 1-1-4: 8 dummies; 1-4-4: 2 mode clocks, 4 dummies
    basic[7] = has_erases ? 0x520F200C : 0;  // 4 KiB, 32 KiB
    basic[8] = has_erases ? 0x0000D810 : 0;  // 64 KiB
    basic[9] = 0x00000000;                   // 1 ms, maximum twice as long
    basic[10] = uint32_t{page_log2} << 4;
    basic[13] = flag_status ? 1u << 3 : 0u;
    basic[14] = quad_enable << 20;
    basic[15] = four_byte_entry << 24;
    basic[17] = inverted_extension ? 1u << 29 : 0u;
    const uint32_t tables = four_byte_table.empty() ? 1 : 2;
    std::vector<uint32_t> all = {
        0x50444653, 0xFF000106 | (tables - 1) << 16, 0x00010600 | words << 24, 0xFF000030,
        0x02000184, 0xFF000000u | (0x30 + 4 * words)};
    all.resize(0x30 / 4, 0xFFFFFFFF);
    all.insert(all.end(), basic.begin(), basic.begin() + words);
    all.insert(all.end(), four_byte_table.begin(), four_byte_table.end());
    std::vector<uint8_t> out;
    for (const uint32_t word : all) {
      for (int i = 0; i < 4; ++i) out.push_back(static_cast<uint8_t>(word >> 8 * i));
    }
    return out;
  }
};

// All that DW1 can promise here, and the erase types 1 and 3 with opcodes of their own.
const std::vector<uint32_t> kFourByteTable = {0x00000A72, 0xFFDCFF21};

class SpiNorTest : public testing::Test {
 protected:
  FakeNorBus& make(const Table& table) {
    bus_.emplace(table.size_bytes);
    bus_->sfdp = table.bytes();
    return *bus_;
  }

  SpiNor& driver(NorLines lines = NorLines::kOne, SpiNorConfig config = {}) {
    config.platform = {this, [](void* self) { return static_cast<SpiNorTest*>(self)->now_us_; },
                       [](void* self) { static_cast<SpiNorTest*>(self)->now_us_ += 100; },
                       [](void* self, uint32_t address, uint32_t size_bytes) {
                         static_cast<SpiNorTest*>(self)->changed_.emplace_back(address, size_bytes);
                       }};
    nor_ = &nors_.emplace(lines, *bus_, config);
    return *nor_;
  }

  SpiNor& ready(const Table& table, NorLines lines = NorLines::kOne, const SpiNorConfig& config = {}) {
    make(table);
    SpiNor& nor = driver(lines, config);
    EXPECT_TRUE(nor.init().ok());
    bus_->calls.clear();
    return nor;
  }

  std::vector<uint8_t> read(uint32_t offset, size_t length) {
    std::vector<uint8_t> out(length);
    EXPECT_TRUE(nor_->read(offset, out).ok());
    return out;
  }

  // The clock leaves 32 bits while a test waits: the driver counts in those.
  static constexpr uint64_t kStartUs = UINT32_MAX - 1'000;
  uint64_t now_us_ = kStartUs;
  std::vector<std::pair<uint32_t, uint32_t>> changed_;
  std::optional<FakeNorBus> bus_;
  LinedNor nors_;
  SpiNor* nor_ = nullptr;
};

Table octal_table() {
  return {.words = 20,
          .has_quad_io = false,
          .has_quad_output = false,
          .inverted_extension = true,
          .four_byte_table = kFourByteTable};
}
void make_octal(FakeNorBus& bus) {
  bus.id = {0xC2, 0x80, 0x11};
  bus.registers[0x71] = 0;
}

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
        EXPECT_EQ(status, done ? Status{} : failure);
        EXPECT_EQ(bus.is_open, done);
        EXPECT_EQ(nor.size_bytes(), done ? c.table.size_bytes : 0u);
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

TEST_F(SpiNorTest, ReadsOnAsManyLinesAsBoardAndChipHave) {
  struct Case {
    Table table;
    NorLines lines;
    uint8_t opcode;
    uint32_t address_lines, data_lines, mode_bytes, dummy_cycles;
  };
  for (const Case& c :
       {Case{{.quad_enable = 0}, NorLines::kFour, 0xEB, kFourLines, kFourLines, 1, 4},
        Case{{.has_quad_io = false, .quad_enable = 0}, NorLines::kFour, 0x6B, kOneLine, kFourLines, 0, 8},
        Case{{.quad_enable = 0}, NorLines::kOne, 0x0B, kOneLine, kOneLine, 0, 8},
        // How this chip's four lines are switched on, nobody knows.
        Case{{.words = 9}, NorLines::kFour, 0x0B, kOneLine, kOneLine, 0, 8},
        // Eight lines, but not a chip that has octal DTR.
        Case{{.quad_enable = 0}, NorLines::kEight, 0x0B, kOneLine, kOneLine, 0, 8},
        Case{{.size_bytes = 2 * k16MiB, .quad_enable = 0, .four_byte_table = kFourByteTable},
             NorLines::kFour,
             0xEC,
             kFourLines,
             kFourLines,
             1,
             4},
        // DW1 without ECh.
        Case{{.size_bytes = 2 * k16MiB, .quad_enable = 0, .four_byte_table = {0x00000A52, 0xFFDCFF21}},
             NorLines::kFour,
             0x6C,
             kOneLine,
             kFourLines,
             0,
             8}}) {
    ready(c.table, c.lines);
    read(0x1234, 5);
    ASSERT_EQ(bus_->calls.size(), 1u);
    const NorFrame frame = bus_->calls[0].command.frame;
    EXPECT_EQ(frame.opcode(), c.opcode);
    EXPECT_EQ(bus_->calls[0].command.address, 0x1234u);
    EXPECT_EQ(frame.address_lines(), c.address_lines);
    EXPECT_EQ(frame.data_lines(), c.data_lines);
    EXPECT_EQ(frame.mode_bytes(), c.mode_bytes);
    EXPECT_EQ(frame.dummy_cycles(), c.dummy_cycles);
  }
}

TEST_F(SpiNorTest, OneAddressWidthIsChosenAtInit) {
  struct Case {
    std::string name;
    Table table;
    std::string sent_at_init;  // of interest: B7 and what precedes it
    uint32_t address_bytes;
    uint8_t program, read, erase;
    std::array<uint32_t, 2> large_erases;
  };
  const std::array<uint32_t, 2> both = {32768, 65536};
  const std::array<uint32_t, 2> no_32k = {65536, 0};
  for (const Case& c :
       {Case{"16 MiB",
             {.size_bytes = k16MiB, .address_bytes = 1, .four_byte_entry = 0x21},
             "",
             3,
             0x02,
             0x0B,
             0x20,
             both},
        Case{"4-byte table",
             {.size_bytes = 2 * k16MiB,
             .address_bytes = 1,
             .four_byte_entry = 0x01,
             .four_byte_table = kFourByteTable},
             "",
             4,
             0x12,
             0x0C,
             0x21,
             both},
        Case{"dedicated opcodes without a table",
             {.size_bytes = 2 * k16MiB, .address_bytes = 1, .four_byte_entry = 0x21},
             "",
             4,
             0x12,
             0x0C,
             0x21,
             no_32k},
        Case{"dedicated opcodes, and no mode for the others",
             {.size_bytes = 2 * k16MiB, .address_bytes = 1, .four_byte_entry = 0x20},
             "",
             4,
             0x12,
             0x0C,
             0x21,
             no_32k},
        Case{"table without programs",
             {.size_bytes = 2 * k16MiB,
             .address_bytes = 1,
             .four_byte_entry = 0x01,
             .four_byte_table = {0x00000A02, 0xFFDCFF21}},
             "B7",
             4,
             0x02,
             0x0B,
             0x20,
             both},
        Case{"B7",
             {.size_bytes = 2 * k16MiB, .address_bytes = 1, .four_byte_entry = 0x01},
             "B7",
             4,
             0x02,
             0x0B,
             0x20,
             both},
        Case{"06 B7",
             {.size_bytes = 2 * k16MiB, .address_bytes = 1, .four_byte_entry = 0x02},
             "06 05 B7",
             4,
             0x02,
             0x0B,
             0x20,
             both},
        Case{"older than word 16",
             {.size_bytes = 2 * k16MiB, .words = 9, .address_bytes = 1},
             "B7",
             4,
             0x02,
             0x0B,
             0x20,
             both},
        Case{"always four, says word 16",
             {.size_bytes = 2 * k16MiB, .address_bytes = 1, .four_byte_entry = 0x40},
             "",
             4,
             0x02,
             0x0B,
             0x20,
             both},
        Case{"always four", {.size_bytes = 2 * k16MiB, .address_bytes = 2}, "", 4, 0x02, 0x0B, 0x20, both}}) {
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
      bus_->erases = {{c.erase, 4096}};
      ASSERT_TRUE(nor.erase(offset, 4096).ok());
      ASSERT_TRUE(nor.program(offset, std::vector<uint8_t>(1)).ok());
      EXPECT_EQ(read(offset, 1), std::vector<uint8_t>(1, 0));
      for (const uint8_t opcode : {c.erase, c.program, c.read}) {
        const auto* call = bus_->last(opcode);
        ASSERT_NE(call, nullptr) << opcode;
        EXPECT_EQ(call->command.frame.address_bytes(), c.address_bytes);
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
  make({.has_erases = false});
  EXPECT_EQ(driver().init(), Error::kNoDevice);
  EXPECT_FALSE(bus_->is_open);
}

TEST_F(SpiNorTest, ARunIsErasedInTheLargestPiecesThatFit) {
  SpiNor& nor = ready({});
  ASSERT_TRUE(nor.erase(28 << 10, (4 + 32 + 64 + 32 + 4) << 10).ok());
  std::string erases;
  for (const auto& call : bus_->calls) {
    if (call.command.frame.address_bytes() == 0) continue;
    char one[24];
    std::snprintf(one, sizeof one, " %02X@%X", call.command.frame.opcode(), call.command.address);
    erases += one;
  }
  EXPECT_EQ(erases, " 20@7000 52@8000 D8@10000 52@20000 20@28000");
}

// A W25Q256JV has 21h and DCh, and for 32 KiB only 52h.
TEST_F(SpiNorTest, AnEraseWithoutAnOpcodeOfFourBytesHasThemByMode) {
  SpiNor& nor = ready({.size_bytes = 2 * k16MiB,
                       .address_bytes = 1,
                       .four_byte_entry = 0x01,
                       .four_byte_table = kFourByteTable});
  bus_->erases[0x52] = 32768;
  ASSERT_TRUE(nor.erase(0x1008000, 32768).ok());
  EXPECT_EQ(bus_->wire(), "B7 06 05 52@1008000 05 05 E9");
  EXPECT_EQ(bus_->last(0x52)->command.frame.address_bytes(), 4);
  bus_->calls.clear();
  ASSERT_TRUE(nor.erase(0x1010000, 65536).ok());
  EXPECT_EQ(bus_->wire(), "06 05 DC@1010000 05 05");
}

TEST_F(SpiNorTest, EachChangeIsEnabledCheckedAndWaitedFor) {
  SpiNor& nor = ready({});
  bus_->busy_polls = 2;
  ASSERT_TRUE(nor.erase(4096, 4096).ok());
  EXPECT_EQ(bus_->wire(), "06 05 20@1000 05 05 05");
}

TEST_F(SpiNorTest, ProgramsEndWithTheirPage) {
  for (const uint8_t page_log2 : std::array<uint8_t, 3>{6, 8, 9}) {
    SpiNor& nor = ready({.page_log2 = page_log2});
    const uint32_t page = 1u << page_log2;
    EXPECT_EQ(nor.geometry().program_page_bytes, page);
    std::vector<uint8_t> data(3 * page - 7);
    for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<uint8_t>(i * 7);
    ASSERT_TRUE(nor.program(page - 1, data).ok());
    EXPECT_EQ(bus_->count(0x02), 4u);
    for (const auto& call : bus_->calls) {
      if (call.command.frame.opcode() != 0x02) continue;
      EXPECT_LE(call.command.address % page + call.out.size(), page);
    }
    EXPECT_EQ(read(page - 1, data.size()), data);
  }
}

TEST_F(SpiNorTest, InOctalDtrEveryCommandIsFramedSo) {
  FakeNorBus& bus = make(octal_table());
  make_octal(bus);
  SpiNor& nor = driver(NorLines::kEight);
  ASSERT_TRUE(nor.init().ok());
  EXPECT_TRUE(bus.is_octal);
  bus.calls.clear();
  ASSERT_TRUE(nor.erase(4096, 4096).ok());
  ASSERT_TRUE(nor.program(4097, std::vector<uint8_t>(3)).ok());
  EXPECT_EQ(read(4097, 3), std::vector<uint8_t>(3));
  EXPECT_EQ(bus.wire(), "06 05@0 21@1000 05@0 05@0 06 05@0 12@1001 05@0 05@0 EE@1001");
  for (const auto& call : bus.calls) {
    const NorFrame frame = call.command.frame;
    EXPECT_TRUE(frame.is_octal_dtr());
    EXPECT_TRUE(frame.address_bytes() == 0 || frame.address_bytes() == 4);
  }
  EXPECT_EQ(bus.last(0xEE)->command.frame.dummy_cycles(), 20u);
  EXPECT_EQ(bus.last(0x05)->command.frame.dummy_cycles(), 4u);
}

TEST_F(SpiNorTest, AnOctalModeThatDoesNotTakeIsAnError) {
  FakeNorBus& bus = make(octal_table());
  make_octal(bus);
  bus.keeps_registers = true;
  EXPECT_EQ(driver(NorLines::kEight).init(), Error::kIo);
  EXPECT_FALSE(bus.is_open);
}

TEST_F(SpiNorTest, WriteEnableThatIsRefusedIsAnErrorAndNothingIsSent) {
  SpiNor& nor = ready({});
  bus_->refuses_write_enable = true;
  EXPECT_EQ(nor.erase(0, 4096), Error::kIo);
  EXPECT_EQ(nor.program(0, std::vector<uint8_t>(4)), Error::kIo);
  EXPECT_EQ(bus_->wire(), "06 05 06 05");
  bus_->refuses_write_enable = false;
  EXPECT_TRUE(nor.erase(0, 4096).ok());
}

TEST_F(SpiNorTest, ABusyChipIsWaitedForUpToItsMaximumAndNotReadMeanwhile) {
  SpiNor& nor = ready({});
  bus_->busy_polls = FakeNorBus::kNever;
  const uint64_t start_us = now_us_;
  EXPECT_EQ(nor.erase(0, 4096), Error::kTimedOut);
  EXPECT_GT(now_us_ - start_us, 2'000u) << "the table's maximum";
  EXPECT_LT(now_us_ - start_us, 2'500u);
  std::vector<uint8_t> out(4);
  EXPECT_EQ(nor.read(0, out), Error::kTimedOut);
  EXPECT_EQ(nor.program(0, out), Error::kTimedOut);
  EXPECT_EQ(bus_->count(0x02), 0u);
  bus_->registers[0x05] = 0;
  EXPECT_TRUE(nor.read(0, out).ok()) << "it has come to an end after all";
  bus_->busy_polls = 1;
  EXPECT_TRUE(nor.program(0, out).ok());
}

TEST_F(SpiNorTest, AChipIsNotReadBeforeTheEndOfAChangeWasSeen) {
  SpiNor& nor = ready({});
  bus_->failing_call = bus_->call_count + 3;  // the first look at the status after 20h
  EXPECT_EQ(nor.erase(0, 4096), Error::kIo);
  bus_->calls.clear();
  read(0, 1);
  EXPECT_EQ(bus_->wire(), "05 05 0B@0");
}

TEST_F(SpiNorTest, AChipThatIsStuckSinceBeforeInitIsTimedOut) {
  make({});
  bus_->id = {0xFF, 0xFF, 0xFF};  // a busy chip answers nothing but its status
  bus_->hang();
  EXPECT_EQ(driver().init(), Error::kTimedOut);
  EXPECT_FALSE(bus_->is_open);
  EXPECT_GT(now_us_ - kStartUs, 4'096'000u) << "a block erase at its slowest is waited for";
}

TEST_F(SpiNorTest, AChipThatFallsSilentIsNoDevice) {
  SpiNor& nor = ready({});
  bus_->is_silent = true;
  EXPECT_EQ(nor.erase(0, 4096), Error::kNoDevice);
  EXPECT_EQ(nor.program(0, std::vector<uint8_t>(4)), Error::kNoDevice);
}

TEST_F(SpiNorTest, WhatTheBusReportsIsPassedOn) {
  SpiNor& nor = ready({});
  for (const Error error : {Error::kIo, Error::kTimedOut}) {
    bus_->failure = error;
    for (size_t step = 0; step < 3; ++step) {
      bus_->registers[0x05] = 0;
      bus_->failing_call = bus_->call_count + step;
      EXPECT_EQ(nor.erase(0, 4096), error) << step;
      bus_->registers[0x05] = 0;
      std::vector<uint8_t> out(4);
      EXPECT_TRUE(nor.read(0, out).ok());
    }
    bus_->failing_call = bus_->call_count;
    std::vector<uint8_t> out(4);
    EXPECT_EQ(nor.read(0, out), error);
  }
}

TEST_F(SpiNorTest, FailBitsAreReportedAndMicronsAreCleared) {
  struct Case {
    std::array<uint8_t, 3> id;
    bool flag_status;
    uint8_t opcode, program_fail, erase_fail;
    size_t clears;
  };
  for (const Case& c : {Case{{0x20, 0xBA, 0x18}, true, 0x70, 0x10, 0x20, 1},
                        Case{{0xC2, 0x20, 0x18}, false, 0x2B, 0x20, 0x40, 0}}) {
    make({.flag_status = c.flag_status});
    bus_->id = c.id;
    bus_->registers[c.opcode] = 0;
    SpiNor& nor = driver();
    ASSERT_TRUE(nor.init().ok());
    const std::vector<uint8_t> data(4);
    bus_->registers[c.opcode] = c.program_fail;
    bus_->calls.clear();
    EXPECT_EQ(nor.program(0, data), Error::kIo);
    EXPECT_TRUE(nor.erase(0, 4096).ok()) << "that was another change";
    EXPECT_EQ(bus_->count(0x50), c.clears);
    bus_->registers[c.opcode] = c.erase_fail;
    EXPECT_EQ(nor.erase(0, 4096), Error::kIo);
    EXPECT_TRUE(nor.program(0, data).ok());
    EXPECT_EQ(bus_->count(0x50), 2 * c.clears);
  }
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

TEST_F(SpiNorTest, MappedMemoryIsLeftForChangesAndTakenUpAfterThem) {
  SpiNor& nor = ready({.quad_enable = 0}, NorLines::kFour, {.platform = {}, .mapped_reads = true});
  EXPECT_TRUE(bus_->is_mapped);
  EXPECT_EQ(bus_->mapped_read.opcode(), 0xEB);
  ASSERT_TRUE(nor.program(300, std::vector<uint8_t>(700)).ok());
  EXPECT_TRUE(bus_->is_mapped);
  EXPECT_EQ(read(300, 700), std::vector<uint8_t>(700));
  EXPECT_EQ(bus_->count(0xEB), 0u) << "memory needs no command";

  bus_->refuses_write_enable = true;
  EXPECT_EQ(nor.erase(8192, 4096), Error::kIo);
  EXPECT_TRUE(bus_->is_mapped) << "after an error, too";
  const std::vector<std::pair<uint32_t, uint32_t>> changed = {{0x90000000 + 300, 700},
                                                              {0x90000000 + 8192, 4096}};
  EXPECT_EQ(changed_, changed);

  // A chip that is still busy is no memory.
  bus_->refuses_write_enable = false;
  bus_->busy_polls = FakeNorBus::kNever;
  EXPECT_EQ(nor.erase(0, 4096), Error::kTimedOut);
  EXPECT_FALSE(bus_->is_mapped);
  bus_->registers[0x05] = 0;
  EXPECT_EQ(read(4096, 1), std::vector<uint8_t>(1, 0xFF));
}

TEST_F(SpiNorTest, ReadsByCommandWhereMemoryIsNotToBeHadAgain) {
  SpiNor& nor = ready({}, NorLines::kOne, {.platform = {}, .mapped_reads = true});
  bus_->failing_call = bus_->call_count + 5;  // unmap, 06, 05, 20, 05 while busy, 05; then map
  bus_->busy_polls = 0;
  EXPECT_EQ(nor.erase(0, 4096), Error::kIo);
  EXPECT_FALSE(bus_->is_mapped);
  EXPECT_EQ(read(0, 1), std::vector<uint8_t>(1, 0xFF));
  EXPECT_TRUE(nor.erase(0, 4096).ok());
  EXPECT_TRUE(bus_->is_mapped);
}

}  // namespace
}  // namespace drivers
