// Collecting: what is live in the tail segment moves to the head, and the tail goes on. Everything is moved
// in turn, data that never changes as well: that is what keeps the wear even.
//
// At every commit, at least one segment is free: whenever the power goes, there is room to collect the tail.
// So before the last free segment takes anything new, the tail is moved into it, as a whole and with no
// commit on the way; then the tail is free instead. A cut in between leaves the segment as free as it was,
// and so does an error.

#include "ftl/ftl.h"
#include "ftl/tries.h"

namespace ftl {

using flash::Error;
using flash::Status;

namespace {

// For each block that is written, so many slots are looked at ahead of need. On a full medium seven of eight
// are live, and all that is not may lie in one place: until the tail comes there, nothing is gained. So it
// has to start early, and be faster than eight.
constexpr uint32_t kLookedAtPerBlock = 12;
constexpr uint32_t kLookedAtPerPoll = 16;

// Of what is looked at when there is nothing better to do, one of so many has to be garbage.
constexpr uint32_t kIdleGainPart = 4;

// Of the segments, one of so many is kept free ahead of need.
constexpr uint32_t kFreePart = 8;

}  // namespace

// For one more record of a transaction.
Status Ftl::make_room() {
  FLASH_TRY(settle());
  if (log_.layout().segment_count == 1) return make_room_in_single_segment();
  FLASH_TRY(collect_ahead(kLookedAtPerBlock));
  if (!is_open_) FLASH_TRY(make_room_for_transaction());
  // Two rounds would collect everything twice: there is garbage, or the blocks would be more than there are.
  for (uint32_t i = 0; i < 2 * log_.layout().segment_count; ++i) {
    if (log_.room_in_head() > 0 || log_.free_segments() > 1) return {};
    FLASH_TRY(log_.free_segments() > 0 ? move_tail(true) : append_commit());
  }
  return Error::kIo;
}

// A transaction starts with room for all that is promised to be atomic, the last segment left aside. (Of two
// segments it can have what is left over when all is live in one, and that is as much.)
Status Ftl::make_room_for_transaction() {
  const Layout& layout = log_.layout();
  for (uint32_t i = 0; i < 2 * layout.segment_count; ++i) {
    if (log_.room() >= layout.atomic_blocks + layout.usable_slots() || log_.tail() == log_.head()) return {};
    if (!log_.has_more_to_release()) FLASH_TRY(move_tail(false));
    if (log_.has_more_to_release()) FLASH_TRY(try_thrice([this] { return append_commit(); }));
  }
  return Error::kIo;
}

// All of the tail, or nothing. `to_next`: into the next segment, which is the last that is free.
Status Ftl::move_tail(bool to_next) {
  const Log::Place place = log_.place();
  const Record root = tree_.root();
  const Location root_at = tree_.root_at();
  const uint32_t slot = tail_slot_;
  Status status = to_next ? log_.open_next() : Status();
  if (status.ok()) status = collect_segment();
  if (status.ok() && log_.room() == 0 && log_.has_more_to_release()) status = append_commit();
  if (status.ok()) return {};
  log_.go_back_to(place);
  tree_.set_root(root, root_at);
  tail_slot_ = slot;
  return status;
}

// Within a transaction, what is moved takes room and gives none back before the commit: not of the room that
// the transaction has been promised.
bool Ftl::may_collect_ahead() const {
  const Layout& layout = log_.layout();
  if (log_.tail() == log_.head() || log_.free_segments() < 2) return false;
  if (log_.free_segments() > layout.segment_count / kFreePart + 2) return false;
  return !is_open_ || log_.room() > layout.atomic_blocks + 2 * layout.usable_slots();
}

Status Ftl::collect_segment() {
  const uint32_t segment = log_.tail();
  while (log_.tail() == segment) {
    FLASH_TRY(try_thrice([this] { return collect_slot(); }));
  }
  return {};
}

Status Ftl::collect_ahead(uint32_t count) {
  for (uint32_t i = 0; i < count && may_collect_ahead(); ++i) {
    FLASH_TRY(try_thrice([this] { return collect_slot(); }));
  }
  return {};
}

Status Ftl::collect_slot() {
  const uint32_t segment = log_.tail();
  FLASH_TRY(move_if_live(log_.layout().location(segment, tail_slot_)));
  if (log_.tail() != segment || ++tail_slot_ < log_.layout().slots) return {};
  log_.advance_tail();
  tail_slot_ = 0;
  return {};
}

Status Ftl::find_if_live(Location at, Record& record, bool& is_live) {
  bool is_record = false;
  is_live = false;
  FLASH_TRY(log_.read_record(at, record, is_record));
  if (!is_record || record.block == kNoBlock) return {};
  Location live_at = kNowhere;
  FLASH_TRY(tree_.find(record.block, live_at, record));
  is_live = live_at == at;
  return {};
}

// Moving changes nothing that anybody sees; the next commit commits it, too.
Status Ftl::move_if_live(Location at) {
  Record record;
  bool is_live = false;
  FLASH_TRY(find_if_live(at, record, is_live));
  if (!is_live) return {};
  Record node;
  FLASH_TRY(tree_.make_node(record.block, node));
  FLASH_TRY(load_for_move(at, record));
  node.is_lost = record.is_lost;
  ++moved_records_;
  if (log_.room() == 0) return move_as_commit(node);
  FLASH_TRY(log_.append(node, moving_data_, at));
  tree_.set_root(node, at);
  return {};
}

// A slot has failed, and what is left is the one for the commit. The last record to be moved can be that.
Status Ftl::move_as_commit(Record& node) {
  for (uint32_t slot = tail_slot_ + 1; slot < log_.layout().slots; ++slot) {
    Record record;
    bool is_live = false;
    FLASH_TRY(find_if_live(log_.layout().location(log_.tail(), slot), record, is_live));
    if (is_live) return Error::kIo;
  }
  const Log::Place place = log_.place();
  node.commits = true;
  log_.advance_tail();
  Location at = kNowhere;
  if (const Status status = log_.append_to_last_slot(node, moving_data_, at); !status.ok()) {
    log_.go_back_to(place);
    return status;
  }
  tree_.set_root(node, at);
  is_open_ = false;
  tail_slot_ = 0;
  return {};
}

Status Ftl::poll(bool& is_done) {
  moved_records_ = 0;
  is_done = true;
  if (is_open_ || pending_ != kNoBlock) return {};
  FLASH_TRY(settle());
  if (written_until_idle_ > 0 || !may_collect_ahead()) return log_.erase_ahead();
  is_done = false;
  FLASH_TRY(collect_ahead(kLookedAtPerPoll));
  judge_idle();
  return log_.has_more_to_release() ? append_commit() : Status();
}

// On a full medium there is never as much free as is wished for: going on would only wear the flash out.
// Where little is gained, or nothing by a whole round, as much as a segment takes has to be written first.
void Ftl::judge_idle() {
  const Layout& layout = log_.layout();
  idle_looked_ += kLookedAtPerPoll;
  idle_round_ += kLookedAtPerPoll;
  idle_moved_ += moved_records_;
  if (idle_looked_ < layout.usable_slots()) return;
  const bool gains = idle_moved_ <= idle_looked_ - idle_looked_ / kIdleGainPart;
  if (!gains || idle_round_ >= layout.segment_count * layout.slots) rest_when_idle(layout.usable_slots());
  idle_looked_ = idle_moved_ = 0;
}

void Ftl::rest_when_idle(uint32_t until_written) {
  written_until_idle_ = until_written;
  idle_looked_ = idle_moved_ = idle_round_ = 0;
}

}  // namespace ftl
