// The camera's storage, or a partition of it, as a block device: what `pyb.Flash` is to a filesystem there.
#pragma once

#include "flash/block_device.h"
#include "flash/storage.h"
#include "volumes/block_device.h"

namespace volumes {

class StorageDevice final : public BlockDevice {
 public:
  // The storage outlives the device.
  explicit StorageDevice(flash::Storage& storage) : StorageDevice(storage, 0, storage.size_bytes()) {}

  // As flash::Partition::accepts.
  StorageDevice(flash::Storage& storage, uint32_t start, uint32_t len)
      : storage_(storage), partition_(storage, start, len) {}

  uint32_t size_bytes() const override { return partition_.len(); }
  uint32_t simple_block_bytes() const override { return storage_.simple_block_bytes(); }
  uint32_t native_block_bytes() const override { return storage_.native_block_bytes(); }
  flash::Status read(uint32_t offset, std::span<uint8_t> out) override;
  flash::Status write(uint32_t offset, std::span<const uint8_t> data) override;
  flash::Status program(uint32_t offset, std::span<const uint8_t> data) override;
  flash::Status erase_block(uint32_t offset) override;
  flash::Status sync() override;

 private:
  flash::Storage& storage_;
  flash::Partition partition_;
};

}  // namespace volumes
