// A device that keeps books: what the ideal would have cost, and what the storage must hold in the end.
#pragma once

#include <cstdint>
#include <span>

#include "bench/device.h"
#include "bench/ideal.h"

namespace bench {

class TracedDevice {
 public:
  TracedDevice(Device& device, std::span<const uint8_t> content)
      : device_(device), ideal_(device.board(), content) {}

  void read(uint32_t offset, std::span<uint8_t> out) {
    ideal_.read(out.size());
    device_.read(offset, out);
  }
  void write(uint32_t offset, std::span<const uint8_t> data) {
    ideal_.write(offset, data);
    device_.write(offset, data);
  }
  void read_raw(uint32_t offset, std::span<uint8_t> out) {
    ideal_.read(out.size());
    device_.read_raw(offset, out);
  }
  void program(uint32_t offset, std::span<const uint8_t> data) {
    ideal_.write(offset, data);
    device_.program(offset, data);
  }
  void erase_block(uint32_t offset) {
    if (device_.erases_blocks()) ideal_.erase(offset, device_.native_block_bytes());
    device_.erase_block(offset);
  }
  void sync() {
    ideal_.sync();
    device_.sync();
  }

  Device& device() { return device_; }
  const Ideal& ideal() const { return ideal_; }
  void background_flush() { ideal_.sync(); }

 private:
  Device& device_;
  Ideal ideal_;
};

}  // namespace bench
