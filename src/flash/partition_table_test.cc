#include "flash/partition_table.h"

#include <gtest/gtest.h>

#include <vector>

namespace flash {
namespace {

std::vector<uint8_t> table(uint32_t block, size_t length) {
  std::vector<uint8_t> bytes(length, 0xEE);
  read_partition_table(0x00ABCDEF, block, bytes.data(), length);
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
  std::vector<uint8_t> expected = table(0, 512);
  expected.resize(4096, 0);
  EXPECT_EQ(table(0, 4096), expected);
  EXPECT_EQ(table(1, 512), std::vector<uint8_t>(512, 0));
  EXPECT_EQ(table(0xFE, 8192), std::vector<uint8_t>(8192, 0));
}

TEST(PartitionTable, EmptyReadTouchesNothing) {
  EXPECT_TRUE(table(0, 0).empty());
}

}  // namespace
}  // namespace flash
