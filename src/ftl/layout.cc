#include "ftl/layout.h"

#include <algorithm>

namespace ftl {

namespace {

using flash::Error;
using flash::Geometry;
using flash::Status;

constexpr uint32_t kRecordFieldBytes = 16;
constexpr uint32_t kMaxSegments = 16383;  // a record names one in 14 bits
constexpr uint32_t kMaxAtomicBlocks = 64;
constexpr uint32_t kFewestSlots = 4;

// Fewer of them, and too much of the slice would be the segment that has to be free.
constexpr uint32_t kFewestLargeSegments = 16;

uint32_t aligned_up(uint32_t value, uint32_t unit) {
  return (value + unit - 1) / unit * unit;
}

// The largest area that one command erases, if the slice holds enough of them.
void choose_segments(const Geometry& geometry, uint32_t offset, uint32_t size_bytes, Layout& layout) {
  layout.base = offset;
  layout.segment_bytes = geometry.sector_bytes_at(offset);
  for (const uint32_t bytes : geometry.large_erase_bytes) {
    if (bytes <= layout.segment_bytes) continue;
    const uint32_t base = aligned_up(offset, bytes);
    if (base >= offset + size_bytes || (offset + size_bytes - base) / bytes < kFewestLargeSegments) continue;
    layout.base = base;
    layout.segment_bytes = bytes;
  }
  layout.segment_count = std::min((offset + size_bytes - layout.base) / layout.segment_bytes, kMaxSegments);
}

// In records. One segment is always free, for collecting, if there is more than one.
uint32_t count_usable(const Layout& layout) {
  return std::max<uint32_t>(layout.segment_count - 1, 1) * layout.usable_slots();
}

// One eighth is room to move in (of two segments, where collecting is all or nothing, a quarter of one); and
// at least two records a segment, one of which a commit takes when the segment is collected.
uint32_t count_blocks(const Layout& layout) {
  const uint32_t usable = count_usable(layout);
  const uint32_t eighths = layout.segment_count == 2 ? 2 : 1;
  return usable - std::max(usable * eighths / 8, 2 * usable / layout.usable_slots());
}

// What is left when everything else is live; where that has to be collected first, half of it.
uint32_t count_atomic_blocks(const Layout& layout) {
  const uint32_t room = count_usable(layout) - layout.block_count;
  return std::min(layout.segment_count == 2 ? room : room / 2, kMaxAtomicBlocks);
}

}  // namespace

Status make_layout(const Geometry& geometry, uint32_t offset, uint32_t size_bytes, Layout& layout) {
  if (!flash::in_range(offset, size_bytes, geometry.size_bytes()) || size_bytes == 0) return Error::kInvalid;
  if (!geometry.is_sector_aligned(offset, size_bytes)) return Error::kInvalid;
  if (!geometry.has_one_sector_size(offset, size_bytes)) return Error::kInvalid;
  choose_segments(geometry, offset, size_bytes, layout);
  const uint32_t unit = std::max<uint32_t>(geometry.program_unit_bytes, 4);
  if (kSegmentHeaderBytes % unit != 0 || kBlockBytes % unit != 0) return Error::kInvalid;
  for (uint32_t levels = 1; levels <= kMaxLevels; ++levels) {
    layout.levels = levels;
    layout.header_bytes = aligned_up(kRecordFieldBytes + levels * 2, unit);
    layout.slots = (layout.segment_bytes - kSegmentHeaderBytes) / layout.record_bytes();
    if (layout.slots < kFewestSlots) return Error::kInvalid;
    if (layout.segment_count == 1 && layout.slots > kMaxSingleSlots) return Error::kInvalid;
    layout.segment_count = std::min(layout.segment_count, uint32_t{kLost} / layout.slots);
    layout.block_count = count_blocks(layout);
    layout.atomic_blocks = count_atomic_blocks(layout);
    if (layout.block_count <= 1u << levels) return {};
  }
  return Error::kInvalid;
}

}  // namespace ftl
