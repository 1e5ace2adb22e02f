// What `pyb.Flash` promises, line by line, on the whole stack of every board: block protocol, cache, driver
// and modelled hardware. What only Python can see of it is in src/micropython/tests/contract_*.py.
#include <array>
#include <span>

#include "boards/contract_testing.h"

namespace boards {
namespace {

using flash::Error;
using flash::Partition;
using flash::Status;

class Contract : public OnABoard {};
INSTANTIATE_TEST_SUITE_P(Boards, Contract, testing::ValuesIn(all_boards().begin(), all_boards().end()),
                         name_of);

// ---- Constructing

TEST_P(Contract, StartAndLenAreMultiplesOfTheNativeBlockInsideTheStorage) {
  const int64_t n = native, s = storage_bytes;
  for (const auto& [start, len] : {std::array{int64_t{0}, s}, {0, n}, {s - n, n}, {n, s - n}}) {
    EXPECT_TRUE(Partition::accepts(camera->storage(), start, len)) << start << ' ' << len;
  }
  const std::array<int64_t, 2> wrong[] = {{-1, n},
                                          {-n, n},
                                          {s, n},
                                          {s + n, n},
                                          {1, n},
                                          {n - 1, n},
                                          {n + 1, n},
                                          {n / 2, n},
                                          {int64_t{1} << 32, n},
                                          {INT64_MAX - n + 1, n},
                                          {INT64_MIN, n},
                                          {0, 0},
                                          {0, -1},
                                          {0, -n},
                                          {0, 1},
                                          {0, n - 1},
                                          {0, n + 1},
                                          {0, s + n},
                                          {n, s},
                                          {s - n, 2 * n},
                                          {n, INT64_MAX},
                                          {0, INT64_MIN}};
  for (const auto& [start, len] : wrong) {
    EXPECT_FALSE(Partition::accepts(camera->storage(), start, len)) << start << ' ' << len;
  }
}

// ---- Which block a number means

TEST_P(Contract, InitSwitchesTheUnitOfTheSimpleFormOfThisObject) {
  Partition other(camera->storage(), native, kBlocks * native);
  const Bytes data = pattern(kBlocks * native, 1);
  ASSERT_TRUE(part.write_blocks(0, data).ok());
  for (const int argument : {0, 1, 2, 1, 0, 1, -1}) {
    EXPECT_EQ(value(part, kInit, argument), 0);
    const uint32_t unit = argument == 1 ? native : simple;
    EXPECT_EQ(value(part, kBlockSize), static_cast<int32_t>(unit));
    EXPECT_EQ(value(part, kBlockCount), static_cast<int32_t>(kBlocks * native / unit));
    for (uint32_t n = 0; n < kBlocks * native / unit; ++n) {
      Bytes out(unit);
      ASSERT_TRUE(part.read_blocks(n, out).ok());
      EXPECT_TRUE(std::equal(out.begin(), out.end(), data.begin() + n * unit)) << n;
    }
    EXPECT_EQ(value(other, kBlockSize), static_cast<int32_t>(simple)) << "the mode belongs to the object";
  }
}

TEST_P(Contract, TheExtendedFormAndEraseAlwaysCountNativeBlocks) {
  for (const int mode : {0, 1}) {
    surround();
    EXPECT_EQ(value(part, kInit, mode), 0);
    Bytes expected = pattern(kBlocks * native, 2);
    ASSERT_TRUE(part.write_blocks(0, expected).ok());
    Bytes out(9);
    ASSERT_TRUE(part.read_bytes(2, 5, out).ok());
    EXPECT_TRUE(std::equal(out.begin(), out.end(), expected.begin() + 2 * native + 5));
    EXPECT_EQ(value(part, kErase, 3), 0);
    std::fill_n(expected.begin() + 3 * native, native, uint8_t{0xFF});
    ASSERT_TRUE(part.program_bytes(3, 7, Bytes{0x12, 0x34}).ok());
    expected[3 * native + 7] = 0x12;
    expected[3 * native + 8] = 0x34;
    expect_surrounded(expected);
  }
}

// ---- Reading and writing

TEST_P(Contract, APartOfABlockIsRefusedAndNothingIsDone) {
  surround();
  for (const int mode : {0, 1}) {
    EXPECT_EQ(value(part, kInit, mode), 0);
    const uint32_t unit = part.block_bytes();
    for (const size_t length : {1u, unit / 2, unit - 1, unit + 1, 2 * unit - 1}) {
      Bytes buffer(length, 0xA5);
      EXPECT_EQ(part.read_blocks(0, buffer), Error::kBadShape) << length;
      EXPECT_EQ(buffer, Bytes(length, 0xA5)) << "nothing read";
      EXPECT_EQ(part.write_blocks(0, Bytes(length, 0)), Error::kBadShape) << length;
    }
  }
  expect_surrounded(Bytes(kBlocks * native, 0xFF));
}

TEST_P(Contract, TheExtendedFormTakesAnyBytesAndRunsOnIntoLaterBlocks) {
  surround();
  Bytes expected(kBlocks * native, 0xFF);
  const std::array<uint32_t, 3> calls[] = {
      {0, 0, 1}, {0, 3, 5}, {1, native - 1, 1}, {1, native - 3, 2}, {2, native - 3, native + 3}};
  for (const auto& [block, offset, length] : calls) {
    const Bytes data = pattern(length, block + offset);
    if (block == 2) ASSERT_EQ(value(part, kErase, block), 0);
    ASSERT_TRUE(part.program_bytes(block, offset, data).ok()) << block << ' ' << offset;
    std::copy(data.begin(), data.end(), expected.begin() + block * native + offset);
    Bytes out(length);
    ASSERT_TRUE(part.read_bytes(block, offset, out).ok());
    EXPECT_EQ(out, data);
  }
  expect_surrounded(expected);
  ASSERT_TRUE(camera->storage().sync().ok());
  EXPECT_TRUE(in_cells(native, kBlocks * native) == expected);
}

TEST_P(Contract, AnOffsetLiesInsideANativeBlock) {
  surround();
  for (const int64_t offset : {int64_t{-1}, -int64_t{native}, int64_t{native}, int64_t{native} + 1,
                               int64_t{1} << 31, int64_t{1} << 32, INT64_MAX, INT64_MIN}) {
    for (const size_t length : {0, 1}) {
      Bytes buffer(length, 0xA5);
      EXPECT_EQ(part.read_bytes(0, offset, buffer), Error::kBadShape) << offset;
      EXPECT_EQ(buffer, Bytes(length, 0xA5));
      EXPECT_EQ(part.program_bytes(0, offset, Bytes(length, 0)), Error::kBadShape) << offset;
    }
  }
  expect_surrounded(Bytes(kBlocks * native, 0xFF));
}

TEST_P(Contract, TheCallerOfTheSimpleFormNeverErases) {
  surround();
  for (const uint32_t seed : {1u, 2u, 3u}) {
    for (const Bytes& data : {Bytes(kBlocks * native, 0), pattern(kBlocks * native, seed)}) {
      ASSERT_TRUE(part.write_blocks(0, data).ok());
      expect_surrounded(data);
      ASSERT_TRUE(camera->storage().sync().ok());
      EXPECT_TRUE(in_cells(native, kBlocks * native) == data);
    }
  }
}

TEST_P(Contract, TheExtendedFormNeverErasesAndOnlyClearsBits) {
  surround();
  Bytes expected(kBlocks * native, 0xFF);
  for (const uint8_t byte : {uint8_t{0x7F}, uint8_t{0x3C}, uint8_t{0x18}, uint8_t{0x00}}) {
    ASSERT_TRUE(part.program_bytes(1, 20, Bytes(40, byte)).ok());
    std::fill_n(expected.begin() + native + 20, 40, byte);
    for (const bool synced : {false, true}) {
      if (synced) ASSERT_TRUE(camera->storage().sync().ok());
      if (byte == 0x7F) continue;
      EXPECT_EQ(part.program_bytes(1, 20, Bytes{0xFF}), Error::kIo) << "a 0 would have to become 1";
      EXPECT_EQ(part.program_bytes(1, 0, Bytes(21, 0x42)), Error::kIo) << "the last byte of them";
      expect_surrounded(expected);
    }
  }
}

// In words of 32 bytes: the flash of the H7 takes each of them only once.
TEST_P(Contract, ProgrammingErasedBytesCostsNoErase) {
  surround();
  ASSERT_TRUE(camera->storage().sync().ok());
  const uint64_t before = camera->totals().erases;
  Bytes expected(kBlocks * native, 0xFF);
  for (uint32_t at = 0; at < kBlocks * native; at += native / 8) {
    const Bytes word = pattern(32, at);
    ASSERT_TRUE(part.program_bytes(at / native, at % native, std::span(word).first(5)).ok());
    ASSERT_TRUE(part.program_bytes(at / native, at % native + 5, std::span(word).subspan(5)).ok());
    std::copy(word.begin(), word.end(), expected.begin() + at);
    ASSERT_TRUE(camera->storage().sync().ok());
  }
  EXPECT_TRUE(in_cells(native, kBlocks * native) == expected);
  EXPECT_EQ(camera->totals().erases, before);
}

TEST_P(Contract, NoByteOutsideThePartitionIsReachedOnAnyPath) {
  surround();
  const int64_t end = kBlocks * native / simple;
  std::vector<int64_t> blocks(std::begin(kFarBlocks), std::end(kFarBlocks));
  blocks.insert(blocks.end(), {end, end - 1});
  for (const int64_t block : blocks) {
    Bytes buffer(2 * simple, 0xA5);
    EXPECT_EQ(part.read_blocks(block, buffer), Error::kInvalid) << block;
    EXPECT_EQ(buffer, Bytes(2 * simple, 0xA5));
    EXPECT_EQ(part.write_blocks(block, Bytes(2 * simple, 0)), Error::kInvalid) << block;
  }
  blocks.assign(std::begin(kFarBlocks), std::end(kFarBlocks));
  blocks.insert(blocks.end(), {int64_t{kBlocks}, int64_t{kBlocks} + 1});
  for (const int64_t block : blocks) {
    EXPECT_EQ(part.ioctl(kErase, block).status, Error::kInvalid) << block;
    Bytes buffer(1, 0xA5);
    EXPECT_EQ(part.read_bytes(block, 0, buffer), Error::kInvalid) << block;
    EXPECT_EQ(part.program_bytes(block, 0, Bytes(1, 0)), Error::kInvalid) << block;
  }
  Bytes two(2, 0xA5);
  EXPECT_EQ(part.read_bytes(kBlocks - 1, native - 1, two), Error::kInvalid);
  EXPECT_EQ(part.program_bytes(kBlocks - 1, native - 1, Bytes(2, 0)), Error::kInvalid);
  EXPECT_EQ(part.program_bytes(0, 1, Bytes(kBlocks * native, 0)), Error::kInvalid);
  EXPECT_EQ(two, Bytes(2, 0xA5));
  expect_surrounded(Bytes(kBlocks * native, 0xFF));
}

TEST_P(Contract, AZeroLengthIsCheckedAndTouchesNothing) {
  surround();
  ASSERT_TRUE(camera->storage().sync().ok());
  const uint64_t before = flash_work();
  const int64_t end = kBlocks * native / simple;
  for (const int64_t block : {int64_t{0}, end}) {
    EXPECT_TRUE(part.read_blocks(block, {}).ok());
    EXPECT_TRUE(part.write_blocks(block, {}).ok());
  }
  EXPECT_TRUE(part.read_bytes(kBlocks - 1, native - 1, {}).ok());
  EXPECT_TRUE(part.program_bytes(kBlocks, 0, {}).ok());
  EXPECT_TRUE(drive.read_blocks(drive.block_count(), {}).ok());
  EXPECT_TRUE(drive.write_blocks(0x100, {}).ok());
  for (const int64_t block : {end + 1, int64_t{-1}, INT64_MAX}) {
    EXPECT_EQ(part.read_blocks(block, {}), Error::kInvalid) << block;
    EXPECT_EQ(part.write_blocks(block, {}), Error::kInvalid) << block;
  }
  EXPECT_EQ(part.read_bytes(kBlocks, 1, {}), Error::kInvalid);
  EXPECT_EQ(part.program_bytes(kBlocks, 1, {}), Error::kInvalid);
  EXPECT_EQ(drive.read_blocks(drive.block_count() + 1, {}), Error::kInvalid);
  EXPECT_FALSE(camera->storage().is_dirty());
  EXPECT_EQ(flash_work(), before);
}

TEST_P(Contract, WhatTheHardwareRefusedWaitsForALaterSync) {
  const uint32_t sector = GetParam().part->geometry.sector_bytes_at(GetParam().storage().offset);
  Partition whole_sector(camera->storage(), 0, std::max(sector, native));
  const Bytes old(whole_sector.len(), 0x00);
  for (const sim::Operation operation : {sim::Operation::kProgram, sim::Operation::kErase}) {
    for (const int command : {kSync, kDeinit}) {
      ASSERT_TRUE(whole_sector.write_blocks(0, old).ok());
      EXPECT_EQ(value(drive, kSync), 0);
      const Bytes data = pattern(whole_sector.len(), static_cast<uint32_t>(command));
      ASSERT_TRUE(whole_sector.write_blocks(0, data).ok());
      camera->fail_nth(operation, 1);
      EXPECT_EQ(part.ioctl(command, 0).status, Error::kIo);
      EXPECT_TRUE(in_storage(0, whole_sector.len()) == data) << "it is not lost";
      EXPECT_EQ(value(part, command), 0);
      EXPECT_TRUE(in_cells(0, whole_sector.len()) == data);
    }
  }
}

TEST_P(Contract, AFailedReadIsAnError) {
  Bytes out(native);
  camera->fail_nth(sim::Operation::kRead, 1);
  EXPECT_EQ(part.read_bytes(0, 0, out), Error::kIo);
  EXPECT_TRUE(part.read_bytes(0, 0, out).ok());
}

// The same geometry, and a driver that answers what the test says.
class RefusingNor final : public flash::NorFlash {
 public:
  explicit RefusingNor(flash::NorFlash& nor) : NorFlash(nor.geometry()), nor_(nor) {}
  Status refusal;

 private:
  Status do_read(uint32_t offset, uint8_t* out, uint32_t length) override {
    return nor_.read(offset, out, length);
  }
  Status do_program(uint32_t offset, const uint8_t* data, uint32_t length) override {
    return refusal.ok() ? nor_.program(offset, data, length) : refusal;
  }
  Status do_erase(uint32_t offset, uint32_t length) override {
    return refusal.ok() ? nor_.erase(offset, length) : refusal;
  }
  flash::NorFlash& nor_;
};

TEST_P(Contract, EveryErrorOfADriverReachesTheCaller) {
  RefusingNor nor(camera->nor());
  const Board& board = GetParam();
  std::vector<flash::CacheSlot> slots(board.cache_bytes / flash::kCacheBlockBytes);
  Bytes blocks(board.cache_bytes);
  flash::Storage storage(
      nor, {board.storage().offset, storage_bytes, simple, native, 1'000'000}, {slots, blocks},
      [](void*) { return uint64_t{0}; }, nullptr);
  Partition object(storage, 0, native);
  for (const Error error : {Error::kIo, Error::kTimedOut, Error::kNoDevice}) {
    const Bytes data(native, static_cast<uint8_t>(error));
    ASSERT_TRUE(object.write_blocks(0, data).ok());
    nor.refusal = error;
    EXPECT_EQ(object.ioctl(kSync, 0).status, error);
    EXPECT_EQ(object.ioctl(kSync, 0).status, error) << "as often as it fails";
    nor.refusal = {};
    EXPECT_EQ(value(object, kSync), 0);
    EXPECT_TRUE(in_cells(0, native) == data);
  }
}

// ---- ioctl

TEST_P(Contract, DeinitAndSyncOfAnyObjectMakeAllWritesDurable) {
  uint32_t seed = 10;
  for (const int command : {kDeinit, kSync}) {
    for (const bool by_drive : {false, true}) {
      const Bytes data = pattern(2 * native, ++seed);
      ASSERT_TRUE(part.write_blocks(0, data).ok());
      EXPECT_EQ(by_drive ? value(drive, command) : value(around, command), 0);
      EXPECT_TRUE(in_cells(native, 2 * native) == data);
      const uint64_t before = flash_work();
      EXPECT_EQ(value(part, command), 0);
      EXPECT_EQ(flash_work(), before) << "nothing was left to do";
    }
  }
}

TEST_P(Contract, AnErasedBlockReadsAsOnesAndItsNeighboursStay) {
  Partition object(camera->storage(), 0, std::min(storage_bytes, 256u * 1024));
  for (const int mode : {0, 1}) {
    Bytes expected = pattern(object.len(), 20);
    EXPECT_EQ(value(object, kInit, 0), 0);
    ASSERT_TRUE(object.write_blocks(0, expected).ok());
    EXPECT_EQ(value(object, kSync), 0);
    EXPECT_EQ(value(object, kInit, mode), 0);
    for (const uint32_t n : {0u, 3u, object.len() / native - 1}) {
      EXPECT_EQ(value(object, kErase, n), 0);
      std::fill_n(expected.begin() + n * native, native, uint8_t{0xFF});
      EXPECT_TRUE(in_storage(0, object.len()) == expected) << n;
    }
    EXPECT_EQ(value(object, kSync), 0);
    EXPECT_TRUE(in_cells(0, object.len()) == expected);
  }
}

TEST_P(Contract, OtherCommandsHaveNoAnswer) {
  for (const int64_t command :
       {int64_t{0}, int64_t{7}, int64_t{-1}, int64_t{256}, int64_t{1} << 32, INT64_MAX, INT64_MIN}) {
    EXPECT_FALSE(part.ioctl(command, 0).known) << command;
    EXPECT_FALSE(drive.ioctl(command, 0).known) << command;
  }
}

}  // namespace
}  // namespace boards
