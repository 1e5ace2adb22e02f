#include "volumes/storage_device.h"

namespace volumes {

using flash::Status;

Status StorageDevice::read(uint32_t offset, std::span<uint8_t> out) {
  const uint32_t block = native_block_bytes();
  return partition_.read_bytes(offset / block, offset % block, out);
}

Status StorageDevice::write(uint32_t offset, std::span<const uint8_t> data) {
  const uint32_t block = simple_block_bytes();
  if (offset % block != 0) return flash::Error::kBadShape;
  return partition_.write_blocks(offset / block, data);
}

Status StorageDevice::program(uint32_t offset, std::span<const uint8_t> data) {
  const uint32_t block = native_block_bytes();
  return partition_.program_bytes(offset / block, offset % block, data);
}

Status StorageDevice::erase_block(uint32_t offset) {
  const uint32_t block = native_block_bytes();
  if (offset % block != 0) return flash::Error::kBadShape;
  return partition_.ioctl(static_cast<int>(flash::Ioctl::kEraseBlock), offset / block).status;
}

Status StorageDevice::sync() {
  return partition_.ioctl(static_cast<int>(flash::Ioctl::kSync), 0).status;
}

}  // namespace volumes
