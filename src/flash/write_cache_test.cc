#include "flash/write_cache.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "flash/write_cache_testing.h"

namespace flash {
namespace {

class AnyShape : public testing::TestWithParam<FakeNor::Shape> {
 protected:
  size_t minimum_slots() const { return GetParam().sector_size_bytes / kBlock; }
};
INSTANTIATE_TEST_SUITE_P(Shapes, AnyShape, testing::Values(kSerial, kWords, kEcc),
                         [](const auto& shape) { return shape.param.name; });

TEST_P(AnyShape, WhatIsWrittenIsReadBeforeAndAfterSync) {
  Bench bench(GetParam(), minimum_slots() + 4);
  bench.fill_chip(0x00);
  const std::vector<uint8_t> data = pattern(3 * kBlock, 1);
  ASSERT_TRUE(bench.write(kBlock, data).ok());
  EXPECT_TRUE(bench.cache.is_dirty());
  EXPECT_EQ(bench.read(kBlock, data.size()), data);
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_FALSE(bench.cache.is_dirty());
  EXPECT_EQ(bench.read(kBlock, data.size()), data);
  EXPECT_EQ(bench.chip(kBlock, data.size()), data);
  EXPECT_EQ(bench.chip(0, kBlock), std::vector<uint8_t>(kBlock, 0));
}

TEST_P(AnyShape, WritingToABlankPlaceErasesNothing) {
  Bench bench(GetParam(), minimum_slots() + 4);
  ASSERT_TRUE(bench.write(0, pattern(kBlock, 1)).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.nor.count('e'), 0u);
  EXPECT_LE(bench.nor.bytes('p'), kBlock);
}

TEST_P(AnyShape, BytesAlreadyThereCostNoProgramAndNoErase) {
  Bench bench(GetParam(), minimum_slots() + 4);
  bench.fill_chip(0x5A);
  ASSERT_TRUE(bench.write(100, std::vector<uint8_t>(3000, 0x5A)).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.nor.count('e') + bench.nor.count('p'), 0u);
  EXPECT_FALSE(bench.cache.is_dirty());
}

TEST_P(AnyShape, OnlyUnitsThatDifferAreProgrammed) {
  Bench bench(GetParam(), minimum_slots() + 4);
  ASSERT_TRUE(bench.write(64, std::vector<uint8_t>{0x12}).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  ASSERT_EQ(bench.nor.count('p'), 1u);
  EXPECT_EQ(bench.nor.bytes('p'), GetParam().program_unit_bytes);
}

TEST_P(AnyShape, AFlushErasesOnceAndOnlyWithTheWholeSectorAtHand) {
  Bench bench(GetParam(), minimum_slots() + 4);
  bench.fill_chip(0x00);
  ASSERT_TRUE(bench.write(0, pattern(kBlock, 1)).ok());
  bool erased = false;
  bench.nor.fault = [&](const FakeNor::Operation& op) {
    if (op.kind == 'e') erased = true;
    // Whatever is read after the erase is the verify of what was just programmed.
    if (op.kind == 'r' && erased) EXPECT_LE(op.length, kBlock);
    return Status();
  };
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.nor.count('e'), 1u);
  size_t read_before_erase = 0;
  for (const FakeNor::Operation& op : bench.nor.log) {
    if (op.kind == 'e') break;
    if (op.kind == 'r') read_before_erase += op.length;
  }
  EXPECT_GE(read_before_erase, GetParam().sector_size_bytes - kBlock);
  EXPECT_EQ(bench.chip(kBlock, kBlock), std::vector<uint8_t>(kBlock, 0));
}

TEST_P(AnyShape, AFailedEraseKeepsEverythingAndTheNextSyncMendsIt) {
  Bench bench(GetParam(), minimum_slots() + 4);
  bench.fill_chip(0x00);
  const std::vector<uint8_t> data = pattern(kBlock, 9);
  ASSERT_TRUE(bench.write(0, data).ok());
  bench.nor.fault = [](const FakeNor::Operation& op) {
    return op.kind == 'r' ? Status() : Status(Error::kIo);
  };
  EXPECT_EQ(bench.cache.sync(), Error::kIo);
  EXPECT_TRUE(bench.cache.is_dirty());
  EXPECT_EQ(bench.cache.sync(), Error::kIo) << "an error is not to be forgotten";
  // Half of the sector is blank by now: what was never written must come back too.
  bench.nor.fault = [](const FakeNor::Operation&) { return Status(); };
  EXPECT_EQ(bench.read(kBlock, kBlock), std::vector<uint8_t>(kBlock, 0));
  EXPECT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.chip(0, kBlock), data);
  const size_t rest = GetParam().sector_size_bytes - kBlock;
  EXPECT_EQ(bench.chip(kBlock, rest), std::vector<uint8_t>(rest, 0));
}

TEST_P(AnyShape, EveryOperationMayFailOnceAndNothingIsLost) {
  const std::vector<uint8_t> first = pattern(5 * kBlock, 3);
  const std::vector<uint8_t> second = pattern(700, 77);
  for (size_t nth = 0;; nth += 1 + nth / 60) {
    Bench bench(GetParam(), minimum_slots() + 4);
    for (size_t i = 0; i < bench.nor.cells.size(); ++i) bench.nor.cells[i] = static_cast<uint8_t>(i * 31);
    std::vector<uint8_t> expected = bench.chip(0, bench.slice_size);
    size_t seen = 0;
    bool failed = false;
    bench.nor.fault = [&](const FakeNor::Operation&) {
      failed = failed || seen == nth;
      return seen++ == nth ? Status(Error::kIo) : Status();
    };
    const auto write = [&](uint32_t offset, const std::vector<uint8_t>& data) {
      while (!bench.write(offset, data).ok()) ASSERT_TRUE(failed);
      std::copy(data.begin(), data.end(), expected.begin() + offset);
    };
    write(3 * kBlock, first);
    write(bench.slice_size - 1000, second);
    write(bench.slice_size / 2 - 350, second);  // over a sector boundary, if there is one
    if (!bench.cache.sync().ok()) {
      EXPECT_TRUE(bench.cache.is_dirty());
      EXPECT_TRUE(bench.cache.sync().ok()) << "operation " << nth;
    }
    EXPECT_EQ(bench.chip(0, bench.slice_size), expected) << "operation " << nth;
    if (!failed) break;
    ASSERT_LT(nth, 10000u);
  }
}

TEST_P(AnyShape, ASectorThatFailsDoesNotKeepTheOthersFromBeingFlushed) {
  Bench bench(GetParam(), minimum_slots() + 4);
  const uint32_t sector = GetParam().sector_size_bytes;
  for (uint32_t i = 0; i < GetParam().sector_count - 2; ++i) {
    if (i < 3) ASSERT_TRUE(bench.write(i * sector, std::vector<uint8_t>{0x11}).ok());
  }
  bench.nor.fault = [&](const FakeNor::Operation& op) {
    const bool first = op.offset >= bench.slice_offset && op.offset < bench.slice_offset + sector;
    return op.kind == 'p' && first ? Status(Error::kTimedOut) : Status();
  };
  EXPECT_EQ(bench.cache.sync(), Error::kTimedOut);
  EXPECT_EQ(bench.nor.count('p'), 1u + std::min<size_t>(2, GetParam().sector_count - 3));
  if (GetParam().sector_count > 3) EXPECT_EQ(bench.chip(sector, 1)[0], 0x11);
  EXPECT_TRUE(bench.cache.is_dirty());
}

// Each read waits until the driver gives up: seconds, inside an MCU.
TEST_P(AnyShape, StuckFlashIsWaitedForOnceInASector) {
  Bench bench(GetParam(), minimum_slots() + 4);
  const uint32_t sector = GetParam().sector_size_bytes;
  ASSERT_TRUE(bench.write(0, pattern(sector, 1)).ok());
  bench.nor.fault = [](const FakeNor::Operation&) { return Status(Error::kTimedOut); };
  bench.nor.log.clear();
  EXPECT_EQ(bench.cache.sync(), Error::kTimedOut);
  EXPECT_EQ(bench.nor.log.size(), 1u);
  bench.nor.fault = [](const FakeNor::Operation&) { return Status(); };
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.chip(0, sector), pattern(sector, 1));
}

TEST_P(AnyShape, WhatDoesNotReadBackIsAnError) {
  Bench bench(GetParam(), minimum_slots() + 4);
  ASSERT_TRUE(bench.write(0, pattern(kBlock, 1)).ok());
  // A weak cell: the program "succeeds", but the bits stay.
  bool programmed = false;
  bench.nor.fault = [&](const FakeNor::Operation& op) {
    if (op.kind == 'r' && programmed) bench.nor.cells[bench.slice_offset + 5] = 0xFF;
    programmed = programmed || op.kind == 'p';
    return Status();
  };
  EXPECT_EQ(bench.cache.sync(), Error::kIo);
  EXPECT_TRUE(bench.cache.is_dirty());
}

TEST_P(AnyShape, ProgramOnlyClearsBits) {
  Bench bench(GetParam(), minimum_slots() + 4);
  ASSERT_TRUE(bench.program(10, std::vector<uint8_t>{0xF0, 0x0F}).ok());
  ASSERT_TRUE(bench.program(10, std::vector<uint8_t>{0x30, 0x0F}).ok());
  EXPECT_EQ(bench.program(9, std::vector<uint8_t>{0x00, 0x30, 0x1F}), Error::kIo);
  EXPECT_EQ(bench.read(9, 3), (std::vector<uint8_t>{0xFF, 0x30, 0x0F})) << "refused whole";
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.program(10, std::vector<uint8_t>{0x31}), Error::kIo) << "also when it is on the chip";
  ASSERT_TRUE(bench.program(10, std::vector<uint8_t>{0x10}).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.chip(9, 3), (std::vector<uint8_t>{0xFF, 0x10, 0x0F}));
}

TEST_P(AnyShape, AnErasedRangeReadsBlankAndItsNeighboursStay) {
  Bench bench(GetParam(), minimum_slots() + 4);
  bench.fill_chip(0x21);
  ASSERT_TRUE(bench.fill_erased(kBlock, kBlock).ok());
  EXPECT_EQ(bench.read(kBlock, kBlock), std::vector<uint8_t>(kBlock, 0xFF));
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.chip(kBlock, kBlock), std::vector<uint8_t>(kBlock, 0xFF));
  EXPECT_EQ(bench.chip(0, kBlock), std::vector<uint8_t>(kBlock, 0x21));
  EXPECT_EQ(bench.chip(2 * kBlock, kBlock), std::vector<uint8_t>(kBlock, 0x21));
  // What a littlefs does next is then a program without an erase.
  const size_t erases = bench.nor.count('e');
  ASSERT_TRUE(bench.program(kBlock + 64, pattern(64, 5)).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.nor.count('e'), erases);
}

TEST_P(AnyShape, DiscardForgetsWhatWaited) {
  Bench bench(GetParam(), minimum_slots() + 4);
  ASSERT_TRUE(bench.write(0, pattern(kBlock, 1)).ok());
  bench.cache.discard();
  EXPECT_FALSE(bench.cache.is_dirty());
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.read(0, kBlock), std::vector<uint8_t>(kBlock, 0xFF));
  EXPECT_EQ(bench.nor.count('p'), 0u);
}

// Any sequence of operations, with any number of slots, is that of a plain array.
TEST_P(AnyShape, AgreesWithAPlainArray) {
  for (uint32_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    Bench bench(GetParam(), minimum_slots() + random() % (2 * minimum_slots()));
    for (uint8_t& cell : bench.nor.cells) cell = seed % 3 == 0 ? 0xFF : static_cast<uint8_t>(random());
    const std::vector<uint8_t> before = bench.nor.cells;
    std::vector<uint8_t> model = bench.chip(0, bench.slice_size);
    for (int step = 0; step < 300; ++step) {
      const auto length = static_cast<uint32_t>(1 + random() % (random() % 4 == 0 ? 9000 : 600));
      const auto offset = static_cast<uint32_t>(random() % (bench.slice_size - length));
      std::vector<uint8_t> data(length);
      for (uint8_t& byte : data) byte = static_cast<uint8_t>(random());
      switch (random() % 5) {
        case 0:
          ASSERT_TRUE(bench.write(offset, data).ok());
          std::copy(data.begin(), data.end(), model.begin() + offset);
          break;
        case 1:
          for (uint32_t i = 0; i < length; ++i) data[i] &= model[offset + i];
          ASSERT_TRUE(bench.program(offset, data).ok());
          std::copy(data.begin(), data.end(), model.begin() + offset);
          break;
        case 2:
          ASSERT_TRUE(bench.fill_erased(offset, length).ok());
          std::fill_n(model.begin() + offset, length, uint8_t{0xFF});
          break;
        case 3:
          ASSERT_EQ(bench.read(offset, length),
                    std::vector<uint8_t>(model.begin() + offset, model.begin() + offset + length));
          break;
        default:
          if (random() % 4 == 0) ASSERT_TRUE(bench.cache.sync().ok());
      }
    }
    ASSERT_TRUE(bench.cache.sync().ok());
    EXPECT_EQ(bench.chip(0, bench.slice_size), model);
    // Not one byte outside the slice.
    EXPECT_TRUE(std::equal(before.begin(), before.begin() + bench.slice_offset, bench.nor.cells.begin()));
    EXPECT_TRUE(std::equal(before.rbegin(), before.rbegin() + GetParam().sector_size_bytes,
                           bench.nor.cells.rbegin()));
  }
}

TEST(WriteCache, BlocksOfManySectorsWaitTogether) {
  // 8 slots complete a sector, the other 8 hold one block each of 8 more sectors.
  Bench bench(kSerial, 16);
  bench.fill_chip(0x00);
  for (uint32_t i = 0; i < 9; ++i) ASSERT_TRUE(bench.write(i * 2 * 4096, pattern(kBlock, 1)).ok());
  EXPECT_EQ(bench.nor.count('e'), 0u);
  ASSERT_TRUE(bench.write(20 * 4096, pattern(kBlock, 1)).ok());
  EXPECT_EQ(bench.nor.count('e'), 1u) << "one more than can wait";
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.nor.count('e'), 10u);
}

TEST(WriteCache, TheFullestSectorMakesRoom) {
  Bench bench(kSerial, 16);
  bench.fill_chip(0x00);
  ASSERT_TRUE(bench.write(0, pattern(kBlock, 1)).ok());           // a table that stays hot
  ASSERT_TRUE(bench.write(2 * 4096, pattern(4 * 4096, 2)).ok());  // a stream
  ASSERT_TRUE(bench.write(0, pattern(kBlock, 3)).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.nor.count('e'), 5u) << "the table was erased once, at the end";
}

TEST(WriteCache, SyncFlushesFirstWhatWasDirtyFirst) {
  Bench bench(kSerial, 32);
  for (uint32_t sector : {5u, 2u, 9u}) ASSERT_TRUE(bench.write(sector * 4096, pattern(64, 1)).ok());
  ASSERT_TRUE(bench.write(5 * 4096 + 64, pattern(64, 2)).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  std::vector<uint32_t> order;
  for (const auto& op : bench.nor.log) {
    if (op.kind == 'p') order.push_back((op.offset - bench.slice_offset) / 4096);
  }
  EXPECT_EQ(order, (std::vector<uint32_t>{5, 2, 9}));
}

TEST(WriteCache, ASyncMakesRoomForTheSectorThatWasDirtyFirst) {
  // 11 of 12 slots are dirty: the first sector can be completed only after the fullest one.
  Bench bench(kSerial, 12);
  bench.fill_chip(0x00);
  ASSERT_TRUE(bench.write(0, pattern(kBlock, 1)).ok());
  ASSERT_TRUE(bench.write(2 * 4096, pattern(2 * kBlock, 2)).ok());
  ASSERT_TRUE(bench.write(4 * 4096, pattern(4096, 3)).ok());
  EXPECT_EQ(bench.nor.count('e'), 0u);
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.nor.count('e'), 3u);
  EXPECT_EQ(bench.chip(0, kBlock), pattern(kBlock, 1));
  EXPECT_EQ(bench.chip(2 * 4096, 2 * kBlock), pattern(2 * kBlock, 2));
}

TEST(WriteCache, BlocksOfASectorAreProgrammedInTheirOrder) {
  Bench bench(kSerial, 12);
  for (int turn = 0; turn < 3; ++turn) {  // the slots that they wait in are others each time
    bench.nor.log.clear();
    for (uint32_t block : {7u, 2u, 5u, 3u, 0u})
      ASSERT_TRUE(bench.write(turn * 4096 + block * kBlock, pattern(kBlock, 1)).ok());
    ASSERT_TRUE(bench.cache.sync().ok());
    std::vector<uint32_t> order;
    for (const auto& op : bench.nor.log) {
      if (op.kind == 'p') order.push_back((op.offset - bench.slice_offset) % 4096 / kBlock);
    }
    EXPECT_EQ(order, (std::vector<uint32_t>{0, 2, 3, 5, 7})) << turn;
  }
}

TEST(WriteCache, ShortGapsAreProgrammedThrough) {
  Bench bench(kSerial, 16);
  ASSERT_TRUE(bench.write(0, std::vector<uint8_t>{1}).ok());
  ASSERT_TRUE(bench.write(13, std::vector<uint8_t>{2}).ok());  // a gap of 12
  ASSERT_TRUE(bench.write(40, std::vector<uint8_t>{3}).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  std::vector<FakeNor::Operation> programs;
  for (const auto& op : bench.nor.log) {
    if (op.kind == 'p') programs.push_back(op);
  }
  EXPECT_EQ(programs, (std::vector<FakeNor::Operation>{{'p', 4096, 14}, {'p', 4096 + 40, 1}}));
}

TEST(WriteCache, AnEccUnitIsNeverProgrammedTwice) {
  Bench bench(kEcc, 40);
  ASSERT_TRUE(bench.program(0, std::vector<uint8_t>{0x7F}).ok());
  ASSERT_TRUE(bench.cache.sync().ok());
  ASSERT_TRUE(bench.program(1, std::vector<uint8_t>{0x7F}).ok());  // the same unit: needs an erase
  ASSERT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.nor.count('e'), 1u);
  EXPECT_EQ(bench.chip(0, 3), (std::vector<uint8_t>{0x7F, 0x7F, 0xFF}));
}

TEST(WriteCache, ATornEccUnitDoesNotBlockItsSector) {
  Bench bench(kEcc, 40);
  bench.fill_chip(0x00);
  const uint32_t torn = bench.slice_offset + 8192 + 64;
  bool is_torn = true;
  bench.nor.fault = [&](const FakeNor::Operation& op) {
    if (op.kind == 'e') is_torn = false;
    const bool hit = op.kind == 'r' && op.offset <= torn && torn < op.offset + op.length;
    return hit && is_torn ? Status(Error::kIo) : Status();
  };
  std::vector<uint8_t> out(32);
  EXPECT_EQ(bench.cache.read(8192 + 64, out.data(), static_cast<uint32_t>(out.size())), Error::kIo);
  EXPECT_TRUE(bench.cache.read(8192, out.data(), static_cast<uint32_t>(out.size())).ok())
      << "its neighbours read on";
  ASSERT_TRUE(bench.write(0, pattern(kBlock, 1)).ok());
  EXPECT_TRUE(bench.cache.sync().ok());
  EXPECT_EQ(bench.read(8192 + 64, 32), std::vector<uint8_t>(32, 0xFF));
  EXPECT_EQ(bench.read(8192 + 96, 32), std::vector<uint8_t>(32, 0x00));
  // Writing the torn unit itself is a rewrite like any other.
  is_torn = true;
  bench.cache.discard();
  ASSERT_TRUE(bench.write(8192, pattern(kBlock, 2)).ok());
  EXPECT_TRUE(bench.cache.sync().ok());
}

TEST(WriteCache, AnUnreadableBlockOfAPlainFlashIsNotWrittenOver) {
  Bench bench(kSerial, 16);
  bench.fill_chip(0x00);
  bench.nor.fault = [&](const FakeNor::Operation& op) {
    return op.kind == 'r' && op.offset >= bench.slice_offset + 2 * kBlock ? Status(Error::kIo) : Status();
  };
  ASSERT_TRUE(bench.write(0, pattern(kBlock, 1)).ok());
  EXPECT_EQ(bench.cache.sync(), Error::kIo);
  EXPECT_EQ(bench.nor.count('e'), 0u) << "what could not be read would be lost by the erase";
}

}  // namespace
}  // namespace flash
