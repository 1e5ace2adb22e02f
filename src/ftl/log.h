// The log: records appended to segments, which are used in turn like the places of a ring.
//
//   ... free | tail ... full segments ... head | free ...
//
// Everything that the map needs lies between tail and head. A segment is erased right before it becomes the
// head, in the same power session: one that merely looks erased may be what a cut erase left. A segment
// counts as free once a commit is in the flash whose map does without it.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "flash/nor_flash.h"
#include "flash/status.h"
#include "ftl/layout.h"
#include "ftl/record.h"
#include "ftl/rewriter.h"

namespace ftl {

// What a mount makes of a medium.
enum class Finding : uint8_t {
  kSound,
  kBlank,         // erased: nothing was ever here
  kForeign,       // something else
  kOtherVersion,  // ours, of another version of the format
  kOtherLayout,   // ours, but of another slice: of another size, or one that starts elsewhere
  kDamaged,       // ours, but no commit can be found
};

class Log {
 public:
  Log(flash::NorFlash& nor, const Layout& layout) : nor_(nor), layout_(layout) {}

  const Layout& layout() const { return layout_; }

  // Finds the last commit and where to go on. Reads each segment's header, and no record's more than once
  // but for those of the head and of the last segment. A status that is not success comes from the flash.
  flash::Status mount(Finding& finding, Record& root, Location& root_at);

  // Starts a log anew, with a commit of an empty map. Erases one segment; counts go on.
  flash::Status format(Record& root, Location& root_at);

  // What does not read well is read once more before it is taken for garbage. (What a cut tore where units
  // carry ECC is garbage, too: there it never reads.)
  //   kIo  the hardware failed
  flash::Status read_record(Location at, Record& record, bool& is_record);
  flash::Status read_data(Location at, const Record& record, std::span<uint8_t> out, bool& is_sound);

  // Fills in where the record belongs and what its data's CRC is, programs it and reads it back. A slot that
  // cannot be programmed is passed over by the next append.
  //   kIo  that failed, or there is no room
  flash::Status append(Record& record, std::span<const uint8_t> data, Location& at);
  // The same, where room() may be 0. The record must commit.
  flash::Status append_to_last_slot(Record& record, std::span<const uint8_t> data, Location& at);

  // To be called before anything changes after a mount, with its root. A cut may have left what it programmed
  // last half way: it reads well now and then. So the root is programmed once more where it is, and what lies
  // behind it goes, lest it become the last commit one day, when what it needs has been erased.
  //   kIo  the hardware failed; or the root is not there any more, and nothing was changed
  flash::Status settle(Location root_at);

  // The next segment becomes the head. It must be free.
  flash::Status open_next() { return open_segment(next(head_)); }

  // Records that can be appended before a commit lets go of more.
  uint32_t room() const { return room_in_head() + free_segments() * layout_.usable_slots(); }
  uint32_t room_in_head() const {
    return layout_.usable_slots() -
           (head_slot_ < layout_.usable_slots() ? head_slot_ : layout_.usable_slots());
  }
  uint32_t free_segments() const { return segments_between(head_, released_tail_); }
  bool has_more_to_release() const { return tail_ != released_tail_; }

  uint32_t head() const { return head_; }
  uint32_t tail() const { return tail_; }
  uint32_t segments_in_use() const { return layout_.segment_count - segments_between(head_, tail_); }

  // The map needs nothing of the tail segment any more. Not for the head.
  void advance_tail() { tail_ = next(tail_); }

  // Where appending has come to. To go back to a place leaves what was appended since, as long as none of it
  // commits, as if a cut had ended it: segments that were opened are free again, used slots stay used.
  struct Place {
    uint32_t head;
    uint32_t head_slot;
    uint32_t head_sequence;
    uint32_t tail;
  };
  Place place() const { return {head_, head_slot_, head_sequence_, tail_}; }
  void go_back_to(const Place& place);

  // For a log of one segment, to be replaced as a whole: its header, its records in turn, what is left blank.
  // restart() then says how many records there are.
  flash::Status stage_header(Rewriter& rewriter);
  flash::Status stage_record(Rewriter& rewriter, uint32_t slot, Record& record,
                             std::span<const uint8_t> data);
  flash::Status stage_erased_from(Rewriter& rewriter, uint32_t slot);
  void restart(uint32_t used_slots) {
    head_slot_ = used_slots;
    head_sequence_ = last_sequence_;
  }

  // Erases the segment that will be needed next, if that has not been done.
  flash::Status erase_ahead();

  struct SegmentState {
    HeaderKind kind = HeaderKind::kNone;
    SegmentHeader header = {};
    bool is_blank = false;  // where the header would be
  };
  flash::Status read_segment(uint32_t segment, SegmentState& state);

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  // What a cut tore where units carry ECC never reads.
  bool is_torn(flash::Status status) const {
    return status == flash::Status(flash::Error::kIo) && !nor_.geometry().reprogrammable;
  }
  uint32_t next(uint32_t segment) const { return (segment + 1) % layout_.segment_count; }
  uint32_t segments_between(uint32_t head, uint32_t tail) const {
    return (tail + layout_.segment_count - head - 1) % layout_.segment_count;
  }

  flash::Status open_segment(uint32_t segment);
  flash::Status erase_segment(uint32_t segment);
  flash::Status count_erase(uint32_t segment);
  flash::Status program_header(uint32_t segment);
  void complete(Record& record, std::span<const uint8_t> data, uint32_t sequence) const;
  flash::Status append_here(Record& record, std::span<const uint8_t> data, Location& at);
  std::span<const uint8_t> image_of(const Record& record, std::span<const uint8_t> data, Location at);
  flash::Status program_and_verify(uint32_t offset, std::span<const uint8_t> bytes);

  struct Survey;
  flash::Status survey(Survey& found);
  flash::Status survey_segment(uint32_t segment, Survey& found);
  flash::Status find_tail(const Survey& found, bool& is_there);
  flash::Status find_sequence(uint32_t segment, uint32_t& sequence, bool& found);
  flash::Status find_last_commit(uint32_t segment, uint32_t sequence, Survey& found);
  flash::Status look_often(Location at, bool& is_sound);
  flash::Status look_once(Location at, bool& is_sound);
  flash::Status make_firm(Location commit);
  flash::Status find_last_used(uint32_t segment, Location& at);
  template <typename Accept>
  flash::Status read_well(uint32_t offset, std::span<uint8_t> out, bool& is_well, Accept accept);
  flash::Status look_blank(uint32_t offset, uint32_t length, bool& blank);

  flash::NorFlash& nor_;
  Layout layout_;
  uint32_t head_ = 0;
  uint32_t head_slot_ = 0;      // the next to be programmed
  uint32_t tail_ = 0;           // that the next record will name
  uint32_t released_tail_ = 0;  // that the last commit names
  uint32_t head_sequence_ = 0;
  uint32_t last_sequence_ = 0;  // the highest that was ever seen
  uint32_t erase_count_ = 0;    // of the last segment that was erased
  uint32_t erased_ = kNone;     // a segment erased ahead in this power session
  // At the mount, the last slots that are not blank:
  Location last_used_of_head_ = kNowhere;
  Location last_used_of_newest_ = kNowhere;  // of the segment with the highest sequence, if that is another
  std::array<uint8_t, kMaxRecordBytes> buffer_;
};

}  // namespace ftl
