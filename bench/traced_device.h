// A device that keeps books: what the ideal would have cost, and what the storage must hold in the end.
#pragma once

#include <cstdint>
#include <span>

#include "bench/device.h"
#include "bench/ideal.h"
#include "volumes/block_device.h"

namespace bench {

// Never reports an error: a device that fails ends the program.
class TracedDevice final : public volumes::BlockDevice {
 public:
  // `extended`: reads are of the extended form, as littlefs has them, else of the simple one.
  TracedDevice(Device& device, std::span<const uint8_t> content, bool extended)
      : device_(device), extended_(extended), ideal_(device.board(), content) {}

  uint32_t size_bytes() const override { return device_.size_bytes(); }
  uint32_t simple_block_bytes() const override { return device_.board().simple_block_bytes; }
  uint32_t native_block_bytes() const override { return device_.native_block_bytes(); }

  flash::Status read(uint32_t offset, std::span<uint8_t> out) override {
    ideal_.read(out.size());
    extended_ ? device_.read_raw(offset, out) : device_.read(offset, out);
    return {};
  }
  flash::Status write(uint32_t offset, std::span<const uint8_t> data) override {
    ideal_.write(offset, data);
    device_.write(offset, data);
    return {};
  }
  flash::Status program(uint32_t offset, std::span<const uint8_t> data) override {
    ideal_.write(offset, data);
    device_.program(offset, data);
    return {};
  }
  flash::Status erase_block(uint32_t offset) override {
    if (device_.erases_blocks()) ideal_.erase(offset, device_.native_block_bytes());
    device_.erase_block(offset);
    return {};
  }
  flash::Status sync() override {
    ideal_.sync();
    device_.sync();
    return {};
  }

  Device& device() { return device_; }
  const Ideal& ideal() const { return ideal_; }
  void background_flush() { ideal_.sync(); }

 private:
  Device& device_;
  bool extended_;
  Ideal ideal_;
};

}  // namespace bench
