#include "flash/nor_flash.h"

namespace flash {

Status NorFlash::read(uint32_t offset, uint8_t* out, uint32_t length) {
  if (!in_range(offset, length, size_bytes_)) return Error::kInvalid;
  if (length == 0) return {};
  return do_read(offset, out, length);
}

Status NorFlash::program(uint32_t offset, const uint8_t* data, uint32_t length) {
  if (!in_range(offset, length, size_bytes_)) return Error::kInvalid;
  if (((offset | length) & (geometry_.program_unit_bytes - 1)) != 0) return Error::kInvalid;
  if (length == 0) return {};
  return do_program(offset, data, length);
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
