// The part of the board's flash that holds the filesystem: one slice, one cache, one owner.
#pragma once

#include <cstdint>
#include <span>

#include "flash/nor_flash.h"
#include "flash/status.h"
#include "flash/write_cache.h"

namespace flash {

struct StorageConfig {
  uint32_t offset;              // of the slice in the flash, at a sector boundary
  uint32_t size_bytes;          // whole sectors
  uint32_t simple_block_bytes;  // 512, or 4096 on the N6
  uint32_t native_block_bytes;  // 4096 on external flash, 512 inside an MCU
  uint32_t idle_flush_us;       // written data reaches the flash by itself after this long without a write;
                                // at most half a minute: where flushes fail, up to 128 times as long
};

enum class Access : uint8_t { kRead, kWrite, kProgram };

// Byte access to the storage through the write-back cache. All ranges are relative to the storage.
// A length of zero is a success that touches nothing (the range is still checked).
class Storage {
 public:
  // A clock that never goes back: microseconds since any moment.
  using NowUs = uint64_t (*)(void* context);

  // Can there be such a storage? To be asked once `nor` has come up: only then is its geometry known, and a
  // chip of a second source may erase other sizes.
  //   kInvalid   the slice leaves the flash, or is not whole sectors of one size; or one of them does not fit
  //              into the cache
  static Status check(const NorFlash& nor, const StorageConfig& config, const CacheMemory& memory) {
    const Geometry& geometry = nor.geometry();
    const bool is_slice = config.size_bytes > 0 &&
                          in_range(config.offset, config.size_bytes, nor.size_bytes()) &&
                          geometry.is_sector_aligned(config.offset, config.size_bytes) &&
                          geometry.has_one_sector_size(config.offset, config.size_bytes);
    if (!is_slice) return Error::kInvalid;
    const size_t blocks = memory.slots.size();
    const bool is_cache = blocks * kCacheBlockBytes >= geometry.sector_bytes_at(config.offset) &&
                          memory.blocks.size() >= blocks * kCacheBlockBytes;
    return is_cache ? Status() : Status(Error::kInvalid);
  }

  // What check() asks for is taken for granted.
  Storage(NorFlash& nor, const StorageConfig& config, const CacheMemory& memory, NowUs now_us,
          void* clock_context);

  uint32_t size_bytes() const { return config_.size_bytes; }
  uint32_t simple_block_bytes() const { return config_.simple_block_bytes; }
  uint32_t native_block_bytes() const { return config_.native_block_bytes; }

  // write() erases what must be erased; program() never does, and answers kIo where a 0 bit would have to
  // become 1; what is erased reads as 0xFF. Where a unit carries ECC (Geometry::reprogrammable), the sync has
  // to rewrite the sector of one that holds something already: a store that appends does so in whole units.
  //   kInvalid   the range leaves the storage; nothing was carried out
  //   kIo, kTimedOut, kNoDevice from the flash; what waited to be written waits on
  Status read(uint64_t offset, std::span<uint8_t> out) {
    return access(Access::kRead, to_u32(offset), out.data(), out.size());
  }
  Status write(uint64_t offset, std::span<const uint8_t> data) {
    return access(Access::kWrite, to_u32(offset), data.data(), data.size());
  }
  Status program(uint64_t offset, std::span<const uint8_t> data) {
    return access(Access::kProgram, to_u32(offset), data.data(), data.size());
  }
  Status erase(uint64_t offset, uint64_t length) {
    return access(Access::kWrite, to_u32(offset), nullptr, to_u32(length));
  }

  // All of them in one: what the block protocol is built on. `data` is filled by kRead; nullptr stands for
  // 0xFF in kWrite.
  Status access(Access kind, uint32_t offset, const uint8_t* data, size_t size);

  // Everything written so far is in the flash when this returns success.
  Status sync();

  // For a layer that orders its own operations (see StorageNor): in the flash when they return, past the
  // cache. Whoever reads afterwards sees them. A read is of the flash itself, each time, but for what waits
  // to be written. Ranges are those of NorFlash, and errors, too.
  const NorFlash& nor() const { return nor_; }
  uint32_t offset() const { return config_.offset; }
  Status read_now(uint32_t offset, uint8_t* out, uint32_t length);
  Status program_now(uint32_t offset, const uint8_t* data, uint32_t length);
  Status erase_now(uint32_t offset, uint32_t length);

  // What waits in this range to be written is not wanted after all. The range lies inside the storage.
  void forget(uint32_t offset, uint32_t length);

  // To be called every so often: syncs after `idle_flush_us` without a write. A failed flush is tried
  // again after twice as long each time (and after a while from the start), and by the next sync.
  Status poll();

  // Forgets everything that waits to be written: for the moment when power is gone.
  void discard() { cache_.discard(); }

  bool is_dirty() const { return cache_.is_dirty(); }

 private:
  void touch() {
    last_write_us_ = now();
    failed_flushes_ = 0;
  }
  uint32_t now() const { return static_cast<uint32_t>(now_us_(clock_context_)); }

  NorFlash& nor_;
  StorageConfig config_;
  WriteCache cache_;
  NowUs now_us_;
  void* clock_context_;
  static constexpr uint32_t kFlushTries = 8;  // each after twice as long; then from the start
  uint32_t failed_flushes_ = 0;               // of those, since the last write
  uint32_t last_write_us_ = 0;                // wraps around, and so does what is compared with it
};

}  // namespace flash
