// Write-back cache of 512-byte blocks over a slice of a NOR flash.
//
// Blocks wait in a pool of slots. A flush takes one erase sector and all its dirty blocks together: it
// compares them with the flash, erases only if a 0 bit must become 1, programs only what differs, reads
// back, and only then calls the blocks clean.
//
// A sector is erased no earlier than its whole new content is in RAM: blocks of it that are not cached
// are read into other slots first. So the pool must never fill up with dirty blocks of which no sector
// could be completed; make_room() keeps that promise. It is also why the pool has at least as many slots
// as a sector has blocks; each slot beyond that holds one more dirty block of some other sector.
#pragma once

#include <cstdint>
#include <span>

#include "flash/nor_flash.h"
#include "flash/status.h"

namespace flash {

inline constexpr uint32_t kCacheBlockBytes = 512;

// One block of the pool. The cache fills it in.
struct CacheSlot {
  static constexpr uint32_t kUnused = UINT32_MAX;

  uint32_t block = kUnused;  // number within the slice
  uint32_t dirty_since = 0;  // ordinal of the write that made it dirty; 0: the block is clean
  uint16_t dirty_begin = 0;  // the program units that may differ from the flash, by bytes; of a dirty block,
                             // and none where the flash turned out to hold it
  uint16_t dirty_end = 0;
  uint16_t known_bytes = 0;  // from the start of the block; all of it, unless it was only read
  bool is_firm = false;      // the flash was seen to hold it: no bit of it there is half way
  uint8_t* bytes = nullptr;

  bool is_dirty() const { return dirty_since != 0; }
};

// What the caller provides: kCacheBlockBytes of `blocks` for each slot, and at least as many slots as a
// sector has blocks.
struct CacheMemory {
  std::span<CacheSlot> slots;
  std::span<uint8_t> blocks;
};

class WriteCache {
 public:
  // The slice consists of whole sectors of one size, which is a multiple of a block.
  WriteCache(NorFlash& nor, uint32_t slice_offset, const CacheMemory& memory);

  // Offsets are relative to the slice and ranges lie inside it: the owner has checked them. Errors are
  // those of the flash; a block whose flush failed stays dirty.
  Status read(uint32_t offset, uint8_t* out, uint32_t length);

  // `data` == nullptr stands for 0xFF.
  Status write(uint32_t offset, const uint8_t* data, uint32_t length);

  //   kIo   `data` cannot be written there without turning a 0 bit into a 1 bit
  Status check_programmable(uint32_t offset, const uint8_t* data, uint32_t length);

  // Before somebody changes whole program units of the flash past the cache: it will know nothing of these
  // blocks any more. What waits there to be written is flushed first, or forgotten.
  Status evict(uint32_t offset, uint32_t length, bool flushes);

  // Flushes every dirty sector, the one that has been dirty longest first. A sector that fails stays
  // dirty and does not keep the others from being flushed; the first error is returned.
  Status sync();

  bool is_dirty() const { return dirty_count_ > 0; }
  bool is_dirty(uint32_t offset, uint32_t length) const;

  // Forgets everything, dirty blocks too.
  void discard();

 private:
  // Consecutive sectors, by their numbers within the slice.
  struct Sectors {
    uint32_t first;
    uint32_t count;
  };

  // A span counts its end from its length, in every loop.
  struct Slots {
    CacheSlot* first;
    CacheSlot* last;
    CacheSlot* begin() const { return first; }
    CacheSlot* end() const { return last; }
  };

  uint32_t sector_of(const CacheSlot& slot) const { return slot.block / blocks_per_sector_; }
  uint32_t flash_offset(uint32_t block) const { return slice_offset_ + block * kCacheBlockBytes; }

  bool is_torn(Status status) const { return status == Error::kIo && !nor_.geometry().reprogrammable; }

  // The pool.
  CacheSlot* after(CacheSlot* slot) const { return ++slot == slots_.last ? slots_.first : slot; }
  CacheSlot* first_cached(uint32_t block);
  CacheSlot* find(uint32_t block);
  CacheSlot* claim(uint32_t block);
  Status fill(CacheSlot& slot, uint32_t bytes);
  Status bring_in(uint32_t block, bool reads);
  void mark_dirty(CacheSlot& slot, uint32_t begin, uint32_t end);
  void mark_clean(CacheSlot& slot);
  uint32_t count_dirty(uint32_t first_sector, uint32_t sector_count) const;
  bool can_complete(uint32_t first_sector, uint32_t sector_count, uint32_t extra_dirty_blocks) const;
  Status make_room(uint32_t sector);
  uint32_t fullest_sector() const;
  const CacheSlot& choose_dirty(bool fullest) const;
  Status write_block(uint32_t block, uint32_t begin, const uint8_t* data, uint32_t length);

  // Flushing.
  Status flush(uint32_t sector, bool for_room = false);
  void widen(Sectors& area);
  Status complete(Sectors sectors);
  Status compare(uint32_t sector, bool cleans);
  Status compare_block(CacheSlot& slot, bool cleans);
  Status program(const Sectors& sectors);
  Status program_block(CacheSlot& slot);

  NorFlash& nor_;
  Slots slots_;
  uint32_t slot_count_;
  uint32_t slice_offset_;
  uint32_t blocks_per_sector_;
  uint32_t dirty_count_ = 0;
  uint32_t write_ordinal_ = 0;         // no flash lives to see it wrap around
  CacheSlot* last_claimed_ = nullptr;  // by claim(), which goes round
  CacheSlot* last_found_ = nullptr;    // by find(), or claimed
};

}  // namespace flash
