#include "ftl/log.h"

#include <algorithm>
#include <cstring>

#include "ftl/crc32.h"

namespace ftl {

using flash::Error;
using flash::Status;

namespace {

// A worse flash than one that fails twice in a row is no flash.
constexpr int kTries = 3;

bool is_worth_another_try(Status status) {
  return status == Status(Error::kIo);
}

}  // namespace

// ---- Reading --------------------------------------------------------------------------------------

Status Log::try_read(Location at, Record& record, bool& is_record) {
  std::array<uint8_t, kMaxRecordHeaderBytes> bytes;
  const std::span<uint8_t> header = std::span(bytes).first(layout_.header_bytes);
  const Status status = nor_.read(layout_.offset_of(at), header);
  is_record = status.ok() && decode(header, layout_, at, record);
  return status == Status(Error::kIo) ? Status() : status;  // a torn unit is no record
}

Status Log::read_record(Location at, Record& record) {
  bool is_record = false;
  FLASH_TRY(try_read(at, record, is_record));
  return is_record ? Status() : Status(Error::kIo);
}

Status Log::read_damaged_data(Location at, std::span<uint8_t> out) {
  return nor_.read(layout_.offset_of(at) + layout_.header_bytes, out);
}

Status Log::read_data(Location at, const Record& record, std::span<uint8_t> out) {
  FLASH_TRY(read_damaged_data(at, out));
  return !record.is_lost && crc32(out) == record.data_crc ? Status() : Status(Error::kIo);
}

Status Log::read_segment(uint32_t segment, SegmentState& state) {
  std::array<uint8_t, kSegmentHeaderBytes> bytes;
  const Status status = nor_.read(layout_.segment_offset(segment), bytes);
  state = {};
  if (status == Status(Error::kIo)) return {};
  FLASH_TRY(status);
  state.kind = decode(bytes, layout_, segment, state.header);
  state.is_blank = std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0xFF; });
  return {};
}

// ---- Appending ------------------------------------------------------------------------------------

Status Log::append(Record& record, std::span<const uint8_t> data, Location& at) {
  Status status = Error::kIo;
  for (int i = 0; i < kTries && is_worth_another_try(status); ++i) {
    if (room() == 0) return Error::kIo;
    if (room_in_head() == 0) FLASH_TRY(open_next());
    status = append_here(record, data, at);
  }
  return status;
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
  Status status = Error::kIo;
  for (int i = 0; i < kTries && is_worth_another_try(status); ++i) {
    status = segment == erased_ ? Status() : erase_segment(segment);
    erased_ = kNone;
    if (status.ok()) status = program_header(segment);
  }
  FLASH_TRY(status);
  head_ = segment;
  head_slot_ = 0;
  head_sequence_ = last_sequence_;
  return {};
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
