// How a log is found again, and how one is started.
#include <algorithm>

#include "ftl/log.h"
#include "ftl/tries.h"

namespace ftl {

using flash::Error;
using flash::Status;

// What a look at all segments gives.
struct Log::Survey {
  uint32_t last_sequence = 0;     // of all that stand here
  uint32_t our_sequence = 0;      // the last of those that are ours
  uint32_t last_segment = kNone;  // that has it
  bool has_commit = false;
  uint32_t commit_sequence = 0;
  Location commit_at = kNowhere;
  Record commit;
  uint32_t blank_segments = 0;
  uint32_t our_segments = 0;
  bool has_other_version = false;
  bool has_other_layout = false;

  Finding finding(uint32_t segment_count) const {
    if (has_commit) return Finding::kSound;
    if (our_segments > 0) return Finding::kDamaged;
    if (has_other_layout) return Finding::kOtherLayout;
    if (has_other_version) return Finding::kOtherVersion;
    return blank_segments == segment_count ? Finding::kBlank : Finding::kForeign;
  }
};

Status Log::mount(Finding& finding, Record& root, Location& root_at) {
  Survey found;
  FLASH_TRY(survey(found));
  finding = found.finding(layout_.segment_count);
  if (finding != Finding::kSound) return {};
  // A commit that was the last one has all of its segments. If not, a later one has been damaged.
  SegmentState tail;
  FLASH_TRY(read_segment(found.commit.tail, tail));
  const bool is_there = tail.kind == HeaderKind::kNone
                            ? !tail.is_blank  // its header may be damaged
                            : tail.kind == HeaderKind::kOurs && tail.header.sequence <= found.commit_sequence;
  if (!is_there) {
    finding = Finding::kDamaged;
    return {};
  }
  head_ = found.commit_at / layout_.slots;
  SegmentState head;
  FLASH_TRY(read_segment(head_, head));
  erase_count_ = head.header.erase_count;
  head_sequence_ = found.commit_sequence;
  last_sequence_ = found.last_sequence;
  tail_ = released_tail_ = found.commit.tail;
  erased_ = kNone;
  root = found.commit;
  root_at = found.commit_at;
  return find_clean_end(head_, head_slot_);
}

Status Log::format(Record& root, Location& root_at) {
  Survey found;
  FLASH_TRY(survey(found));
  last_sequence_ = found.last_sequence;
  erased_ = kNone;
  const uint32_t first = found.last_segment == kNone ? 0 : next(found.last_segment);
  FLASH_TRY(open_segment(first));
  tail_ = released_tail_ = first;
  root = Record{};
  root.commits = true;
  return try_thrice([&] { return append(root, {}, root_at); });
}

// Sequences ascend around the ring. Downwards, few segments have a higher one than those before them, and
// only these are looked through.
Status Log::survey(Survey& found) {
  for (uint32_t segment = layout_.segment_count; segment-- > 0;) FLASH_TRY(survey_segment(segment, found));
  return {};
}

Status Log::survey_segment(uint32_t segment, Survey& found) {
  SegmentState state;
  FLASH_TRY(read_segment(segment, state));
  found.has_other_version |= state.kind == HeaderKind::kOtherVersion;
  found.has_other_layout |= state.kind == HeaderKind::kOtherLayout;
  uint32_t sequence = state.header.sequence;
  bool is_ours = state.kind == HeaderKind::kOurs;
  if (state.kind == HeaderKind::kNone) FLASH_TRY(find_sequence(segment, sequence, is_ours));
  // A log that is started here is newer than what another slice has left, too: its records may fit.
  found.last_sequence = std::max(found.last_sequence, sequence);
  if (!is_ours) {
    found.blank_segments += state.is_blank ? 1 : 0;
    return {};
  }
  ++found.our_segments;
  if (found.last_segment == kNone || sequence > found.our_sequence) {
    found.our_sequence = sequence;
    found.last_segment = segment;
  }
  if (found.has_commit && sequence < found.commit_sequence) return {};
  return find_last_commit(segment, sequence, found);
}

// The header of a segment may be damaged; its records tell, too.
Status Log::find_sequence(uint32_t segment, uint32_t& sequence, bool& found) {
  for (uint32_t slot = 0; slot < layout_.slots && !found; ++slot) {
    Record record;
    FLASH_TRY(read_record(layout_.location(segment, slot), record, found));
    sequence = record.sequence;
  }
  return {};
}

// A commit counts if its data has arrived as well.
Status Log::find_last_commit(uint32_t segment, uint32_t sequence, Survey& found) {
  for (uint32_t slot = layout_.slots; slot-- > 0;) {
    const Location at = layout_.location(segment, slot);
    Record record;
    bool is_record = false;
    FLASH_TRY(read_record(at, record, is_record));
    if (!is_record || record.sequence != sequence || !record.commits) continue;
    bool is_sound = record.block == kNoBlock || record.is_lost;
    if (!is_sound) FLASH_TRY(read_data(at, record, std::span(buffer_).first(kBlockBytes), is_sound));
    if (!is_sound) continue;
    found.has_commit = true;
    found.commit_sequence = sequence;
    found.commit_at = at;
    found.commit = record;
    return {};
  }
  return {};
}

// The first slot that certainly nobody has programmed since the segment was erased: after the last one that
// is not blank comes one that a cut may have begun to program, without a trace so far.
Status Log::find_clean_end(uint32_t segment, uint32_t& slot) {
  slot = layout_.slots;
  bool is_blank = true;
  while (slot > 0 && is_blank) {
    FLASH_TRY(look_blank(layout_.offset_of(segment, slot - 1), layout_.record_bytes(), is_blank));
    if (is_blank) --slot;
  }
  slot = std::min(slot + 1, layout_.slots);
  return {};
}

Status Log::look_blank(uint32_t offset, uint32_t length, bool& blank) {
  constexpr int kTimes = 3;  // a bit that is half way reads now as 0, now as 1
  const std::span<uint8_t> bytes = std::span(buffer_).first(length);
  blank = true;
  for (int i = 0; i < kTimes && blank; ++i) {
    const Status status = nor_.read(offset, bytes);
    if (!status.ok() && status != Status(Error::kIo)) return status;
    blank = status.ok() && std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0xFF; });
  }
  return {};
}

}  // namespace ftl
