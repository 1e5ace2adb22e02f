// The contract goes on: the singleton `pyb.Flash()`, and what many objects over one flash see of each other.
#include "boards/contract_testing.h"

namespace boards {
namespace {

using flash::Error;
using flash::Partition;

class DriveContract : public OnABoard {};
INSTANTIATE_TEST_SUITE_P(Boards, DriveContract, testing::ValuesIn(all_boards().begin(), all_boards().end()),
                         name_of);

// ---- The singleton

TEST_P(DriveContract, TheSingletonHasSimpleBlocksOnly) {
  EXPECT_EQ(value(drive, kInit, 1), -1);
  EXPECT_EQ(value(drive, kInit, 0), 0);
  EXPECT_EQ(value(drive, kInit, 2), 0);
  EXPECT_EQ(value(drive, kBlockSize), static_cast<int32_t>(simple));
  EXPECT_EQ(value(drive, kBlockCount), static_cast<int32_t>(0x100 + storage_bytes / simple));
  for (const int64_t block : {int64_t{0}, int64_t{0x100}, INT64_MAX, INT64_MIN}) {
    EXPECT_EQ(drive.ioctl(kErase, block).status, Error::kNotSupported) << block;
  }
}

TEST_P(DriveContract, Block0IsThePartitionTableAndZerosFollow) {
  Bytes expected(0x100 * simple, 0);
  const uint32_t count = storage_bytes / simple;
  const Bytes entry = {0x00, 0xFF, 0xFF, 0xFF, 0x01, 0xFF, 0xFF, 0xFF, 0x00, 0x01, 0x00, 0x00};
  std::copy(entry.begin(), entry.end(), expected.begin() + 446);
  for (int i = 0; i < 4; ++i) expected[458 + static_cast<size_t>(i)] = static_cast<uint8_t>(count >> (8 * i));
  expected[510] = 0x55;
  expected[511] = 0xAA;
  Bytes out(0x100 * simple, 0xA5);
  ASSERT_TRUE(drive.read_blocks(0, out).ok());
  EXPECT_TRUE(out == expected);
  for (const uint32_t block : {0u, 1u, 0x80u, 0xFFu}) {
    EXPECT_TRUE(drive.write_blocks(block, Bytes(simple, 0x99)).ok());
  }
  EXPECT_EQ(value(drive, kSync), 0);
  EXPECT_EQ(flash_work(), 0u) << "writes there change nothing";
  ASSERT_TRUE(drive.read_blocks(0, out).ok());
  EXPECT_TRUE(out == expected);
}

TEST_P(DriveContract, Block0x100AndKIsBlockKOfTheStorage) {
  for (const uint32_t k : {0u, 1u, 5u, storage_bytes / simple - 1}) {
    ASSERT_TRUE(drive.write_blocks(0x100 + k, pattern(simple, k)).ok());
    EXPECT_TRUE(in_storage(k * simple, simple) == pattern(simple, k)) << k;
  }
  Bytes three(3 * simple, 0xA5);
  ASSERT_TRUE(drive.read_blocks(0xFF, three).ok());
  EXPECT_TRUE(std::all_of(three.begin(), three.begin() + simple, [](uint8_t byte) { return byte == 0; }));
  EXPECT_TRUE(std::equal(three.begin() + simple, three.end(), in_storage(0, 2 * simple).begin()));
  ASSERT_TRUE(drive.write_blocks(0xFF, pattern(2 * simple, 9)).ok());
  const Bytes second_half = pattern(2 * simple, 9);
  EXPECT_TRUE(in_storage(0, simple) == Bytes(second_half.begin() + simple, second_half.end()));
}

TEST_P(DriveContract, TheSingletonEndsWithTheStorage) {
  const int64_t end = drive.block_count();
  std::vector<int64_t> blocks(std::begin(kFarBlocks), std::end(kFarBlocks));
  blocks.insert(blocks.end(), {end - 1, end});
  for (const int64_t block : blocks) {
    Bytes buffer(2 * simple, 0xA5);
    EXPECT_EQ(drive.read_blocks(block, buffer), Error::kInvalid) << block;
    EXPECT_EQ(buffer, Bytes(2 * simple, 0xA5));
    EXPECT_EQ(drive.write_blocks(block, Bytes(2 * simple, 0)), Error::kInvalid) << block;
  }
  for (const size_t length : {1u, simple - 1, simple + 1}) {
    Bytes buffer(length);
    EXPECT_EQ(drive.read_blocks(0, buffer), Error::kBadShape) << length;
    EXPECT_EQ(drive.write_blocks(0x100, buffer), Error::kBadShape) << length;
  }
  EXPECT_FALSE(camera->storage().is_dirty());
}

// ---- One flash, many objects

TEST_P(DriveContract, WhatOneObjectWritesAnyOtherReadsNextBeforeAndAfterASync) {
  Partition native_blocks(camera->storage(), native, kBlocks * native);
  EXPECT_EQ(value(native_blocks, kInit, 1), 0);
  for (const bool synced : {false, true}) {
    for (uint32_t writer = 0; writer < 4; ++writer) {
      const Bytes data = pattern(native, 30 + writer + (synced ? 10 : 0));
      if (writer == 0) ASSERT_TRUE(part.write_blocks(0, data).ok());
      if (writer == 1) ASSERT_TRUE(native_blocks.write_blocks(0, data).ok());
      if (writer == 2) ASSERT_TRUE(drive.write_blocks(0x100 + native / simple, data).ok());
      if (writer == 3) {
        ASSERT_EQ(value(around, kErase, 1), 0);
        ASSERT_TRUE(around.program_bytes(1, 0, data).ok());
      }
      if (synced) ASSERT_EQ(value(drive, kSync), 0);
      Bytes out[4] = {Bytes(native), Bytes(native), Bytes(native), Bytes(native)};
      ASSERT_TRUE(part.read_blocks(0, out[0]).ok());
      ASSERT_TRUE(native_blocks.read_blocks(0, out[1]).ok());
      ASSERT_TRUE(drive.read_blocks(0x100 + native / simple, out[2]).ok());
      ASSERT_TRUE(around.read_bytes(1, 0, out[3]).ok());
      for (const Bytes& read : out) EXPECT_TRUE(read == data) << "writer " << writer;
    }
  }
}

TEST_P(DriveContract, AnIdleStorageReachesTheFlashByItself) {
  const uint32_t idle_ms = GetParam().idle_flush_ms;
  for (const bool erases : {false, true}) {
    const Bytes data = erases ? Bytes(native, 0xFF) : pattern(native, 40);
    if (erases) {
      ASSERT_EQ(value(part, kErase, 0), 0);
    } else {
      ASSERT_TRUE(part.write_blocks(0, data).ok());
    }
    camera->pass_ms(idle_ms - 1);
    EXPECT_FALSE(in_cells(native, native) == data) << "not yet";
    camera->pass_ms(2);
    EXPECT_TRUE(in_cells(native, native) == data);
    EXPECT_FALSE(camera->storage().is_dirty());
  }
}

}  // namespace
}  // namespace boards
