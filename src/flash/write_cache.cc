#include "flash/write_cache.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace flash {

namespace {

constexpr uint8_t kErased = 0xFF;
constexpr uint32_t kLookBytes = kCacheBlockBytes;  // at a time, on the stack

uint32_t word_at(const uint8_t* bytes) {
  uint32_t word = 0;
  // A load; by its other name it would be a call, where there is no C library.
  __builtin_memcpy(&word, bytes, sizeof word);
  return word;
}

// Is no bit of `b` different from that of `a`, of those that are 0 in `a` or set in `also`? By words: the
// memcmp of a small C library goes by bytes, and a flush is made of this.
bool agrees(const uint8_t* a, const uint8_t* b, uint32_t length, uint32_t also) {
  const auto differs = [also](uint32_t old_bits, uint32_t new_bits) {
    return ((old_bits ^ new_bits) & (~old_bits | also)) != 0;
  };
  uint32_t i = 0;
  for (; i + sizeof(uint32_t) <= length; i += sizeof(uint32_t)) {
    if (differs(word_at(a + i), word_at(b + i))) return false;
  }
  for (; i < length; ++i) {
    if (differs(a[i], b[i])) return false;
  }
  return true;
}

bool holds(const uint8_t* bytes, const uint8_t* data, uint32_t length) {
  return agrees(bytes, data, length, UINT32_MAX);
}

// Can programming alone turn `old_bytes` into `new_bytes`?
bool is_programmable(const uint8_t* old_bytes, const uint8_t* new_bytes, uint32_t length) {
  return agrees(old_bytes, new_bytes, length, 0);
}

bool is_erased(const uint8_t* bytes, uint32_t length) {
  while (length > 0 && *bytes++ == kErased) --length;
  return length == 0;
}

}  // namespace

WriteCache::WriteCache(NorFlash& nor, uint32_t slice_offset, const CacheMemory& memory)
    : nor_(nor),
      slots_{memory.slots.data(), memory.slots.data() + memory.slots.size()},
      slot_count_(static_cast<uint32_t>(memory.slots.size())),
      slice_offset_(slice_offset) {
  blocks_per_sector_ = nor.geometry().sector_bytes_at(slice_offset) / kCacheBlockBytes;
  uint8_t* bytes = memory.blocks.data();
  for (CacheSlot& slot : slots_) {
    slot.bytes = bytes;
    bytes += kCacheBlockBytes;
  }
  discard();
}

void WriteCache::discard() {
  for (CacheSlot& slot : slots_) {
    slot.block = CacheSlot::kUnused;
    slot.dirty_since = 0;
  }
  dirty_count_ = 0;
  last_claimed_ = slots_.first;
  last_found_ = slots_.first;
}

// ---- The pool -------------------------------------------------------------------------------------

// The one with the lowest number from `block` on; null if there is none.
CacheSlot* WriteCache::first_cached(uint32_t block) {
  // Mostly it is that of last time, or the one that came in after it.
  CacheSlot* first = last_found_;
  if (first->block != block) first = after(first);
  if (first->block == block) return last_found_ = first;
  first = nullptr;
  uint32_t least = CacheSlot::kUnused - block;
  for (CacheSlot& slot : slots_) {
    const uint32_t distance = slot.block - block;  // wraps around before `block`
    if (distance >= least) continue;
    first = &slot;
    least = distance;
  }
  if (least == 0) last_found_ = first;
  return first;
}

CacheSlot* WriteCache::find(uint32_t block) {
  CacheSlot* const slot = first_cached(block);
  return slot != nullptr && slot->block == block ? slot : nullptr;
}

// Gives `block` a clean slot; make_room() has seen to it that there is one. Nothing of it is read yet.
CacheSlot* WriteCache::claim(uint32_t block) {
  CacheSlot* slot = last_claimed_;
  do {
    slot = after(slot);
  } while (slot->is_dirty());
  slot->block = block;
  slot->known_bytes = 0;
  slot->is_firm = false;
  last_claimed_ = slot;
  return last_found_ = slot;
}

// Reads what is missing of the first `bytes` of a block.
Status WriteCache::fill(CacheSlot& slot, uint32_t bytes) {
  const uint32_t known = slot.known_bytes;
  if (known >= bytes) return {};
  const Status status = nor_.read(flash_offset(slot.block) + known, slot.bytes + known, bytes - known);
  if (status.ok()) slot.known_bytes = static_cast<uint16_t>(bytes);
  return status;
}

// To be written: all of it is known then. `reads`, unless all of it is overwritten.
// A program unit whose ECC does not hold (a cut of power tore it) holds nothing that could be kept. For who
// writes there it is as erased as it reads, or its sector could not be written again; but not after one read.
Status WriteCache::bring_in(uint32_t block, bool reads) {
  CacheSlot* slot = find(block);
  if (slot == nullptr) slot = claim(block);
  for (uint32_t tries = reads ? 2 : 0; tries > 0; --tries) {
    const Status status = fill(*slot, kCacheBlockBytes);
    if (!is_torn(status)) return status;
  }
  slot->known_bytes = kCacheBlockBytes;
  return {};
}

void WriteCache::mark_dirty(CacheSlot& slot, uint32_t begin, uint32_t end) {
  const uint32_t unit = nor_.geometry().program_unit_bytes;  // a power of two
  begin &= 0 - unit;
  end = (end + unit - 1) & (0 - unit);
  if (slot.is_dirty()) {
    begin = std::min<uint32_t>(begin, slot.dirty_begin);
    end = std::max<uint32_t>(end, slot.dirty_end);
  } else {
    slot.dirty_since = ++write_ordinal_;
    ++dirty_count_;
  }
  slot.dirty_begin = static_cast<uint16_t>(begin);
  slot.dirty_end = static_cast<uint16_t>(end);
}

void WriteCache::mark_clean(CacheSlot& slot) {
  slot.dirty_since = 0;
  slot.is_firm = true;
  --dirty_count_;
}

uint32_t WriteCache::count_dirty(uint32_t first_sector, uint32_t sector_count) const {
  uint32_t count = 0;
  for (const CacheSlot& slot : slots_) {
    if (slot.is_dirty() && sector_of(slot) - first_sector < sector_count) ++count;
  }
  return count;
}

// With `extra_dirty_blocks` more in other sectors, would all blocks of these still find a slot?
bool WriteCache::can_complete(uint32_t first_sector, uint32_t sector_count,
                              uint32_t extra_dirty_blocks) const {
  const uint32_t elsewhere = dirty_count_ - count_dirty(first_sector, sector_count) + extra_dirty_blocks;
  return elsewhere + sector_count * blocks_per_sector_ <= slot_count_;
}

// Flushes until a block of `sector` may become dirty and some sector can still be completed.
inline Status WriteCache::make_room(uint32_t sector) {
  while (dirty_count_ + blocks_per_sector_ > slot_count_ && !can_complete(sector, 1, 0)) {
    const uint32_t victim = fullest_sector();
    if (can_complete(victim, 1, 1)) break;
    FLASH_TRY(flush(victim, true));
  }
  return {};
}

inline uint32_t WriteCache::fullest_sector() const {
  return sector_of(choose_dirty(true));
}

// The block that has been dirty longest; there is one. `fullest`: of the sectors with most dirty blocks,
// which get most out of their erase.
const CacheSlot& WriteCache::choose_dirty(bool fullest) const {
  const CacheSlot* best = nullptr;
  uint64_t best_rank = 0;
  for (const CacheSlot& slot : slots_) {
    if (!slot.is_dirty()) continue;
    const uint64_t count = fullest ? count_dirty(sector_of(slot), 1) : 0;
    const uint64_t rank = count << 32 | ~slot.dirty_since;
    if (rank <= best_rank) continue;
    best = &slot;
    best_rank = rank;
  }
  return *best;
}

// ---- Reading and changing -------------------------------------------------------------------------

// A short read is kept if it begins its block or goes on from what is known of it: littlefs looks through its
// metadata in small pieces, and again and again. What lies between is not read for one that skips it.
Status WriteCache::read(uint32_t offset, uint8_t* out, uint32_t length) {
  while (length > 0) {
    const uint32_t block = offset / kCacheBlockBytes;
    const uint32_t begin = offset % kCacheBlockBytes;
    uint32_t piece = std::min(length, kCacheBlockBytes - begin);
    uint32_t uncached = piece;
    CacheSlot* slot = first_cached(block);
    if (slot == nullptr || slot->block != block) {
      // What lies before the next block that is cached comes with the same command.
      const uint32_t end = slot == nullptr ? UINT32_MAX : slot->block * kCacheBlockBytes;
      uncached = std::min(length, end - offset);
      slot = begin == 0 && uncached == piece && dirty_count_ < slot_count_ ? claim(block) : nullptr;
    }
    if (slot != nullptr && begin <= slot->known_bytes) {
      const Status status = fill(*slot, begin + piece);
      std::memcpy(out, slot->bytes + begin, piece);
      FLASH_TRY(status);
    } else {
      FLASH_TRY(nor_.read(slice_offset_ + offset, out, piece = uncached));
    }
    offset += piece;
    out += piece;
    length -= piece;
  }
  return {};
}

Status WriteCache::check_programmable(uint32_t offset, const uint8_t* data, uint32_t length) {
  std::array<uint8_t, kLookBytes> present;
  while (length > 0) {
    const uint32_t piece = std::min(length, kLookBytes);
    FLASH_TRY(read(offset, present.data(), piece));
    if (!is_programmable(present.data(), data, piece)) return Error::kIo;
    offset += piece;
    data += piece;
    length -= piece;
  }
  return {};
}

Status WriteCache::write(uint32_t offset, const uint8_t* data, uint32_t length) {
  while (length > 0) {
    const uint32_t begin = offset % kCacheBlockBytes;
    const uint32_t piece = std::min(length, kCacheBlockBytes - begin);
    FLASH_TRY(write_block(offset / kCacheBlockBytes, begin, data, piece));
    offset += piece;
    length -= piece;
    if (data != nullptr) data += piece;
  }
  return {};
}

Status WriteCache::write_block(uint32_t block, uint32_t begin, const uint8_t* data, uint32_t length) {
  CacheSlot* slot = find(block);
  // What was only read is no reason to drop a write (see compare_block()).
  if (slot != nullptr && slot->is_firm && data != nullptr && holds(slot->bytes + begin, data, length))
    return {};
  if (slot == nullptr || !slot->is_dirty()) FLASH_TRY(make_room(block / blocks_per_sector_));
  FLASH_TRY(bring_in(block, length < kCacheBlockBytes));  // finds it anew: a flush may have given it up
  slot = last_found_;
  if (data != nullptr) {
    std::memcpy(slot->bytes + begin, data, length);
  } else {
    std::memset(slot->bytes + begin, kErased, length);
  }
  mark_dirty(*slot, begin, begin + length);
  return {};
}

// ---- Flushing -------------------------------------------------------------------------------------

Status WriteCache::sync() {
  Status first_error;
  const uint32_t until = write_ordinal_;
  while (is_dirty()) {
    const CacheSlot& oldest = choose_dirty(false);
    if (oldest.dirty_since > until) break;
    const uint32_t sector = sector_of(oldest);
    const Status status = flush(sector);
    if (status.ok()) continue;
    if (first_error.ok()) first_error = status;
    // One try a sync.
    for (CacheSlot& slot : slots_) {
      if (slot.is_dirty() && sector_of(slot) == sector) slot.dirty_since = ++write_ordinal_;
    }
  }
  // A sector that failed may have been flushed again to make room for another.
  return is_dirty() ? first_error : Status();
}

// From the erase to the end of the verify, the flash holds less than the cache: all blocks are dirty.
// `for_room`: it is enough that some blocks turn out to be in the flash already.
Status WriteCache::flush(uint32_t sector, bool for_room) {
  Sectors area = {sector, 1};
  const uint32_t dirty_before = dirty_count_;
  Status status = compare(sector, for_room);
  if (dirty_count_ < dirty_before) return {};  // there is more room
  if (status.ok()) status = program(area);
  if (status == Error::kNeedsErase) {
    // Other sectors' dirty blocks may leave too few slots to complete this one. The fullest can always be
    // completed (see make_room), so this goes one level deep.
    while (!can_complete(sector, 1, 0)) FLASH_TRY(flush(fullest_sector(), true));
    widen(area);
    FLASH_TRY(complete(area));
    const uint32_t sector_bytes = blocks_per_sector_ * kCacheBlockBytes;
    FLASH_TRY(nor_.erase(slice_offset_ + area.first * sector_bytes, area.count * sector_bytes));
    status = program(area);
    if (status == Error::kNeedsErase) status = Error::kIo;  // the erase has not done what it reported
  }
  return status;
}

// Programs what is dirty of the sectors.
//   kNeedsErase   the flash does not look as it did to compare()
Status WriteCache::program(const Sectors& sectors) {
  const uint32_t end = (sectors.first + sectors.count) * blocks_per_sector_;
  CacheSlot* slot = first_cached(sectors.first * blocks_per_sector_);
  for (; slot != nullptr && slot->block < end; slot = first_cached(slot->block + 1)) {
    if (!slot->is_dirty()) continue;
    FLASH_TRY(program_block(*slot));
    mark_clean(*slot);
  }
  return {};
}

// Makes `area`, one sector, the largest that one erase command takes and whose sectors all have to be erased.
// (What has a single caller is smaller within it; GCC has to be told.)
[[gnu::always_inline]] inline void WriteCache::widen(Sectors& area) {
  const uint32_t sector_bytes = blocks_per_sector_ * kCacheBlockBytes;
  const uint32_t sector_start = slice_offset_ + area.first * sector_bytes;
  const auto& sizes = nor_.geometry().large_erase_bytes;
  for (size_t i = sizes.size(); i-- > 0;) {
    if (sizes[i] <= sector_bytes) continue;
    const uint32_t start = sector_start - sector_start % sizes[i] - slice_offset_;  // wraps before the slice
    const Sectors wider = {start / sector_bytes, sizes[i] / sector_bytes};
    if (!can_complete(wider.first, wider.count, 0)) continue;
    uint32_t sector = 0;  // compare() succeeds where no block is dirty, too, as outside the slice
    while (sector < wider.count && compare(wider.first + sector, false) == Error::kNeedsErase) ++sector;
    if (sector < wider.count) continue;
    area = wider;
    break;
  }
}

// Brings every block of the sectors into the cache, and has them programmed whatever happens: an erase that
// fails may stop half way.
inline Status WriteCache::complete(Sectors sectors) {
  const uint32_t end = (sectors.first + sectors.count) * blocks_per_sector_;
  for (uint32_t block = sectors.first * blocks_per_sector_; block < end; ++block) {
    FLASH_TRY(bring_in(block, true));
    mark_dirty(*last_found_, 0, kCacheBlockBytes);
    last_found_->is_firm = false;
  }
  return {};
}

//   kNeedsErase   programming alone does not make the flash hold what is cached of the sector
// What it holds already has nothing to be programmed then, and with `cleans` it is clean.
Status WriteCache::compare(uint32_t sector, bool cleans) {
  Status verdict;
  for (CacheSlot& slot : slots_) {
    if (!slot.is_dirty() || sector_of(slot) != sector) continue;
    const Status status = compare_block(slot, cleans);
    if (!status.ok()) verdict = status;
    if (status == Error::kTimedOut) break;  // flash that is stuck is waited for once
  }
  return verdict;
}

// A sector whose erase a cut of power stopped can look erased: bits that are half way are read now as 1, now
// as 0. So a block has to look the same a few times, all of it, before it is firm; where it is programmed,
// program_block() looks too, before and after. (Where units carry ECC, their code tells at once.)
[[gnu::always_inline]] inline Status WriteCache::compare_block(CacheSlot& slot, bool cleans) {
  const Geometry& geometry = nor_.geometry();
  const bool has_ecc = !geometry.reprogrammable;
  const uint32_t block_offset = flash_offset(slot.block);
  const uint32_t step = has_ecc ? geometry.program_unit_bytes : kLookBytes;
  int looks = 1;
  if (!slot.is_firm) {
    if (!has_ecc) looks = 4;
    mark_dirty(slot, 0, kCacheBlockBytes);
  }
  bool is_held = true;
  std::array<uint8_t, kLookBytes> first, again;
  for (uint32_t at = slot.dirty_begin; at < slot.dirty_end; at += step) {
    const uint32_t length = std::min<uint32_t>(slot.dirty_end - at, step);
    const uint8_t* const wanted = slot.bytes + at;
    const Status status = nor_.read(block_offset + at, first.data(), length);
    if (is_torn(status)) return Error::kNeedsErase;
    FLASH_TRY(status);
    if (!holds(first.data(), wanted, length)) {
      is_held = false;
      if ((has_ecc || !is_programmable(first.data(), wanted, length)) && !is_erased(first.data(), length))
        return Error::kNeedsErase;
    }
    for (int more = is_held ? 1 : 2; more < looks; ++more) {
      FLASH_TRY(nor_.read(block_offset + at, again.data(), length));
      if (!holds(again.data(), first.data(), length)) return Error::kNeedsErase;
    }
  }
  // Still dirty, so that it stays in RAM if its sector has to be erased for another block.
  if (is_held) slot.dirty_end = slot.dirty_begin;
  if (is_held && cleans) mark_clean(slot);
  return {};
}

// Programs the units of the dirty bytes that differ from the flash, and reads back. A run of them goes on
// across a gap that costs less to program again than a second operation would.
Status WriteCache::program_block(CacheSlot& slot) {
  const Geometry& geometry = nor_.geometry();
  const uint32_t at = flash_offset(slot.block) + slot.dirty_begin;
  const uint8_t* const wanted = slot.bytes + slot.dirty_begin;
  const uint32_t length = slot.dirty_end - uint32_t{slot.dirty_begin};
  std::array<uint8_t, kCacheBlockBytes> present;
  slot.is_firm = false;  // until it is read back
  FLASH_TRY(nor_.read(at, present.data(), length));
  if (!is_programmable(present.data(), wanted, length)) return Error::kNeedsErase;
  uint32_t begin = 0;
  uint32_t end = 0;
  for (uint32_t i = 0; i < length; ++i) {
    if (present[i] != wanted[i]) {
      const uint32_t unit_begin = i & (0 - geometry.program_unit_bytes);  // a power of two
      if (begin == end) begin = unit_begin;
      end = unit_begin + geometry.program_unit_bytes;
    }
    if (begin != end && (i + 1 == length || i >= end + geometry.program_gap_bytes)) {
      FLASH_TRY(nor_.program(at + begin, wanted + begin, end - begin));
      begin = end;
    }
  }
  FLASH_TRY(nor_.read(at, present.data(), length));
  return holds(present.data(), wanted, length) ? Status() : Status(Error::kIo);
}

}  // namespace flash
