// The way past the cache, for who orders its own operations. A library of its own, like all that few take.
#include <algorithm>

#include "flash/storage.h"

namespace flash {

Status Storage::read_now(uint32_t offset, uint8_t* out, uint32_t length) {
  if (!in_range(offset, length, config_.size_bytes)) return Error::kInvalid;
  if (cache_.is_dirty(offset, length)) return cache_.read(offset, out, length);
  return nor_.read(config_.offset + offset, out, length);
}

Status Storage::program_now(uint32_t offset, const uint8_t* data, uint32_t length) {
  if (!in_range(offset, length, config_.size_bytes)) return Error::kInvalid;
  FLASH_TRY(cache_.evict(offset, length, true));
  return nor_.program(config_.offset + offset, data, length);
}

Status Storage::erase_now(uint32_t offset, uint32_t length) {
  if (!in_range(offset, length, config_.size_bytes)) return Error::kInvalid;
  FLASH_TRY(cache_.evict(offset, length, false));
  return nor_.erase(config_.offset + offset, length);
}

void Storage::forget(uint32_t offset, uint32_t length) {
  cache_.evict(offset, length, false).ignore();
}

bool WriteCache::is_dirty(uint32_t offset, uint32_t length) const {
  return std::any_of(slots_.begin(), slots_.end(), [=](const CacheSlot& slot) {
    const uint32_t at = slot.block * kCacheBlockBytes;
    return slot.is_dirty() && at + kCacheBlockBytes > offset && at < offset + length;
  });
}

Status WriteCache::evict(uint32_t offset, uint32_t length, bool flushes) {
  for (CacheSlot& slot : slots_) {
    const uint32_t at = slot.block * kCacheBlockBytes;
    if (length == 0 || slot.block == CacheSlot::kUnused) continue;
    if (at + kCacheBlockBytes <= offset || at >= offset + length) continue;
    if (slot.is_dirty() && flushes) {
      FLASH_TRY(flush(sector_of(slot)));
      return evict(offset, length, true);  // blocks have come in, or changed places
    }
    if (slot.is_dirty()) mark_clean(slot);
    slot.block = CacheSlot::kUnused;
  }
  return {};
}

}  // namespace flash
