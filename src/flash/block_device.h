// What a `pyb.Flash` object is below Python: the block protocol over a storage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

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

// `pyb.Flash(start=, len=)`: a slice of the storage. It owns nothing and can be copied.
class Partition {
 public:
  // `start` and `len` are bytes: multiples of the native block, inside the storage, len > 0.
  static bool accepts(const Storage& storage, int64_t start, int64_t len);
  Partition(Storage& storage, uint32_t start, uint32_t len);

  uint32_t start() const { return start_; }
  uint32_t len() const { return len_; }
  uint32_t block_bytes() const;  // the unit of the simple form

  // The simple form: whole blocks from `block` on; writing erases what must be erased.
  //   kBadShape  the length is not a multiple of the block size
  //   kInvalid   a byte lies outside the partition, or `block` is negative
  //   and whatever the storage reports. Nothing is carried out on kBadShape and kInvalid.
  Status read_blocks(int64_t block, std::span<uint8_t> out);
  Status write_blocks(int64_t block, std::span<const uint8_t> data);

  // The extended form: any length, from byte `offset` of native block `block` on. Writing never erases.
  //   kBadShape  `offset` is negative or not less than a native block
  //   kInvalid   as above
  //   kIo        a write would turn a 0 bit into a 1 bit; nothing was changed
  Status read_bytes(int64_t block, int64_t offset, std::span<uint8_t> out);
  Status program_bytes(int64_t block, int64_t offset, std::span<const uint8_t> data);

  // `argument` is looked at by kInit (1: native blocks for the simple form) and kEraseBlock.
  IoctlAnswer ioctl(int64_t command, int64_t argument);

 private:
  // Where in the storage the range lies that an access names; `unit` is the size of a block.
  Status locate(int64_t block, uint32_t unit, uint64_t offset, size_t length, uint64_t& at) const;
  Status locate_blocks(int64_t block, size_t length, uint64_t& at) const;
  Status locate_bytes(int64_t block, int64_t offset, size_t length, uint64_t& at) const;
  Status erase_block(int64_t block);

  Storage* storage_;
  uint32_t start_;
  uint32_t len_;
  bool native_blocks_ = false;
};

// `pyb.Flash()`: the whole storage behind a virtual partition table, as the camera shows it over USB.
// Block 0 is the table, blocks 1..0xFF read as zero, block 0x100 + k is block k of the storage.
// Writes to the first 0x100 blocks succeed and change nothing.
class Drive {
 public:
  static constexpr uint32_t kFirstStorageBlock = 0x100;

  explicit Drive(Storage& storage) : storage_(&storage) {}

  uint32_t block_count() const;
  uint32_t block_bytes() const { return storage_->simple_block_bytes(); }

  // Errors as in Partition.
  Status read_blocks(int64_t block, std::span<uint8_t> out);
  Status write_blocks(int64_t block, std::span<const uint8_t> data);

  // kInit with 1 answers -1 as the firmware does; kEraseBlock is kNotSupported.
  IoctlAnswer ioctl(int64_t command, int64_t argument);

 private:
  // An access split into what lies before the storage and what lies in it.
  struct Range {
    uint64_t offset = 0;  // in the drive
    size_t table_length = 0;
    uint64_t storage_offset = 0;
  };
  Status locate(int64_t block, size_t length, Range& range) const;

  Storage* storage_;
};

}  // namespace flash
