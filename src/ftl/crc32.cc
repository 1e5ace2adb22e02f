#include "ftl/crc32.h"

#include <array>

namespace ftl {

namespace {

constexpr uint32_t kPolynomial = 0xEDB88320;  // reflected

// Half a byte at a time: a table of 64 bytes is little enough for a camera.
constexpr std::array<uint32_t, 16> make_table() {
  std::array<uint32_t, 16> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 4; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
    table[i] = value;
  }
  return table;
}

constexpr std::array<uint32_t, 16> kTable = make_table();

}  // namespace

uint32_t crc32(std::span<const uint8_t> bytes) {
  uint32_t crc = ~uint32_t{0};
  for (const uint8_t byte : bytes) {
    crc = (crc >> 4) ^ kTable[(crc ^ byte) & 0xF];
    crc = (crc >> 4) ^ kTable[(crc ^ (byte >> 4)) & 0xF];
  }
  return ~crc;
}

}  // namespace ftl
