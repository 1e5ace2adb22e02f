#include "drivers/sfdp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "drivers/sfdp_dumps.h"
#include "sim/nor_chip_parts_sfdp.h"

namespace drivers {
namespace {

// A chip that answers with these bytes, and with ones beyond them.
struct Table {
  std::vector<uint8_t> bytes;
  size_t reads = 0;
  flash::Status status;

  static flash::Status read(void* context, uint32_t address, std::span<uint8_t> out) {
    auto& table = *static_cast<Table*>(context);
    ++table.reads;
    for (uint8_t& byte : out) {
      byte = address < table.bytes.size() ? table.bytes[address] : uint8_t{0xFF};
      ++address;
    }
    return table.status;
  }
  flash::Status parse(NorParameters& out) { return parse_sfdp({read, this}, out); }
};

Table table_of(std::span<const uint8_t> bytes) {
  return {{bytes.begin(), bytes.end()}, 0, {}};
}

const EraseType* erase_of(const NorParameters& chip, uint32_t size_bytes) {
  const auto* found = std::ranges::find(chip.erase, size_bytes, &EraseType::size_bytes);
  return found == chip.erase.end() ? nullptr : found;
}

TEST(Sfdp, ReadsTheTablesOfTheCameras) {
  struct Case {
    std::string name;
    std::span<const uint8_t> bytes;
    uint32_t size_bytes;
    QuadEnable quad_enable;
    AddressBytes address_bytes;
    bool has_32k;
    uint8_t quad_io_opcode;
  };
  for (const Case& c : {Case{"W25Q256JV", sim::sfdp_of_w25q256jv(), 32u << 20, QuadEnable::kStatus2Bit1Kept,
                             AddressBytes::kThreeOrFour, true, 0xEB},
                        Case{"MX25UM25645G", sim::sfdp_of_mx25um25645g(), 32u << 20, QuadEnable::kAlways,
                             AddressBytes::kThreeOrFour, false, 0},
                        Case{"AT25SF128A", sim::sfdp_of_at25sf128a(), 16u << 20, QuadEnable::kUnknown,
                             AddressBytes::kThree, true, 0xEB},
                        Case{"MX25L12833F", sim::sfdp_of_mx25l12833f(), 16u << 20, QuadEnable::kStatus1Bit6,
                             AddressBytes::kThree, true, 0xEB}}) {
    SCOPED_TRACE(c.name);
    Table table = table_of(c.bytes);
    NorParameters chip;
    ASSERT_TRUE(table.parse(chip).ok());
    EXPECT_EQ(chip.size_bytes, c.size_bytes);
    EXPECT_EQ(chip.page_bytes, 256u);
    EXPECT_EQ(chip.address_bytes, c.address_bytes);
    ASSERT_NE(erase_of(chip, 4096), nullptr);
    EXPECT_EQ(erase_of(chip, 4096)->opcode, 0x20);
    ASSERT_NE(erase_of(chip, 65536), nullptr);
    EXPECT_EQ(erase_of(chip, 65536)->opcode, 0xD8);
    EXPECT_EQ(erase_of(chip, 32768) != nullptr, c.has_32k);
    EXPECT_EQ(chip.quad_io.opcode, c.quad_io_opcode);
    EXPECT_GE(erase_of(chip, 4096)->maximum_us, erase_of(chip, 4096)->typical_us);
    EXPECT_GT(chip.program_maximum_us, 0u);
  }
}

// Worked out by hand from the words of the table (JESD216F, 6.4).
TEST(Sfdp, EveryFieldOfRealTablesIsUnderstood) {
  struct Erase {
    uint32_t size_bytes, typical_us, maximum_us;
    uint8_t opcode, opcode4;
    bool operator==(const Erase&) const = default;
  };
  struct Case {
    std::string name;
    std::span<const uint8_t> bytes;
    uint32_t size_bytes;
    uint32_t program_typical_us, program_maximum_us;
    std::vector<Erase> erases;
    std::array<uint8_t, 3> quad_io, quad_output;  // opcode, mode cycles, dummy cycles
    AddressBytes address_bytes;
    uint8_t four_byte_entry;
    uint32_t four_byte_instructions;
    QuadEnable quad_enable;
    bool inverted_extension;
  };
  constexpr uint32_t kAll = kFastRead4 | kQuadOutput4 | kQuadIo4 | kPageProgram4;
  for (const Case& c : {Case{"W25Q512JV",
                             kSfdpOfW25Q512JV,
                             64u << 20,
                             704,
                             4224,
                             {{4096, 64'000, 896'000, 0x20, 0x21},
                              {32768, 128'000, 1'792'000, 0x52, 0},
                              {65536, 160'000, 2'240'000, 0xD8, 0xDC}},
                             {0xEB, 2, 4},
                             {0x6B, 0, 8},
                             AddressBytes::kThreeOrFour,
                             0xA5,
                             kAll,
                             QuadEnable::kStatus2Bit1Kept,
                             false},
                        Case{"W25Q64JW",
                             kSfdpOfW25Q64JW,
                             8u << 20,
                             704,
                             4224,
                             {{4096, 64'000, 896'000, 0x20, 0},
                              {32768, 128'000, 1'792'000, 0x52, 0},
                              {65536, 160'000, 2'240'000, 0xD8, 0}},
                             {0xEB, 2, 4},
                             {0x6B, 0, 8},
                             AddressBytes::kThree,
                             0x80,
                             0,
                             QuadEnable::kStatus2Bit1Read,
                             false},
                        Case{"MX25LM51245G",
                             kSfdpOfMX25LM51245G,
                             64u << 20,
                             152,
                             4256,
                             {{4096, 25'000, 500'000, 0x20, 0x21}, {65536, 256'000, 5'120'000, 0xD8, 0xDC}},
                             {0, 0, 0},
                             {0, 0, 0},
                             AddressBytes::kThreeOrFour,
                             0x20,
                             kFastRead4 | kPageProgram4,
                             QuadEnable::kAlways,
                             true},
                        Case{"MX25UM25645G",
                             sim::sfdp_of_mx25um25645g(),
                             32u << 20,
                             152,
                             1520,
                             {{4096, 25'000, 400'000, 0x20, 0x21}, {65536, 256'000, 4'096'000, 0xD8, 0xDC}},
                             {0, 0, 0},
                             {0, 0, 0},
                             AddressBytes::kThreeOrFour,
                             0x20,
                             kFastRead4 | kPageProgram4,
                             QuadEnable::kAlways,
                             true},
                        Case{"MX25L12833F",
                             sim::sfdp_of_mx25l12833f(),
                             16u << 20,
                             384,
                             1536,
                             {{4096, 25'000, 150'000, 0x20, 0},
                              {32768, 144'000, 864'000, 0x52, 0},
                              {65536, 256'000, 1'536'000, 0xD8, 0}},
                             {0xEB, 2, 4},
                             {0x6B, 0, 8},
                             AddressBytes::kThree,
                             0xFF,
                             0,
                             QuadEnable::kStatus1Bit6,
                             false},
                        // Nine words: no times, no modes.
                        Case{"AT25SF128A",
                             sim::sfdp_of_at25sf128a(),
                             16u << 20,
                             256,
                             4096,
                             {{4096, 25'000, 400'000, 0x20, 0},
                              {32768, 112'000, 1'792'000, 0x52, 0},
                              {65536, 256'000, 4'096'000, 0xD8, 0}},
                             {0xEB, 2, 4},
                             {0x6B, 0, 8},
                             AddressBytes::kThree,
                             kEnterByB7,
                             0,
                             QuadEnable::kUnknown,
                             false}}) {
    SCOPED_TRACE(c.name);
    Table table = table_of(c.bytes);
    NorParameters chip;
    ASSERT_TRUE(table.parse(chip).ok());
    EXPECT_EQ(chip.size_bytes, c.size_bytes);
    EXPECT_EQ(chip.page_bytes, 256u);
    EXPECT_EQ(chip.program_typical_us, c.program_typical_us);
    EXPECT_EQ(chip.program_maximum_us, c.program_maximum_us);
    std::vector<Erase> erases;
    for (const EraseType& type : chip.erase) {
      if (type.size_bytes == 0) continue;
      erases.push_back({type.size_bytes, type.typical_us, type.maximum_us, type.opcode, type.opcode4});
    }
    EXPECT_EQ(erases, c.erases);
    const auto parts_of = [](const FastRead& read) {
      return std::array<uint8_t, 3>{read.opcode, read.mode_cycles(), read.dummy_cycles()};
    };
    EXPECT_EQ(parts_of(chip.quad_io), c.quad_io);
    EXPECT_EQ(parts_of(chip.quad_output), c.quad_output);
    EXPECT_EQ(chip.address_bytes, c.address_bytes);
    EXPECT_EQ(chip.four_byte_entry, c.four_byte_entry);
    EXPECT_EQ(chip.four_byte_instructions & kAll, c.four_byte_instructions);
    EXPECT_EQ(chip.quad_enable, c.quad_enable);
    EXPECT_EQ(chip.inverted_extension, c.inverted_extension);
    EXPECT_FALSE(chip.flag_status_register);
  }
}

TEST(Sfdp, KnowsTheFourByteInstructionsOfTheOctalChip) {
  Table table = table_of(sim::sfdp_of_mx25um25645g());
  NorParameters chip;
  ASSERT_TRUE(table.parse(chip).ok());
  EXPECT_EQ(chip.four_byte_instructions & (kFastRead4 | kPageProgram4), uint32_t{kFastRead4 | kPageProgram4});
  EXPECT_EQ(erase_of(chip, 4096)->opcode4, 0x21);
  EXPECT_EQ(erase_of(chip, 65536)->opcode4, 0xDC);
  EXPECT_TRUE(chip.inverted_extension);
}

TEST(Sfdp, TellsAChipWithoutTableFromOneThatDoesNotAnswer) {
  NorParameters chip;
  for (const std::vector<uint8_t>& bytes :
       {std::vector<uint8_t>{}, std::vector<uint8_t>(256, 0x00), std::vector<uint8_t>{'S', 'F', 'D', 'Q'}}) {
    Table table{bytes, 0, {}};
    EXPECT_EQ(table.parse(chip), flash::Error::kNoDevice);
  }
  Table broken = table_of(sim::sfdp_of_w25q256jv());
  broken.status = flash::Error::kTimedOut;
  EXPECT_EQ(broken.parse(chip), flash::Error::kTimedOut);
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
    EXPECT_EQ(table.parse(chip), flash::Error::kNoDevice);
  }
}

TEST(Sfdp, ATruncatedTableIsNoTable) {
  const auto whole = sim::sfdp_of_w25q256jv();
  for (size_t length = 0; length < whole.size(); ++length) {
    Table table{{whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length)}, 0, {}};
    NorParameters chip;
    const flash::Status status = table.parse(chip);
    // With the end of a table read as ones, what comes out may be odd, but never absurd.
    if (status.ok()) {
      EXPECT_GT(chip.size_bytes, 0u) << length;
      EXPECT_GT(chip.page_bytes, 0u) << length;
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
    if (table.parse(chip).ok()) {
      EXPECT_GT(chip.size_bytes, 0u);
      for (const EraseType& type : chip.erase) EXPECT_EQ(type.size_bytes & (type.size_bytes - 1), 0u);
    }
    ASSERT_LT(table.reads, 1000u) << "round " << round;
  }
}

}  // namespace
}  // namespace drivers
