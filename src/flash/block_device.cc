#include "flash/block_device.h"

#include <algorithm>

#include "flash/partition_table.h"

namespace flash {

namespace {

constexpr int32_t kNotPermitted = -1;  // what the firmware answers to kInit with 1 on the singleton

// Byte offset of block `block`; false where no storage is that large. Keeps every product within 64 bits.
bool block_offset(int64_t block, uint32_t block_bytes, uint64_t& offset) {
  if (block < 0 || block > INT32_MAX) return false;
  offset = static_cast<uint64_t>(block) * block_bytes;
  return true;
}

}  // namespace

// ---- Partition ------------------------------------------------------------------------------------

bool Partition::accepts(const Storage& storage, int64_t start, int64_t len) {
  const uint32_t unit = storage.native_block_bytes();
  if (start < 0 || len <= 0 || start % unit != 0 || len % unit != 0) return false;
  return in_range(static_cast<uint64_t>(start), static_cast<uint64_t>(len), storage.size_bytes());
}

Partition::Partition(Storage& storage, uint32_t start, uint32_t len)
    : storage_(&storage), start_(start), len_(len) {}

uint32_t Partition::block_bytes() const {
  return native_blocks_ ? storage_->native_block_bytes() : storage_->simple_block_bytes();
}

Status Partition::locate(int64_t block, uint32_t unit, uint64_t offset, size_t length, uint64_t& at) const {
  if (!block_offset(block, unit, at)) return Error::kInvalid;
  at += offset;
  if (!in_range(at, length, len_)) return Error::kInvalid;
  at += start_;
  return {};
}

Status Partition::locate_blocks(int64_t block, size_t length, uint64_t& at) const {
  if (length % block_bytes() != 0) return Error::kBadShape;
  return locate(block, block_bytes(), 0, length, at);
}

Status Partition::locate_bytes(int64_t block, int64_t offset, size_t length, uint64_t& at) const {
  const uint32_t unit = storage_->native_block_bytes();
  if (offset < 0 || offset >= unit) return Error::kBadShape;
  return locate(block, unit, static_cast<uint64_t>(offset), length, at);
}

Status Partition::read_blocks(int64_t block, std::span<uint8_t> out) {
  uint64_t at = 0;
  FLASH_TRY(locate_blocks(block, out.size(), at));
  return storage_->read(at, out);
}

Status Partition::write_blocks(int64_t block, std::span<const uint8_t> data) {
  uint64_t at = 0;
  FLASH_TRY(locate_blocks(block, data.size(), at));
  return storage_->write(at, data);
}

Status Partition::read_bytes(int64_t block, int64_t offset, std::span<uint8_t> out) {
  uint64_t at = 0;
  FLASH_TRY(locate_bytes(block, offset, out.size(), at));
  return storage_->read(at, out);
}

Status Partition::program_bytes(int64_t block, int64_t offset, std::span<const uint8_t> data) {
  uint64_t at = 0;
  FLASH_TRY(locate_bytes(block, offset, data.size(), at));
  return storage_->program(at, data);
}

Status Partition::erase_block(int64_t block) {
  const uint32_t unit = storage_->native_block_bytes();
  uint64_t at = 0;
  FLASH_TRY(locate(block, unit, 0, unit, at));
  return storage_->erase(at, unit);
}

IoctlAnswer Partition::ioctl(int64_t command, int64_t argument) {
  switch (command) {
    case static_cast<int>(Ioctl::kInit):
      native_blocks_ = argument == 1;
      return {{}};
    case static_cast<int>(Ioctl::kDeinit):
    case static_cast<int>(Ioctl::kSync):
      return {storage_->sync()};
    case static_cast<int>(Ioctl::kBlockCount):
      return {{}, static_cast<int32_t>(len_ / block_bytes())};
    case static_cast<int>(Ioctl::kBlockSize):
      return {{}, static_cast<int32_t>(block_bytes())};
    case static_cast<int>(Ioctl::kEraseBlock):
      return {erase_block(argument)};
    default:
      return {{}, 0, false};
  }
}

// ---- Drive ----------------------------------------------------------------------------------------

uint32_t Drive::block_count() const {
  return kFirstStorageBlock + storage_->size_bytes() / block_bytes();
}

Status Drive::locate(int64_t block, size_t length, Range& range) const {
  if (length % block_bytes() != 0) return Error::kBadShape;
  if (!block_offset(block, block_bytes(), range.offset)) return Error::kInvalid;
  if (!in_range(range.offset, length, uint64_t{block_count()} * block_bytes())) return Error::kInvalid;
  const uint64_t table_bytes = uint64_t{kFirstStorageBlock} * block_bytes();
  if (range.offset < table_bytes) {
    range.table_length = static_cast<size_t>(std::min<uint64_t>(length, table_bytes - range.offset));
  }
  range.storage_offset =
      range.offset + range.table_length - std::min(range.offset + range.table_length, table_bytes);
  return {};
}

Status Drive::read_blocks(int64_t block, std::span<uint8_t> out) {
  Range range;
  FLASH_TRY(locate(block, out.size(), range));
  read_partition_table(kFirstStorageBlock, block_count() - kFirstStorageBlock,
                       static_cast<uint32_t>(range.offset), out.first(range.table_length));
  return storage_->read(range.storage_offset, out.subspan(range.table_length));
}

Status Drive::write_blocks(int64_t block, std::span<const uint8_t> data) {
  Range range;
  FLASH_TRY(locate(block, data.size(), range));
  return storage_->write(range.storage_offset, data.subspan(range.table_length));
}

IoctlAnswer Drive::ioctl(int64_t command, int64_t argument) {
  switch (command) {
    case static_cast<int>(Ioctl::kInit):
      return {{}, argument == 1 ? kNotPermitted : 0};
    case static_cast<int>(Ioctl::kDeinit):
    case static_cast<int>(Ioctl::kSync):
      return {storage_->sync()};
    case static_cast<int>(Ioctl::kBlockCount):
      return {{}, static_cast<int32_t>(block_count())};
    case static_cast<int>(Ioctl::kBlockSize):
      return {{}, static_cast<int32_t>(block_bytes())};
    case static_cast<int>(Ioctl::kEraseBlock):
      return {Error::kNotSupported};
    default:
      return {{}, 0, false};
  }
}

}  // namespace flash
