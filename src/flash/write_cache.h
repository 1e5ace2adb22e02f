// Write-back cache of 512-byte blocks over a slice of a NOR flash.
//
// Dirty blocks wait in a pool of slots. A flush takes one erase sector at a time, and all its blocks
// together: it compares them with the flash, erases only if a 0 bit must become 1, programs only what
// differs, reads back, and only then calls the blocks clean. A sector is erased no earlier than its
// whole new content is in RAM: the blocks that were not cached are read into free slots first. The
// pool therefore never holds so many dirty blocks that no sector could be completed; see has_room().
#pragma once

#include <cstdint>
#include <span>

#include "flash/nor_flash.h"
#include "flash/status.h"

namespace flash {

inline constexpr uint32_t kCacheBlockBytes = 512;

// One block of the pool. The hash table over block numbers is threaded through the slots: slot i also
// holds the head of bucket i.
struct CacheSlot {
  static constexpr uint16_t kNone = 0xFFFF;

  uint32_t block = 0;         // number within the slice
  uint32_t last_write = 0;    // ordinal of the write that touched it last
  uint32_t first_write = 0;   // ordinal of the write that made it dirty
  uint16_t bucket_head = kNone;
  uint16_t bucket_next = kNone;
  bool used = false;
  bool dirty = false;
};

// What the caller provides. `blocks` holds kCacheBlockBytes for each slot; there must be at least as
// many slots as the largest sector of the slice has blocks.
struct CacheMemory {
  std::span<CacheSlot> slots;
  std::span<uint8_t> blocks;
};

class WriteCache {
 public:
  // The slice starts and ends at sector boundaries of `nor`.
  WriteCache(NorFlash& nor, uint32_t slice_offset, uint32_t slice_size_bytes, CacheMemory memory);

  // Ranges lie inside the slice: the owner checks them.
  Status read(uint32_t offset, std::span<uint8_t> out);
  Status write(uint32_t offset, std::span<const uint8_t> data);
  Status fill_erased(uint32_t offset, uint32_t length);

  // Like write, but kIo and nothing changed if a 0 bit would have to become 1.
  Status program(uint32_t offset, std::span<const uint8_t> data);

  // Flushes every dirty sector, the one that has been dirty longest first.
  Status sync();

  bool is_dirty() const { return dirty_count_ > 0; }
  void discard();
};

}  // namespace flash
