// Words of the array, as all STM32 see them: little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace drivers {

inline constexpr uint32_t kBlankWord = 0xFFFFFFFF;

// The data comes from anywhere, so it need not be aligned.
inline uint32_t load_le32(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint32_t>(bytes[at]) | static_cast<uint32_t>(bytes[at + 1]) << 8 |
         static_cast<uint32_t>(bytes[at + 2]) << 16 | static_cast<uint32_t>(bytes[at + 3]) << 24;
}

}  // namespace drivers
