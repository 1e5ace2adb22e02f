// Bytes of a device, and what is in all of them.
#pragma once

#include <cstdint>
#include <span>

#include "volumes/block_device.h"

namespace images {

// Zeros where the flash cannot be read.
void read_or_zeros(volumes::BlockDevice& device, uint32_t offset, std::span<uint8_t> out);

bool is_filled_with(std::span<const uint8_t> bytes, uint8_t value);
inline bool is_blank(std::span<const uint8_t> bytes) {
  return is_filled_with(bytes, 0xFF);
}

}  // namespace images
