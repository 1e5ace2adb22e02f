// The array of an STM32's flash, as the CPU reads it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace drivers {

inline constexpr uint32_t kBlankWord = 0xFFFFFFFF;

// Words are little-endian. The data comes from anywhere, so it need not be aligned.
inline uint32_t load_le32(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint32_t>(bytes[at]) | static_cast<uint32_t>(bytes[at + 1]) << 8 |
         static_cast<uint32_t>(bytes[at + 2]) << 16 | static_cast<uint32_t>(bytes[at + 3]) << 24;
}

// A guarded read masks interrupts, so long ones are done in pieces: 512 bytes take two or three
// microseconds. Pieces end at multiples of their size and so never lie in two banks.
inline std::span<uint8_t> first_piece(uint32_t offset, std::span<uint8_t> out) {
  constexpr uint32_t kPieceBytes = 512;
  return out.first(std::min<size_t>(out.size(), kPieceBytes - offset % kPieceBytes));
}

}  // namespace drivers
