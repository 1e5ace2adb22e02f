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

// One block of the pool. The hash table over block numbers is threaded through the slots: slot i also
// holds the head of bucket i.
struct CacheSlot {
  static constexpr uint16_t kNone = 0xFFFF;

  uint32_t block = 0;        // number within the slice
  uint32_t dirty_since = 0;  // ordinal of the write that made it dirty
  uint16_t dirty_begin = 0;  // the bytes that may differ from the flash
  uint16_t dirty_end = 0;    // == dirty_begin: the block is clean
  uint16_t bucket_head = kNone;
  uint16_t bucket_next = kNone;
  bool used = false;
  bool written = false;  // since it came in; else it was only read

  bool is_dirty() const { return dirty_begin != dirty_end; }
};

// What the caller provides: kCacheBlockBytes of `blocks` for each slot, at least as many slots as a
// sector has blocks, fewer than CacheSlot::kNone.
struct CacheMemory {
  std::span<CacheSlot> slots;
  std::span<uint8_t> blocks;
};

class WriteCache {
 public:
  // The slice consists of whole sectors of one size, which is a power of two of at least a block.
  WriteCache(NorFlash& nor, uint32_t slice_offset, uint32_t slice_size_bytes, CacheMemory memory);

  // Offsets are relative to the slice and ranges lie inside it: the owner has checked them. Errors are
  // those of the flash; a block whose flush failed stays dirty.
  Status read(uint32_t offset, std::span<uint8_t> out);
  Status write(uint32_t offset, std::span<const uint8_t> data);
  Status fill_erased(uint32_t offset, uint32_t length);

  // Like write, but kIo and nothing changed if a 0 bit would have to become 1.
  Status program(uint32_t offset, std::span<const uint8_t> data);

  // Before somebody changes whole program units of the flash past the cache: it will know nothing of these
  // blocks any more. What waits there to be written is flushed first, or forgotten.
  Status evict(uint32_t offset, uint32_t length, bool flushes);

  // Flushes every dirty sector, the one that has been dirty longest first. A sector that fails stays
  // dirty and does not keep the others from being flushed; the first error is returned.
  Status sync();

  bool is_dirty() const { return dirty_count_ > 0; }

  // Forgets everything, dirty blocks too.
  void discard();

 private:
  // Consecutive sectors, by their numbers within the slice.
  struct Sectors {
    uint32_t first;
    uint32_t count;
    bool contains(uint32_t sector) const { return sector - first < count; }
  };
  struct Extent {
    uint32_t begin;  // within a block
    uint32_t length;
  };
  struct Piece {
    uint32_t block;
    uint32_t begin;  // within the block
    uint32_t length;
  };

  Piece first_piece(uint32_t offset, uint32_t length) const;
  uint32_t sector_of(uint32_t block) const { return block >> blocks_per_sector_log2_; }
  uint32_t blocks_per_sector() const { return 1u << blocks_per_sector_log2_; }
  uint32_t flash_offset(uint32_t block) const { return slice_offset_ + block * kCacheBlockBytes; }
  std::span<uint8_t> bytes(uint16_t slot) {
    return memory_.blocks.subspan(slot * kCacheBlockBytes, kCacheBlockBytes);
  }

  // The pool.
  uint16_t find(uint32_t block) const;
  uint16_t claim(uint32_t block, Sectors keep);
  void release(uint16_t slot);
  void mark_dirty(uint16_t slot, uint32_t begin, uint32_t end);
  void mark_clean(uint16_t slot);
  uint32_t count_dirty(Sectors sectors) const;
  bool can_complete(uint32_t sector, uint32_t extra_dirty_blocks) const;
  Status make_room(uint32_t block);
  uint32_t choose_victim() const;

  // `data` == nullptr stands for 0xFF.
  Status modify(uint32_t offset, const uint8_t* data, uint32_t length);
  Status modify_block(const Piece& piece, const uint8_t* data);
  void keep(const Piece& piece, const uint8_t* data);
  Status load(uint32_t block, std::span<uint8_t> out);

  // Flushing.
  const CacheSlot* oldest_dirty(const uint32_t* after) const;
  Status flush(uint32_t sector);
  Status find_erase_area(uint32_t sector, Sectors& area);
  Status compare(uint32_t sector, bool& needs_erase);
  Status compare_block(uint16_t slot, bool& needs_erase);
  Status look_again(uint32_t at, std::span<const uint8_t> present, bool& needs_erase);
  Status erase_and_program(Sectors sectors);
  Status complete(Sectors sectors);
  Status program_sectors(Sectors sectors, bool erased);
  Status program_block(uint16_t slot, bool erased);
  Extent dirty_units(const CacheSlot& slot) const;
  Extent next_run(std::span<const uint8_t> present, std::span<const uint8_t> wanted, uint32_t from) const;

  NorFlash& nor_;
  CacheMemory memory_;
  uint32_t slice_offset_;
  uint32_t slice_blocks_;
  uint32_t blocks_per_sector_log2_;
  uint32_t dirty_count_ = 0;
  uint32_t write_ordinal_ = 0;
  uint32_t claim_hand_ = 0;
};

}  // namespace flash
