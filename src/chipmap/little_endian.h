// Numbers as filesystems store them.
#pragma once

#include <cstdint>

namespace chipmap {

inline uint16_t get_le16(const uint8_t* at) {
  return static_cast<uint16_t>(at[0] | at[1] << 8);
}

inline uint32_t get_le32(const uint8_t* at) {
  return get_le16(at) | uint32_t{get_le16(at + 2)} << 16;
}

inline void put_le16(uint8_t* at, uint32_t value) {
  at[0] = static_cast<uint8_t>(value);
  at[1] = static_cast<uint8_t>(value >> 8);
}

}  // namespace chipmap
