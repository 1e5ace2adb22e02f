// How a log is found again, and how one is started.
#include <algorithm>

#include "ftl/crc32.h"
#include "ftl/log.h"
#include "ftl/tries.h"

namespace ftl {

using flash::Error;
using flash::Status;

namespace {

// A log starts so far beyond all that it sees: a layer of another slice that shares some of its segments is
// behind, wherever its last one lies.
constexpr uint32_t kSequencesPerLog = 1u << 16;

// At what may not read well every time.
constexpr int kLooks = 8;

}  // namespace

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
  uint32_t other_sequence = 0;  // the last of those of another layout
  uint32_t other_segment = 0;   // that has it

  // What another slice has left from before our log was started lies further behind. From here on, a layer
  // was made over ours, which is not to be written to any more.
  uint32_t first_after_ours() const {
    return our_sequence > kSequencesPerLog ? our_sequence - kSequencesPerLog : our_sequence;
  }

  Finding finding(uint32_t segment_count) const {
    if (has_other_layout && other_sequence >= first_after_ours()) return Finding::kOtherLayout;
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
  bool is_there = false;
  FLASH_TRY(find_tail(found, is_there));
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
  FLASH_TRY(find_last_used(head_, last_used_of_head_));
  last_used_of_newest_ = kNowhere;
  if (found.last_segment != head_) FLASH_TRY(find_last_used(found.last_segment, last_used_of_newest_));
  // Behind the last slot that is not blank comes one that a cut may have begun to program: nothing shows yet.
  const uint32_t used = last_used_of_head_ == kNowhere ? 0 : last_used_of_head_ % layout_.slots + 1;
  head_slot_ = std::min(used + 1, layout_.slots);
  return {};
}

// The header may be damaged, or gone, and its records tell. Of an erased segment there are none.
Status Log::find_tail(const Survey& found, bool& is_there) {
  SegmentState tail;
  FLASH_TRY(read_segment(found.commit.tail, tail));
  uint32_t sequence = tail.header.sequence;
  bool is_ours = tail.kind == HeaderKind::kOurs;
  if (tail.kind == HeaderKind::kNone) FLASH_TRY(find_sequence(found.commit.tail, sequence, is_ours));
  is_there = is_ours ? sequence <= found.commit_sequence : tail.kind == HeaderKind::kNone && !tail.is_blank;
  return {};
}

Status Log::format(Record& root, Location& root_at) {
  Survey found;
  FLASH_TRY(survey(found));
  last_sequence_ = found.last_sequence + kSequencesPerLog;
  erased_ = kNone;
  // Where a layer of another slice has its last one, so that it sees that it is over.
  uint32_t first = found.last_segment == kNone ? 0 : next(found.last_segment);
  if (found.has_other_layout) first = found.other_segment;
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
  if (state.kind == HeaderKind::kOtherLayout) {
    found.has_other_layout = true;
    if (state.header.sequence >= found.other_sequence) found.other_segment = segment;
    found.other_sequence = std::max(found.other_sequence, state.header.sequence);
  }
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

// A commit counts if its data has arrived as well, and does not only look so now and then.
Status Log::find_last_commit(uint32_t segment, uint32_t sequence, Survey& found) {
  for (uint32_t slot = layout_.slots; slot-- > 0;) {
    const Location at = layout_.location(segment, slot);
    Record record;
    bool is_record = false;
    FLASH_TRY(read_record(at, record, is_record));
    if (!is_record || record.sequence != sequence || !record.commits) continue;
    bool is_sound = false;
    FLASH_TRY(look_often(at, is_sound));
    if (!is_sound) continue;
    found.has_commit = true;
    found.commit_sequence = sequence;
    found.commit_at = at;
    found.commit = record;
    return {};
  }
  return {};
}

// What a cut left half way reads well now and then. Of a sound one, a look may fail by chance.
Status Log::look_often(Location at, bool& is_sound) {
  constexpr int kMayFail = 1;
  int failed = 0;
  for (int i = 0; i < kLooks && failed <= kMayFail; ++i) {
    FLASH_TRY(look_once(at, is_sound));
    failed += is_sound ? 0 : 1;
  }
  is_sound = failed <= kMayFail;
  return {};
}

Status Log::look_once(Location at, bool& is_sound) {
  const std::span<uint8_t> bytes = std::span(buffer_).first(layout_.record_bytes());
  is_sound = false;
  const Status status = try_thrice([&] { return nor_.read(layout_.offset_of(at), bytes); });
  if (!status.ok()) return is_torn(status) ? Status() : status;
  Record record;
  if (!decode(bytes, layout_, at, record)) return {};
  is_sound = record.block == kNoBlock || record.is_lost ||
             crc32(bytes.subspan(layout_.header_bytes)) == record.data_crc;
  return {};
}

// The last slot that is not blank; kNowhere if all are.
Status Log::find_last_used(uint32_t segment, Location& at) {
  bool is_blank = true;
  at = kNowhere;
  for (uint32_t slot = layout_.slots; slot > 0 && is_blank; --slot) {
    FLASH_TRY(look_blank(layout_.offset_of(segment, slot - 1), layout_.record_bytes(), is_blank));
    if (!is_blank) at = layout_.location(segment, slot - 1);
  }
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

// ---- After a mount --------------------------------------------------------------------------------

Status Log::settle(Location root_at) {
  if (!nor_.geometry().reprogrammable) return {};  // what is torn there does not read
  FLASH_TRY(make_firm(root_at));
  for (const Location at : {last_used_of_head_, last_used_of_newest_}) {
    if (at == kNowhere || at == root_at) continue;
    constexpr std::array<uint8_t, kMaxRecordHeaderBytes> kZeros{};
    const auto zeros = std::span(kZeros).first(layout_.header_bytes);
    const Status status = try_thrice([&] { return program_and_verify(layout_.offset_of(at), zeros); });
    // A slot that has failed may never take it; then what is in it does not read either.
    if (!status.ok() && status != Status(Error::kIo)) return status;
  }
  return {};
}

// Programs what is there once more. Where that fails, it is enough that the commit goes on reading well.
Status Log::make_firm(Location commit) {
  bool is_sound = false;
  for (int i = 0; i < kLooks && !is_sound; ++i) FLASH_TRY(look_once(commit, is_sound));
  if (!is_sound) return Error::kIo;
  const auto image = std::span(buffer_).first(layout_.record_bytes());
  const Status status = try_thrice([&] { return program_and_verify(layout_.offset_of(commit), image); });
  if (status != Status(Error::kIo)) return status;
  FLASH_TRY(look_often(commit, is_sound));
  return is_sound ? Status() : status;
}

}  // namespace ftl
