#include "images/fat_bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "images/fat_lost_table.h"
#include "images/fat_names.h"
#include "images/testing.h"

namespace images {
namespace {

using testing::HasSubstr;

TEST(FatBytes, AnEntryOfTheTableIsSetBesideItsNeighbours) {
  for (const uint32_t bits : {12, 16}) {
    HandMade made(bits, bits == 12 ? 50 : 5000);
    made.fat.chain({10, 11, 12, 13});
    FatBytes fat = made.load();
    fat.set_entry(11, 0x23);
    fat.set_entry(12, kFatEnd);
    EXPECT_EQ(fat.entry(10), 11u);
    EXPECT_EQ(fat.entry(11), 0x23u);
    EXPECT_EQ(fat.entry(12), (1u << bits) - 1);
    EXPECT_EQ(fat.entry(13), (1u << bits) - 1);
    ASSERT_TRUE(fat.store(made.device).ok());
    EXPECT_EQ(FatBytes::load(made.device)->entry(11), 0x23u);
  }
}

// A table of 20 sectors twice; 300 and 301 are in the second sector, the third one is free.
void damage_one_of_two(HandMade& made, uint32_t table, uint32_t sector, uint8_t left) {
  const FatBytes one = made.load();
  const uint32_t at = one.layout().table_offset, length = one.layout().table_bytes;
  made.fat.chain({300, 301});
  const Bytes first(made.bytes.begin() + at, made.bytes.begin() + at + length);
  made.bytes.insert(made.bytes.begin() + at + length, first.begin(), first.end());
  made.bytes.resize(made.device.size_bytes());
  made.bytes[16] = 2;
  std::fill_n(made.bytes.begin() + at + table * length + sector * 512, 512, left);
}

TEST(FatBytes, ASectorThatTheFirstTableLostIsTakenFromTheSecond) {
  for (const uint8_t left : {uint8_t{0xFF}, uint8_t{0}}) {
    for (const uint32_t sector : {1u, 2u}) {
      HandMade made(16, 5000);
      damage_one_of_two(made, 0, sector, left);
      const FatBytes fat = made.load();
      EXPECT_EQ(fat.entry(300), 301u);
      EXPECT_EQ(fat.entry(600), 0u);
    }
  }
}

TEST(FatBytes, ASectorThatTheSecondTableLostChangesNothing) {
  for (const uint8_t left : {uint8_t{0xFF}, uint8_t{0}}) {
    for (const uint32_t sector : {0u, 1u, 2u}) {
      HandMade made(16, 5000);
      damage_one_of_two(made, 1, sector, left);
      const FatBytes fat = made.load();
      EXPECT_EQ(fat.entry(300), 301u);
      EXPECT_EQ(fat.entry(600), 0u);
    }
  }
}

bool is_lost_at_10(HandMade& made) {
  const FatBytes fat = made.load();
  return LostTable(fat).has(10);
}

TEST(LostTable, IsToldByTooManyEntriesThatCannotBeRight) {
  for (const bool is_free : {true, false}) {
    HandMade made(16, 5000);
    if (!is_free) made.fat.chain({4000});
    for (uint32_t n = 10; n < 26; ++n) made.fat.set_entry(n, is_free ? 4000 + n : 4000);
    EXPECT_FALSE(is_lost_at_10(made)) << "as errors of software leave it";
    for (uint32_t n = 26; n < 28; ++n) made.fat.set_entry(n, is_free ? 4000 + n : 4000);
    const FatBytes fat = made.load();
    const LostTable lost(fat);
    EXPECT_TRUE(lost.has(10));
    EXPECT_TRUE(lost.has(1000)) << "of the same 4 KiB";
    EXPECT_FALSE(lost.has(4000));
    EXPECT_EQ(lost.is_all_free(4000), is_free) << "nothing but free ones";
  }
}

TEST(LostTable, HasAnEntryOfWhichAPartIsLost) {
  HandMade made(12, 4000);
  const FatBytes fat = made.load();
  ASSERT_NE(fat.block_of_entry(2389), fat.last_block_of_entry(2389));
  LostTable lost(fat);
  EXPECT_FALSE(lost.has(2389));
  lost.add(2390);
  EXPECT_TRUE(lost.has(2389));
  EXPECT_FALSE(lost.has(2388));
}

TEST(LostTable, AMinorityOfWrongEntriesIsNoLoss) {
  HandMade made(16, 5000);
  for (uint32_t n = 10; n < 40; ++n) made.fat.set_entry(n, 4000);
  for (uint32_t n = 100; n < 500; n += 2) made.fat.chain({n, n + 1});
  EXPECT_FALSE(is_lost_at_10(made));
}

TEST(FatEntry, IsOneThatAFolderCanHave) {
  struct Case {
    const char* what;
    const char* name;
    uint8_t attributes;
    uint32_t cluster, size_bytes;
    bool is_possible;
  };
  constexpr Case kCases[] = {
      {"a file", "README  TXT", 0x20, 5, 100, true},
      {"one that is empty", "README  TXT", 0x20, 0, 0, true},
      {"one that leads to the last cluster", "README  TXT", 0x20, 99, 100, true},
      {"behind the last cluster", "README  TXT", 0x20, 100, 100, false},
      {"to no cluster that there is", "README  TXT", 0x20, 1, 100, false},
      {"larger than the volume", "README  TXT", 0x20, 5, 60001, false},
      {"a folder", "LIB        ", 0x10, 5, 0, true},
      {"a folder with a size", "LIB        ", 0x10, 5, 1, false},
      {"itself", ".          ", 0x10, 5, 0, true},
      {"the one above", "..         ", 0x10, 0, 0, true},
      {"a label", "OPENMV     ", 0x08, 0, 0, true},
      {"a label with a cluster", "OPENMV     ", 0x08, 5, 0, false},
      {"a label with a size", "OPENMV     ", 0x08, 0, 5, false},
      {"a part of a long name", "Ar\0e\0a\0d\0m\0", 0x0F, 0, 0x1234, true},
      {"a part of a long name with a cluster", "Ar\0e\0a\0d\0m\0", 0x0F, 5, 0, false},
      {"one that was deleted",
       "\xE5"
       "EADME  TXT",
       0xFF, 0xFFFF, 0xFFFFFFFF, true},
      {"a name that begins with what stands for deleted",
       "\x05"
       "EADME  TXT",
       0x20, 5, 100, true},
      {"a name with a control character", "READ\x05E  TXT", 0x20, 5, 100, false},
      {"a name without a beginning", " EADME  TXT", 0x20, 5, 100, false},
      {"a character that no name has", "READ?E  TXT", 0x20, 5, 100, false},
      {"attributes that there are not", "README  TXT", 0x60, 5, 100, false},
      {"blank", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 0xFF, 0xFFFF, 0xFFFFFFFF, false},
      {"free", "\0\0\0\0\0\0\0\0\0\0\0", 0, 0, 0, false},
  };
  for (const Case& example : kCases) {
    Bytes entry(kFatEntryBytes);
    chipmap::FatBuilder::put_file(entry.data(), example.name, example.cluster, example.size_bytes);
    entry[11] = example.attributes;
    EXPECT_EQ(is_possible_entry(entry, 100, 60000), example.is_possible) << example.what;
  }
}

// ---- Names in a root. -------------------------------------------------------------------------------

Bytes root_with(const std::vector<const char*>& names, size_t entries) {
  Bytes root(entries * kFatEntryBytes);
  uint8_t* at = root.data();
  for (const char* name : names) at = chipmap::FatBuilder::put_file(at, name, 5, 1);
  return root;
}

TEST(FatNames, AreThoseThatAreFree) {
  Bytes root = root_with({"LOST0001   ", "LOST0002TXT"}, 8);
  FatNames names(root);
  names.add_folder(7);
  names.add_file(9, 0x12345);
  EXPECT_EQ(std::string(root.begin() + 64, root.begin() + 75), "LOST0003   ");
  EXPECT_EQ(root[64 + 11], kFatFolder);
  EXPECT_EQ(std::string(root.begin() + 96, root.begin() + 107), "LOST0004BIN");
  EXPECT_EQ(root[96 + 26], 9);
  EXPECT_EQ(root[96 + 30], 1);
  EXPECT_EQ(names.remark(), "what no folder leads to is saved as LOST0003 to LOST0004");
}

TEST(FatNames, EndWhereTheRootIsFull) {
  Bytes root = root_with({"A          "}, 2);
  FatNames names(root);
  for (int i = 0; i < 3; ++i) names.add_file(9, 512);
  EXPECT_THAT(names.remark(), HasSubstr("saved as LOST0001; 2 more that no folder leads to have no room"));
}

TEST(FatNames, EndWhereAllNumbersAreTaken) {
  Bytes root(10001 * size_t{kFatEntryBytes});
  FatNames names(root);
  for (int i = 0; i < 10000; ++i) names.add_file(9, 512);
  EXPECT_THAT(names.remark(), HasSubstr("LOST0001 to LOST9999; 1 more"));
}

}  // namespace
}  // namespace images
