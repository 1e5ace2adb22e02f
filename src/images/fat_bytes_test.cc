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
  for (const auto& [board, bits, clusters] :
       {std::tuple("OPENMV2", 12u, 50u), std::tuple("OPENMV4P", 16u, 5000u)}) {
    HandMade made(board, bits, clusters);
    made.fat.chain({10, 11, 12, 13});
    FatBytes fat = made.load();
    fat.set_entry(11, 0x23);
    fat.set_entry(12, kFatEnd);
    EXPECT_EQ(fat.entry(10), 11u);
    EXPECT_EQ(fat.entry(11), 0x23u);
    EXPECT_EQ(fat.entry(12), (1u << bits) - 1);
    EXPECT_EQ(fat.entry(13), (1u << bits) - 1);
    ASSERT_TRUE(fat.store(made.ram.device).ok());
    EXPECT_EQ(FatBytes::load(made.ram.device)->entry(11), 0x23u);
  }
}

TEST(FatBytes, ASectorThatTheFirstTableLostIsTakenFromTheSecond) {
  for (const uint8_t left : {uint8_t{0xFF}, uint8_t{0}}) {
    HandMade made("OPENMV4P", 16, 5000);
    const FatBytes one = made.load();
    const uint32_t at = one.layout().table_offset, length = one.layout().table_bytes;
    made.fat.chain({300, 301});
    made.bytes.insert(made.bytes.begin() + at + length, made.bytes.begin() + at,
                      made.bytes.begin() + at + length);
    made.bytes.resize(made.ram.device.size_bytes());
    made.bytes[16] = 2;
    std::fill_n(made.bytes.begin() + at + 512, 512, left);  // the second sector: entries from 256 on
    EXPECT_EQ(made.load().entry(300), 301u);
  }
}

TEST(LostTable, IsToldByTooManyEntriesThatCannotBeRight) {
  for (const bool is_free : {true, false}) {
    HandMade made("OPENMV4P", 16, 5000);
    if (!is_free) made.fat.chain({4000});
    for (uint32_t n = 10; n < 26; ++n) made.fat.set_entry(n, is_free ? 4000 + n : 4000);
    EXPECT_FALSE(LostTable(made.load()).has(10)) << "as errors of software leave it";
    for (uint32_t n = 26; n < 28; ++n) made.fat.set_entry(n, is_free ? 4000 + n : 4000);
    const FatBytes fat = made.load();
    const LostTable lost(fat);
    EXPECT_TRUE(lost.has(10));
    EXPECT_TRUE(lost.has(1000)) << "of the same 4 KiB";
    EXPECT_FALSE(lost.has(4000));
    EXPECT_EQ(lost.may_have(4000), is_free) << "nothing but free ones";
  }
}

TEST(LostTable, AMinorityOfWrongEntriesIsNoLoss) {
  HandMade made("OPENMV4P", 16, 5000);
  for (uint32_t n = 10; n < 40; ++n) made.fat.set_entry(n, 4000);
  for (uint32_t n = 100; n < 500; n += 2) made.fat.chain({n, n + 1});
  EXPECT_FALSE(LostTable(made.load()).has(10));
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
