// How often the write cache looks at the flash, and what it believes of what it saw.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "flash/write_cache_testing.h"

namespace flash {
namespace {

TEST(WriteCacheLooks, WhatTheFlashHoldsIsLookedAtAndNothingElse) {
  Bench bench(kSerial, 12);
  ASSERT_TRUE(bench.fill_erased(0, kBlock).ok());  // of a blank chip
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.nor.bytes('r'), 4 * kBlock);
  EXPECT_EQ(bench.nor.log.size(), bench.nor.count('r'));
}

TEST(WriteCacheLooks, WhatTheFlashHeldIsFirm) {
  Bench bench(kSerial, 12);
  ASSERT_TRUE(bench.fill_erased(0, kBlock).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  bench.nor.log.clear();
  ASSERT_TRUE(bench.write(0, pattern(64, 1)).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.nor.bytes('r'), 3 * 64u);
}

TEST(WriteCacheLooks, ABlockLooksTheSameThriceBeforeItIsProgrammed) {
  Bench bench(kSerial, 12);
  ASSERT_TRUE(bench.write(0, pattern(64, 1)).ok());
  bench.nor.log.clear();
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.nor.bytes('r'), 5 * kBlock) << "and what is to be programmed, and the verify";
}

TEST(WriteCacheLooks, AFirmBlockIsLookedAtOnce) {
  Bench bench(kSerial, 12);
  ASSERT_TRUE(bench.write(0, pattern(64, 1)).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  bench.nor.log.clear();
  ASSERT_TRUE(bench.write(64, pattern(64, 2)).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.nor.bytes('r'), 3 * 64u) << "one look, what is to be programmed, and the verify";
  EXPECT_EQ(bench.chip(64, 64), pattern(64, 2));
}

// From the first dirty byte to the last, whichever was written first.
TEST(WriteCacheLooks, AFirmBlockIsProgrammedWhereverItWasWritten) {
  for (const uint32_t offset : {0u, 64u, 448u}) {
    Bench bench(kSerial, 12);
    ASSERT_TRUE(bench.fill_erased(0, kBlock).ok());
    ASSERT_TRUE(bench.cache.sync().ok());
    ASSERT_TRUE(bench.write(offset, pattern(64, 1)).ok());
    ASSERT_TRUE(bench.write(256, pattern(64, 2)).ok());
    ASSERT_TRUE(bench.cache.sync().ok());
    EXPECT_EQ(bench.chip(offset, 64), pattern(64, 1));
    EXPECT_EQ(bench.chip(256, 64), pattern(64, 2));
  }
}

TEST(WriteCacheLooks, AFirmBlockIsNotWrittenAgain) {
  Bench bench(kSerial, 12);
  ASSERT_TRUE(bench.write(0, pattern(kBlock, 1)).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  bench.nor.log.clear();
  ASSERT_TRUE(bench.write(0, pattern(kBlock, 1)).ok());
  EXPECT_FALSE(bench.cache.is_dirty());
  EXPECT_TRUE(bench.nor.log.empty());
}

// A cut of power stopped the erase of a sector near its end: one bit of it is read now as 1, now as 0.
TEST(WriteCacheLooks, ASectorThatDoesNotLookTheSameTwiceIsErased) {
  const uint32_t weak_byte = kSerial.sector_size_bytes + 700;
  for (const uint32_t reads_until_it_flips : {1u, 2u, 3u, 4u}) {
    const bool is_found_by_the_verify = reads_until_it_flips == 4;
    Bench bench(kSerial, 12);
    ASSERT_TRUE(bench.write(4096, pattern(12 * kBlock, 3)).ok());
    ASSERT_TRUE(bench.cache.sync().ok());  // every slot held something firm
    uint32_t reads = 0;
    bench.nor.fault = [&](const FakeNor::Operation& op) {
      const bool is_weak = bench.nor.count('e') == 0;
      if (op.kind == 'r' && touches(op, weak_byte) && is_weak)
        bench.nor.cells[weak_byte] = ++reads > reads_until_it_flips ? 0xFD : 0xFF;
      return Status();
    };
    ASSERT_TRUE(bench.write(0, pattern(2 * kBlock, 1)).ok());
    if (is_found_by_the_verify) EXPECT_EQ(bench.cache.sync(), Error::kIo);
    ASSERT_TRUE(bench.cache.sync().ok());
    EXPECT_EQ(bench.nor.count('e'), 1u) << reads_until_it_flips;
    EXPECT_EQ(bench.chip(0, 2 * kBlock), pattern(2 * kBlock, 1));
  }
}

// What looks right at the moment of the program, when it did not before, is not taken for granted.
TEST(WriteCacheLooks, WhatTurnsOutToNeedNoProgramIsReadBackAllTheSame) {
  Bench bench(kSerial, 12);
  const uint32_t weak_byte = bench.slice_offset + 100;
  uint32_t looks = 0;
  bench.nor.fault = [&](const FakeNor::Operation& op) {
    if (op.kind == 'r' && touches(op, weak_byte) && bench.nor.count('p') == 0)
      bench.nor.cells[weak_byte] = ++looks == 4 ? 0xFD : 0xFF;
    return Status();
  };
  std::vector<uint8_t> wanted(kBlock, 0xFF);
  wanted[100] = 0xFD;
  ASSERT_TRUE(bench.write(0, wanted).ok());
  EXPECT_EQ(bench.cache.sync(), Error::kIo);
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.chip(0, kBlock), wanted);
}

// The rest of the block counts as seen afterwards, so it has to be.
TEST(WriteCacheLooks, AWeakBitBesideWhatIsWrittenIsSeen) {
  Bench bench(kSerial, 12);
  const uint32_t weak_byte = bench.slice_offset + 400;
  bool reads_as_0 = false;
  bench.nor.fault = [&](const FakeNor::Operation& op) {
    if (op.kind == 'r' && touches(op, weak_byte) && bench.nor.count('e') == 0)
      bench.nor.cells[weak_byte] = (reads_as_0 = !reads_as_0) ? 0xFD : 0xFF;
    return Status();
  };
  ASSERT_TRUE(bench.write(0, pattern(64, 1)).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.nor.count('e'), 1u);
}

// What the flash holds, too, stays in RAM until its sector is whole again: nothing depends on one look more.
TEST(WriteCacheLooks, WhatTheFlashHeldIsNotReadAgainBeforeItsSectorIsErased) {
  Bench bench(kSerial, 8);
  bench.fill_chip(0x0F);
  const uint32_t weak_byte = bench.slice_offset + 7 * kBlock + 5;
  uint32_t looks = 0;
  bench.nor.fault = [&](const FakeNor::Operation& op) {
    if (op.kind == 'r' && touches(op, weak_byte) && bench.nor.count('e') == 0)
      bench.nor.cells[weak_byte] = ++looks > 4 ? 0x1F : 0x0F;
    return Status();
  };
  ASSERT_TRUE(bench.write(7 * kBlock, std::vector<uint8_t>(kBlock, 0x0F)).ok());
  ASSERT_TRUE(bench.write(0, std::vector<uint8_t>(kBlock, 0xF0)).ok());
  for (uint32_t block = 0; block < 6; ++block) bench.read(4096 + block * kBlock, 16);
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.nor.count('e'), 1u);
  EXPECT_EQ(bench.chip(7 * kBlock, kBlock), std::vector<uint8_t>(kBlock, 0x0F));
}

// A filesystem has read such a bit before it writes what it saw there.
TEST(WriteCacheLooks, WhatWasOnlyReadIsNoReasonToDropAWrite) {
  Bench bench(kSerial, 12);
  const uint32_t weak_byte = kSerial.sector_size_bytes + 100;
  const std::vector<uint8_t> seen = bench.read(0, kBlock);
  bench.nor.cells[weak_byte] = 0xFD;
  ASSERT_TRUE(bench.write(0, seen).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.chip(0, kBlock), seen);
}

// A torn unit reads as erased to who writes beside it. Written as erased, it is to be so.
TEST(WriteCacheLooks, ATornUnitBesideWhatIsWrittenIsNotTakenForErased) {
  Bench bench(kEcc, 40);
  const uint32_t torn = bench.slice_offset + 64;
  bench.nor.fault = [&](const FakeNor::Operation& op) {
    const bool is_torn = op.kind == 'r' && touches(op, torn) && bench.nor.count('e') == 0;
    return is_torn ? Status(Error::kIo) : Status();
  };
  ASSERT_TRUE(bench.write(0, pattern(32, 1)).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  ASSERT_TRUE(bench.write(64, std::vector<uint8_t>(32, 0xFF)).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  bench.cache.discard();
  EXPECT_EQ(bench.read(64, 32), std::vector<uint8_t>(32, 0xFF));
  EXPECT_EQ(bench.chip(0, 32), pattern(32, 1));
}

// Bits are half way after a change that failed, also of blocks that were firm before.
class FailedChange : public testing::TestWithParam<char> {};
INSTANTIATE_TEST_SUITE_P(Kinds, FailedChange, testing::Values('e', 'p'),
                         [](const auto& kind) { return std::string(1, kind.param); });

TEST_P(FailedChange, LeavesNothingFirm) {
  Bench bench(kSerial, 12);
  ASSERT_TRUE(bench.write(0, pattern(4096, 1)).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  std::vector<uint8_t> wanted = pattern(4096, 1);
  // Nothing but bits to clear needs a program alone, anything else an erase.
  wanted[3] = GetParam() == 'p' ? wanted[3] & 0x01 : wanted[3] | 0x80;
  ASSERT_NE(wanted, pattern(4096, 1));
  ASSERT_TRUE(bench.write(0, wanted).ok());
  bench.nor.fault = [&](const FakeNor::Operation& op) {
    return op.kind == GetParam() ? Status(Error::kIo) : Status();
  };
  ASSERT_EQ(bench.cache.sync(), Error::kIo);

  const uint32_t at = GetParam() == 'p' ? 3u : 4000u;
  uint32_t looks = 0;
  bench.nor.log.clear();
  bench.nor.fault = [&](const FakeNor::Operation& op) {
    const bool has_changed = bench.nor.count('e') + bench.nor.count('p') > 0;
    if (op.kind == 'r' && touches(op, bench.slice_offset + at) && !has_changed) ++looks;
    return Status();
  };
  bench.nor.cells[bench.slice_offset + at] = 0xFF;
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_GE(looks, 3u);
  EXPECT_EQ(bench.chip(0, 4096), wanted);
}

// Blocks that lie in the flash already make room without a flush of the sector they are in.
TEST(WriteCacheLooks, ASectorOfWhichLittleHasChangedDoesNotMakeRoom) {
  Bench bench(kSerial, 12);
  bench.fill_chip(0x00);
  std::vector<uint8_t> same(7 * kBlock, 0x00);
  same[0] = 0x80;  // the one block that differs
  ASSERT_TRUE(bench.write(0, same).ok());
  ASSERT_TRUE(bench.write(4 * 4096, pattern(2 * kBlock, 2)).ok());
  for (uint32_t i = 0; i < 3; ++i) ASSERT_TRUE(bench.write((6 + 2 * i) * 4096, pattern(kBlock, 3)).ok());
  EXPECT_EQ(bench.nor.count('e'), 0u);
  EXPECT_GT(bench.nor.bytes('r'), 6 * kBlock) << "it was looked at";
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.nor.count('e'), 5u);
}

}  // namespace
}  // namespace flash
