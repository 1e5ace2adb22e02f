#include "flash/storage.h"

#include <gtest/gtest.h>

#include <vector>

#include "flash/fake_nor.h"

namespace flash {
namespace {

const FakeNor::Shape kShape = {.name = "serial", .sector_size_bytes = 4096, .sector_count = 8};
constexpr uint32_t kSize = 4 * 4096;
constexpr uint32_t kIdleUs = 1'000'000;

struct Bench {
  FakeNor nor{kShape};
  std::vector<CacheSlot> slots{16};
  std::vector<uint8_t> blocks = std::vector<uint8_t>(16 * kCacheBlockBytes);
  uint64_t now_us = 5;
  Storage storage{nor,
                  {.offset = 2 * 4096,
                   .size_bytes = kSize,
                   .simple_block_bytes = 512,
                   .native_block_bytes = 4096,
                   .idle_flush_us = kIdleUs},
                  {slots, blocks},
                  [](void* clock) { return *static_cast<uint64_t*>(clock); },
                  &now_us};
};

TEST(Storage, CheckTellsWhatCannotBe) {
  FakeNor nor(kShape);
  std::vector<CacheSlot> slots(16);
  std::vector<uint8_t> blocks(16 * kCacheBlockBytes);
  const auto check = [&](uint32_t offset, uint32_t size_bytes, size_t slot_count, size_t bytes) {
    return Storage::check(nor, StorageConfig{offset, size_bytes, 512, 4096, 0},
                          {std::span(slots).first(slot_count), std::span(blocks).first(bytes)});
  };
  EXPECT_TRUE(check(0, 8 * 4096, 16, 8192).ok());
  EXPECT_TRUE(check(7 * 4096, 4096, 8, 4096).ok());
  EXPECT_EQ(check(0, 0, 16, 8192), Error::kInvalid);
  EXPECT_EQ(check(0, 9 * 4096, 16, 8192), Error::kInvalid);
  EXPECT_EQ(check(8 * 4096, 4096, 16, 8192), Error::kInvalid);
  EXPECT_EQ(check(512, 4096, 16, 8192), Error::kInvalid);
  EXPECT_EQ(check(0, 4096 + 512, 16, 8192), Error::kInvalid);
  EXPECT_EQ(check(0, 4096, 7, 8192), Error::kInvalid) << "less than a sector";
  EXPECT_EQ(check(0, 4096, 8, 4095), Error::kInvalid) << "fewer bytes than slots";
}

TEST(Storage, RefusesWhatLeavesItAndCarriesOutNothing) {
  Bench bench;
  std::vector<uint8_t> buffer(2 * kSize, 0);
  struct Case {
    uint64_t offset;
    size_t length;
  };
  for (const Case& c : {Case{0, kSize + 1}, Case{kSize, 1}, Case{kSize - 1, 2}, Case{kSize + 1, 0},
                        Case{UINT64_MAX, 1}, Case{UINT64_MAX - 1, 2}, Case{uint64_t{1} << 32, 1}}) {
    const auto bytes = std::span(buffer).first(c.length);
    EXPECT_EQ(bench.storage.read(c.offset, bytes), Error::kInvalid) << c.offset;
    EXPECT_EQ(bench.storage.write(c.offset, bytes), Error::kInvalid) << c.offset;
    EXPECT_EQ(bench.storage.program(c.offset, bytes), Error::kInvalid) << c.offset;
    EXPECT_EQ(bench.storage.erase(c.offset, c.length), Error::kInvalid) << c.offset;
  }
  EXPECT_EQ(bench.storage.erase(0, UINT64_MAX), Error::kInvalid);
  EXPECT_FALSE(bench.storage.is_dirty());
  EXPECT_TRUE(bench.nor.log.empty());
}

TEST(Storage, ZeroLengthTouchesNothing) {
  Bench bench;
  for (uint64_t offset : {uint64_t{0}, uint64_t{kSize}}) {
    EXPECT_TRUE(bench.storage.read(offset, {}).ok());
    EXPECT_TRUE(bench.storage.write(offset, {}).ok());
    EXPECT_TRUE(bench.storage.program(offset, {}).ok());
    EXPECT_TRUE(bench.storage.erase(offset, 0).ok());
  }
  EXPECT_FALSE(bench.storage.is_dirty());
  EXPECT_TRUE(bench.storage.sync().ok());
  EXPECT_TRUE(bench.nor.log.empty());
}

TEST(Storage, LiesWhereItsSliceLies) {
  Bench bench;
  const std::vector<uint8_t> data(kSize, 0x42);
  ASSERT_TRUE(bench.storage.write(0, data).ok());
  ASSERT_TRUE(bench.storage.sync().ok());
  std::vector<uint8_t> expected(8 * 4096, 0xFF);
  std::fill_n(expected.begin() + 2 * 4096, kSize, uint8_t{0x42});
  EXPECT_EQ(bench.nor.cells, expected);
}

TEST(Storage, IdleFlushComesAfterTheLastWriteAndNotBefore) {
  Bench bench;
  const std::vector<uint8_t> data(512, 0);
  ASSERT_TRUE(bench.storage.write(0, data).ok());
  bench.now_us += kIdleUs - 1;
  ASSERT_TRUE(bench.storage.poll().ok());
  EXPECT_TRUE(bench.storage.is_dirty());
  ASSERT_TRUE(bench.storage.write(512, data).ok());  // starts the wait anew
  bench.now_us += kIdleUs - 1;
  ASSERT_TRUE(bench.storage.poll().ok());
  EXPECT_TRUE(bench.storage.is_dirty());
  bench.now_us += 1;
  ASSERT_TRUE(bench.storage.poll().ok());
  EXPECT_FALSE(bench.storage.is_dirty());
}

TEST(Storage, IdleFlushComesInTimeAlsoWhereTheClockLeaves32Bits) {
  Bench bench;
  bench.now_us = UINT32_MAX - kIdleUs / 2;
  ASSERT_TRUE(bench.storage.write(0, std::vector<uint8_t>(512, 0)).ok());
  bench.now_us += kIdleUs - 1;
  ASSERT_TRUE(bench.storage.poll().ok());
  EXPECT_TRUE(bench.storage.is_dirty());
  bench.now_us += 1;
  ASSERT_TRUE(bench.storage.poll().ok());
  EXPECT_FALSE(bench.storage.is_dirty());
}

TEST(Storage, AWriteThatIsRefusedDoesNotPutTheIdleFlushOff) {
  Bench bench;
  ASSERT_TRUE(bench.storage.write(0, std::vector<uint8_t>(512, 0)).ok());
  bench.now_us += kIdleUs - 1;
  EXPECT_EQ(bench.storage.program(0, std::vector<uint8_t>{1}), Error::kIo);
  bench.now_us += 1;
  ASSERT_TRUE(bench.storage.poll().ok());
  EXPECT_FALSE(bench.storage.is_dirty());
}

TEST(Storage, PollOfACleanStorageTouchesNothing) {
  Bench bench;
  bench.now_us += 10 * kIdleUs;
  EXPECT_TRUE(bench.storage.poll().ok());
  EXPECT_TRUE(bench.nor.log.empty());
}

TEST(Storage, AFailedIdleFlushIsTriedAgain) {
  Bench bench;
  ASSERT_TRUE(bench.storage.write(0, std::vector<uint8_t>(512, 0)).ok());
  bench.nor.fault = [](const FakeNor::Operation& op) {
    return op.kind == 'p' ? Status(Error::kIo) : Status();
  };
  bench.now_us += kIdleUs;
  EXPECT_EQ(bench.storage.poll(), Error::kIo);
  bench.nor.fault = [](const FakeNor::Operation&) { return Status(); };
  EXPECT_TRUE(bench.storage.poll().ok());
  EXPECT_TRUE(bench.storage.is_dirty()) << "not at once: a broken chip is not to be hammered";
  bench.now_us += 2 * kIdleUs;
  EXPECT_TRUE(bench.storage.poll().ok());
  EXPECT_FALSE(bench.storage.is_dirty());
}

TEST(Storage, ASectorThatNeverTakesAFlushIsNotWornOutByItself) {
  Bench bench;
  std::fill(bench.nor.cells.begin(), bench.nor.cells.end(), uint8_t{0});
  bench.nor.fault = [](const FakeNor::Operation& op) {
    return op.kind == 'p' ? Status(Error::kIo) : Status();
  };
  ASSERT_TRUE(bench.storage.write(0, std::vector<uint8_t>(512, 0xF0)).ok());
  const auto tries_within = [&bench](uint32_t seconds) {
    size_t tries = 0;
    for (uint32_t i = 0; i < seconds; ++i) {
      bench.now_us += kIdleUs;
      if (!bench.storage.poll().ok()) ++tries;
    }
    return tries;
  };
  EXPECT_EQ(tries_within(1), 1u);
  EXPECT_EQ(tries_within(3600), 116u);  // eight in 255 seconds, and again
  // Who writes waits for the flush of what is written no longer than ever.
  ASSERT_TRUE(bench.storage.write(4096, std::vector<uint8_t>(512, 0xF0)).ok());
  EXPECT_EQ(tries_within(1), 1u);
}

TEST(Storage, EraseAndProgramGoThroughTheSameCache) {
  Bench bench;
  ASSERT_TRUE(bench.storage.write(0, std::vector<uint8_t>(4096, 0)).ok());
  EXPECT_EQ(bench.storage.program(0, std::vector<uint8_t>{1}), Error::kIo);
  ASSERT_TRUE(bench.storage.erase(0, 4096).ok());
  ASSERT_TRUE(bench.storage.program(0, std::vector<uint8_t>{1}).ok());
  std::vector<uint8_t> out(2);
  ASSERT_TRUE(bench.storage.read(0, out).ok());
  EXPECT_EQ(out, (std::vector<uint8_t>{1, 0xFF}));
}

}  // namespace
}  // namespace flash
