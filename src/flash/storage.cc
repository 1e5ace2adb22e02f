#include "flash/storage.h"

namespace flash {

Storage::Storage(NorFlash& nor, const StorageConfig& config, CacheMemory memory, NowUs now_us,
                 void* clock_context)
    : nor_(nor),
      config_(config),
      cache_(nor, config.offset, config.size_bytes, memory),
      now_us_(now_us),
      clock_context_(clock_context) {}

Status Storage::read(uint64_t offset, std::span<uint8_t> out) {
  if (!in_range(offset, out.size(), config_.size_bytes)) return Error::kInvalid;
  return cache_.read(static_cast<uint32_t>(offset), out);
}

Status Storage::write(uint64_t offset, std::span<const uint8_t> data) {
  if (!in_range(offset, data.size(), config_.size_bytes)) return Error::kInvalid;
  if (!data.empty()) touch();
  return cache_.write(static_cast<uint32_t>(offset), data);
}

Status Storage::program(uint64_t offset, std::span<const uint8_t> data) {
  if (!in_range(offset, data.size(), config_.size_bytes)) return Error::kInvalid;
  if (!data.empty()) touch();
  return cache_.program(static_cast<uint32_t>(offset), data);
}

Status Storage::erase(uint64_t offset, uint64_t length) {
  if (!in_range(offset, length, config_.size_bytes)) return Error::kInvalid;
  if (length > 0) touch();
  return cache_.fill_erased(static_cast<uint32_t>(offset), static_cast<uint32_t>(length));
}

Status Storage::program_now(uint64_t offset, std::span<const uint8_t> data) {
  if (!in_range(offset, data.size(), config_.size_bytes)) return Error::kInvalid;
  const auto at = static_cast<uint32_t>(offset);
  FLASH_TRY(cache_.evict(at, static_cast<uint32_t>(data.size()), true));
  return nor_.program(config_.offset + at, data);
}

Status Storage::erase_now(uint64_t offset, uint64_t length) {
  if (!in_range(offset, length, config_.size_bytes)) return Error::kInvalid;
  const auto at = static_cast<uint32_t>(offset);
  FLASH_TRY(cache_.evict(at, static_cast<uint32_t>(length), false));
  return nor_.erase(config_.offset + at, static_cast<uint32_t>(length));
}

Status Storage::sync() {
  return cache_.sync();
}

Status Storage::poll() {
  if (!cache_.is_dirty() || now_us_(clock_context_) - last_write_us_ < config_.idle_flush_us) return {};
  const Status status = cache_.sync();
  if (!status.ok()) touch();
  return status;
}

}  // namespace flash
