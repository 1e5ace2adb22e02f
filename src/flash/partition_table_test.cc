#include "flash/partition_table.h"

#include <gtest/gtest.h>

#include <vector>

namespace flash {
namespace {

std::vector<uint8_t> table(uint32_t offset, size_t length, uint32_t blocks = 0x00ABCDEF) {
  std::vector<uint8_t> bytes(length, 0xEE);
  read_partition_table(0x100, blocks, offset, bytes);
  return bytes;
}

TEST(PartitionTable, HasOneEntryForTheStorage) {
  const std::vector<uint8_t> mbr = table(0, 512);
  std::vector<uint8_t> expected(512, 0);
  const std::vector<uint8_t> entry = {0x00, 0xFF, 0xFF, 0xFF, 0x01, 0xFF, 0xFF, 0xFF,
                                      0x00, 0x01, 0x00, 0x00, 0xEF, 0xCD, 0xAB, 0x00};
  std::copy(entry.begin(), entry.end(), expected.begin() + 446);
  expected[510] = 0x55;
  expected[511] = 0xAA;
  EXPECT_EQ(mbr, expected);
}

TEST(PartitionTable, IsFollowedByZeros) {
  EXPECT_EQ(table(512, 4096), std::vector<uint8_t>(4096, 0));
  EXPECT_EQ(table(0, 4096).back(), 0);
  EXPECT_EQ(table(0x1FFFFF, 1), std::vector<uint8_t>{0});
}

TEST(PartitionTable, ReadsTheSameInPieces) {
  const std::vector<uint8_t> whole = table(0, 1024);
  for (size_t piece : {1u, 3u, 509u}) {
    for (uint32_t at = 0; at + piece <= whole.size(); at += static_cast<uint32_t>(piece)) {
      EXPECT_EQ(table(at, piece), std::vector<uint8_t>(whole.begin() + at, whole.begin() + at + piece)) << at;
    }
  }
}

TEST(PartitionTable, EmptyReadTouchesNothing) {
  EXPECT_TRUE(table(446, 0).empty());
}

}  // namespace
}  // namespace flash
