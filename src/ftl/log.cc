#include "ftl/log.h"

#include <algorithm>
#include <cstring>

#include "ftl/crc32.h"
#include "ftl/tries.h"

namespace ftl {

using flash::Error;
using flash::Status;

namespace {

bool is_blank(std::span<const uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0xFF; });
}

}  // namespace

// ---- Reading --------------------------------------------------------------------------------------

template <typename Accept>
Status Log::read_well(uint32_t offset, std::span<uint8_t> out, bool& is_well, Accept accept) {
  Status status;
  is_well = false;
  for (int i = 0; i < 2 && !is_well; ++i) {
    status = nor_.read(offset, out);
    is_well = status.ok() && accept();
  }
  return is_torn(status) ? Status() : status;
}

Status Log::read_record(Location at, Record& record, bool& is_record) {
  std::array<uint8_t, kMaxRecordHeaderBytes> bytes;
  const std::span<uint8_t> header = std::span(bytes).first(layout_.header_bytes);
  bool is_well = false;
  is_record = false;
  return read_well(layout_.offset_of(at), header, is_well, [&] {
    is_record = decode(header, layout_, at, record);
    return is_record || is_blank(header);
  });
}

Status Log::read_data(Location at, const Record& record, std::span<uint8_t> out, bool& is_sound) {
  return read_well(layout_.offset_of(at) + layout_.header_bytes, out, is_sound,
                   [&] { return !record.is_lost && crc32(out) == record.data_crc; });
}

Status Log::read_segment(uint32_t segment, SegmentState& state) {
  std::array<uint8_t, kSegmentHeaderBytes> bytes;
  bool is_well = false;
  state = {};
  return read_well(layout_.segment_offset(segment), bytes, is_well, [&] {
    state.kind = decode(bytes, layout_, segment, state.header);
    state.is_blank = is_blank(bytes);
    return state.kind != HeaderKind::kNone || state.is_blank;
  });
}

// ---- Appending ------------------------------------------------------------------------------------

Status Log::append(Record& record, std::span<const uint8_t> data, Location& at) {
  if (room() == 0) return Error::kIo;
  if (room_in_head() == 0) FLASH_TRY(open_next());
  return append_here(record, data, at);
}

Status Log::append_to_last_slot(Record& record, std::span<const uint8_t> data, Location& at) {
  if (room() > 0) return append(record, data, at);
  return head_slot_ < layout_.slots ? append_here(record, data, at) : Status(Error::kIo);
}

Status Log::append_here(Record& record, std::span<const uint8_t> data, Location& at) {
  complete(record, data, head_sequence_);
  at = layout_.location(head_, head_slot_);
  ++head_slot_;  // whatever comes of it, the slot is not blank any more
  FLASH_TRY(program_and_verify(layout_.offset_of(at), image_of(record, data, at)));
  if (record.commits) released_tail_ = tail_;
  return {};
}

void Log::complete(Record& record, std::span<const uint8_t> data, uint32_t sequence) const {
  record.sequence = sequence;
  record.tail = static_cast<uint16_t>(tail_);
  record.data_crc = data.empty() ? 0 : crc32(data);
}

// As they stand in the flash, until the next one.
std::span<const uint8_t> Log::image_of(const Record& record, std::span<const uint8_t> data, Location at) {
  const std::span<uint8_t> bytes = std::span(buffer_).first(layout_.header_bytes + data.size());
  encode(record, layout_, at, bytes);
  std::copy(data.begin(), data.end(), bytes.begin() + layout_.header_bytes);
  return bytes;
}

Status Log::program_and_verify(uint32_t offset, std::span<const uint8_t> bytes) {
  FLASH_TRY(nor_.program(offset, bytes));
  std::array<uint8_t, 64> present;
  while (!bytes.empty()) {
    const size_t length = std::min(present.size(), bytes.size());
    FLASH_TRY(nor_.read(offset, std::span(present).first(length)));
    if (std::memcmp(present.data(), bytes.data(), length) != 0) return Error::kIo;
    offset += static_cast<uint32_t>(length);
    bytes = bytes.subspan(length);
  }
  return {};
}

// ---- Segments -------------------------------------------------------------------------------------

Status Log::open_segment(uint32_t segment) {
  FLASH_TRY(try_thrice([&] {
    const Status status = segment == erased_ ? Status() : erase_segment(segment);
    erased_ = kNone;
    return status.ok() ? program_header(segment) : status;
  }));
  head_ = segment;
  head_slot_ = 0;
  head_sequence_ = last_sequence_;
  return {};
}

void Log::go_back_to(const Place& place) {
  if (head_ != place.head) head_slot_ = std::max(place.head_slot, layout_.usable_slots());
  head_ = place.head;
  head_sequence_ = place.head_sequence;
  tail_ = place.tail;
}

Status Log::erase_segment(uint32_t segment) {
  FLASH_TRY(count_erase(segment));
  return nor_.erase(layout_.segment_offset(segment), layout_.segment_bytes);
}

// Used in turn, segments are erased about equally often: one that does not tell is like the one before.
Status Log::count_erase(uint32_t segment) {
  SegmentState before;
  FLASH_TRY(read_segment(segment, before));
  if (before.kind == HeaderKind::kOurs) {
    erase_count_ = before.header.erase_count + 1;
  } else {
    erase_count_ = std::max<uint32_t>(erase_count_, 1);
  }
  return {};
}

Status Log::program_header(uint32_t segment) {
  std::array<uint8_t, kSegmentHeaderBytes> bytes;
  encode(SegmentHeader{segment, ++last_sequence_, erase_count_}, layout_, bytes);
  return program_and_verify(layout_.segment_offset(segment), bytes);
}

Status Log::erase_ahead() {
  const uint32_t segment = next(head_);
  if (free_segments() == 0 || segment == erased_) return {};
  FLASH_TRY(erase_segment(segment));
  erased_ = segment;
  return {};
}

// ---- A single segment -----------------------------------------------------------------------------

Status Log::stage_header(Rewriter& rewriter) {
  FLASH_TRY(count_erase(0));
  std::array<uint8_t, kSegmentHeaderBytes> bytes;
  encode(SegmentHeader{0, ++last_sequence_, erase_count_}, layout_, bytes);
  return rewriter.stage(layout_.segment_offset(0), bytes);
}

Status Log::stage_record(Rewriter& rewriter, uint32_t slot, Record& record, std::span<const uint8_t> data) {
  complete(record, data, last_sequence_);
  const Location at = layout_.location(0, slot);
  return rewriter.stage(layout_.offset_of(at), image_of(record, data, at));
}

Status Log::stage_erased_from(Rewriter& rewriter, uint32_t slot) {
  const uint32_t offset = layout_.offset_of(0, slot);
  return rewriter.stage_erased(offset, layout_.segment_offset(0) + layout_.segment_bytes - offset);
}

}  // namespace ftl
