// The contract of `pyb.Flash` below Python, line by line.
#include "flash/block_device.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "flash/fake_nor.h"

namespace flash {
namespace {

// The three kinds of boards there are.
struct Kind {
  std::string name;
  FakeNor::Shape shape;
  uint32_t simple_block_bytes;
  uint32_t native_block_bytes;
};
const Kind kKinds[] = {
    {"internal",
     {.name = "",
      .sector_size_bytes = 16384,
      .sector_count = 2,
      .program_unit_bytes = 32,
      .reprogrammable = false},
     512,
     512},
    {"external", {.name = "", .sector_size_bytes = 4096, .sector_count = 16}, 512, 4096},
    {"external4k", {.name = "", .sector_size_bytes = 4096, .sector_count = 16}, 4096, 4096},
};

class Contract : public testing::TestWithParam<Kind> {
 protected:
  Contract()
      : nor(GetParam().shape),
        size(nor.size_bytes()),
        native(GetParam().native_block_bytes),
        simple(GetParam().simple_block_bytes),
        slots(40),
        blocks(40 * kCacheBlockBytes),
        storage(
            nor,
            {.offset = 0,
             .size_bytes = size,
             .simple_block_bytes = simple,
             .native_block_bytes = native,
             .idle_flush_us = 1'000'000},
            {slots, blocks}, [](void*) { return uint64_t{0}; }, nullptr),
        drive(storage) {}

  Partition partition(uint32_t start_blocks, uint32_t count) {
    return Partition(storage, start_blocks * native, count * native);
  }
  int32_t value(Partition& p, Ioctl command, int64_t argument = 0) {
    const IoctlAnswer answer = p.ioctl(static_cast<int>(command), argument);
    EXPECT_TRUE(answer.known && answer.status.ok());
    return answer.value;
  }
  std::vector<uint8_t> read_all() {
    std::vector<uint8_t> out(size);
    EXPECT_TRUE(storage.read(0, out).ok());
    return out;
  }

  FakeNor nor;
  uint32_t size, native, simple;
  std::vector<CacheSlot> slots;
  std::vector<uint8_t> blocks;
  Storage storage;
  Drive drive;
};
INSTANTIATE_TEST_SUITE_P(Boards, Contract, testing::ValuesIn(kKinds),
                         [](const auto& kind) { return kind.param.name; });

// ---- Constructing

TEST_P(Contract, StartAndLenAreCheckedAgainstTheStorage) {
  const int64_t n = native;
  const int64_t s = size;
  for (const auto& [start, len] : {std::pair{int64_t{0}, s}, {int64_t{0}, n}, {s - n, n}, {n, s - n}}) {
    EXPECT_TRUE(Partition::accepts(storage, start, len)) << start << " " << len;
  }
  for (const auto& [start, len] : {std::pair{int64_t{-1}, n},
                                   {-n, n},
                                   {s, n},
                                   {s, int64_t{0}},
                                   {n / 2, n},
                                   {int64_t{1}, n},
                                   {int64_t{0}, int64_t{0}},
                                   {int64_t{0}, int64_t{-1}},
                                   {int64_t{0}, -n},
                                   {int64_t{0}, n + 1},
                                   {int64_t{0}, n / 2},
                                   {n, s},
                                   {int64_t{0}, s + n},
                                   {n, INT64_MAX},
                                   {INT64_MAX - n + 1, n},
                                   {int64_t{1} << 32, n}}) {
    EXPECT_FALSE(Partition::accepts(storage, start, len)) << start << " " << len;
  }
}

// ---- Which block a number means

TEST_P(Contract, TheUnitFollowsInitAndBelongsToTheObject) {
  Partition a = partition(0, 2);
  Partition b = partition(0, 2);
  const auto simple_count = static_cast<int32_t>(2 * native / simple);
  EXPECT_EQ(value(a, Ioctl::kBlockSize), static_cast<int32_t>(simple));
  EXPECT_EQ(value(a, Ioctl::kBlockCount), simple_count);
  EXPECT_EQ(value(a, Ioctl::kInit, 1), 0);
  EXPECT_EQ(value(a, Ioctl::kBlockSize), static_cast<int32_t>(native));
  EXPECT_EQ(value(a, Ioctl::kBlockCount), 2);
  EXPECT_EQ(value(b, Ioctl::kBlockSize), static_cast<int32_t>(simple)) << "the mode belongs to the object";
  EXPECT_EQ(value(a, Ioctl::kInit, 0), 0);
  EXPECT_EQ(value(a, Ioctl::kBlockCount), simple_count);
  value(a, Ioctl::kInit, 1);
  EXPECT_EQ(value(a, Ioctl::kInit, 2), 0) << "anything but 1 is the simple form";
  EXPECT_EQ(value(a, Ioctl::kBlockSize), static_cast<int32_t>(simple));
}

TEST_P(Contract, TheSimpleFormCountsInItsUnitTheOtherFormsInNativeBlocks) {
  Partition p = partition(0, 3);
  std::vector<uint8_t> one(native, 0x11);
  ASSERT_TRUE(p.write_blocks(static_cast<int64_t>(native / simple), one).ok());
  std::vector<uint8_t> out(native);
  ASSERT_TRUE(p.read_bytes(1, 0, out).ok());
  EXPECT_EQ(out, one);
  value(p, Ioctl::kInit, 1);
  ASSERT_TRUE(p.read_blocks(1, out).ok());
  EXPECT_EQ(out, one);
  EXPECT_EQ(value(p, Ioctl::kEraseBlock, 1), 0);
  ASSERT_TRUE(p.read_blocks(1, out).ok());
  EXPECT_EQ(out, std::vector<uint8_t>(native, 0xFF));
}

// ---- Reading and writing

TEST_P(Contract, APartOfABlockIsRefusedInTheSimpleForm) {
  Partition p = partition(0, 2);
  for (size_t length : {size_t{1}, size_t{simple - 1}, size_t{simple + 1}, size_t{simple / 2}}) {
    std::vector<uint8_t> buffer(length, 0x33);
    EXPECT_EQ(p.read_blocks(0, buffer), Error::kBadShape) << length;
    EXPECT_EQ(p.write_blocks(0, buffer), Error::kBadShape) << length;
    EXPECT_EQ(drive.read_blocks(0x100, buffer), Error::kBadShape) << length;
    EXPECT_EQ(drive.write_blocks(0x100, buffer), Error::kBadShape) << length;
  }
  EXPECT_TRUE(nor.log.empty());
}

TEST_P(Contract, AnOffsetLiesWithinANativeBlock) {
  Partition p = partition(0, 2);
  std::vector<uint8_t> buffer(1, 0x33);
  for (int64_t offset : {int64_t{-1}, int64_t{native}, int64_t{native} + 1, INT64_MIN, INT64_MAX}) {
    EXPECT_EQ(p.read_bytes(0, offset, buffer), Error::kBadShape) << offset;
    EXPECT_EQ(p.program_bytes(0, offset, buffer), Error::kBadShape) << offset;
  }
  EXPECT_TRUE(p.read_bytes(0, native - 1, buffer).ok());
}

TEST_P(Contract, APartitionNeverReachesItsNeighbour) {
  ASSERT_TRUE(storage.write(0, std::vector<uint8_t>(size, 0x77)).ok());
  Partition p = partition(1, 2);
  const auto last = static_cast<int64_t>(2 * native / simple);
  std::vector<uint8_t> two_simple(2 * simple, 0);
  std::vector<uint8_t> bytes(native + 1, 0);
  for (int64_t block : {last, last - 1, int64_t{-1}, int64_t{-2}, INT64_MIN, INT64_MAX, int64_t{1} << 20,
                        int64_t{1} << 31, int64_t{1} << 32, (int64_t{1} << 32) / simple}) {
    EXPECT_EQ(p.read_blocks(block, two_simple), Error::kInvalid) << block;
    EXPECT_EQ(p.write_blocks(block, two_simple), Error::kInvalid) << block;
  }
  for (int64_t block : {int64_t{1}, int64_t{2}, int64_t{-1}, INT64_MIN, INT64_MAX, int64_t{1} << 20,
                        (int64_t{1} << 32) / native}) {
    EXPECT_EQ(p.read_bytes(block, 0, bytes), Error::kInvalid) << block;
    EXPECT_EQ(p.program_bytes(block, 0, bytes), Error::kInvalid) << block;
  }
  for (int64_t block : {int64_t{2}, int64_t{-1}, INT64_MIN, INT64_MAX, int64_t{1} << 20}) {
    EXPECT_EQ(p.ioctl(6, block).status, Error::kInvalid) << block;
  }
  EXPECT_EQ(read_all(), std::vector<uint8_t>(size, 0x77)) << "not one byte was carried out";
}

TEST_P(Contract, ZeroLengthSucceedsInRange) {
  Partition p = partition(0, 1);
  EXPECT_TRUE(p.read_blocks(0, {}).ok());
  EXPECT_TRUE(p.write_blocks(0, {}).ok());
  EXPECT_TRUE(p.read_bytes(0, native - 1, {}).ok());
  EXPECT_TRUE(p.program_bytes(0, 0, {}).ok());
  EXPECT_EQ(p.write_blocks(-1, {}), Error::kInvalid);
  EXPECT_EQ(p.read_blocks(native / simple + 1, {}), Error::kInvalid);
  EXPECT_EQ(p.read_bytes(1, 1, {}), Error::kInvalid);
  EXPECT_TRUE(drive.read_blocks(0, {}).ok());
  EXPECT_TRUE(drive.write_blocks(0x100, {}).ok());
  EXPECT_TRUE(nor.log.empty());
  EXPECT_FALSE(storage.is_dirty());
}

TEST_P(Contract, TheSimpleFormErasesByItself) {
  Partition p = partition(1, 2);
  const std::vector<uint8_t> zeros(2 * simple, 0x00);
  const std::vector<uint8_t> ones(2 * simple, 0x5E);
  std::vector<uint8_t> out(2 * simple);
  ASSERT_TRUE(p.write_blocks(0, zeros).ok());
  ASSERT_TRUE(storage.sync().ok());
  ASSERT_TRUE(p.write_blocks(0, ones).ok());
  ASSERT_TRUE(storage.sync().ok());
  ASSERT_TRUE(p.read_blocks(0, out).ok());
  EXPECT_EQ(out, ones);
}

TEST_P(Contract, TheExtendedFormNeverErases) {
  Partition p = partition(1, 2);
  ASSERT_TRUE(p.write_blocks(0, std::vector<uint8_t>(simple, 0xF0)).ok());
  const std::vector<uint8_t> before = read_all();
  EXPECT_EQ(p.program_bytes(0, 0, std::vector<uint8_t>(10, 0x0F)), Error::kIo);
  EXPECT_EQ(p.program_bytes(0, 3, std::vector<uint8_t>{0x00, 0xFF}), Error::kIo);
  EXPECT_EQ(read_all(), before) << "refused whole";
  EXPECT_TRUE(p.program_bytes(0, 3, std::vector<uint8_t>{0x30, 0xF0}).ok());
  std::vector<uint8_t> out(4);
  ASSERT_TRUE(p.read_bytes(0, 2, out).ok());
  EXPECT_EQ(out, (std::vector<uint8_t>{0xF0, 0x30, 0xF0, 0xF0}));
}

TEST_P(Contract, TheExtendedFormRunsOnIntoLaterBlocks) {
  Partition p = partition(1, 3);
  std::vector<uint8_t> data(native + 7);
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<uint8_t>(i);
  ASSERT_TRUE(p.program_bytes(0, native - 3, data).ok());
  std::vector<uint8_t> out(data.size());
  ASSERT_TRUE(p.read_bytes(0, native - 3, out).ok());
  EXPECT_EQ(out, data);
  EXPECT_TRUE(p.read_bytes(2, 3, std::span(out).first(native - 3)).ok());
  EXPECT_EQ(p.read_bytes(2, 3, std::span(out).first(native - 2)), Error::kInvalid);
}

TEST_P(Contract, ErrorsOfTheHardwareComeThroughAndASecondSyncMayMendThem) {
  Partition p = partition(0, 2);
  Partition whole(storage, 0, size);
  for (Error error : {Error::kIo, Error::kTimedOut, Error::kNoDevice}) {
    ASSERT_TRUE(p.write_blocks(0, std::vector<uint8_t>(simple, static_cast<uint8_t>(error))).ok());
    nor.fault = [error](const FakeNor::Operation& op) { return op.kind == 'r' ? Status() : Status(error); };
    EXPECT_EQ(p.ioctl(3, 0).status, error);
    nor.fault = [](const FakeNor::Operation&) { return Status(); };
    EXPECT_TRUE(p.ioctl(3, 0).status.ok());
    EXPECT_EQ(nor.cells[0], static_cast<uint8_t>(error));
    nor.fault = [error](const FakeNor::Operation&) { return Status(error); };
    std::vector<uint8_t> out(simple);
    EXPECT_EQ(whole.read_blocks(size / simple - 1, out), error);
    nor.fault = [](const FakeNor::Operation&) { return Status(); };
  }
}

// ---- ioctl

TEST_P(Contract, DeinitAndSyncReachTheFlash) {
  Partition p = partition(0, 2);
  Partition q = partition(1, 1);
  for (Ioctl command : {Ioctl::kDeinit, Ioctl::kSync}) {
    const auto mark = static_cast<uint8_t>(0x20 + static_cast<int>(command));
    ASSERT_TRUE(p.write_blocks(0, std::vector<uint8_t>(simple, mark)).ok());
    EXPECT_EQ(value(q, command), 0) << "by any object";
    EXPECT_EQ(nor.cells[simple - 1], mark);
    EXPECT_FALSE(storage.is_dirty());
    ASSERT_TRUE(p.write_blocks(0, std::vector<uint8_t>(simple, 0x7F)).ok());
    EXPECT_TRUE(drive.ioctl(static_cast<int>(command), 0).status.ok());
    EXPECT_EQ(nor.cells[0], 0x7F);
  }
}

TEST_P(Contract, AnErasedBlockIsBlankAndItsNeighboursStay) {
  ASSERT_TRUE(storage.write(0, std::vector<uint8_t>(size, 0x18)).ok());
  Partition p = partition(1, 3);
  EXPECT_EQ(value(p, Ioctl::kEraseBlock, 1), 0);
  std::vector<uint8_t> expected(size, 0x18);
  std::fill_n(expected.begin() + 2 * native, native, uint8_t{0xFF});
  EXPECT_EQ(read_all(), expected);
  ASSERT_TRUE(storage.sync().ok());
  EXPECT_EQ(nor.cells, expected);
}

TEST_P(Contract, UnknownCommandsHaveNoAnswer) {
  Partition p = partition(0, 1);
  for (int64_t command : {int64_t{0}, int64_t{7}, int64_t{-1}, INT64_MAX}) {
    EXPECT_FALSE(p.ioctl(command, 0).known) << command;
    EXPECT_FALSE(drive.ioctl(command, 0).known) << command;
  }
}

// ---- The singleton

TEST_P(Contract, TheDriveStartsWithThePartitionTable) {
  EXPECT_EQ(drive.ioctl(4, 0).value, static_cast<int32_t>(0x100 + size / simple));
  EXPECT_EQ(drive.ioctl(5, 0).value, static_cast<int32_t>(simple));
  std::vector<uint8_t> block(simple);
  ASSERT_TRUE(drive.read_blocks(0, block).ok());
  std::vector<uint8_t> expected(simple, 0);
  const uint32_t count = size / simple;
  const std::vector<uint8_t> entry = {0,
                                      0xFF,
                                      0xFF,
                                      0xFF,
                                      1,
                                      0xFF,
                                      0xFF,
                                      0xFF,
                                      0,
                                      1,
                                      0,
                                      0,
                                      static_cast<uint8_t>(count),
                                      static_cast<uint8_t>(count >> 8),
                                      0,
                                      0};
  std::copy(entry.begin(), entry.end(), expected.begin() + 446);
  expected[510] = 0x55;
  expected[511] = 0xAA;
  EXPECT_EQ(block, expected);
  for (int64_t zero_block : {1, 2, 0xFE, 0xFF}) {
    std::fill(block.begin(), block.end(), uint8_t{0xEE});
    ASSERT_TRUE(drive.read_blocks(zero_block, block).ok());
    EXPECT_EQ(block, std::vector<uint8_t>(simple, 0)) << zero_block;
  }
}

TEST_P(Contract, WritesBeforeTheStorageChangeNothing) {
  std::vector<uint8_t> table(0x100 * simple);
  ASSERT_TRUE(drive.read_blocks(0, table).ok());
  for (int64_t block : {0, 1, 0xFF})
    EXPECT_TRUE(drive.write_blocks(block, std::vector<uint8_t>(simple, 0x99)).ok());
  std::vector<uint8_t> after(table.size());
  ASSERT_TRUE(drive.read_blocks(0, after).ok());
  EXPECT_EQ(after, table);
  EXPECT_EQ(read_all(), std::vector<uint8_t>(size, 0xFF));
}

TEST_P(Contract, TheDriveShowsTheStorageFrom0x100On) {
  Partition p = partition(0, 2);
  const std::vector<uint8_t> data(simple, 0x42);
  ASSERT_TRUE(drive.write_blocks(0x101, data).ok());
  std::vector<uint8_t> out(simple);
  ASSERT_TRUE(p.read_blocks(1, out).ok());
  EXPECT_EQ(out, data);
  // One access over the border: the last block of zeros and the first two of the storage.
  std::vector<uint8_t> three(3 * simple);
  ASSERT_TRUE(drive.read_blocks(0xFF, three).ok());
  EXPECT_EQ(three[simple - 1], 0);
  EXPECT_EQ(three[simple], 0xFF);
  EXPECT_EQ(three[2 * simple], 0x42);
  ASSERT_TRUE(drive.write_blocks(0xFF, std::vector<uint8_t>(2 * simple, 0x24)).ok());
  ASSERT_TRUE(p.read_blocks(0, out).ok());
  EXPECT_EQ(out, std::vector<uint8_t>(simple, 0x24));
}

TEST_P(Contract, TheDriveEndsWithTheStorage) {
  const int64_t end = drive.block_count();
  std::vector<uint8_t> two(2 * simple, 0);
  for (int64_t block : {end - 1, end, int64_t{-1}, int64_t{-256}, INT64_MIN, INT64_MAX, int64_t{1} << 32}) {
    EXPECT_EQ(drive.read_blocks(block, two), Error::kInvalid) << block;
    EXPECT_EQ(drive.write_blocks(block, two), Error::kInvalid) << block;
  }
  EXPECT_TRUE(drive.read_blocks(end - 2, two).ok());
  EXPECT_EQ(read_all(), std::vector<uint8_t>(size, 0xFF));
}

TEST_P(Contract, TheDriveKnowsNoExtendedProtocol) {
  EXPECT_EQ(drive.ioctl(1, 1).value, -1);
  EXPECT_EQ(drive.ioctl(1, 0).value, 0);
  EXPECT_EQ(drive.ioctl(6, 0).status, Error::kNotSupported);
  EXPECT_EQ(drive.ioctl(6, 1 << 20).status, Error::kNotSupported);
}

// ---- One flash, many objects

TEST_P(Contract, WhatOneObjectWritesAnyOtherReadsNext) {
  Partition whole(storage, 0, size);
  Partition part = partition(1, 1);
  std::vector<uint8_t> out(native);
  for (bool synced : {false, true}) {
    ASSERT_TRUE(whole.write_blocks(native / simple, std::vector<uint8_t>(native, 0xF1)).ok());
    if (synced) ASSERT_TRUE(storage.sync().ok());
    ASSERT_TRUE(part.read_bytes(0, 0, out).ok());
    EXPECT_EQ(out, std::vector<uint8_t>(native, 0xF1));
    ASSERT_TRUE(part.program_bytes(0, 5, std::vector<uint8_t>{0x10}).ok());
    if (synced) ASSERT_TRUE(storage.sync().ok());
    ASSERT_TRUE(whole.read_blocks(native / simple, out).ok());
    EXPECT_EQ(out[5], 0x10);
    std::vector<uint8_t> block(simple);
    ASSERT_TRUE(drive.read_blocks(0x100 + native / simple, block).ok());
    EXPECT_EQ(block[5], 0x10);
    EXPECT_EQ(block[6], 0xF1);
  }
}

}  // namespace
}  // namespace flash
