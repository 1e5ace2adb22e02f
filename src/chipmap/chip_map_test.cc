#include "chipmap/chip_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chipmap/changes.h"
#include "chipmap/drawing.h"
#include "chipmap/grid.h"
#include "chipmap/palette.h"
#include "chipmap/testing.h"
#include "chipmap/words.h"

namespace chipmap {

namespace {

using testing::ElementsAre;

class EveryBoard : public testing::TestWithParam<std::string> {
 protected:
  TestChip chip_{GetParam()};
};

std::vector<std::string> board_names() {
  std::vector<std::string> names;
  for (const boards::Board& board : boards::all_boards()) names.emplace_back(board.name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Boards, EveryBoard, testing::ValuesIn(board_names()),
                         [](const auto& name) { return name.param; });

TEST_P(EveryBoard, ABlankChipIsBlankInsideTheStorageAndOutsideElsewhere) {
  const ChipMap map(chip_.board, chip_.memory());
  const Totals totals = totals_of(map, 5);
  const uint32_t storage = chip_.board.storage().size_bytes;
  EXPECT_EQ(totals.bytes[static_cast<size_t>(Content::kBlank)], storage);
  EXPECT_EQ(totals.bytes[static_cast<size_t>(Content::kOutside)], chip_.bytes.size() - storage);
  EXPECT_TRUE(totals.hottest.empty());
}

TEST_P(EveryBoard, SectorsFillTheChip) {
  const ChipMap map(chip_.board, chip_.memory());
  uint32_t end = 0;
  for (const Sector& sector : map.sectors()) {
    EXPECT_EQ(sector.offset, end);
    EXPECT_EQ(&map.sector_at(sector.offset), &sector);
    EXPECT_EQ(&map.sector_at(sector.offset + sector.size_bytes - 1), &sector);
    end += sector.size_bytes;
  }
  EXPECT_EQ(end, chip_.bytes.size());
}

TEST_P(EveryBoard, TheGridShowsEveryCellOnceWithRoundRows) {
  for (const bool whole_chip : {false, true}) {
    const Grid grid = grid_of(chip_.board, whole_chip, 1024);
    EXPECT_EQ(grid.size_bytes, whole_chip ? chip_.bytes.size() : chip_.board.storage().size_bytes);
    EXPECT_EQ(grid.width(), 1024);
    EXPECT_LE(grid.height(), 1024) << "nobody scrolls";
    EXPECT_GE(grid.pitch, 8) << "cells must be told apart";
    EXPECT_EQ(grid.x_of(grid.offset), 0);
    EXPECT_EQ(grid.y_of(grid.offset), 0);
    const uint32_t last = grid.offset + grid.size_bytes - grid.cell_bytes;
    EXPECT_EQ(grid.y_of(last) + grid.pitch, grid.height());
    if (grid.rows() > 1) {
      EXPECT_EQ(grid.x_of(grid.offset + grid.row_bytes()), 0);
      EXPECT_EQ(grid.y_of(grid.offset + grid.row_bytes()), grid.pitch);
    }
  }
}

TEST_P(EveryBoard, HotSpotsAreThoseOfTheCounters) {
  const ChipMap blank(chip_.board, chip_.memory());
  std::vector<uint32_t> storage_sectors;
  for (uint32_t i = 0; i < blank.sectors().size(); ++i) {
    if (blank.is_storage(blank.sectors()[i])) storage_sectors.push_back(i);
  }
  const uint32_t hot = storage_sectors.back();
  chip_.wear[storage_sectors.front()] = 3;
  chip_.wear[hot] = 7;
  const ChipMap map(chip_.board, chip_.memory());
  const Totals totals = totals_of(map, 5);
  EXPECT_EQ(totals.hottest.front(), hot);
  EXPECT_EQ(totals.erases, storage_sectors.size() == 1 ? 7u : 10u);
  EXPECT_EQ(map.sectors()[hot].wear, 7u);
}

// The picture's darkest cell lies where the most worn sector is.
TEST_P(EveryBoard, ThePictureHasTheHotSpotInItsPlace) {
  const ChipMap blank(chip_.board, chip_.memory());
  uint32_t hot = 0;
  for (uint32_t i = 0; i < blank.sectors().size(); ++i) {
    if (!blank.is_storage(blank.sectors()[i])) continue;
    chip_.wear[i] = 1;
    hot = i;
  }
  chip_.wear[hot] = 900;
  const ChipMap map(chip_.board, chip_.memory());
  const Picture picture = draw({map, nullptr, nullptr, "chip", false});
  ASSERT_EQ(picture.panels.size(), 2u);
  const Panel& wear = picture.panels[1];
  const double x = wear.x + picture.grid.x_of(map.sectors()[hot].offset) + 1;
  const double y = wear.y + picture.grid.y_of(map.sectors()[hot].offset) + 1;
  const Colour expected = WearScale(900).colour(900);
  int found = 0;
  for (const Shape& shape : picture.scene.shapes) {
    const auto* r = std::get_if<Rectangle>(&shape);
    const bool is_in_panel = r != nullptr && r->y >= wear.y && r->y < wear.y + picture.grid.height();
    if (!is_in_panel || !(r->colour == expected)) continue;
    ++found;
    const double rows = std::max(1u, map.sectors()[hot].size_bytes / picture.grid.row_bytes());
    EXPECT_LE(r->x, x);
    EXPECT_GT(r->x + r->width, x);
    EXPECT_GE(r->y, y - 1);
    EXPECT_LT(r->y, y + rows * picture.grid.pitch);
  }
  EXPECT_EQ(found, static_cast<int>(std::max(1u, map.sectors()[hot].size_bytes / picture.grid.row_bytes())));
}

TEST(Drawing, NamesAllVolumesWithinItsWidth) {
  TestChip chip("OPENMV4P");
  ChipMap map(chip.board, chip.memory());
  std::string expected = std::string(chip.board.part->name);
  for (uint32_t i = 0; i < 5; ++i) {
    map.add_volume(
        {.kind = "FAT16 on a translation layer", .offset = i << 20, .size_bytes = 1 << 20, .log = {}});
    expected += (i == 0 ? ", " : " + ") + std::string("FAT16 on a translation layer of 1 MiB");
  }
  const Picture picture = draw({map, nullptr, nullptr, std::string(200, 'n'), false});
  std::string told;
  for (const Shape& shape : picture.scene.shapes) {
    const auto* text = std::get_if<Text>(&shape);
    if (text == nullptr || text->anchor != Anchor::kStart) continue;
    constexpr double kMostOfSize = 0.82;  // of the PNG's letters, on average
    EXPECT_LE(text->x + static_cast<double>(text->text.size()) * kMostOfSize * text->size,
              picture.scene.width)
        << text->text;
    told += text->text + " ";
  }
  EXPECT_THAT(told, testing::HasSubstr(expected));
}

TEST_P(EveryBoard, ChangesAreExactlyWhatDiffers) {
  const uint32_t base = chip_.board.storage().offset;
  std::fill_n(chip_.storage(), 1024, 0x0F);
  TestChip later(GetParam());
  later.bytes = chip_.bytes;
  later.storage()[0] = 0x07;     // a bit less
  later.storage()[512] = 0xFF;   // bits more
  later.storage()[2048] = 0x55;  // data in blank flash
  std::fill_n(&later.storage()[1536], 512, 0xFF);
  chip_.storage()[1536] = 0;  // blank in the later one
  later.wear[0] = 4;
  chip_.wear[0] = 1;
  const ChipMap before(chip_.board, chip_.memory());
  const ChipMap after(later.board, later.memory());
  const Changes changes = compare(before, after);
  const auto at = [&changes, base](uint32_t offset) { return changes.units[(base + offset) / kUnitBytes]; };
  EXPECT_EQ(at(0), Change::kProgrammed);
  EXPECT_EQ(at(512), Change::kRewritten);
  EXPECT_EQ(at(1024), Change::kNone);
  EXPECT_EQ(at(1536), Change::kErased);
  EXPECT_EQ(at(2048), Change::kFilled);
  EXPECT_EQ(changes.changed_sectors, 1u);
  EXPECT_EQ(changes.bytes[static_cast<size_t>(Change::kNone)], chip_.bytes.size() - 4 * kUnitBytes);
  EXPECT_EQ(changes.erases, 3u);
  EXPECT_EQ(changes.worn_sectors, 1u);
  EXPECT_FALSE(changes.counters_went_back);
  EXPECT_TRUE(compare(after, before).counters_went_back);
}

TEST_P(EveryBoard, ErasesAreKnownOnlyWhereBothHaveCounters) {
  std::fill(chip_.wear.begin(), chip_.wear.end(), 7u);
  sim::CellMemory without = chip_.memory();
  without.wear = {};
  const ChipMap counted(chip_.board, chip_.memory()), uncounted(chip_.board, without);
  EXPECT_TRUE(compare(counted, counted).has_wear);
  for (const auto& [before, after] : {std::pair(counted, uncounted), std::pair(uncounted, counted)}) {
    const Changes changes = compare(before, after);
    EXPECT_FALSE(changes.has_wear);
    EXPECT_EQ(changes.erases, 0u);
    EXPECT_FALSE(changes.counters_went_back);
    EXPECT_NE(sentence_of(changes).find("not known"), std::string::npos);
  }
}

TEST(ChipMap, ABrokenWordIsDamageWhoeverOwnsIt) {
  TestChip chip("OPENMV4");
  const uint32_t word = (chip.board.storage().offset + 3 * kUnitBytes) / 32;
  chip.broken_words[word / 8] = static_cast<uint8_t>(1 << word % 8);
  ChipMap map(chip.board, chip.memory());
  map.mark_damage(chip.memory());
  const uint32_t unit = chip.board.storage().offset / kUnitBytes + 3;
  EXPECT_EQ(map.units()[unit].content, Content::kDamaged);
  EXPECT_EQ(map.units()[unit - 1].content, Content::kBlank);
  EXPECT_EQ(map.units()[unit + 1].content, Content::kBlank);
}

TEST(ChipMap, AClaimTakesTheUnitsItTouches) {
  TestChip chip("OPENMV2");
  ChipMap map(chip.board, chip.memory());
  const uint32_t owner = map.add_owner("x");
  map.claim(1000, 100, Content::kFile, owner);  // from unit 1 to unit 2
  map.claim(0, 0, Content::kFile, owner);
  map.claim(static_cast<uint32_t>(chip.bytes.size()) - 1, 10'000, Content::kFile, owner);
  EXPECT_THAT(units_of(map, "x", 0),
              ElementsAre(512u, 1024u, static_cast<uint32_t>(chip.bytes.size()) - 512));
}

TEST(WearScale, GrowsDarkerAndEndsAtAPowerOfTen) {
  EXPECT_EQ(WearScale(0).top(), 10u);
  EXPECT_EQ(WearScale(10).top(), 10u);
  EXPECT_EQ(WearScale(11).top(), 100u);
  EXPECT_EQ(WearScale(UINT32_MAX).top(), 1'000'000'000u);
  EXPECT_EQ(WearScale(5).position(1), 0);
  EXPECT_EQ(WearScale(5).position(10), 1);
  EXPECT_EQ(WearScale(UINT32_MAX).position(UINT32_MAX), 1);
  const auto lightness = [](Colour c) { return 299 * c.red + 587 * c.green + 114 * c.blue; };
  for (int i = 1; i <= 40; ++i) {
    EXPECT_LT(lightness(WearScale::at(i / 40.0)), lightness(WearScale::at((i - 1) / 40.0))) << i;
  }
}

TEST(Words, AreThoseOfPeople) {
  EXPECT_EQ(in_bytes(0), "0 B");
  EXPECT_EQ(in_bytes(1023), "1023 B");
  EXPECT_EQ(in_bytes(1536), "1.5 KiB");
  EXPECT_EQ(in_bytes(24u << 20), "24 MiB");
  EXPECT_EQ(in_groups(1234567), "1 234 567");
  EXPECT_EQ(in_groups(123), "123");
  EXPECT_EQ(in_percent(0, 10), "0 %");
  EXPECT_EQ(in_percent(1, 0), "0 %");
  EXPECT_EQ(in_percent(1, 100'000), "< 0.01 %");
  EXPECT_EQ(in_percent(1, 200), "0.50 %");
  EXPECT_EQ(in_percent(10, 10), "100 %");
}

}  // namespace

}  // namespace chipmap
