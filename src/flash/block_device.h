// What a `pyb.Flash` object is below Python: the block protocol over a storage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "flash/partition_table.h"
#include "flash/status.h"
#include "flash/storage.h"

namespace flash {

// The commands of `vfs.AbstractBlockDev.ioctl`.
enum class Ioctl : int {
  kInit = 1,
  kDeinit = 2,
  kSync = 3,
  kBlockCount = 4,
  kBlockSize = 5,
  kEraseBlock = 6,
};

// An ioctl's answer: a status, and the number Python gets when it is success.
// `known` is false for a command that this device has no answer to (Python: None).
struct [[nodiscard]] IoctlAnswer {
  Status status;
  int32_t value = 0;
  bool known = true;
};

// A number as Python gave it, for the stack: a negative one is beyond everything, too.
constexpr uint32_t to_number(int64_t number) {
  return to_u32(static_cast<uint64_t>(number));
}

// A range of the storage in blocks, and what may lie before it. It owns nothing and can be copied.
class BlockRange {
 public:
  uint32_t block_bytes() const;  // the unit of the simple form
  uint32_t block_count() const;

  // The simple form: whole blocks from `block` on; writing erases what must be erased.
  //   kBadShape  the length is not a multiple of the block size
  //   kInvalid   a byte lies outside the range, or `block` is negative
  //   and whatever the storage reports. Nothing is carried out on kBadShape and kInvalid.
  Status read_blocks(int64_t block, std::span<uint8_t> out) {
    return access_blocks(Access::kRead, to_number(block), out.data(), out.size());
  }
  Status write_blocks(int64_t block, std::span<const uint8_t> data) {
    return access_blocks(Access::kWrite, to_number(block), data.data(), data.size());
  }

  // `argument` is looked at by kInit (1: native blocks for the simple form) and kEraseBlock.
  IoctlAnswer ioctl(int64_t command, int64_t argument) {
    return control(to_number(command), to_number(argument));
  }

 protected:
  BlockRange(Storage& storage, uint32_t start, uint32_t len, uint32_t first_block)
      : storage_(&storage), start_(start), len_(len), first_block_(first_block) {}

  Status access_bytes(Access kind, uint32_t block, uint32_t offset, const uint8_t* data, size_t length);

  Storage* storage_;
  uint32_t start_;
  uint32_t len_;

 private:
  Status access_blocks(Access kind, uint32_t block, const uint8_t* data, size_t length);
  IoctlAnswer control(uint32_t command, uint32_t argument);

  uint32_t first_block_;  // those before it are the partition table and zeros
  bool native_blocks_ = false;
};

// `pyb.Flash(start=, len=)`: a slice of the storage.
class Partition : public BlockRange {
 public:
  // `start` and `len` are bytes: multiples of the native block, inside the storage, len > 0.
  static bool accepts(const Storage& storage, int64_t start, int64_t len) {
    const uint32_t unit = storage.native_block_bytes();
    return len > 0 && to_number(start) % unit == 0 && to_number(len) % unit == 0 &&
           in_range(to_number(start), to_number(len), storage.size_bytes());
  }
  Partition(Storage& storage, uint32_t start, uint32_t len) : BlockRange(storage, start, len, 0) {}

  uint32_t start() const { return start_; }
  uint32_t len() const { return len_; }

  // The extended form: any length, from byte `offset` of native block `block` on. Writing never erases.
  //   kBadShape  `offset` is negative or not less than a native block
  //   kInvalid   as above
  //   kIo        a write would turn a 0 bit into a 1 bit; nothing was changed
  Status read_bytes(int64_t block, int64_t offset, std::span<uint8_t> out) {
    return access_bytes(Access::kRead, to_number(block), to_number(offset), out.data(), out.size());
  }
  Status program_bytes(int64_t block, int64_t offset, std::span<const uint8_t> data) {
    return access_bytes(Access::kProgram, to_number(block), to_number(offset), data.data(), data.size());
  }
};

// `pyb.Flash()`: the whole storage behind a virtual partition table, as the camera shows it over USB.
// Block 0 is the table, blocks 1..0xFF read as zero, block 0x100 + k is block k of the storage.
// Writes to the first 0x100 blocks succeed and change nothing.
//
// kInit with 1 answers -1 as the firmware does; kEraseBlock is kNotSupported.
class Drive : public BlockRange {
 public:
  static constexpr uint32_t kFirstStorageBlock = flash::kFirstStorageBlock;

  explicit Drive(Storage& storage) : BlockRange(storage, 0, storage.size_bytes(), kFirstStorageBlock) {}
};

}  // namespace flash
