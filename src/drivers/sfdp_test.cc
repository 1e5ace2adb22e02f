#include "drivers/sfdp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "drivers/sfdp_dumps.h"
#include "sim/nor_chip_parts_sfdp.h"

namespace drivers {
namespace {

// A chip that answers with these bytes, and with ones beyond them.
class Table final : public NorBus {
 public:
  explicit Table(std::vector<uint8_t> content) : NorBus(0), bytes(std::move(content)) {}

  flash::Status open() override { return {}; }
  void close() override {}
  flash::Status execute(const NorCommand& command) override {
    ++reads;
    EXPECT_EQ(command.frame, NorFrame(0x5A).with_address(3).with_dummies(8).with_read());
    size_t address = command.address;
    for (uint8_t& byte : command.in()) {
      byte = address < bytes.size() ? bytes[address] : uint8_t{0xFF};
      ++address;
    }
    return status;
  }
  flash::Status map(NorFrame, uint32_t) override { return {}; }
  flash::Status unmap() override { return {}; }
  flash::Status read_mapped(const NorCommand&) override { return {}; }

  std::vector<uint8_t> bytes;
  size_t reads = 0;
  flash::Status status;
};

Table table_of(std::span<const uint8_t> bytes) {
  return Table({bytes.begin(), bytes.end()});
}

constexpr NorFrame kAddressed = NorFrame(0).with_address(3);

NorOperations operations_of(const NorParameters& chip, bool dedicated = false) {
  NorOperations out;
  chip.tell_operations(kAddressed, dedicated, out);
  return out;
}

// Null if the chip has none.
const NorOperation* erase_of(const NorOperations& operations, uint32_t size_bytes) {
  const auto* found = std::ranges::find(operations.erases, size_bytes, &NorOperation::size_bytes);
  return found == std::end(operations.erases) ? nullptr : found;
}

// As for a chip that nobody knows.
flash::Status parse(Table& table, NorParameters& chip) {
  chip = kPlainChip;
  FLASH_TRY(read_sfdp(table, chip));
  const NorOperations operations = operations_of(chip);
  const bool can_erase = std::ranges::any_of(
      operations.erases, [](uint32_t size_bytes) { return size_bytes != 0; }, &NorOperation::size_bytes);
  return chip.has_possible_size() && can_erase ? flash::Status{} : flash::Error::kNoDevice;
}

TEST(Sfdp, ReadsTheTablesOfTheCameras) {
  struct Case {
    std::string name;
    std::span<const uint8_t> bytes;
    uint32_t size_bytes;
    QuadEnable quad_enable;
    AddressBytes address_bytes;
    bool has_32k;
    bool has_quad_io;
  };
  for (const Case& c : {Case{"W25Q256JV", sim::sfdp_of_w25q256jv(), 32u << 20, QuadEnable::kStatus2Bit1Kept,
                             AddressBytes::kThreeOrFour, true, true},
                        Case{"MX25UM25645G", sim::sfdp_of_mx25um25645g(), 32u << 20, QuadEnable::kAlways,
                             AddressBytes::kThreeOrFour, false, false},
                        Case{"AT25SF128A", sim::sfdp_of_at25sf128a(), 16u << 20, QuadEnable::kUnknown,
                             AddressBytes::kThree, true, true},
                        Case{"MX25L12833F", sim::sfdp_of_mx25l12833f(), 16u << 20, QuadEnable::kStatus1Bit6,
                             AddressBytes::kThree, true, true}}) {
    SCOPED_TRACE(c.name);
    Table table = table_of(c.bytes);
    NorParameters chip;
    ASSERT_TRUE(parse(table, chip).ok());
    const NorOperations operations = operations_of(chip);
    EXPECT_EQ(chip.size_bytes(), c.size_bytes);
    EXPECT_EQ(chip.address_bytes(), c.address_bytes);
    EXPECT_EQ(operations.program.size_bytes, 256u);
    EXPECT_EQ(operations.program.frame, kAddressed.with_opcode(0x02).with_data());
    ASSERT_NE(erase_of(operations, 4096), nullptr);
    EXPECT_EQ(erase_of(operations, 4096)->frame, kAddressed.with_opcode(0x20));
    ASSERT_NE(erase_of(operations, 65536), nullptr);
    EXPECT_EQ(erase_of(operations, 65536)->frame, kAddressed.with_opcode(0xD8));
    EXPECT_EQ(erase_of(operations, 32768) != nullptr, c.has_32k);
    EXPECT_EQ((chip.quad_read_bits(false) & 1) != 0, c.has_quad_io);
    EXPECT_EQ(chip.quad_enable(), c.quad_enable);
  }
}

struct Erase {
  uint32_t size_bytes, maximum_us;
  uint8_t opcode, opcode4;  // with four address bytes: 52h only by mode; 0: there is none
  bool operator==(const Erase&) const = default;
};

// Opcode, mode cycles, dummy cycles; 0: there is none.
using QuadRead = std::array<unsigned, 3>;
constexpr QuadRead kNoRead = {}, kRead144 = {0xEB, 2, 4}, kRead114 = {0x6B, 0, 8};

struct RealTable {
  const char* name;
  std::span<const uint8_t> bytes;
  uint32_t size_bytes;
  uint32_t program_maximum_us;
  std::vector<Erase> erases;
  QuadRead quad_io, quad_output;
  AddressBytes address_bytes;
  uint32_t four_byte_entry;
  uint32_t four_byte_instructions;
  QuadEnable quad_enable;
  bool inverted_extension;
};

constexpr uint32_t kAllFourByte = kFastRead4 | kQuadOutput4 | kQuadIo4 | kPageProgram4;

// Worked out by hand from the words of the table (JESD216F, 6.4).
const RealTable kRealTables[] = {
    {"W25Q512JV",
     kSfdpOfW25Q512JV,
     64u << 20,
     4224,
     {{4096, 896'000, 0x20, 0x21}, {32768, 1'792'000, 0x52, 0x52}, {65536, 2'240'000, 0xD8, 0xDC}},
     kRead144,
     kRead114,
     AddressBytes::kThreeOrFour,
     0xA5,
     kAllFourByte,
     QuadEnable::kStatus2Bit1Kept,
     false},
    {"W25Q64JW",
     kSfdpOfW25Q64JW,
     8u << 20,
     4224,
     {{4096, 896'000, 0x20, 0}, {32768, 1'792'000, 0x52, 0}, {65536, 2'240'000, 0xD8, 0}},
     kRead144,
     kRead114,
     AddressBytes::kThree,
     0x80,
     0,
     QuadEnable::kStatus2Bit1Read,
     false},
    {"MX25LM51245G",
     kSfdpOfMX25LM51245G,
     64u << 20,
     4256,
     {{4096, 500'000, 0x20, 0x21}, {65536, 5'120'000, 0xD8, 0xDC}},
     kNoRead,
     kNoRead,
     AddressBytes::kThreeOrFour,
     0x20,
     kFastRead4 | kPageProgram4,
     QuadEnable::kAlways,
     true},
    {"MX25UM25645G",
     sim::sfdp_of_mx25um25645g(),
     32u << 20,
     1520,
     {{4096, 400'000, 0x20, 0x21}, {65536, 4'096'000, 0xD8, 0xDC}},
     kNoRead,
     kNoRead,
     AddressBytes::kThreeOrFour,
     0x20,
     kFastRead4 | kPageProgram4,
     QuadEnable::kAlways,
     true},
    {"MX25L12833F",
     sim::sfdp_of_mx25l12833f(),
     16u << 20,
     1536,
     {{4096, 150'000, 0x20, 0}, {32768, 864'000, 0x52, 0x52}, {65536, 1'536'000, 0xD8, 0}},
     kRead144,
     kRead114,
     AddressBytes::kThree,
     0xFF,
     0,
     QuadEnable::kStatus1Bit6,
     false},
    // Nine words: no times, no modes.
    {"AT25SF128A",
     sim::sfdp_of_at25sf128a(),
     16u << 20,
     4096,
     {{4096, 400'000, 0x20, 0}, {32768, 4'096'000, 0x52, 0x52}, {65536, 4'096'000, 0xD8, 0}},
     kRead144,
     kRead114,
     AddressBytes::kThree,
     kEnterByB7 | kEnterByWriteEnableB7,
     0,
     QuadEnable::kUnknown,
     false},
};

void expect_operations(const NorParameters& chip, const RealTable& expected) {
  const NorOperations operations = operations_of(chip);
  const NorOperations dedicated = operations_of(chip, true);
  EXPECT_EQ(operations.program.size_bytes, 256u);
  EXPECT_EQ(operations.program.maximum_us, expected.program_maximum_us);
  EXPECT_EQ(dedicated.program.frame.opcode(), 0x12);
  std::vector<Erase> erases;
  for (size_t i = 0; i < NorParameters::kEraseTypes; ++i) {
    const NorOperation& erase = operations.erases[i];
    if (erase.size_bytes == 0) continue;
    const NorOperation& four = dedicated.erases[i];
    const uint8_t opcode4 = four.size_bytes != 0 ? four.frame.opcode() : uint8_t{0};
    erases.push_back({erase.size_bytes, erase.maximum_us, erase.frame.opcode(), opcode4});
  }
  EXPECT_EQ(erases, expected.erases);
}

QuadRead quad_read_of(const NorParameters& chip, unsigned index) {
  const FastRead& read = chip.quad_reads[index];
  const bool exists = (chip.quad_read_bits(false) >> index & 1) != 0;
  return exists ? QuadRead{read.opcode, read.mode_cycles(), read.dummy_cycles()} : kNoRead;
}

TEST(Sfdp, EveryFieldOfRealTablesIsUnderstood) {
  for (const RealTable& expected : kRealTables) {
    SCOPED_TRACE(expected.name);
    Table table = table_of(expected.bytes);
    NorParameters chip;
    ASSERT_TRUE(parse(table, chip).ok());
    expect_operations(chip, expected);
    EXPECT_EQ(chip.size_bytes(), expected.size_bytes);
    EXPECT_EQ(quad_read_of(chip, 0), expected.quad_io);
    EXPECT_EQ(quad_read_of(chip, 1), expected.quad_output);
    EXPECT_EQ(chip.address_bytes(), expected.address_bytes);
    EXPECT_EQ(chip.four_byte_entry(), expected.four_byte_entry);
    EXPECT_EQ(chip.four_byte_instructions & kAllFourByte, expected.four_byte_instructions);
    EXPECT_EQ(chip.has_dedicated_opcodes(), expected.four_byte_instructions != 0);
    EXPECT_EQ(chip.quad_enable(), expected.quad_enable);
    EXPECT_EQ(chip.has_inverted_extension(), expected.inverted_extension);
    EXPECT_FALSE(chip.has_flag_status());
  }
}

// JESD216F 6.4.13 and 6.4.14: a count of units less one is typical, and at most it is 2 * (multiplier + 1)
// times as long. What stands beside the fields is all ones.
TEST(Sfdp, TimesAreCountedInUnits) {
  constexpr uint32_t kErasesUs[] = {1'000, 16'000, 128'000, 1'000'000};
  constexpr uint32_t kProgramsUs[] = {8, 64};
  NorParameters chip;
  chip.word10 = 2;
  for (uint32_t i = 0; i < NorParameters::kEraseTypes; ++i) chip.word10 |= (i << 5 | 4) << (4 + 7 * i);
  for (uint32_t unit = 0; unit < std::size(kProgramsUs); ++unit) {
    chip.word11 = 2 | 0xF0 | (unit << 5 | 4) << 8 | 0xFFFFC000;
    NorOperations operations;
    chip.tell_operations(NorFrame(), false, operations);
    EXPECT_EQ(operations.program.maximum_us, 2 * 3 * 5 * kProgramsUs[unit]);
    for (uint32_t i = 0; i < NorParameters::kEraseTypes; ++i) {
      EXPECT_EQ(operations.erases[i].maximum_us, 2 * 3 * 5 * kErasesUs[i]);
    }
  }
}

TEST(Sfdp, TellsAChipWithoutTableFromOneThatDoesNotAnswer) {
  NorParameters chip;
  for (const std::vector<uint8_t>& bytes :
       {std::vector<uint8_t>{}, std::vector<uint8_t>(256, 0x00), std::vector<uint8_t>{'S', 'F', 'D', 'Q'}}) {
    Table table(bytes);
    EXPECT_EQ(parse(table, chip), flash::Error::kNoDevice);
  }
  Table broken = table_of(sim::sfdp_of_w25q256jv());
  broken.status = flash::Error::kTimedOut;
  EXPECT_EQ(parse(broken, chip), flash::Error::kTimedOut);
}

TEST(Sfdp, ATableThatDescribesNoPossibleChipIsRefused) {
  struct Patch {
    std::string name;
    size_t at;
    std::vector<uint8_t> bytes;
  };
  for (const Patch& patch :
       {Patch{"major revision", 0x05, {2}}, Patch{"first table is another", 0x08, {0x84}},
        Patch{"first table is a vendor's", 0x0F, {0x01}}, Patch{"eight words", 0x0B, {8}},
        Patch{"32 KiB", 0x84, {0xFF, 0xFF, 0x03, 0x00}}, Patch{"512 MiB", 0x84, {0xFF, 0xFF, 0xFF, 0xFF}},
        Patch{"48 MiB", 0x84, {0xFF, 0xFF, 0xFF, 0x17}}, Patch{"an exponent", 0x84, {32, 0, 0, 0x80}},
        Patch{"no erase type", 0x9C, {0, 0x20, 0, 0x52, 0, 0xD8, 0, 0}},
        Patch{"erases of other sizes", 0x9C, {7, 0x20, 17, 0x52, 31, 0xD8, 200, 0}}}) {
    SCOPED_TRACE(patch.name);
    Table table = table_of(kSfdpOfW25Q512JV);
    std::ranges::copy(patch.bytes, table.bytes.begin() + static_cast<ptrdiff_t>(patch.at));
    NorParameters chip;
    EXPECT_EQ(parse(table, chip), flash::Error::kNoDevice);
  }
}

TEST(Sfdp, ATruncatedTableIsNoTable) {
  const auto whole = sim::sfdp_of_w25q256jv();
  for (size_t length = 0; length < whole.size(); ++length) {
    Table table({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length)});
    NorParameters chip;
    const flash::Status status = parse(table, chip);
    // With the end of a table read as ones, what comes out may be odd, but never absurd.
    if (status.ok()) {
      EXPECT_GT(chip.size_bytes(), 0u) << length;
      EXPECT_GT(operations_of(chip).program.size_bytes, 0u) << length;
    }
    EXPECT_LT(table.reads, 200u);
  }
}

TEST(Sfdp, AnyBytesEndInAnAnswer) {
  std::mt19937 random(1);
  const auto whole = sim::sfdp_of_mx25um25645g();
  for (int round = 0; round < 20000; ++round) {
    Table table = table_of(whole);
    if (round % 4 == 0) table.bytes.resize(random() % 320);
    const auto flips = 1 + random() % (round % 4 == 1 ? 200 : 4);
    for (size_t i = 0; i < flips && !table.bytes.empty(); ++i) {
      table.bytes[random() % table.bytes.size()] = static_cast<uint8_t>(random());
    }
    NorParameters chip;
    if (parse(table, chip).ok()) {
      EXPECT_GT(chip.size_bytes(), 0u);
      for (const NorOperation& erase : operations_of(chip).erases) {
        EXPECT_EQ(erase.size_bytes & (erase.size_bytes - 1), 0u);
      }
    }
    ASSERT_LT(table.reads, 1000u) << "round " << round;
  }
}

}  // namespace
}  // namespace drivers
