// The drivers' accesses, one by one and in order, against registers that only remember what they were told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "drivers/stm32_f4_flash.h"
#include "drivers/stm32_flash_geometry.h"
#include "drivers/stm32_h7_flash.h"

namespace drivers {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint32_t kArray = 0x08000000;
constexpr uint32_t kRegisters = 0x40000000;

// Every write and every other step as one line; polls of SR are left out.
struct Tape {
  std::map<uint32_t, std::string> names;  // of the registers, by offset
  std::map<uint32_t, uint32_t> registers;
  uint32_t control_offset = 0;  // of CR, in which the second key clears `lock_bit`
  uint32_t lock_bit = 0;
  uint32_t key_offset = 0;
  uint32_t status_offset = 0;
  uint32_t clear_offset = 0;  // where a 1 clears a flag of SR
  uint32_t busy_bits = 0;
  int busy_polls = 0;      // how many reads of SR find it busy after something started
  uint32_t starts_on = 0;  // the bit of CR that starts an operation
  bool locked_for_good = false;
  std::map<uint32_t, uint8_t> cells;  // 0xFF where nothing is
  std::vector<std::string> lines;
  uint64_t now_us = 0;
  int polls_left = 0;

  void note(const std::string& name, uint32_t value) {
    char text[64];
    std::snprintf(text, sizeof text, "%s=%08x", name.c_str(), value);
    lines.push_back(text);
  }

  uint32_t load(uint32_t address) {
    if (address >= kRegisters && address - kRegisters == status_offset && polls_left > 0) {
      --polls_left;
      return registers[status_offset] | busy_bits;
    }
    return registers[address - kRegisters];
  }

  void store(uint32_t address, uint32_t value) {
    if (address < kRegisters) {
      note("array+" + std::to_string(address - kArray), value);
      for (uint32_t i = 0; i < 4; ++i) cells[address + i] = static_cast<uint8_t>(value >> (8 * i));
      polls_left = busy_polls;
      return;
    }
    const uint32_t offset = address - kRegisters;
    note(names.contains(offset) ? names[offset] : "unknown", value);
    if (offset == key_offset) {
      if (value == 0xCDEF89AB && !locked_for_good) registers[control_offset] &= ~lock_bit;
      return;
    }
    if (offset == clear_offset) {
      registers[status_offset] &= ~value;
      return;
    }
    registers[offset] = value;
    if (offset == control_offset && (value & starts_on) != 0) polls_left = busy_polls;
  }
};

class TapeMmio {
 public:
  explicit TapeMmio(Tape& tape) : tape_(&tape) {}
  uint8_t read8(uint32_t address) { return static_cast<uint8_t>(tape_->load(address)); }
  uint16_t read16(uint32_t address) { return static_cast<uint16_t>(tape_->load(address)); }
  uint32_t read32(uint32_t address) { return tape_->load(address); }
  void write8(uint32_t address, uint8_t value) { tape_->store(address, value); }
  void write16(uint32_t address, uint16_t value) { tape_->store(address, value); }
  void write32(uint32_t address, uint32_t value) { tape_->store(address, value); }
  void read_memory(uint32_t address, std::span<uint8_t> out) {
    for (uint8_t& byte : out) {
      const auto cell = tape_->cells.find(address++);
      byte = cell == tape_->cells.end() ? uint8_t{0xFF} : cell->second;
    }
  }
  void barrier() { tape_->lines.push_back("barrier"); }
  void begin_guarded_read() { tape_->lines.push_back("guard"); }
  bool end_guarded_read() {
    tape_->lines.push_back("unguard");
    return true;
  }

 private:
  Tape* tape_;
};

Platform platform_of(Tape& tape) {
  return {.context = &tape,
          .now_us = [](void* context) { return static_cast<Tape*>(context)->now_us; },
          .yield = [](void* context) { static_cast<Tape*>(context)->now_us += 10; },
          .memory_changed =
              [](void* context, uint32_t address, uint32_t size_bytes) {
                static_cast<Tape*>(context)->note("changed+" + std::to_string(address - kArray), size_bytes);
              }};
}

Tape f4_tape() {
  Tape tape;
  tape.names = {{0x00, "ACR"}, {0x04, "KEYR"}, {0x0C, "SR"}, {0x10, "CR"}};
  tape.registers = {{0x00, 0x705}, {0x10, 0x80000000}};
  tape.control_offset = 0x10;
  tape.lock_bit = 1u << 31;
  tape.key_offset = 0x04;
  tape.status_offset = 0x0C;
  tape.clear_offset = 0x0C;
  tape.busy_bits = 1u << 16;
  tape.busy_polls = 3;
  tape.starts_on = 1u << 16;
  return tape;
}

Tape h7_tape(uint32_t bank) {
  const uint32_t base = bank * 0x100;
  Tape tape;
  tape.names = {{base + 0x04, "KEYR"}, {base + 0x0C, "CR"}, {base + 0x10, "SR"}, {base + 0x14, "CCR"}};
  tape.registers = {{base + 0x0C, 0x31}};
  tape.control_offset = base + 0x0C;
  tape.lock_bit = 1;
  tape.key_offset = base + 0x04;
  tape.status_offset = base + 0x10;
  tape.clear_offset = base + 0x14;
  tape.busy_bits = 1u << 2;
  tape.busy_polls = 3;
  tape.starts_on = 1u << 7;
  return tape;
}

// What the operation did, without the reads that look at its result.
std::vector<std::string> operation(const Tape& tape) {
  const auto end = std::find_if(tape.lines.begin(), tape.lines.end(),
                                [](const std::string& line) { return line.starts_with("changed"); });
  return {tape.lines.begin(), end == tape.lines.end() ? end : end + 1};
}

Stm32F4FlashConfig f4_config(Tape& tape, const flash::Geometry& geometry) {
  return {.register_base = kRegisters,
          .array_address = kArray,
          .geometry = geometry,
          .platform = platform_of(tape)};
}

Stm32H7FlashConfig h7_config(Tape& tape) {
  return {.register_base = kRegisters,
          .array_address = kArray,
          .geometry = kStm32H743Geometry,
          .platform = platform_of(tape)};
}

constexpr std::array<uint8_t, 8> kTwoWords = {0x11, 0x22, 0x33, 0x44, 0xFF, 0xFF, 0xFF, 0xFF};

TEST(Stm32F42xSequence, EraseOfASector) {
  Tape tape = f4_tape();
  tape.registers[0x0C] = 0x1FF;
  Stm32F4Flash<TapeMmio, Stm32F42x> nor(f4_config(tape, kStm32F427Geometry), TapeMmio(tape));
  ASSERT_TRUE(nor.erase(0x20000, 0x20000).ok());
  EXPECT_THAT(operation(tape),
              ElementsAre("SR=000001f3",   // what was stale
                          "ACR=00000305",  // ES0206 2.2.15: no data cache meanwhile
                          "guard", "KEYR=45670123", "KEYR=cdef89ab", "unguard",
                          "CR=0000022a",                 // SER, sector 5, x32
                          "CR=0001022a", "barrier",      // STRT
                          "CR=00000200", "CR=80000200",  // locked
                          "ACR=00000105", "ACR=00001905", "ACR=00000105", "ACR=00000705", "barrier",
                          "changed+131072=00020000"));
}

TEST(Stm32F42xSequence, ProgramStoresWordsAndSkipsBlankOnes) {
  Tape tape = f4_tape();
  Stm32F4Flash<TapeMmio, Stm32F42x> nor(f4_config(tape, kStm32F427Geometry), TapeMmio(tape));
  ASSERT_TRUE(nor.program(64, kTwoWords).ok());
  EXPECT_THAT(operation(tape),
              ElementsAre("ACR=00000305",  //
                          "guard", "KEYR=45670123", "KEYR=cdef89ab", "unguard", "CR=00000201",
                          "barrier",                       // PG, x32
                          "array+64=44332211", "barrier",  //
                          "CR=00000200", "CR=80000200",    //
                          "ACR=00000105", "ACR=00001905", "ACR=00000105", "ACR=00000705", "barrier",
                          "changed+64=00000008"));
}

TEST(Stm32F76xSequence, EraseResetsTheAcceleratorOnly) {
  Tape tape = f4_tape();
  tape.registers[0x00] = 0x307;
  Stm32F4Flash<TapeMmio, Stm32F76x> nor(f4_config(tape, kStm32F765Geometry), TapeMmio(tape));
  ASSERT_TRUE(nor.erase(0x8000, 0x8000).ok());
  EXPECT_THAT(operation(tape),
              ElementsAre("guard", "KEYR=45670123", "KEYR=cdef89ab", "unguard", "CR=0000020a", "CR=0001020a",
                          "barrier",                     //
                          "CR=00000200", "CR=80000200",  //
                          "ACR=00000107", "ACR=00000907", "ACR=00000107", "ACR=00000307", "barrier",
                          "changed+32768=00008000"));
}

// A cache that the firmware keeps off is not turned on.
TEST(Stm32F42xSequence, CachesStayAsTheyWereFound) {
  Tape tape = f4_tape();
  tape.registers[0x00] = 0x105;
  Stm32F4Flash<TapeMmio, Stm32F42x> nor(f4_config(tape, kStm32F427Geometry), TapeMmio(tape));
  ASSERT_TRUE(nor.erase(0, 0x4000).ok());
  EXPECT_EQ(tape.registers[0x00], 0x105u);
}

TEST(Stm32F42xSequence, TheSecondBankCountsFromSixteen) {
  static constexpr std::array<flash::Region, 6> kTwoBanks = {
      {{16 * 1024, 4}, {64 * 1024, 1}, {128 * 1024, 7}, {16 * 1024, 4}, {64 * 1024, 1}, {128 * 1024, 7}}};
  static constexpr flash::Geometry kGeometry = {.regions = kTwoBanks, .program_unit_bytes = 4};
  Tape tape = f4_tape();
  Stm32F4Flash<TapeMmio, Stm32F42x> nor(f4_config(tape, kGeometry), TapeMmio(tape));
  ASSERT_TRUE(nor.erase(0, nor.size_bytes()).ok());
  std::vector<uint32_t> numbers;
  for (const std::string& line : tape.lines) {
    if (!line.starts_with("CR=0001")) continue;
    numbers.push_back((static_cast<uint32_t>(std::stoul(line.substr(3), nullptr, 16)) >> 3) & 0x1F);
  }
  EXPECT_THAT(numbers, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23, 24,
                                   25, 26, 27));
}

// An F42x of 1 MB as two banks (DB1M = 1) has eight sectors in each.
TEST(Stm32F42xSequence, TwoBanksOfHalfAMegabyte) {
  static constexpr std::array<flash::Region, 6> kTwoBanks = {
      {{16 * 1024, 4}, {64 * 1024, 1}, {128 * 1024, 3}, {16 * 1024, 4}, {64 * 1024, 1}, {128 * 1024, 3}}};
  static constexpr flash::Geometry kGeometry = {.regions = kTwoBanks, .program_unit_bytes = 4};
  Tape tape = f4_tape();
  Stm32F4FlashConfig config = f4_config(tape, kGeometry);
  config.sectors_per_bank = 8;
  Stm32F4Flash<TapeMmio, Stm32F42x> nor(config, TapeMmio(tape));
  ASSERT_TRUE(nor.erase(0x80000, 0x4000).ok());
  EXPECT_THAT(tape.lines, ::testing::Contains("CR=00010282"));  // SNB 0b10000
}

// A timed-out operation is still running: a write to CR would stall the bus (RM0090, 3.6.1).
TEST(Stm32F42xSequence, ControlIsNotWrittenWhileStuck) {
  Tape tape = f4_tape();
  tape.busy_polls = 1 << 30;
  Stm32F4Flash<TapeMmio, Stm32F42x> nor(f4_config(tape, kStm32F427Geometry), TapeMmio(tape));
  EXPECT_EQ(nor.erase(0, 0x4000), flash::Status(flash::Error::kTimedOut));
  EXPECT_NEAR(static_cast<double>(tape.now_us), 800'000, 20);
  EXPECT_EQ(tape.registers[0x10], 0x10202u);

  tape.polls_left = 0;  // the hardware recovers
  tape.busy_polls = 3;
  tape.lines.clear();
  ASSERT_TRUE(nor.erase(0, 0x4000).ok());
  EXPECT_THAT(tape.lines, ::testing::Not(::testing::Contains("KEYR=45670123")));  // it was open still
  EXPECT_EQ(tape.registers[0x10], 0x80000200u);
}

TEST(Stm32F42xSequence, CellsThatDoNotObeyAreNoticed) {
  Tape tape = f4_tape();
  tape.cells[kArray + 0x4000 - 1] = 0xFE;
  Stm32F4Flash<TapeMmio, Stm32F42x> nor(f4_config(tape, kStm32F427Geometry), TapeMmio(tape));
  EXPECT_EQ(nor.erase(0, 0x4000), flash::Status(flash::Error::kIo));
  EXPECT_EQ(tape.registers[0x10], 0x80000200u);
}

TEST(Stm32H743Sequence, EraseOfASectorOfBankTwo) {
  Tape tape = h7_tape(1);
  tape.registers[0x110] = 0x00FE0000;
  Stm32H7Flash<TapeMmio> nor(h7_config(tape), TapeMmio(tape));
  ASSERT_TRUE(nor.erase(0x1A0000, 0x20000).ok());
  EXPECT_THAT(tape.lines,
              ElementsAre("CCR=006e0000",  // what was stale of writes
                          "guard", "KEYR=45670123", "KEYR=cdef89ab", "unguard",
                          "CR=00000524",             // SER, sector 5 of the bank, x32
                          "CR=000005a4", "barrier",  // START
                          "CR=00000020", "CR=00000021", "changed+1703936=00020000"));
}

TEST(Stm32H743Sequence, ProgramOfAFlashWord) {
  Tape tape = h7_tape(0);
  Stm32H7Flash<TapeMmio> nor(h7_config(tape), TapeMmio(tape));
  std::array<uint8_t, 96> data;
  data.fill(0xFF);
  data[32] = 0x5A;  // the words around are blank: not touched
  ASSERT_TRUE(nor.program(0, data).ok());
  EXPECT_THAT(
      tape.lines,
      ElementsAre("guard", "unguard",  // is it blank?
                  "guard", "KEYR=45670123", "KEYR=cdef89ab", "unguard", "CR=00000022", "barrier",  // PG, x32
                  "array+32=ffffff5a", "array+36=ffffffff", "array+40=ffffffff", "array+44=ffffffff",
                  "array+48=ffffffff", "array+52=ffffffff", "array+56=ffffffff", "array+60=ffffffff",
                  "barrier",  //
                  "CR=00000020", "CR=00000021", "changed+32=00000020"));
}

// The keys to an unlocked bank would lock it until reset (RM0433, 4.9.2).
TEST(Stm32H743Sequence, AnUnlockedBankGetsNoKeysButIsLockedAfterwards) {
  Tape tape = h7_tape(0);
  tape.registers[0x0C] = 0x30;
  Stm32H7Flash<TapeMmio> nor(h7_config(tape), TapeMmio(tape));
  ASSERT_TRUE(nor.erase(0, 0x20000).ok());
  EXPECT_THAT(tape.lines, ::testing::Not(::testing::Contains("KEYR=45670123")));
  EXPECT_EQ(tape.registers[0x0C], 0x21u);
}

TEST(Stm32H743Sequence, LockedUntilResetIsAnError) {
  Tape tape = h7_tape(0);
  tape.locked_for_good = true;
  Stm32H7Flash<TapeMmio> nor(h7_config(tape), TapeMmio(tape));
  EXPECT_EQ(nor.erase(0, 0x20000), flash::Status(flash::Error::kIo));
  for (const std::string& line : tape.lines) EXPECT_FALSE(line.starts_with("CR=000005")) << line;
}

// Interrupts are masked in a guarded read: its length is bounded.
TEST(Stm32H743Sequence, LongReadsAreGuardedInPieces) {
  Tape tape = h7_tape(0);
  Stm32H7Flash<TapeMmio> nor(h7_config(tape), TapeMmio(tape));
  std::vector<uint8_t> out(1024);
  ASSERT_TRUE(nor.read(100, out).ok());
  EXPECT_EQ(std::count(tape.lines.begin(), tape.lines.end(), "guard"), 3);
  EXPECT_EQ(std::count(tape.lines.begin(), tape.lines.end(), "unguard"), 3);
}

TEST(Stm32H743Sequence, AWordThatNeverFilledIsAnError) {
  Tape tape = h7_tape(0);
  tape.registers[0x10] = 1u << 1;  // WBNE stays
  Stm32H7Flash<TapeMmio> nor(h7_config(tape), TapeMmio(tape));
  const std::array<uint8_t, 32> data = {};
  EXPECT_EQ(nor.program(0, data), flash::Status(flash::Error::kIo));
  EXPECT_EQ(tape.registers[0x0C], 0x21u);  // PG off: the buffer is dropped
}

TEST(Stm32FlashSequence, ZeroLengthTouchesNothing) {
  Tape f4 = f4_tape();
  Stm32F4Flash<TapeMmio, Stm32F42x> f4_nor(f4_config(f4, kStm32F427Geometry), TapeMmio(f4));
  Tape h7 = h7_tape(0);
  Stm32H7Flash<TapeMmio> h7_nor(h7_config(h7), TapeMmio(h7));
  for (flash::NorFlash* nor :
       {static_cast<flash::NorFlash*>(&f4_nor), static_cast<flash::NorFlash*>(&h7_nor)}) {
    EXPECT_TRUE(nor->read(nor->size_bytes(), {}).ok());
    EXPECT_TRUE(nor->program(0, {}).ok());
    EXPECT_TRUE(nor->erase(0, 0).ok());
  }
  EXPECT_THAT(f4.lines, IsEmpty());
  EXPECT_THAT(h7.lines, IsEmpty());
}

}  // namespace
}  // namespace drivers
