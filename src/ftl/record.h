// What the log is made of, as it stands in the flash (docs/ftl-format.md).
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "ftl/layout.h"

namespace ftl {

// The start of a segment that has been erased and taken into use.
struct SegmentHeader {
  uint32_t segment;      // which one of the slice this is
  uint32_t sequence;     // one more each time that a segment is taken into use
  uint32_t erase_count;  // of this segment, as far as is known
};

// Is a segment header of ours there, and does it belong where it is in this layout?
enum class HeaderKind : uint8_t { kNone, kOurs, kOtherVersion, kOtherLayout };

// What a segment header says of the log that it belongs to, whatever the layout: to find logs whose extent
// nobody told. All 0 where none of ours stands.
struct LogExtent {
  uint32_t segment_bytes;
  uint32_t segment_count;
  uint32_t segment;  // which one of them this is
};
LogExtent extent_of(std::span<const uint8_t> bytes);

void encode(const SegmentHeader& header, const Layout& layout, std::span<uint8_t> out);
// `header` is filled in for kOurs and kOtherLayout.
HeaderKind decode(std::span<const uint8_t> bytes, const Layout& layout, uint32_t segment,
                  SegmentHeader& header);

// The header of a record. It is also a node of the map: a tree over the bits of the block's number, most
// significant first. `other[level]` is the newest record of the subtree whose numbers agree with this
// block's above `level` and differ from it there. The newest record of all is the root of the whole map.
struct Record {
  uint32_t sequence = 0;  // of its segment
  uint32_t data_crc = 0;
  uint16_t block = kNoBlock;  // kNoBlock: the map is empty
  uint16_t tail = 0;          // the oldest segment that the map needs
  bool commits = false;       // everything up to here has happened
  bool is_lost = false;       // the data was found damaged when the record was moved
  std::array<Location, kMaxLevels> other = make_nowhere();

  static constexpr std::array<Location, kMaxLevels> make_nowhere() {
    std::array<Location, kMaxLevels> all{};
    for (Location& one : all) one = kNowhere;
    return all;
  }
};

void encode(const Record& record, const Layout& layout, Location at, std::span<uint8_t> out);

// False if this is no whole record that could stand there in this layout.
bool decode(std::span<const uint8_t> bytes, const Layout& layout, Location at, Record& record);

}  // namespace ftl
