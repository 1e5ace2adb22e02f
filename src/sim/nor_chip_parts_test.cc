#include "sim/nor_chip_parts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>

namespace sim {
namespace {

uint32_t word(std::span<const uint8_t> bytes, size_t offset) {
  return static_cast<uint32_t>(bytes[offset] | bytes[offset + 1] << 8 | bytes[offset + 2] << 16) |
         static_cast<uint32_t>(bytes[offset + 3]) << 24;
}

class NorChipParts : public testing::TestWithParam<const NorChipPart*> {
 protected:
  const NorChipPart& part = *GetParam();

  // Word 1, 2, ... of the basic table (JESD216).
  uint32_t basic_word(unsigned number) const {
    return word(part.sfdp, word(part.sfdp, 12) % 0x1000000 + 4 * (number - 1));
  }
};

INSTANTIATE_TEST_SUITE_P(All, NorChipParts,
                         testing::Values(&w25q256jv(), &mx25um25645g(), &at25sf128a(), &mx25l12833f()),
                         [](const auto& part) { return std::string(part.param->name); });

// Those whose basic table is long enough to have times (JESD216A).
class TimedNorChipParts : public NorChipParts {};

INSTANTIATE_TEST_SUITE_P(All, TimedNorChipParts,
                         testing::Values(&w25q256jv(), &mx25um25645g(), &mx25l12833f()),
                         [](const auto& part) { return std::string(part.param->name); });

TEST_P(NorChipParts, SfdpDensityIsTheSize) {
  EXPECT_EQ(basic_word(2) + 1, part.size_bytes * 8u);
}

TEST_P(NorChipParts, SfdpTablesLieInside) {
  const unsigned headers = part.sfdp[6] + 1u;
  for (unsigned i = 1; i <= headers; ++i) {
    const uint32_t begin = word(part.sfdp, 8 * i + 4) % 0x1000000;
    const bool is_vendor_table = part.sfdp[8 * i] >= 0xC0;  // published for none of the parts
    if (is_vendor_table) continue;
    EXPECT_LE(begin + 4u * part.sfdp[8 * i + 3], part.sfdp.size()) << i;
  }
}

TEST_P(NorChipParts, SfdpEraseTypesAreCommands) {
  for (unsigned type = 0; type < 4; ++type) {
    const uint32_t entry = basic_word(8 + type / 2) >> (16 * (type % 2)) & 0xFFFF;
    if ((entry & 0xFF) == 0) continue;
    const auto command =
        std::ranges::find(part.commands, static_cast<uint8_t>(entry >> 8), &ChipCommand::opcode);
    ASSERT_NE(command, part.commands.end()) << type;
    EXPECT_EQ(command->action, ChipAction::kErase);
    EXPECT_EQ(command->argument, 1u << (entry & 0xFF));
  }
}

TEST_P(NorChipParts, SfdpQuadReadFitsTheCommand) {
  const bool has_quad_read = (basic_word(1) >> 21 & 1) != 0;
  const auto command = std::ranges::find(part.commands, static_cast<uint8_t>(0xEB), &ChipCommand::opcode);
  ASSERT_EQ(has_quad_read, command != part.commands.end());
  if (!has_quad_read) return;
  EXPECT_EQ(basic_word(3) >> 8 & 0xFF, 0xEBu);
  EXPECT_EQ(basic_word(3) & 0x1F, command->dummy_cycles);
  EXPECT_EQ(basic_word(3) >> 5 & 0x07, 2u * command->mode_bytes);
}

// A driver that takes its time limits from SFDP must not give up on a chip that is within its data sheet.
TEST_P(TimedNorChipParts, SfdpMaximaCoverTheTimes) {
  constexpr uint64_t kUnitsMs[] = {1, 16, 128, 1000};
  const uint64_t factor = 2 * ((basic_word(10) & 0x0F) + 1);
  for (unsigned type = 0; type < 4; ++type) {
    const uint32_t entry = basic_word(8 + type / 2) >> (16 * (type % 2)) & 0xFFFF;
    if ((entry & 0xFF) == 0) continue;
    const uint32_t code = basic_word(10) >> (4 + 7 * type) & 0x7F;
    const uint64_t typical_ms = ((code & 0x1F) + 1) * kUnitsMs[code >> 5];
    const auto time = std::ranges::find(part.erase_times, 1u << (entry & 0xFF), &ChipEraseTime::size_bytes);
    ASSERT_NE(time, part.erase_times.end());
    EXPECT_LE(time->time.maximum_ns, factor * typical_ms * 1'000'000) << type;
  }
  const uint64_t page_us = ((basic_word(11) >> 8 & 0x1F) + 1) * ((basic_word(11) >> 13 & 1) != 0 ? 64 : 8);
  EXPECT_LE(part.program_page.maximum_ns, 2 * ((basic_word(11) & 0x0F) + 1) * page_us * 1000);
}

TEST_P(NorChipParts, EveryEraseHasATime) {
  for (const auto commands : {part.commands, part.octal_commands}) {
    for (const ChipCommand& command : commands) {
      if (command.action != ChipAction::kErase) continue;
      EXPECT_TRUE(std::ranges::count(part.erase_times, command.argument, &ChipEraseTime::size_bytes) == 1)
          << unsigned{command.opcode};
    }
  }
}

TEST_P(NorChipParts, OpcodesAreUnique) {
  for (const auto commands : {part.commands, part.octal_commands}) {
    for (const ChipCommand& command : commands) {
      EXPECT_EQ(std::ranges::count(commands, command.opcode, &ChipCommand::opcode), 1)
          << unsigned{command.opcode};
    }
  }
}

TEST_P(NorChipParts, TypicalTimesAreBelowMaxima) {
  for (const ChipEraseTime& erase : part.erase_times) EXPECT_LT(erase.time.typical_ns, erase.time.maximum_ns);
  EXPECT_LT(part.erase_chip.typical_ns, part.erase_chip.maximum_ns);
  EXPECT_LT(part.program_page.typical_ns, part.program_page.maximum_ns);
  EXPECT_LT(part.write_status.typical_ns, part.write_status.maximum_ns);
}

// The sum of all bytes: no typing mistake crept into a table.
TEST(Sfdp, BytesAreThoseOfThePublishedDump) {
  const auto sum = [](std::span<const uint8_t> bytes) {
    return std::accumulate(bytes.begin(), bytes.end(), 0u);
  };
  EXPECT_EQ(mx25um25645g().sfdp.size(), 316u);
  EXPECT_EQ(sum(mx25um25645g().sfdp), 24220u);
  EXPECT_EQ(sum(at25sf128a().sfdp.subspan(0x30)), 4918u);
}

TEST(CellPhysics, IsFourKibibyteSectorsOfBytes) {
  const CellPhysics physics = cell_physics_of(w25q256jv());
  ASSERT_EQ(physics.sectors.size(), 1u);
  EXPECT_EQ(physics.sectors[0].sector_size_bytes, 4096u);
  EXPECT_EQ(physics.sectors[0].sector_count, 8192u);
  EXPECT_EQ(physics.word_bytes, 1u);
  EXPECT_FALSE(physics.ecc);
}

}  // namespace
}  // namespace sim
