#include "flash/write_cache.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace flash {

namespace {

constexpr uint8_t kErased = 0xFF;

// Ordinals wrap around; what is compared is never half the range apart.
bool is_earlier(uint32_t a, uint32_t b) {
  return static_cast<int32_t>(a - b) < 0;
}

uint32_t word_at(const uint8_t* bytes) {
  uint32_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// Is no bit of `b` different from that of `a`, of those that are 0 in `a` or set in `also`? By words: the
// memcmp of a small C library goes by bytes, and a flush is made of this.
bool agrees(std::span<const uint8_t> a, const uint8_t* b, uint32_t also) {
  const auto differs = [also](uint32_t old_bits, uint32_t new_bits) {
    return ((old_bits ^ new_bits) & (~old_bits | also)) != 0;
  };
  size_t i = 0;
  for (; i + sizeof(uint32_t) <= a.size(); i += sizeof(uint32_t)) {
    if (differs(word_at(&a[i]), word_at(b + i))) return false;
  }
  for (; i < a.size(); ++i) {
    if (differs(a[i], b[i])) return false;
  }
  return true;
}

// A plain loop: what the library makes of it is unrolled, and several times as large.
bool is_erased(std::span<const uint8_t> bytes) {
  for (uint8_t byte : bytes) {
    if (byte != kErased) return false;
  }
  return true;
}

bool holds(std::span<const uint8_t> bytes, const uint8_t* data) {
  return agrees(bytes, data, 0xFFFFFFFF);
}

// Can programming alone turn `old_bytes` into `new_bytes`?
bool is_programmable(std::span<const uint8_t> old_bytes, const uint8_t* new_bytes) {
  return agrees(old_bytes, new_bytes, 0);
}

}  // namespace

WriteCache::WriteCache(NorFlash& nor, uint32_t slice_offset, uint32_t slice_size_bytes, CacheMemory memory)
    : nor_(nor),
      memory_(memory),
      slice_offset_(slice_offset),
      slice_blocks_(slice_size_bytes / kCacheBlockBytes),
      blocks_per_sector_log2_(static_cast<uint32_t>(
          std::countr_zero(nor.geometry().sector_at(slice_offset).size_bytes / kCacheBlockBytes))) {
  discard();
}

void WriteCache::discard() {
  for (CacheSlot& slot : memory_.slots) slot = CacheSlot{};
  dirty_count_ = 0;
  claim_hand_ = 0;
}

WriteCache::Piece WriteCache::first_piece(uint32_t offset, uint32_t length) const {
  const uint32_t begin = offset % kCacheBlockBytes;
  return {offset / kCacheBlockBytes, begin, std::min(length, kCacheBlockBytes - begin)};
}

// ---- The pool -------------------------------------------------------------------------------------

uint16_t WriteCache::find(uint32_t block) const {
  uint16_t slot = memory_.slots[block % memory_.slots.size()].bucket_head;
  while (slot != CacheSlot::kNone && memory_.slots[slot].block != block)
    slot = memory_.slots[slot].bucket_next;
  return slot;
}

// A clean slot for `block`, its bytes not loaded. Blocks of the sectors in `keep` are not given up.
// make_room() has seen to it that there is one.
uint16_t WriteCache::claim(uint32_t block, Sectors keep) {
  for (;;) {
    claim_hand_ = (claim_hand_ + 1) % static_cast<uint32_t>(memory_.slots.size());
    const CacheSlot& candidate = memory_.slots[claim_hand_];
    if (!candidate.used) break;
    if (!candidate.is_dirty() && !keep.contains(sector_of(candidate.block))) break;
  }
  const auto slot = static_cast<uint16_t>(claim_hand_);
  release(slot);
  CacheSlot& bucket = memory_.slots[block % memory_.slots.size()];
  memory_.slots[slot].block = block;
  memory_.slots[slot].used = true;
  memory_.slots[slot].written = false;
  memory_.slots[slot].bucket_next = bucket.bucket_head;
  bucket.bucket_head = slot;
  return slot;
}

void WriteCache::release(uint16_t slot) {
  CacheSlot& released = memory_.slots[slot];
  if (!released.used) return;
  uint16_t* link = &memory_.slots[released.block % memory_.slots.size()].bucket_head;
  while (*link != slot) link = &memory_.slots[*link].bucket_next;
  *link = released.bucket_next;
  mark_clean(slot);
  released.used = false;
}

void WriteCache::mark_dirty(uint16_t slot, uint32_t begin, uint32_t end) {
  CacheSlot& dirty = memory_.slots[slot];
  if (dirty.is_dirty()) {
    begin = std::min<uint32_t>(begin, dirty.dirty_begin);
    end = std::max<uint32_t>(end, dirty.dirty_end);
  } else {
    dirty.dirty_since = ++write_ordinal_;
    ++dirty_count_;
  }
  dirty.written = true;
  dirty.dirty_begin = static_cast<uint16_t>(begin);
  dirty.dirty_end = static_cast<uint16_t>(end);
}

void WriteCache::mark_clean(uint16_t slot) {
  CacheSlot& clean = memory_.slots[slot];
  if (clean.is_dirty()) --dirty_count_;
  clean.dirty_begin = clean.dirty_end = 0;
}

uint32_t WriteCache::count_dirty(Sectors sectors) const {
  const uint32_t first_block = sectors.first * blocks_per_sector();
  uint32_t count = 0;
  for (uint32_t i = 0; i < sectors.count * blocks_per_sector(); ++i) {
    const uint16_t slot = find(first_block + i);
    if (slot != CacheSlot::kNone && memory_.slots[slot].is_dirty()) ++count;
  }
  return count;
}

// With `extra_dirty_blocks` more in other sectors, would all blocks of this one still find a slot?
bool WriteCache::can_complete(uint32_t sector, uint32_t extra_dirty_blocks) const {
  const uint32_t elsewhere = dirty_count_ - count_dirty({sector, 1}) + extra_dirty_blocks;
  return elsewhere + blocks_per_sector() <= memory_.slots.size();
}

// Flushes until `block` may become dirty and some sector can still be completed.
Status WriteCache::make_room(uint32_t block) {
  for (;;) {
    if (dirty_count_ + blocks_per_sector() <= memory_.slots.size()) return {};
    if (can_complete(sector_of(block), 0)) return {};
    const uint32_t victim = choose_victim();
    if (can_complete(victim, 1)) return {};
    FLASH_TRY(flush(victim));
  }
}

// The sector with most dirty blocks gets most out of its erase; among equals, the one dirty for longest.
uint32_t WriteCache::choose_victim() const {
  const CacheSlot* best = nullptr;
  uint32_t best_count = 0;
  for (const CacheSlot& slot : memory_.slots) {
    if (!slot.is_dirty()) continue;
    const uint32_t count = count_dirty({sector_of(slot.block), 1});
    if (count > best_count || (count == best_count && is_earlier(slot.dirty_since, best->dirty_since))) {
      best = &slot;
      best_count = count;
    }
  }
  return sector_of(best->block);
}

// ---- Reading and changing -------------------------------------------------------------------------

Status WriteCache::read(uint32_t offset, std::span<uint8_t> out) {
  while (!out.empty()) {
    Piece piece = first_piece(offset, static_cast<uint32_t>(out.size()));
    const uint16_t slot = find(piece.block);
    if (slot != CacheSlot::kNone) {
      std::memcpy(out.data(), &bytes(slot)[piece.begin], piece.length);
    } else {
      // Neighbours that are not cached either come with the same command.
      while (piece.length < out.size() &&
             find((offset + piece.length) / kCacheBlockBytes) == CacheSlot::kNone) {
        piece.length += std::min(kCacheBlockBytes, static_cast<uint32_t>(out.size()) - piece.length);
      }
      FLASH_TRY(nor_.read(slice_offset_ + offset, out.first(piece.length)));
      if (piece.begin + piece.length <= kCacheBlockBytes) keep(piece, out.data());
    }
    offset += piece.length;
    out = out.subspan(piece.length);
  }
  return {};
}

// Brings in the block of which `data` was just read: littlefs looks through its metadata in small pieces, and
// again and again.
void WriteCache::keep(const Piece& piece, const uint8_t* data) {
  if (dirty_count_ == memory_.slots.size()) return;
  const uint16_t slot = claim(piece.block, {0, 0});
  if (piece.length == kCacheBlockBytes) {
    std::memcpy(bytes(slot).data(), data, kCacheBlockBytes);
  } else if (!nor_.read(flash_offset(piece.block), bytes(slot)).ok()) {
    release(slot);  // a torn unit beside those that were asked for
  }
}

Status WriteCache::write(uint32_t offset, std::span<const uint8_t> data) {
  return modify(offset, data.data(), static_cast<uint32_t>(data.size()));
}

Status WriteCache::fill_erased(uint32_t offset, uint32_t length) {
  return modify(offset, nullptr, length);
}

Status WriteCache::program(uint32_t offset, std::span<const uint8_t> data) {
  std::array<uint8_t, 128> present;
  for (size_t done = 0; done < data.size();) {
    const size_t length = std::min(present.size(), data.size() - done);
    FLASH_TRY(read(offset + static_cast<uint32_t>(done), std::span(present).first(length)));
    if (!is_programmable(std::span(present).first(length), &data[done])) return Error::kIo;
    done += length;
  }
  return write(offset, data);
}

Status WriteCache::evict(uint32_t offset, uint32_t length, bool flushes) {
  for (uint16_t slot = 0; slot < memory_.slots.size() && length > 0; ++slot) {
    const CacheSlot& cached = memory_.slots[slot];
    const uint32_t at = cached.block * kCacheBlockBytes;
    if (!cached.used || at + kCacheBlockBytes <= offset || at >= offset + length) continue;
    if (cached.is_dirty() && flushes) FLASH_TRY(flush(sector_of(cached.block)));
    release(slot);
  }
  return {};
}

Status WriteCache::modify(uint32_t offset, const uint8_t* data, uint32_t length) {
  while (length > 0) {
    const Piece piece = first_piece(offset, length);
    FLASH_TRY(modify_block(piece, data));
    offset += piece.length;
    length -= piece.length;
    if (data != nullptr) data += piece.length;
  }
  return {};
}

Status WriteCache::modify_block(const Piece& piece, const uint8_t* data) {
  uint16_t slot = find(piece.block);
  const bool was_cached = slot != CacheSlot::kNone;
  // What was only read may be bits that are half way (see look_again()), and no reason to drop a write.
  if (was_cached && memory_.slots[slot].written && data != nullptr &&
      holds(bytes(slot).subspan(piece.begin, piece.length), data))
    return {};
  if (!was_cached || !memory_.slots[slot].is_dirty()) {
    FLASH_TRY(make_room(piece.block));
    slot = find(piece.block);  // a flush may have given it up
  }
  if (slot == CacheSlot::kNone) {
    slot = claim(piece.block, {0, 0});
    if (piece.length < kCacheBlockBytes) {
      if (const Status status = load(piece.block, bytes(slot)); !status.ok()) {
        release(slot);
        return status;
      }
    }
  }
  uint8_t* target = &bytes(slot)[piece.begin];
  if (data != nullptr) {
    std::memcpy(target, data, piece.length);
  } else {
    std::memset(target, kErased, piece.length);
  }
  mark_dirty(slot, piece.begin, piece.begin + piece.length);
  return {};
}

// Reads a block from the flash. A program unit whose ECC does not hold (a cut of power tore it) holds
// nothing that could be kept; it reads as erased here, or its sector could never be written again.
Status WriteCache::load(uint32_t block, std::span<uint8_t> out) {
  const Status status = nor_.read(flash_offset(block), out);
  if (status != Status(Error::kIo) || nor_.geometry().reprogrammable) return status;
  const uint32_t unit = nor_.geometry().program_unit_bytes;
  for (uint32_t i = 0; i < out.size(); i += unit) {
    const std::span<uint8_t> target = out.subspan(i, unit);
    if (!nor_.read(flash_offset(block) + i, target).ok()) std::fill(target.begin(), target.end(), kErased);
  }
  return {};
}

// ---- Flushing -------------------------------------------------------------------------------------

Status WriteCache::sync() {
  Status first_error;
  const CacheSlot* oldest = oldest_dirty(nullptr);
  while (oldest != nullptr) {
    const uint32_t tried = oldest->dirty_since;
    const uint32_t sector = sector_of(oldest->block);
    if (const Status status = flush(sector); !status.ok()) {
      if (first_error.ok()) first_error = status;
      // One try a sync: the other blocks of the sector are not to bring it up again.
      for (CacheSlot& slot : memory_.slots) {
        if (slot.is_dirty() && sector_of(slot.block) == sector) slot.dirty_since = tried;
      }
    }
    oldest = oldest_dirty(&tried);
  }
  // A sector that failed may have been flushed again to make room for another.
  return is_dirty() ? first_error : Status();
}

// The block that has been dirty longest, of those that became dirty after the ordinal `after`.
const CacheSlot* WriteCache::oldest_dirty(const uint32_t* after) const {
  const CacheSlot* oldest = nullptr;
  for (const CacheSlot& slot : memory_.slots) {
    if (!slot.is_dirty() || (after != nullptr && !is_earlier(*after, slot.dirty_since))) continue;
    if (oldest == nullptr || is_earlier(slot.dirty_since, oldest->dirty_since)) oldest = &slot;
  }
  return oldest;
}

Status WriteCache::flush(uint32_t sector) {
  bool needs_erase = false;
  FLASH_TRY(compare(sector, needs_erase));
  if (!needs_erase) return program_sectors({sector, 1}, false);
  // Other sectors' dirty blocks may leave too few slots to complete this one. The fullest can always be
  // completed (see make_room), so this goes one level deep.
  while (!can_complete(sector, 0)) FLASH_TRY(flush(choose_victim()));
  Sectors area = {sector, 1};
  FLASH_TRY(find_erase_area(sector, area));
  return erase_and_program(area);
}

// Widens `area` to the largest that one erase command takes and whose sectors all have to be erased.
Status WriteCache::find_erase_area(uint32_t sector, Sectors& area) {
  const auto& sizes = nor_.geometry().large_erase_bytes;
  const uint32_t sector_bytes = blocks_per_sector() * kCacheBlockBytes;
  for (auto size = sizes.rbegin(); size != sizes.rend(); ++size) {
    if (*size <= sector_bytes) continue;
    const uint32_t sector_start = slice_offset_ + sector * sector_bytes;
    const uint32_t start = sector_start - sector_start % *size;
    if (start < slice_offset_) continue;
    const Sectors wider = {(start - slice_offset_) / sector_bytes, *size / sector_bytes};
    const uint32_t wider_blocks = wider.count * blocks_per_sector();
    if ((wider.first + wider.count) * blocks_per_sector() > slice_blocks_) continue;
    if (dirty_count_ - count_dirty(wider) + wider_blocks > memory_.slots.size()) continue;
    bool all_need_erase = true;
    for (uint32_t i = 0; i < wider.count && all_need_erase; ++i) {
      all_need_erase = false;  // nor does a sector without a dirty block
      FLASH_TRY(compare(wider.first + i, all_need_erase));
    }
    if (all_need_erase) {
      area = wider;
      return {};
    }
  }
  return {};
}

Status WriteCache::compare(uint32_t sector, bool& needs_erase) {
  for (uint16_t slot = 0; slot < memory_.slots.size() && !needs_erase; ++slot) {
    if (!memory_.slots[slot].is_dirty() || sector_of(memory_.slots[slot].block) != sector) continue;
    FLASH_TRY(compare_block(slot, needs_erase));
  }
  return {};
}

// The dirty bytes of a block, widened to whole program units.
WriteCache::Extent WriteCache::dirty_units(const CacheSlot& slot) const {
  const uint32_t unit = nor_.geometry().program_unit_bytes;
  const uint32_t begin = slot.dirty_begin / unit * unit;
  const uint32_t end = (slot.dirty_end + unit - 1) / unit * unit;
  return {begin, end - begin};
}

// Sets `needs_erase` if programming alone does not make the flash hold the block.
Status WriteCache::compare_block(uint16_t slot, bool& needs_erase) {
  const Geometry& geometry = nor_.geometry();
  const CacheSlot& dirty = memory_.slots[slot];
  const Extent extent = dirty_units(dirty);
  const uint32_t at = flash_offset(dirty.block) + extent.begin;
  std::array<uint8_t, kCacheBlockBytes> buffer;
  const std::span<uint8_t> present = std::span(buffer).first(extent.length);
  const Status read_status = nor_.read(at, present);
  if (read_status == Status(Error::kIo) && !geometry.reprogrammable) {
    needs_erase = true;  // a torn unit (see load()); the verify after the erase has the last word
    return {};
  }
  FLASH_TRY(read_status);
  const uint8_t* wanted = &bytes(slot)[extent.begin];
  if (geometry.reprogrammable) {
    needs_erase = !is_programmable(present, wanted);
    return needs_erase ? Status() : look_again(at, present, needs_erase);
  }
  const uint32_t unit = geometry.program_unit_bytes;
  for (uint32_t i = 0; i < extent.length && !needs_erase; i += unit) {
    const std::span<const uint8_t> old_unit = present.subspan(i, unit);
    needs_erase = !is_erased(old_unit) && !holds(old_unit, wanted + i);
  }
  return {};
}

// A sector whose erase a cut of power stopped can look erased: bits that are half way are read now as 1,
// now as 0. Sets `needs_erase` if the flash does not look the same a few times. (Where units carry ECC,
// their code tells.)
Status WriteCache::look_again(uint32_t at, std::span<const uint8_t> present, bool& needs_erase) {
  constexpr int kTimes = 3;
  std::array<uint8_t, 128> buffer;
  for (size_t done = 0; done < present.size() && !needs_erase; done += buffer.size()) {
    const std::span<uint8_t> again = std::span(buffer).first(std::min(buffer.size(), present.size() - done));
    for (int i = 0; i < kTimes && !needs_erase; ++i) {
      FLASH_TRY(nor_.read(at + static_cast<uint32_t>(done), again));
      needs_erase = !holds(again, &present[done]);
    }
  }
  return {};
}

// From here to the end of the verify, the flash holds less than the cache: all blocks are dirty.
Status WriteCache::erase_and_program(Sectors sectors) {
  FLASH_TRY(complete(sectors));
  const uint32_t first_block = sectors.first * blocks_per_sector();
  const uint32_t length = sectors.count * blocks_per_sector() * kCacheBlockBytes;
  FLASH_TRY(nor_.erase(flash_offset(first_block), length));
  return program_sectors(sectors, true);
}

// Brings every block of the sectors into the cache, and has them programmed whatever happens.
Status WriteCache::complete(Sectors sectors) {
  const uint32_t first_block = sectors.first * blocks_per_sector();
  const uint32_t block_count = sectors.count * blocks_per_sector();
  for (uint32_t block = first_block; block < first_block + block_count; ++block) {
    if (find(block) != CacheSlot::kNone) continue;
    const uint16_t slot = claim(block, sectors);
    if (const Status status = load(block, bytes(slot)); !status.ok()) {
      release(slot);
      return status;
    }
  }
  for (uint32_t block = first_block; block < first_block + block_count; ++block) {
    mark_dirty(find(block), 0, kCacheBlockBytes);
  }
  return {};
}

Status WriteCache::program_sectors(Sectors sectors, bool erased) {
  const uint32_t first_block = sectors.first * blocks_per_sector();
  for (uint32_t i = 0; i < sectors.count * blocks_per_sector(); ++i) {
    const uint16_t slot = find(first_block + i);
    if (slot == CacheSlot::kNone || !memory_.slots[slot].is_dirty()) continue;
    FLASH_TRY(program_block(slot, erased));
    mark_clean(slot);
  }
  return {};
}

// Programs the units of the dirty bytes that differ from the flash, and reads back.
Status WriteCache::program_block(uint16_t slot, bool erased) {
  const Extent extent = dirty_units(memory_.slots[slot]);
  const uint32_t at = flash_offset(memory_.slots[slot].block) + extent.begin;
  const std::span<const uint8_t> wanted = bytes(slot).subspan(extent.begin, extent.length);
  std::array<uint8_t, kCacheBlockBytes> buffer;
  const std::span<uint8_t> present = std::span(buffer).first(extent.length);
  if (erased) {
    std::memset(present.data(), kErased, present.size());
  } else {
    FLASH_TRY(nor_.read(at, present));
  }
  for (Extent run = next_run(present, wanted, 0); run.length > 0;
       run = next_run(present, wanted, run.begin + run.length)) {
    FLASH_TRY(nor_.program(at + run.begin, wanted.subspan(run.begin, run.length)));
  }
  FLASH_TRY(nor_.read(at, present));
  return holds(present, wanted.data()) ? Status() : Status(Error::kIo);
}

// The next run of units that differ, from `from` on; its length is 0 if there is none. A run goes on
// across a gap that costs less to program again than a second operation would.
WriteCache::Extent WriteCache::next_run(std::span<const uint8_t> present, std::span<const uint8_t> wanted,
                                        uint32_t from) const {
  const auto size = static_cast<uint32_t>(wanted.size());
  const uint32_t unit = nor_.geometry().program_unit_bytes;  // a power of two
  const uint32_t gap_bytes = nor_.geometry().program_gap_bytes;
  while (from < size && present[from] == wanted[from]) ++from;
  if (from == size) return {size, 0};
  const uint32_t begin = from & (0 - unit);
  uint32_t end = begin + unit;
  for (uint32_t i = end; i < size && (i & (0 - unit)) - end <= gap_bytes; ++i) {
    if (present[i] != wanted[i]) end = (i & (0 - unit)) + unit;
  }
  return {begin, end - begin};
}

}  // namespace flash
