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
  if (length > 0) touch();
  if (kind == Access::kProgram) FLASH_TRY(cache_.check_programmable(offset, data, length));
  return cache_.write(offset, data, length);
}

Status Storage::sync() {
  return cache_.sync();
}

Status Storage::poll() {
  if (!cache_.is_dirty() || now() - last_write_us_ < config_.idle_flush_us) return {};
  const Status status = cache_.sync();
  if (!status.ok()) touch();
  return status;
}

}  // namespace flash
