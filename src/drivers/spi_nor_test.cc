// What the serial NOR driver sends to a chip that is ready, and what it makes of the answers: reads,
// programs, erases, status and errors. The start is the matter of spi_nor_init_test; how the driver gets on
// with chips and controllers, that of serial_stack_test.
#include "drivers/spi_nor.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "drivers/spi_nor_testing.h"
#include "drivers/window_guard.h"

namespace drivers {
namespace {

using flash::Error;

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
        // Mode clocks are for the address's four lines; where there is no mode, or but one line, they are
        // dummies.
        Case{{.quad_reads = 0x6B08EB06, .quad_enable = 0},
             NorLines::kFour,
             0xEB,
             kFourLines,
             kFourLines,
             0,
             6},
        Case{{.has_quad_io = false, .quad_reads = 0x6B46EB44, .quad_enable = 0},
             NorLines::kFour,
             0x6B,
             kOneLine,
             kFourLines,
             0,
             8},
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

TEST_F(SpiNorTest, ARunIsErasedInTheLargestPiecesThatFit) {
  for (const Table& table : {Table{}, Table{.erases = {0x520FD810, 0x0000200C}}}) {  // whatever their order
    SpiNor& nor = ready(table);
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
  bus_->calls.clear();
  bus_->refuses_write_enable = true;
  EXPECT_EQ(nor.erase(0x1008000, 32768), Error::kIo);
  EXPECT_EQ(bus_->wire(), "B7 06 05 E9");

  // The chip may have taken a B7 of which the bus says that it failed.
  bus_->calls.clear();
  bus_->failing_call = bus_->call_count;
  EXPECT_EQ(nor.erase(0x1008000, 32768), Error::kIo);
  EXPECT_EQ(bus_->wire(), "E9");

  // A chip that is busy for too long takes no E9 until it is done.
  bus_->refuses_write_enable = false;
  bus_->busy_polls = FakeNorBus::kNever;
  EXPECT_EQ(nor.erase(0x1008000, 32768), Error::kTimedOut);
  bus_->registers[0x05] = 0;
  bus_->calls.clear();
  read(0, 1);
  read(0, 1);
  EXPECT_EQ(bus_->wire(), "05 E9 0C@0 0C@0");
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
  EXPECT_EQ(bus_->wire().substr(bus_->wire().find("20@0")), "20@0 05 05") << "at once, if it can be seen";
  bus_->calls.clear();
  read(0, 1);
  EXPECT_EQ(bus_->wire(), "0B@0");
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
    bus_->registers[c.opcode] = 0;
    bus_->failure = Error::kTimedOut;
    bus_->failing_call = bus_->call_count + 5;  // after 06, 05, 20, 05 while busy, 05
    EXPECT_EQ(nor.erase(0, 4096), Error::kTimedOut) << "nobody knows what the chip would have said";
  }
}

TEST_F(SpiNorTest, MappedMemoryIsLeftForChangesAndTakenUpAfterThem) {
  SpiNor& nor = ready({.quad_enable = 0}, NorLines::kFour, {.platform = {}, .mapped_reads = true});
  EXPECT_TRUE(bus_->is_mapped);
  EXPECT_EQ(bus_->mapped_read.opcode(), 0xEB);
  ASSERT_TRUE(nor.program(300, std::vector<uint8_t>(700)).ok());
  EXPECT_TRUE(bus_->is_mapped);
  EXPECT_EQ(read(300, 700), std::vector<uint8_t>(700));
  EXPECT_EQ(bus_->count(0xEB), 0u) << "memory needs no command";
  changed_.clear();

  bus_->refuses_write_enable = true;
  EXPECT_EQ(nor.erase(8192, 4096), Error::kIo);
  EXPECT_TRUE(bus_->is_mapped) << "after an error, too";
  const std::vector<std::pair<uint32_t, uint32_t>> changed = {{0x90000000 + 8192, 4096}};
  EXPECT_EQ(changed_, changed);

  // A chip that is still busy is no memory.
  bus_->refuses_write_enable = false;
  bus_->busy_polls = FakeNorBus::kNever;
  EXPECT_EQ(nor.erase(0, 4096), Error::kTimedOut);
  EXPECT_FALSE(bus_->is_mapped);
  std::vector<uint8_t> out(1);
  EXPECT_EQ(nor.read(4096, out), Error::kTimedOut);
  EXPECT_FALSE(bus_->is_mapped);
  bus_->registers[0x05] = 0;
  EXPECT_EQ(read(4096, 1), std::vector<uint8_t>(1, 0xFF));
  EXPECT_TRUE(bus_->is_mapped) << "whoever runs from it need not wait for the next change";
}

TEST_F(SpiNorTest, MemoryThatWasNotToBeHadIsAskedForAgain) {
  SpiNor& nor = ready({}, NorLines::kOne, {.platform = {}, .mapped_reads = true});
  bus_->failing_call = bus_->call_count + 5;  // unmap, 06, 05, 20, 05 while busy, 05; then map
  bus_->busy_polls = 0;
  EXPECT_EQ(nor.erase(0, 4096), Error::kIo);
  EXPECT_FALSE(bus_->is_mapped);
  EXPECT_EQ(read(0, 1), std::vector<uint8_t>(1, 0xFF));
  EXPECT_TRUE(bus_->is_mapped);
}

TEST_F(SpiNorTest, MemoryThatCouldNotBeLeftIsAskedForAgain) {
  SpiNor& nor = ready({}, NorLines::kOne, {.platform = {}, .mapped_reads = true});
  bus_->failing_call = bus_->call_count;  // unmap
  EXPECT_EQ(nor.erase(0, 4096), Error::kIo);
  bus_->is_mapped = false;  // a controller that was closed before it failed to open anew
  EXPECT_EQ(read(0, 1), std::vector<uint8_t>(1, 0xFF));
  EXPECT_TRUE(bus_->is_mapped);
}

// Whoever reads twice, to see whether the chip says the same twice, is not told by the data cache.
TEST_F(SpiNorTest, EveryReadOfMemoryIsOneOfTheChip) {
  ready({}, NorLines::kOne, {.platform = {}, .mapped_reads = true});
  changed_.clear();
  read(4095, 3);
  read(4095, 3);
  const std::vector<std::pair<uint32_t, uint32_t>> changed(2, {0x90000000 + 4095, 3});
  EXPECT_EQ(changed_, changed);
}

// The command reached the chip, and the bus reports an error nevertheless.
TEST_F(SpiNorTest, AChipIsLetFinishWhatTheBusCallsFailed) {
  SpiNor& nor = ready({});
  bus_->takes_failed_commands = true;
  bus_->busy_polls = 3;
  bus_->failing_call = bus_->call_count + 2;  // 06, 05, 02
  EXPECT_EQ(nor.program(0, std::vector<uint8_t>(4)), Error::kIo);
  EXPECT_EQ(read(0, 1), std::vector<uint8_t>(1, 0)) << "at once, for the chip is ready";
}

TEST_F(SpiNorTest, TheWindowIsOutOfReachWhileTheChipIsNoMemory) {
  make({});
  std::vector<std::string> seen;
  struct Context {
    FakeNorBus& bus;
    std::vector<std::string>& seen;
  } context = {*bus_, seen};
  WindowGuard guard(
      *bus_,
      [](void* self, bool is_readable) {
        const auto& [bus, list] = *static_cast<Context*>(self);
        list.push_back(std::string(is_readable ? "readable" : "closed") + (bus.is_mapped ? " mapped" : ""));
      },
      &context);
  SpiNor& nor = driver_on(guard, NorLines::kOne, {.platform = {}, .mapped_reads = true});
  ASSERT_TRUE(nor.init().ok());
  EXPECT_EQ(seen, (std::vector<std::string>{"closed", "readable mapped"}));
  seen.clear();
  ASSERT_TRUE(nor.erase(0, 4096).ok());
  EXPECT_EQ(seen, (std::vector<std::string>{"closed mapped", "readable mapped"})) << "before it is unmapped";
  std::vector<uint8_t> out(4);
  EXPECT_TRUE(nor.read(0, out).ok());
  bus_->failing_call = bus_->call_count + 5;  // unmap, 06, 05, 20, 05 while busy, 05; then map
  bus_->busy_polls = 0;
  seen.clear();
  EXPECT_EQ(nor.erase(0, 4096), Error::kIo);
  EXPECT_EQ(seen, std::vector<std::string>{"closed mapped"}) << "nothing was mapped again";
}

}  // namespace
}  // namespace drivers
