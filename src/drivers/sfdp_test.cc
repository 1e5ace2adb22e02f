#include "drivers/sfdp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

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
