// How a slice of flash is divided: segments, and records in them. It follows from the flash and the slice
// alone, so that every mount comes to the same numbers.
#pragma once

#include <cstdint>

#include "flash/geometry.h"
#include "flash/status.h"

namespace ftl {

inline constexpr uint32_t kBlockBytes = 512;
inline constexpr uint32_t kSegmentHeaderBytes = 32;
inline constexpr uint32_t kMaxLevels = 16;
inline constexpr uint32_t kMaxSingleSlots = 256;  // where there is one segment only
inline constexpr uint32_t kMaxRecordHeaderBytes = 64;
inline constexpr uint32_t kMaxRecordBytes = kMaxRecordHeaderBytes + kBlockBytes;

// Names a record: segment * slots + slot.
using Location = uint16_t;
inline constexpr Location kNowhere = 0xFFFF;
inline constexpr Location kLost = 0xFFFE;  // there was a record, or several, and the way there is damaged
inline constexpr uint16_t kNoBlock = 0xFFFF;

struct Layout {
  uint32_t base;           // where segment 0 starts in the flash, in bytes
  uint32_t segment_bytes;  // what is erased together: one erase command where the chip has a large one
  uint32_t segment_count;  // 1 ... 16383
  uint32_t slots;          // records that a segment holds
  uint32_t header_bytes;   // of a record; whole program units
  uint32_t levels;         // bits that a block's number has
  uint32_t block_count;    // what can always be written, in blocks
  uint32_t atomic_blocks;  // a transaction of as many blocks is never divided

  // The last slot is kept for the commit that lets go of a segment whose records fill this one.
  constexpr uint32_t usable_slots() const { return slots - 1; }
  constexpr uint32_t record_bytes() const { return header_bytes + kBlockBytes; }
  constexpr uint32_t segment_offset(uint32_t segment) const { return base + segment * segment_bytes; }
  constexpr uint32_t offset_of(uint32_t segment, uint32_t slot) const {
    return segment_offset(segment) + kSegmentHeaderBytes + slot * record_bytes();
  }
  constexpr uint32_t offset_of(Location at) const { return offset_of(at / slots, at % slots); }
  constexpr Location location(uint32_t segment, uint32_t slot) const {
    return static_cast<Location>(segment * slots + slot);
  }
  constexpr uint32_t location_count() const { return segment_count * slots; }

  friend bool operator==(const Layout&, const Layout&) = default;
};

//   kInvalid  the slice leaves the flash, is not made of whole sectors of one size, or is too small
flash::Status make_layout(const flash::Geometry& geometry, uint32_t offset, uint32_t size_bytes,
                          Layout& layout);

}  // namespace ftl
