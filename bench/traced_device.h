// A device that keeps books: what the ideal would have cost, and what the storage must hold.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "bench/device.h"
#include "bench/ideal.h"
#include "flash/block_device.h"

namespace bench {

class TracedDevice {
 public:
  TracedDevice(Device& device, std::span<const uint8_t> content)
      : device_(device), ideal_(device.board(), content) {}

  const boards::Board& board() const { return device_.board(); }
  uint64_t now_ms() const { return device_.clock().now_us() / 1000; }

  void read_blocks(uint32_t block, std::span<uint8_t> out) {
    if (is_in_storage(block)) ideal_.read(out.size());
    device_.read_blocks(block, out);
  }
  void write_blocks(uint32_t block, std::span<const uint8_t> data) {
    if (is_in_storage(block)) {
      ideal_.write((block - flash::Drive::kFirstStorageBlock) * board().simple_block_bytes, data);
    }
    device_.write_blocks(block, data);
  }
  void read_bytes(uint32_t block, uint32_t offset, std::span<uint8_t> out) {
    ideal_.read(out.size());
    device_.read_bytes(block, offset, out);
  }
  void program_bytes(uint32_t block, uint32_t offset, std::span<const uint8_t> data) {
    ideal_.write(block * board().native_block_bytes + offset, data);
    device_.program_bytes(block, offset, data);
  }
  void erase_block(uint32_t block) {
    ideal_.erase(block * board().native_block_bytes, board().native_block_bytes);
    device_.erase_block(block);
  }
  void sync() {
    ideal_.sync();
    device_.sync();
  }

  // Camera time passes. Where it is long enough for the background flush, that counts as a sync.
  void pass_ms(uint32_t ms) {
    if (ms >= kLongestBackgroundFlushMs) ideal_.sync();
    device_.pass_ms(ms);
  }

  Device& device() const { return device_; }
  const Ideal& ideal() const { return ideal_; }

 private:
  // mkfs writes its partition's type into the table.
  static bool is_in_storage(uint32_t block) { return block >= flash::Drive::kFirstStorageBlock; }

  // 5 s without a write, and a tick of 512 ms twice: the first erases, with the firmware.
  static constexpr uint32_t kLongestBackgroundFlushMs = 6'024;

  Device& device_;
  Ideal ideal_;
};

}  // namespace bench
