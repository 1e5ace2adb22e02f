#include "flash/block_device.h"

#include <algorithm>

namespace flash {

namespace {

constexpr int32_t kNotPermitted = -1;  // what the firmware answers to kInit with 1 on the singleton

}  // namespace

uint32_t BlockRange::block_bytes() const {
  return native_blocks_ ? storage_->native_block_bytes() : storage_->simple_block_bytes();
}

uint32_t BlockRange::block_count() const {
  return first_block_ + len_ / block_bytes();
}

Status BlockRange::access_blocks(Access kind, uint32_t block, const uint8_t* data, size_t length) {
  const uint32_t unit = block_bytes();
  if (length % unit != 0) return Error::kBadShape;
  if (!in_range(block, length / unit, block_count())) return Error::kInvalid;
  if (block < first_block_) {
    const size_t before = std::min<size_t>(length, (first_block_ - block) * unit);
    if (kind == Access::kRead) {
      read_partition_table(len_ / unit, block, const_cast<uint8_t*>(data), before);
    }
    block = first_block_;
    data += before;
    length -= before;
  }
  return storage_->access(kind, start_ + (block - first_block_) * unit, data, length);
}

Status BlockRange::access_bytes(Access kind, uint32_t block, uint32_t offset, const uint8_t* data,
                                size_t length) {
  const uint32_t unit = storage_->native_block_bytes();
  if (offset >= unit) return Error::kBadShape;
  if (block > len_ / unit) return Error::kInvalid;  // else the product below might not fit
  offset += block * unit;
  if (!in_range(offset, length, len_)) return Error::kInvalid;
  return storage_->access(kind, start_ + offset, data, length);
}

IoctlAnswer BlockRange::control(uint32_t command, uint32_t argument) {
  const bool is_drive = first_block_ > 0;
  IoctlAnswer answer;
  switch (static_cast<Ioctl>(command)) {
    case Ioctl::kInit:
      if (is_drive) {
        if (argument == 1) answer.value = kNotPermitted;
      } else {
        native_blocks_ = argument == 1;
      }
      break;
    case Ioctl::kDeinit:
    case Ioctl::kSync:
      answer.status = storage_->sync();
      break;
    case Ioctl::kBlockCount:
      answer.value = static_cast<int32_t>(block_count());
      break;
    case Ioctl::kBlockSize:
      answer.value = static_cast<int32_t>(block_bytes());
      break;
    case Ioctl::kEraseBlock:
      answer.status =
          is_drive ? Status(Error::kNotSupported)
                   : access_bytes(Access::kWrite, argument, 0, nullptr, storage_->native_block_bytes());
      break;
    default:
      answer.known = false;
  }
  return answer;
}

}  // namespace flash
