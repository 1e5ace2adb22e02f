// What a filesystem stands on: one partition, by both forms of MicroPython's block protocol.
#pragma once

#include <cstdint>
#include <span>

#include "flash/status.h"

namespace volumes {

// All offsets are bytes from the start of the device.
class BlockDevice {
 public:
  virtual ~BlockDevice() = default;

  virtual uint32_t size_bytes() const = 0;  // a multiple of both
  virtual uint32_t simple_block_bytes() const = 0;
  virtual uint32_t native_block_bytes() const = 0;

  // Any offset and length, for both forms.
  virtual flash::Status read(uint32_t offset, std::span<uint8_t> out) = 0;

  // The simple form: whole simple blocks; what must be erased is erased.
  virtual flash::Status write(uint32_t offset, std::span<const uint8_t> data) = 0;

  // The extended form: programs and never erases; erases one native block.
  virtual flash::Status program(uint32_t offset, std::span<const uint8_t> data) = 0;
  virtual flash::Status erase_block(uint32_t offset) = 0;

  virtual flash::Status sync() = 0;
};

}  // namespace volumes
