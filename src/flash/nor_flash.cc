#include "flash/nor_flash.h"

namespace flash {

Status NorFlash::read(uint32_t offset, std::span<uint8_t> out) {
  if (!in_range(offset, out.size(), size_bytes_)) return Error::kInvalid;
  if (out.empty()) return {};
  return do_read(offset, out);
}

Status NorFlash::program(uint32_t offset, std::span<const uint8_t> data) {
  if (!in_range(offset, data.size(), size_bytes_)) return Error::kInvalid;
  if ((offset | data.size()) % geometry_.program_unit_bytes != 0) return Error::kInvalid;  // a power of two
  if (data.empty()) return {};
  return do_program(offset, data);
}

Status NorFlash::erase(uint32_t offset, uint32_t length) {
  if (!in_range(offset, length, size_bytes_)) return Error::kInvalid;
  if (!geometry_.is_sector_aligned(offset, length)) return Error::kInvalid;
  if (length == 0) return {};
  return do_erase(offset, length);
}

void NorFlash::geometry_changed() {
  size_bytes_ = geometry_.size_bytes();
}

}  // namespace flash
