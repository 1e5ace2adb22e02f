#include "chipmap/fat_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chipmap/testing.h"

namespace chipmap {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// One volume of each width, at the start of the storage of a board that it fits on.
struct Width {
  uint32_t bits;
  uint32_t clusters;
  const char* board;
};
void PrintTo(const Width& width, std::ostream* out) {
  *out << "FAT" << width.bits;
}

class FatReader : public testing::TestWithParam<Width> {
 protected:
  FatReader() : chip_(GetParam().board), fat_(chip_.storage(), GetParam().bits, GetParam().clusters) {}

  uint32_t base() const { return chip_.board.storage().offset; }
  std::span<const uint8_t> storage() { return {chip_.storage(), chip_.board.storage().size_bytes}; }

  ChipMap survey() {
    ChipMap map(chip_.board, chip_.memory());
    const auto layout = recognise_fat(storage());
    EXPECT_TRUE(layout.has_value());
    if (layout) survey_fat(map, base(), *layout);
    return map;
  }
  Unit unit_of(const ChipMap& map, uint32_t cluster) {
    return map.units()[(base() + fat_.offset_of(cluster)) / kUnitBytes];
  }

  static int owned_outside_the_volume(const ChipMap& map) {
    const Volume& volume = map.volumes()[0];
    int count = 0;
    for (uint32_t i = 0; i < map.units().size(); ++i) {
      const uint32_t offset = i * kUnitBytes;
      const bool is_inside = offset >= volume.offset && offset - volume.offset < volume.size_bytes;
      if (!is_inside && map.units()[i].owner != kNobody) ++count;
    }
    return count;
  }

  TestChip chip_;
  FatBuilder fat_;
};

INSTANTIATE_TEST_SUITE_P(Widths, FatReader,
                         testing::Values(Width{12, 50, "OPENMV2"}, Width{16, 5000, "OPENMV4P"},
                                         Width{32, 40000, "OPENMV4P"}),
                         [](const auto& width) { return "Fat" + std::to_string(width.param.bits); });

TEST_P(FatReader, TellsTheWidth) {
  const auto layout = recognise_fat(storage());
  ASSERT_TRUE(layout.has_value());
  EXPECT_EQ(layout->bits, GetParam().bits);
  EXPECT_EQ(layout->cluster_count, GetParam().clusters);
  EXPECT_EQ(survey().volumes()[0].kind, "FAT" + std::to_string(GetParam().bits));
}

TEST_P(FatReader, FollowsAFragmentedFile) {
  fat_.chain({5, 9, 7, 30});
  fat_.put_file(fat_.root(), "LOG     TXT", 5, 4 * 512 - 10);
  const ChipMap map = survey();
  EXPECT_THAT(map.faults(), IsEmpty());
  EXPECT_THAT(units_of(map, "/LOG.TXT", base()),
              ElementsAre(fat_.offset_of(5), fat_.offset_of(7), fat_.offset_of(9), fat_.offset_of(30)));
  EXPECT_EQ(unit_of(map, 7).content, Content::kFile);
  EXPECT_EQ(unit_of(map, 6).content, Content::kBlank);
  EXPECT_EQ(map.owners()[owner_named(map, "/LOG.TXT")].size_bytes, 4u * 512 - 10);
}

TEST_P(FatReader, FindsFilesInFolders) {
  fat_.chain({4});
  fat_.chain({6});
  fat_.chain({8});
  std::memset(fat_.cluster(4), 0, 512);
  std::memset(fat_.cluster(6), 0, 512);
  fat_.put_folder(fat_.root(), "OUTER      ", 4);
  uint8_t* at = fat_.put_folder(fat_.cluster(4), ".          ", 4);
  at = fat_.put_folder(at, "..         ", 0);
  fat_.put_folder(at, "INNER      ", 6);
  fat_.put_file(fat_.cluster(6), "A       B  ", 8, 1);
  const ChipMap map = survey();
  EXPECT_THAT(map.faults(), IsEmpty());
  EXPECT_THAT(units_of(map, "/OUTER/INNER", base()), ElementsAre(fat_.offset_of(6)));
  EXPECT_THAT(units_of(map, "/OUTER/INNER/A.B", base()), ElementsAre(fat_.offset_of(8)));
  EXPECT_EQ(unit_of(map, 4).content, Content::kDirectory);
}

TEST_P(FatReader, EveryWayAChainCanBreakIsAFaultAndAnEnd) {
  const struct {
    const char* what;
    uint32_t next;
    const char* fault;
  } cases[] = {
      {"free", 0, "breaks off"},
      {"itself", 5, "shares clusters"},
      {"outside", GetParam().clusters + 2, "breaks off"},
      {"of another file", 9, "shares clusters"},
  };
  for (const auto& broken : cases) {
    SCOPED_TRACE(broken.what);
    fat_.chain({9, 10});
    fat_.set_entry(5, broken.next);
    fat_.put_file(fat_.put_file(fat_.root(), "FIRST      ", 9, 1024), "SECOND     ", 5, 1024);
    const ChipMap map = survey();
    ASSERT_EQ(map.faults().size(), 1u);
    EXPECT_THAT(map.faults()[0], HasSubstr(broken.fault));
    EXPECT_THAT(map.faults()[0], HasSubstr("/SECOND"));
    EXPECT_TRUE(map.owners()[owner_named(map, "/SECOND")].is_damaged);
    const bool is_shared = broken.next == 9;
    EXPECT_EQ(map.owners()[owner_named(map, "/FIRST")].is_damaged, is_shared);
    EXPECT_THAT(units_of(map, "/FIRST", base()), ElementsAre(fat_.offset_of(9), fat_.offset_of(10)));
  }
}

TEST_P(FatReader, AFolderThatHoldsItselfEnds) {
  fat_.chain({4});
  std::memset(fat_.cluster(4), 0, 512);
  fat_.put_folder(fat_.root(), "LOOP       ", 4);
  fat_.put_folder(fat_.cluster(4), "LOOP       ", 4);
  EXPECT_THAT(survey().faults(), ElementsAre(HasSubstr("/LOOP/LOOP shares clusters")));
}

TEST_P(FatReader, WhatLiesTooDeepIsNoFault) {
  if (GetParam().clusters < kMaxFolderDepth + 6) GTEST_SKIP() << "no room for so many folders";
  const auto nest = [this](uint32_t folders) {
    fat_.put_folder(fat_.root(), "D          ", 4);
    for (uint32_t cluster = 4; cluster < 4 + folders; ++cluster) {
      fat_.chain({cluster});
      std::memset(fat_.cluster(cluster), 0, 512);
      if (cluster + 1 < 4 + folders) fat_.put_folder(fat_.cluster(cluster), "D          ", cluster + 1);
    }
    return survey();
  };
  for (const uint32_t folders : {70u, kMaxFolderDepth, kMaxFolderDepth + 2}) {
    const ChipMap map = nest(folders);
    EXPECT_THAT(map.faults(), IsEmpty());
    EXPECT_EQ(map.unseen().size(), folders > kMaxFolderDepth ? 1u : 0u) << folders;
  }
}

TEST_P(FatReader, AFileShorterThanItsSizeIsAFault) {
  fat_.chain({5});
  fat_.put_file(fat_.root(), "SHORT      ", 5, 513);
  EXPECT_THAT(survey().faults(), ElementsAre(HasSubstr("/SHORT is shorter")));
}

TEST_P(FatReader, LostAndBadClusters) {
  fat_.chain({20, 21});
  fat_.set_entry(25, fat_.end_mark() & ~8u);
  const ChipMap map = survey();
  EXPECT_THAT(map.faults(), ElementsAre("2 clusters are taken, but by no file"));
  EXPECT_EQ(unit_of(map, 20).content, Content::kUnknown);
  EXPECT_EQ(unit_of(map, 25).content, Content::kDamaged);
}

TEST_P(FatReader, DataThatNobodyOwnsIsFree) {
  std::memset(fat_.cluster(12), 0x33, 512);
  EXPECT_EQ(unit_of(survey(), 12).content, Content::kStale);
}

TEST_P(FatReader, LongNamesAndDeletedOnes) {
  fat_.chain({5});
  uint8_t* entry = fat_.root();
  std::memset(entry, 0xFF, 32);
  entry[0] = 0x41;
  entry[11] = 0x0F;
  const char* text = "a long.py";
  constexpr int kPlaces[] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22};
  for (int i = 0; i < 10; ++i) put_le(&entry[kPlaces[i]], static_cast<uint8_t>(text[i]), 2);
  entry = fat_.put_file(entry + 32, "ALONG~1 PY ", 5, 3);
  entry = fat_.put_file(entry, "\xE5HOST   TXT", 40, 3);
  const ChipMap map = survey();
  EXPECT_NE(owner_named(map, "/a long.py"), 0u);
  EXPECT_THAT(map.faults(), IsEmpty());
}

TEST_P(FatReader, EmptyFilesAreKnownAndOwnNothing) {
  fat_.put_file(fat_.root(), "EMPTY      ", 0, 0);
  const ChipMap map = survey();
  EXPECT_NE(owner_named(map, "/EMPTY"), 0u);
  EXPECT_THAT(units_of(map, "/EMPTY", base()), IsEmpty());
}

TEST_P(FatReader, WhatIsNoBootSectorIsNotTaken) {
  const struct {
    uint32_t at;
    uint8_t byte;
  } cases[] = {{0, 0x00}, {510, 0}, {511, 0}, {12, 0},    {12, 0x20},  {13, 0},     {13, 3},
               {14, 0},   {16, 0},  {16, 3},  {21, 0x00}, {512, 0x00}, {513, 0x7F}, {35, 0x7F}};
  for (const auto& wrong : cases) {
    SCOPED_TRACE(wrong.at);
    uint8_t& byte = chip_.storage()[wrong.at];
    const uint8_t before = byte;
    byte = wrong.byte;
    EXPECT_FALSE(recognise_fat(storage()).has_value());
    byte = before;
  }
  EXPECT_TRUE(recognise_fat(storage()).has_value());
}

TEST_P(FatReader, AVolumeThatIsCutShortIsNotTaken) {
  const uint32_t size = recognise_fat(storage())->size_bytes;
  EXPECT_TRUE(recognise_fat(storage().first(size)).has_value());
  EXPECT_FALSE(recognise_fat(storage().first(size - 1)).has_value());
  EXPECT_FALSE(recognise_fat(storage().first(511)).has_value());
  EXPECT_FALSE(recognise_fat({}).has_value());
}

// Whatever the bytes say, the reader comes to an end, and nothing outside the volume is the volume's.
TEST_P(FatReader, NoiseDoesNotLeadItAstray) {
  fat_.chain({5, 6, 7});
  fat_.put_file(fat_.root(), "FILE       ", 5, 1400);
  const std::vector<uint8_t> whole = chip_.bytes;
  uint32_t random = 1;
  const auto next = [&random] { return random = random * 1664525 + 1013904223; };
  for (int round = 0; round < 20; ++round) {
    chip_.bytes = whole;
    for (int i = 0; i < 200; ++i) {
      chip_.storage()[512 + (next() >> 8) % 8192] = static_cast<uint8_t>(next() >> 24);
    }
    chip_.storage()[512] = 0xF8;
    chip_.storage()[513] = 0xFF;
    const ChipMap map = survey();
    ASSERT_EQ(owned_outside_the_volume(map), 0) << round;
  }
}

}  // namespace

}  // namespace chipmap
