#include "images/bytes.h"

#include <algorithm>

namespace images {

void read_or_zeros(volumes::BlockDevice& device, uint32_t offset, std::span<uint8_t> out) {
  if (device.read(offset, out).ok()) return;
  constexpr size_t kPieceBytes = 512;
  for (size_t at = 0; at < out.size(); at += kPieceBytes) {
    const auto piece = out.subspan(at, std::min(kPieceBytes, out.size() - at));
    if (!device.read(offset + static_cast<uint32_t>(at), piece).ok()) {
      std::fill(piece.begin(), piece.end(), uint8_t{0});
    }
  }
}

bool is_filled_with(std::span<const uint8_t> bytes, uint8_t value) {
  return std::all_of(bytes.begin(), bytes.end(), [value](uint8_t byte) { return byte == value; });
}

}  // namespace images
