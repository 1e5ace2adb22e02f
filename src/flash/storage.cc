#include "flash/storage.h"

namespace flash {

Storage::Storage(NorFlash& nor, const StorageConfig& config, const CacheMemory& memory, NowUs now_us,
                 void* clock_context)
    : nor_(nor),
      config_(config),
      cache_(nor, config.offset, memory),
      now_us_(now_us),
      clock_context_(clock_context) {}

Status Storage::access(Access kind, uint32_t offset, const uint8_t* data, size_t size) {
  if (!in_range(offset, size, config_.size_bytes)) return Error::kInvalid;
  const auto length = static_cast<uint32_t>(size);
  if (kind == Access::kRead) return cache_.read(offset, const_cast<uint8_t*>(data), length);
  if (kind == Access::kProgram) FLASH_TRY(cache_.check_programmable(offset, data, length));
  if (length > 0) touch();
  return cache_.write(offset, data, length);
}

Status Storage::sync() {
  return cache_.sync();
}

Status Storage::poll() {
  const uint32_t began_us = now();
  if (!cache_.is_dirty() || began_us - last_write_us_ < config_.idle_flush_us << failed_flushes_) return {};
  const Status status = cache_.sync();
  if (status.ok()) return status;
  // Each try may cost an erase: a sector that never takes it would be worn out in a day.
  failed_flushes_ = (failed_flushes_ + 1) % kFlushTries;
  last_write_us_ = began_us;
  return status;
}

}  // namespace flash
