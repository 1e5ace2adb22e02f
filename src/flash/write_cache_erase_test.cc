// Which command the write cache erases with, and what it makes of one that fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "flash/write_cache_testing.h"

namespace flash {
namespace {

TEST(WriteCache, AlignedRunsAreErasedByTheLargestCommand) {
  // The slice starts at sector 1, so its first aligned 64 KiB begin at its sector 15.
  Bench bench(kSerial, 17 * 8);
  bench.fill_chip(0x00);
  ASSERT_TRUE(bench.write(15 * 4096, pattern(65536, 1)).ok());
  ASSERT_TRUE(bench.write(7 * 4096, pattern(4096, 1)).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.nor.count('e'), 2u);
  EXPECT_EQ(bench.nor.bytes('e'), 65536u + 4096u);
  EXPECT_EQ(bench.chip(15 * 4096, 65536), pattern(65536, 1));
}

TEST(WriteCache, ASectorThatCannotBeReadDoesNotKeepItsNeighbourFromBeingFlushed) {
  Bench bench(kSerial, 17 * 8);
  bench.fill_chip(0x00);
  ASSERT_TRUE(bench.write(15 * 4096, pattern(kBlock, 1)).ok());
  ASSERT_TRUE(bench.write(16 * 4096, pattern(kBlock, 2)).ok());  // of the same 64 KiB
  bench.nor.fault = [&](const FakeNor::Operation& op) {
    return op.kind == 'r' && op.offset >= bench.slice_offset + 16 * 4096 ? Status(Error::kIo) : Status();
  };
  EXPECT_EQ(bench.cache.sync(), Error::kIo);
  EXPECT_EQ(bench.chip(15 * 4096, kBlock), pattern(kBlock, 1));
}

// What was not read says nothing of what has to be erased.
TEST(WriteCache, AFailedLookIsAnErrorAndErasesNothing) {
  Bench bench(kSerial, 12);
  bench.fill_chip(0x00);
  ASSERT_TRUE(bench.write(0, pattern(kBlock, 1)).ok());
  bench.nor.fault = [&](const FakeNor::Operation&) {
    return bench.nor.log.size() == 1 ? Status(Error::kTimedOut) : Status();
  };
  bench.nor.log.clear();
  EXPECT_EQ(bench.cache.sync(), Error::kTimedOut);
  EXPECT_EQ(bench.nor.count('e') + bench.nor.count('p'), 0u);
  EXPECT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.chip(0, kBlock), pattern(kBlock, 1));
}

TEST(WriteCache, AnEraseThatDoesNothingIsAnError) {
  Bench bench(kSerial, 12);
  bench.fill_chip(0x00);
  ASSERT_TRUE(bench.write(0, pattern(kBlock, 1)).ok());
  bench.nor.fault = [&](const FakeNor::Operation& op) {
    if (op.kind == 'r' && bench.nor.count('e') > 0) bench.fill_chip(0x00);
    return Status();
  };
  EXPECT_EQ(bench.cache.sync(), Error::kIo);
  EXPECT_TRUE(bench.cache.is_dirty());
  EXPECT_EQ(bench.nor.count('p'), 0u) << "no bit can be set by a program";
}

TEST(WriteCache, OneLargeEraseIsEnough) {
  FakeNor::Shape shape = kSerial;
  shape.large_erase_bytes = {65536, 0};  // W25Q256JV: no 32 KiB with four address bytes
  Bench bench(shape, 17 * 8);
  bench.fill_chip(0x00);
  ASSERT_TRUE(bench.write(15 * 4096, pattern(65536, 1)).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.nor.count('e'), 1u);
  EXPECT_EQ(bench.chip(15 * 4096, 65536), pattern(65536, 1));
}

TEST(WriteCache, ALargeEraseIsOnlyForSectorsThatAllNeedIt) {
  for (const uint32_t blank_sector : {0u, 3u, 7u}) {
    Bench bench(kSerial, 17 * 8);
    bench.fill_chip(0x00);
    std::fill_n(bench.nor.cells.begin() + 65536 + blank_sector * 4096, 4096, uint8_t{0xFF});
    ASSERT_TRUE(bench.write(15 * 4096, pattern(65536, 1)).ok());
    ASSERT_TRUE(bench.cache.sync().ok());
    EXPECT_EQ(bench.nor.count('e'), 7u + 1u) << "7 sectors of the first 32 KiB, one erase for the second";
    EXPECT_EQ(bench.nor.bytes('e'), 65536u - 4096u);
  }
}

// Sector 0 of the chip and its last one are somebody else's.
TEST(WriteCache, ALargeEraseDoesNotLeaveTheSlice) {
  FakeNor::Shape shape = kSerial;
  shape.sector_count = 32;
  Bench bench(shape, 32 * 8);
  bench.fill_chip(0x00);
  ASSERT_TRUE(bench.write(0, pattern(bench.slice_size, 1)).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.nor.count('e'), 7u + 1u + 1u + 7u) << "the inner two of four aligned 32 KiB";
  EXPECT_EQ(bench.chip(0, bench.slice_size), pattern(bench.slice_size, 1));
  EXPECT_EQ(bench.nor.cells.front(), 0x00);
  EXPECT_EQ(bench.nor.cells.back(), 0x00);
}

TEST(WriteCache, ALargeEraseServesWhicheverSectorIsFlushedFirst) {
  for (const uint32_t first_sector : {15u, 16u, 20u, 30u}) {
    Bench bench(kSerial, 17 * 8);
    bench.fill_chip(0x00);
    ASSERT_TRUE(bench.write(first_sector * 4096, pattern(4096, 9)).ok());
    ASSERT_TRUE(bench.write(15 * 4096, pattern(65536, 1)).ok());
    ASSERT_TRUE(bench.cache.sync().ok());
    EXPECT_EQ(bench.nor.count('e'), 1u) << first_sector;
    EXPECT_EQ(bench.chip(15 * 4096, 65536), pattern(65536, 1));
  }
}

}  // namespace
}  // namespace flash
