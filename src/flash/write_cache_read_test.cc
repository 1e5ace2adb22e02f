// What the write cache reads of the flash, and when.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "flash/write_cache_testing.h"

namespace flash {
namespace {

TEST(WriteCacheRead, AWholeBlockIsNotReadBeforeItIsOverwritten) {
  Bench bench(kSerial, 16);
  ASSERT_TRUE(bench.write(0, pattern(4096, 1)).ok());
  EXPECT_EQ(bench.nor.count('r'), 0u);
}

TEST(WriteCacheRead, NeighboursThatAreNotCachedAreReadWithOneCommand) {
  Bench bench(kSerial, 16);
  ASSERT_TRUE(bench.write(4096, pattern(kBlock, 1)).ok());
  bench.nor.log.clear();
  bench.read(100, 8192);
  EXPECT_EQ(bench.nor.log,
            (std::vector<FakeNor::Operation>{{'r', 4096 + 100, 4096 - 100},
                                             {'r', 4096 + 4096 + kBlock, 8192 - 4096 - kBlock + 100}}));
}

TEST(WriteCacheRead, OfABlockItsStartIsKeptAndWhatGoesOnFromThere) {
  Bench bench(kSerial, 8);
  bench.read(32, 32);
  bench.read(0, 64);
  bench.read(32, 32);
  bench.read(64, 32);
  bench.read(480, 32);
  bench.read(kBlock, kBlock);
  bench.read(kBlock + 32, 32);
  const uint32_t start = bench.slice_offset;
  EXPECT_EQ(bench.nor.log, (std::vector<FakeNor::Operation>{{'r', start + 32, 32},
                                                            {'r', start, 64},
                                                            {'r', start + 64, 32},
                                                            {'r', start + 480, 32},
                                                            {'r', start + kBlock, kBlock}}));
  bench.nor.log.clear();
  bench.read(4096, 2 * kBlock);
  bench.read(4096, 2 * kBlock);
  EXPECT_EQ(bench.nor.count('r'), 2u) << "a long one passes by";
}

TEST(WriteCacheRead, WhatIsNotKeptTakesNoOthersPlace) {
  Bench bench(kSerial, 8);
  for (uint32_t block = 0; block < 8; ++block) bench.read(block * kBlock, 32);
  bench.read(4096 + 64, 32);
  bench.nor.log.clear();
  for (uint32_t block = 0; block < 8; ++block) bench.read(block * kBlock, 32);
  EXPECT_EQ(bench.nor.count('r'), 0u);
}

TEST(WriteCacheRead, AShortReadFindsNoSlotWhereAllAreDirty) {
  Bench bench(kSerial, 8);
  ASSERT_TRUE(bench.write(0, pattern(4096, 1)).ok());
  EXPECT_EQ(bench.read(4096, 32), std::vector<uint8_t>(32, 0xFF));
  EXPECT_EQ(bench.read(0, 4096), pattern(4096, 1));
}

TEST(WriteCacheRead, TheRestOfABlockThatIsKnownInPartIsReadBeforeItIsWritten) {
  Bench bench(kSerial, 8);
  bench.fill_chip(0x5A);
  bench.read(0, 64);
  bench.read(kBlock, 64);
  const std::vector<uint8_t> wanted = pattern(32, 1);
  ASSERT_TRUE(bench.write(200, wanted).ok());
  EXPECT_EQ(bench.nor.bytes('r'), 64 + kBlock);
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.nor.count('e'), 1u);
  std::vector<uint8_t> sector(4096, 0x5A);
  std::copy(wanted.begin(), wanted.end(), sector.begin() + 200);
  EXPECT_EQ(bench.chip(0, 4096), sector);
  EXPECT_EQ(bench.read(0, 4096), sector);
}

TEST(WriteCacheRead, ABlockThatIsKnownInPartIsNotReadToBeOverwritten) {
  Bench bench(kSerial, 8);
  bench.read(0, 64);
  ASSERT_TRUE(bench.write(0, pattern(kBlock, 1)).ok());
  EXPECT_EQ(bench.nor.bytes('r'), 64u);
  EXPECT_EQ(bench.read(0, kBlock), pattern(kBlock, 1));
  EXPECT_EQ(bench.nor.bytes('r'), 64u);
}

// The slot of another block: nothing is known of the one that comes in.
TEST(WriteCacheRead, ASlotThatIsGivenToAnotherBlockIsReadAgain) {
  Bench bench(kSerial, 8);
  for (uint32_t i = 0; i < 20; ++i)
    bench.nor.cells[bench.slice_offset + i * kBlock] = static_cast<uint8_t>(i);
  for (uint32_t i = 0; i < 20; ++i) {
    EXPECT_EQ(bench.read(i * kBlock, 1 + i)[0], i);
  }
  EXPECT_EQ(bench.nor.count('r'), 20u);
}

TEST(WriteCacheRead, ATornUnitIsNobodysBusinessButTheReaders) {
  for (const bool is_known_in_part : {false, true}) {
    Bench bench(kEcc, 40);
    bench.fill_chip(0x5A);
    const uint32_t torn = bench.slice_offset + 64;
    bench.nor.fault = [&](const FakeNor::Operation& op) {
      const bool hit = op.kind == 'r' && touches(op, torn);
      return hit ? Status(Error::kIo) : Status();
    };
    if (is_known_in_part) bench.read(0, 32);
    std::vector<uint8_t> out(64);
    EXPECT_EQ(bench.cache.read(32, out.data(), 64), Error::kIo);
    EXPECT_EQ(out[31], 0x5A) << "what can be read of the rest is read";
    EXPECT_EQ(out[32], 0xFF);
    EXPECT_EQ(bench.cache.read(64, out.data(), 32), Error::kIo);
    EXPECT_EQ(bench.read(96, 32), std::vector<uint8_t>(32, 0x5A));
    EXPECT_EQ(bench.cache.read(64, out.data(), 32), Error::kIo) << "also after its neighbour was read";
    EXPECT_EQ(bench.read(0, 32), std::vector<uint8_t>(32, 0x5A));
  }
}

// One unit reads as torn, once. It would be programmed as erased.
TEST(WriteCacheRead, AUnitThatReadsAsTornOnceIsNotLost) {
  for (const uint32_t unit : {256u, 7 * kBlock}) {  // of the block that is written, and beside it
    Bench bench(kEcc, 40);
    bench.fill_chip(0x5A);
    bool has_failed = false, is_torn = false;
    bench.nor.fault = [&](const FakeNor::Operation& op) {
      if (op.kind != 'r' || !touches(op, bench.slice_offset + unit)) return Status();
      if (op.length == kBlock) is_torn = !std::exchange(has_failed, true);
      return is_torn ? Status(Error::kIo) : Status();
    };
    ASSERT_TRUE(bench.write(0, pattern(64, 1)).ok());
    ASSERT_TRUE(bench.cache.sync().ok());
    EXPECT_TRUE(has_failed);
    EXPECT_EQ(bench.chip(unit, 64), std::vector<uint8_t>(64, 0x5A)) << unit;
    EXPECT_EQ(bench.chip(0, 64), pattern(64, 1));
  }
}

TEST(WriteCacheRead, AReadThatFailsOnceIsReportedAndTheNextOneReadsAgain) {
  struct {
    const FakeNor::Shape& shape;
    uint32_t offset;
    uint32_t length;
  } const cases[] = {{kSerial, 32, 32},
                     {kSerial, 32, kBlock - 32},
                     {kSerial, 64, 32},
                     {kEcc, 32, 32},
                     {kEcc, 32, kBlock - 32}};
  for (const auto& [shape, offset, length] : cases) {
    Bench bench(shape, 40);
    bench.fill_chip(0x5A);
    bench.read(0, 32);
    bool fails = true;
    bench.nor.fault = [&fails](const FakeNor::Operation&) {
      return std::exchange(fails, false) ? Status(Error::kIo) : Status();
    };
    std::vector<uint8_t> out(length);
    EXPECT_EQ(bench.cache.read(offset, out.data(), length), Error::kIo) << shape.name << " " << offset;
    EXPECT_EQ(bench.read(offset, length), std::vector<uint8_t>(length, 0x5A));
  }
}

}  // namespace
}  // namespace flash
