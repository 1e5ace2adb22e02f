#include "ftl/record.h"

#include <algorithm>

#include "ftl/crc32.h"

namespace ftl {

namespace {

constexpr uint32_t kMagic = 0x4C544670;  // "pFTL"
constexpr uint16_t kVersion = 2;

// Segment header
constexpr uint32_t kMagicAt = 0;
constexpr uint32_t kVersionAt = 4;
constexpr uint32_t kHeaderBytesAt = 6;
constexpr uint32_t kSegmentBytesAt = 8;
constexpr uint32_t kSegmentCountAt = 12;
constexpr uint32_t kBlockCountAt = 14;
constexpr uint32_t kSegmentSequenceAt = 16;
constexpr uint32_t kEraseCountAt = 20;
constexpr uint32_t kSegmentAt = 24;
constexpr uint32_t kSegmentCrcAt = 28;

// Record header
constexpr uint32_t kCrcAt = 0;
constexpr uint32_t kSequenceAt = 4;
constexpr uint32_t kDataCrcAt = 8;
constexpr uint32_t kBlockAt = 12;
constexpr uint32_t kTailAt = 14;
constexpr uint32_t kOtherAt = 16;
constexpr uint32_t kLocationBytes = 2;

constexpr uint16_t kCommits = 0x8000;
constexpr uint16_t kIsLost = 0x4000;
constexpr uint16_t kTailMask = 0x3FFF;

void put16(std::span<uint8_t> out, uint32_t at, uint32_t value) {
  out[at] = static_cast<uint8_t>(value);
  out[at + 1] = static_cast<uint8_t>(value >> 8);
}

void put32(std::span<uint8_t> out, uint32_t at, uint32_t value) {
  put16(out, at, value);
  put16(out, at + 2, value >> 16);
}

uint16_t get16(std::span<const uint8_t> bytes, uint32_t at) {
  return static_cast<uint16_t>(bytes[at] | bytes[at + 1] << 8);
}

uint32_t get32(std::span<const uint8_t> bytes, uint32_t at) {
  return get16(bytes, at) | uint32_t{get16(bytes, at + 2)} << 16;
}

bool is_segment_header(std::span<const uint8_t> bytes) {
  return get32(bytes, kMagicAt) == kMagic && get32(bytes, kSegmentCrcAt) == crc32(bytes.first(kSegmentCrcAt));
}

// A record in another place, as in a slice that starts elsewhere, is none.
uint32_t header_crc(std::span<const uint8_t> bytes, const Layout& layout, Location at) {
  return crc32(bytes.subspan(kSequenceAt, layout.header_bytes - kSequenceAt)) ^ at;
}

bool is_plausible(const Record& record, const Layout& layout) {
  if (record.tail >= layout.segment_count) return false;
  if (record.block != kNoBlock && record.block >= layout.block_count) return false;
  for (const Location at : record.other) {
    if (at < kLost && at >= layout.location_count()) return false;
  }
  return true;
}

}  // namespace

void encode(const SegmentHeader& header, const Layout& layout, std::span<uint8_t> out) {
  std::fill(out.begin(), out.begin() + kSegmentHeaderBytes, uint8_t{0});
  put32(out, kMagicAt, kMagic);
  put16(out, kVersionAt, kVersion);
  put16(out, kHeaderBytesAt, layout.header_bytes);
  put32(out, kSegmentBytesAt, layout.segment_bytes);
  put16(out, kSegmentCountAt, layout.segment_count);
  put16(out, kBlockCountAt, layout.block_count);
  put32(out, kSegmentSequenceAt, header.sequence);
  put32(out, kEraseCountAt, header.erase_count);
  put16(out, kSegmentAt, header.segment);
  put32(out, kSegmentCrcAt, crc32(out.first(kSegmentCrcAt)));
}

LogExtent extent_of(std::span<const uint8_t> bytes) {
  if (!is_segment_header(bytes) || get16(bytes, kVersionAt) != kVersion) return {};
  return {get32(bytes, kSegmentBytesAt), get16(bytes, kSegmentCountAt), get16(bytes, kSegmentAt)};
}

HeaderKind decode(std::span<const uint8_t> bytes, const Layout& layout, uint32_t segment,
                  SegmentHeader& header) {
  if (!is_segment_header(bytes)) return HeaderKind::kNone;
  if (get16(bytes, kVersionAt) != kVersion) return HeaderKind::kOtherVersion;
  header = {segment, get32(bytes, kSegmentSequenceAt), get32(bytes, kEraseCountAt)};
  if (get16(bytes, kHeaderBytesAt) != layout.header_bytes ||
      get32(bytes, kSegmentBytesAt) != layout.segment_bytes ||
      get16(bytes, kSegmentCountAt) != layout.segment_count ||
      get16(bytes, kBlockCountAt) != layout.block_count || get16(bytes, kSegmentAt) != segment) {
    return HeaderKind::kOtherLayout;
  }
  return HeaderKind::kOurs;
}

void encode(const Record& record, const Layout& layout, Location at, std::span<uint8_t> out) {
  std::fill(out.begin(), out.begin() + layout.header_bytes, uint8_t{0});
  put32(out, kSequenceAt, record.sequence);
  put32(out, kDataCrcAt, record.data_crc);
  put16(out, kBlockAt, record.block);
  put16(out, kTailAt, record.tail | (record.commits ? kCommits : 0u) | (record.is_lost ? kIsLost : 0u));
  for (uint32_t level = 0; level < layout.levels; ++level) {
    put16(out, kOtherAt + level * kLocationBytes, record.other[level]);
  }
  put32(out, kCrcAt, header_crc(out, layout, at));
}

bool decode(std::span<const uint8_t> bytes, const Layout& layout, Location at, Record& record) {
  if (get32(bytes, kCrcAt) != header_crc(bytes, layout, at)) return false;
  record = Record{};
  record.sequence = get32(bytes, kSequenceAt);
  record.data_crc = get32(bytes, kDataCrcAt);
  record.block = get16(bytes, kBlockAt);
  const uint16_t tail = get16(bytes, kTailAt);
  record.tail = tail & kTailMask;
  record.commits = (tail & kCommits) != 0;
  record.is_lost = (tail & kIsLost) != 0;
  for (uint32_t level = 0; level < layout.levels; ++level) {
    record.other[level] = get16(bytes, kOtherAt + level * kLocationBytes);
  }
  return is_plausible(record, layout);
}

}  // namespace ftl
