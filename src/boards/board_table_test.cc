#include "boards/board_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string>
#include <vector>

namespace boards {
namespace {

// The cameras in numbers, written out: what the firmware of each reports to Python.
struct Expected {
  const char* name;
  uint32_t flash_bytes;
  uint32_t storage_offset;
  uint32_t storage_bytes;
  uint32_t sector_bytes;
  uint32_t simple_block_bytes;
  uint32_t simple_blocks;
  uint32_t native_block_bytes;
  uint32_t native_blocks;
  uint32_t program_unit_bytes;
  uint32_t idle_flush_ms;
  const char* volume_label;
};

// clang-format off
constexpr Expected kExpected[] = {
    {"OPENMV2",              1048576,   32768,    32768,  16384,  512,    64,  512,   64,  4, 5000, "OPENMV"},
    {"OPENMV3",              2097152,   32768,    98304,  32768,  512,   192,  512,  192,  4, 5000, "OPENMV"},
    {"OPENMV4",              2097152,  131072,   131072, 131072,  512,   256,  512,  256, 32, 5000, "OPENMV"},
    {"OPENMV4P",            33554432,       0, 25165824,   4096,  512, 49152, 4096, 6144,  1, 1000, "OPENMV"},
    {"OPENMVPT",            33554432,       0, 25165824,   4096,  512, 49152, 4096, 6144,  1, 1000, "OPENMV"},
    {"OPENMV_N6",           33554432, 4194304,  4194304,   4096, 4096,  1024, 4096, 1024,  1, 1000, "OPENMV"},
    {"ARDUINO_PORTENTA_H7", 16777216,       0, 11534336,   4096,  512, 22528, 4096, 2816,  1, 1000, "Portenta H7"},
    {"ARDUINO_GIGA",        16777216,       0, 11534336,   4096,  512, 22528, 4096, 2816,  1, 1000, ""},
    {"ARDUINO_NICLA_VISION",16777216,       0, 11534336,   4096,  512, 22528, 4096, 2816,  1, 1000, ""},
};
// clang-format on

class BoardTest : public testing::TestWithParam<Expected> {};

TEST_P(BoardTest, HasTheCamerasNumbers) {
  const Expected& expected = GetParam();
  const Board* board = find_board(expected.name);
  ASSERT_NE(board, nullptr);
  const flash::Geometry& geometry = board->part->geometry;
  const Area& storage = board->storage();
  EXPECT_EQ(geometry.size_bytes(), expected.flash_bytes);
  EXPECT_EQ(storage.offset, expected.storage_offset);
  EXPECT_EQ(storage.size_bytes, expected.storage_bytes);
  EXPECT_EQ(board->simple_block_bytes, expected.simple_block_bytes);
  EXPECT_EQ(storage.size_bytes / board->simple_block_bytes, expected.simple_blocks);
  EXPECT_EQ(board->native_block_bytes, expected.native_block_bytes);
  EXPECT_EQ(storage.size_bytes / board->native_block_bytes, expected.native_blocks);
  EXPECT_EQ(geometry.program_unit_bytes, expected.program_unit_bytes);
  EXPECT_EQ(board->idle_flush_ms, expected.idle_flush_ms);
  EXPECT_EQ(board->volume_label, expected.volume_label);
}

TEST_P(BoardTest, StorageHasEqualSectors) {
  const Board& board = *find_board(GetParam().name);
  const Area& storage = board.storage();
  for (uint32_t offset = 0; offset < storage.size_bytes; offset += GetParam().sector_bytes) {
    const flash::Sector sector = board.part->geometry.sector_at(storage.offset + offset);
    ASSERT_EQ(sector.offset, storage.offset + offset);
    ASSERT_EQ(sector.size_bytes, GetParam().sector_bytes);
  }
}

TEST_P(BoardTest, HasAnEraseTimeForEverySectorAndLargeErase) {
  const FlashPart& part = *find_board(GetParam().name)->part;
  std::vector<uint32_t> sizes;
  for (const flash::Region& region : part.geometry.regions) sizes.push_back(region.sector_size_bytes);
  for (const uint32_t size : part.geometry.large_erase_bytes) {
    if (size != 0) sizes.push_back(size);
  }
  for (const uint32_t size : sizes) {
    bool found = false;
    for (const EraseTime& erase : part.erase_times) {
      found = found || (erase.size_bytes == size && erase.typical_us > 0);
    }
    EXPECT_TRUE(found) << size;
  }
}

TEST_P(BoardTest, IsFoundInAnyLetterCase) {
  const Board* board = find_board(GetParam().name);
  std::string name = GetParam().name;
  for (char& c : name) c = static_cast<char>(std::tolower(c));
  EXPECT_EQ(find_board(name), board);
  EXPECT_EQ(find_board(name + "X"), nullptr);
  EXPECT_EQ(find_board(name.substr(1)), nullptr);
}

INSTANTIATE_TEST_SUITE_P(AllBoards, BoardTest, testing::ValuesIn(kExpected),
                         [](const auto& param_info) { return std::string(param_info.param.name); });

// Any other board may stand between them.
TEST(BoardTable, ListsTheBoardsInOrder) {
  const Expected* next = std::begin(kExpected);
  for (const Board& board : all_boards()) {
    if (next != std::end(kExpected) && board.name == next->name) ++next;
  }
  EXPECT_EQ(next, std::end(kExpected)) << next->name << " is not in its place";
  const auto ascends = [](const Board& a, const Board& b) { return a.list_position < b.list_position; };
  EXPECT_TRUE(std::is_sorted(all_boards().begin(), all_boards().end(), ascends));
}

// A board of one 128 KiB part, sound until a test spoils one thing.
constexpr flash::Region kRegions[] = {{4096, 30}, {8192, 1}};
constexpr FlashPart kPart = {.name = "a part",
                             .controller = Controller::kQuadSpi,
                             .jedec_id = 0,
                             .geometry = {.regions = kRegions},
                             .erase_times = {},
                             .program_typical_us = 0,
                             .program_first_byte_ns = 0,
                             .program_next_byte_ns = 0,
                             .command_ns = 0,
                             .read_ps_per_byte = 0,
                             .write_ps_per_byte = 0,
                             .endurance_cycles = 0};

Board board_with(std::span<const Area> areas) {
  return {.list_position = 0,
          .name = "A_BOARD",
          .camera = "a camera",
          .mcu = "an MCU",
          .part = &kPart,
          .address = 0,
          .areas = areas,
          .storage_area = 0,
          .simple_block_bytes = 512,
          .native_block_bytes = 4096,
          .cache_bytes = 4096,
          .idle_flush_ms = 1000,
          .volume_label = "LABEL",
          .dfu = {}};
}

struct AreaCase {
  const char* what;
  std::vector<Area> areas;
  bool sound;
};

TEST(BoardIsSound, LooksAtTheAreas) {
  const AreaCase cases[] = {
      {"side by side", {{"a", 0, 8192}, {"b", 8192, 4096}}, true},
      {"a gap between", {{"a", 0, 4096}, {"b", 8192, 4096}}, true},
      {"up to the very end", {{"a", 0, 122880}, {"b", 122880, 8192}}, true},
      {"overlapping", {{"a", 0, 8192}, {"b", 4096, 4096}}, false},
      {"descending", {{"a", 8192, 4096}, {"b", 0, 4096}}, false},
      {"begins inside a sector", {{"a", 512, 4096}}, false},
      {"ends inside a sector", {{"a", 0, 4608}}, false},
      {"empty", {{"a", 0, 0}}, false},
      {"leaves the flash", {{"a", 122880, 16384}}, false},
      {"sectors of two sizes", {{"a", 118784, 12288}}, false},
      {"none", {}, false},
  };
  for (const AreaCase& c : cases) EXPECT_EQ(is_sound(board_with(c.areas)), c.sound) << c.what;
}

TEST(BoardIsSound, LooksAtBlocksCacheAndLabel) {
  const Area areas[] = {{"a", 0, 8192}};
  Board board = board_with(areas);
  board.native_block_bytes = 768;
  EXPECT_FALSE(is_sound(board)) << "a native block that is no whole number of simple ones";
  board = board_with(areas);
  board.cache_bytes = 3584;
  EXPECT_FALSE(is_sound(board)) << "a cache smaller than a sector";
  board = board_with(areas);
  board.cache_bytes = 4096 + 100;
  EXPECT_FALSE(is_sound(board)) << "a cache of broken blocks";
  board = board_with(areas);
  board.volume_label = "TWELVE CHARS";
  EXPECT_FALSE(is_sound(board)) << "a label that FAT cannot hold";
}

}  // namespace
}  // namespace boards
