#include "flash/storage_nor.h"

#include <gtest/gtest.h>

#include <vector>

#include "flash/fake_nor.h"

namespace flash {
namespace {

constexpr uint32_t kOffset = 2 * 4096;
constexpr uint32_t kSize = 4 * 4096;

struct Bench {
  explicit Bench(uint32_t large_erase_bytes = 8192, size_t slot_count = 16)
      : nor({.name = "serial",
             .sector_size_bytes = 4096,
             .sector_count = 8,
             .program_gap_bytes = 12,
             .large_erase_bytes = {large_erase_bytes, 0}}),
        slots(slot_count),
        blocks(slot_count * kCacheBlockBytes) {}

  FakeNor nor;
  std::vector<CacheSlot> slots;
  std::vector<uint8_t> blocks;
  Storage storage{nor,
                  {.offset = kOffset,
                   .size_bytes = kSize,
                   .simple_block_bytes = 512,
                   .native_block_bytes = 4096,
                   .idle_flush_us = 1000},
                  {slots, blocks},
                  [](void*) { return uint64_t{0}; },
                  nullptr};
  StorageNor slice{storage};
};

TEST(StorageNor, HasTheShapeOfTheStorage) {
  Bench bench;
  EXPECT_EQ(bench.slice.size_bytes(), kSize);
  EXPECT_EQ(bench.slice.geometry().sector_at(5000).offset, 4096u);
  EXPECT_EQ(bench.slice.geometry().large_erase_bytes[0], 8192u);
  EXPECT_EQ(Bench(16384).slice.geometry().large_erase_bytes[0], 0u) << "aligned here is not aligned there";
}

TEST(StorageNor, ActsAtOnceAndInThePlaceOfTheStorage) {
  Bench bench;
  const std::vector<uint8_t> data(100, 0x5A);
  ASSERT_TRUE(bench.slice.program(4096 + 7, data).ok());
  EXPECT_EQ(bench.nor.cells[kOffset + 4096 + 7], 0x5A);
  ASSERT_TRUE(bench.slice.erase(4096, 4096).ok());
  EXPECT_EQ(bench.nor.cells[kOffset + 4096 + 7], 0xFF);
  EXPECT_EQ(bench.slice.program(kSize - 1, data), Error::kInvalid);
  EXPECT_EQ(bench.slice.erase(kSize, 4096), Error::kInvalid);
  std::vector<uint8_t> out(2);
  EXPECT_EQ(bench.storage.read_now(UINT32_MAX, out.data(), 2), Error::kInvalid);
  EXPECT_EQ(bench.storage.program_now(UINT32_MAX, data.data(), 2), Error::kInvalid);
  EXPECT_EQ(bench.storage.erase_now(UINT32_MAX, 2), Error::kInvalid);
}

// The flush before a program erases a sector, and so brings its other blocks into slots already looked
// through.
TEST(StorageNor, NothingOfWhatIsProgrammedStaysInTheCache) {
  Bench bench(8192, 4096 / kCacheBlockBytes);
  const std::vector<uint8_t> changed(kCacheBlockBytes, 0xF0);
  const std::vector<uint8_t> programmed(2 * kCacheBlockBytes, 0x00);
  std::fill(bench.nor.cells.begin(), bench.nor.cells.end(), 0x0F);
  ASSERT_TRUE(bench.storage.write(kCacheBlockBytes, changed).ok());
  std::vector<uint8_t> out(16);
  for (uint32_t block = 0; block < 6; ++block)
    ASSERT_TRUE(bench.storage.read(4096 + block * kCacheBlockBytes, out).ok());
  ASSERT_TRUE(bench.slice.program(0, programmed).ok());
  ASSERT_TRUE(bench.storage.write(2 * kCacheBlockBytes, changed).ok());
  ASSERT_TRUE(bench.storage.sync().ok());
  out.resize(2 * kCacheBlockBytes);
  ASSERT_TRUE(bench.slice.read(0, out).ok());
  EXPECT_EQ(out, programmed);
  EXPECT_EQ(bench.nor.cells[kOffset + 3 * kCacheBlockBytes], 0x0F);
}

// Who reads again because a read went wrong wants to know it from the flash.
TEST(StorageNor, EveryReadIsOfTheFlashButForWhatWaits) {
  Bench bench;
  std::fill(bench.nor.cells.begin(), bench.nor.cells.end(), 0x0F);
  std::vector<uint8_t> out(1024);
  ASSERT_TRUE(bench.slice.read(0, out).ok());
  std::fill(bench.nor.cells.begin(), bench.nor.cells.end(), 0x3C);
  ASSERT_TRUE(bench.slice.read(0, out).ok());
  EXPECT_EQ(out, std::vector<uint8_t>(1024, 0x3C));
  ASSERT_TRUE(bench.storage.write(600, std::vector<uint8_t>(8, 0x77)).ok());
  ASSERT_TRUE(bench.slice.read(0, out).ok());
  EXPECT_EQ(out[599], 0x3C);
  EXPECT_EQ(out[600], 0x77);
  EXPECT_EQ(bench.slice.read(bench.slice.size_bytes() - 1, std::span(out).first(2)), Status(Error::kInvalid));
}

TEST(StorageNor, WhatWaitedInTheCacheIsNeitherLostNorComesBack) {
  Bench bench;
  const std::vector<uint8_t> waiting(512, 0xF0);
  ASSERT_TRUE(bench.storage.write(0, waiting).ok());
  ASSERT_TRUE(bench.storage.write(4096, waiting).ok());
  const std::vector<uint8_t> data(16, 0x30);
  ASSERT_TRUE(bench.slice.program(8, data).ok());
  std::vector<uint8_t> seen(512);
  ASSERT_TRUE(bench.storage.read(0, seen).ok());
  EXPECT_EQ(seen[0], 0xF0) << "written before: it is under the program";
  EXPECT_EQ(seen[8], 0x30);
  ASSERT_TRUE(bench.slice.erase(4096, 4096).ok());
  ASSERT_TRUE(bench.storage.sync().ok());
  EXPECT_EQ(bench.nor.cells[kOffset + 4096], 0xFF) << "written before: it is erased";
}

TEST(StorageNor, WhatWaitsBesideARangeGoesOnWaiting) {
  constexpr uint32_t kFirst = 6 * kCacheBlockBytes, kEnd = 18 * kCacheBlockBytes;  // the range is sector 1
  for (const bool erases : {true, false}) {
    Bench bench;
    const std::vector<uint8_t> waiting(kEnd - kFirst, 0xF0);
    ASSERT_TRUE(bench.storage.write(kFirst, waiting).ok());
    if (erases) {
      ASSERT_TRUE(bench.storage.erase_now(4096, 4096).ok());
    } else {
      bench.storage.forget(4096, 4096);
    }
    EXPECT_EQ(bench.nor.cells[kOffset + kFirst], 0xFF);
    ASSERT_TRUE(bench.storage.sync().ok());
    for (uint32_t at = kFirst; at < kEnd; at += kCacheBlockBytes) {
      const bool is_forgotten = at / 4096 == 1;
      EXPECT_EQ(bench.nor.cells[kOffset + at], is_forgotten ? 0xFF : 0xF0) << at;
    }
  }
}

TEST(StorageNor, AnEmptyRangeTakesNothingFromTheCache) {
  Bench bench;
  const std::vector<uint8_t> waiting(2 * kCacheBlockBytes, 0xF0);
  ASSERT_TRUE(bench.storage.write(4096 - kCacheBlockBytes, waiting).ok());
  for (const uint32_t at : {4096u - kCacheBlockBytes, 4096u - 100, 4096u}) {
    bench.storage.forget(at, 0);
    EXPECT_TRUE(bench.storage.program_now(at, nullptr, 0).ok());
    EXPECT_TRUE(bench.storage.read_now(at, nullptr, 0).ok());
  }
  EXPECT_TRUE(bench.storage.erase_now(4096, 0).ok());
  EXPECT_EQ(bench.nor.cells[kOffset + 4096], 0xFF) << "nor does it write";
  ASSERT_TRUE(bench.storage.sync().ok());
  EXPECT_EQ(bench.nor.cells[kOffset + 4096 - kCacheBlockBytes], 0xF0);
  EXPECT_EQ(bench.nor.cells[kOffset + 4096], 0xF0);
}

}  // namespace
}  // namespace flash
