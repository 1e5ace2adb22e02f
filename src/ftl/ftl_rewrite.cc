// Collecting in a log of one segment: its live records close up, in RAM, and replace it.
#include <array>

#include "ftl/ftl.h"

namespace ftl {

using flash::Error;
using flash::Status;

Status Ftl::make_room_in_single_segment() {
  const uint32_t needed = is_open_ ? 1 : log_.layout().atomic_blocks;
  return log_.room() >= needed ? Status() : rewrite();
}

Status Ftl::rewrite() {
  if (rewriter_ == nullptr) return Error::kIo;
  FLASH_TRY(rewriter_->carry_out());  // nothing of somebody else's is to press on the staging room
  Record root;
  uint32_t used_slots = 0;
  if (const Status status = stage_live_records(root, used_slots); !status.ok()) {
    rewriter_->abandon(log_.layout().segment_offset(0), log_.layout().segment_bytes);
    return status;
  }
  // From here on everybody reads the new content, wherever it is.
  log_.restart(used_slots);
  tree_.set_root(root, log_.layout().location(0, used_slots - 1));
  is_open_ = true;
  FLASH_TRY(rewriter_->carry_out());
  is_open_ = false;
  return {};
}

// What the map has beside the way to the block and is not staged by the time that the last record beside it
// is, cannot be reached any more: it is lost, not gone. (Of the map as it was, the way to a record that is
// not staged yet leads over later ones, which are all still in their places.)
Status Ftl::make_staged_node(const Tree& staged, uint16_t block, Record& node) {
  Record before;
  FLASH_TRY(tree_.make_node(block, before));
  FLASH_TRY(staged.make_node(block, node));
  for (uint32_t level = 0; level < log_.layout().levels; ++level) {
    if (node.other[level] >= kLost) node.other[level] = before.other[level] == kNowhere ? kNowhere : kLost;
  }
  return {};
}

// Which records are live has to be known before the first of them is written over.
Status Ftl::stage_live_records(Record& root, uint32_t& used_slots) {
  const Layout& layout = log_.layout();
  std::array<bool, kMaxSingleSlots> is_live{};
  uint32_t left = 0;
  for (uint32_t slot = 0; slot < layout.slots; ++slot) {
    Record record;
    FLASH_TRY(find_if_live(layout.location(0, slot), record, is_live[slot]));
    left += is_live[slot] ? 1 : 0;
  }
  FLASH_TRY(log_.stage_header(*rewriter_));
  Tree staged(log_);
  used_slots = 0;
  for (uint32_t slot = 0; left > 0; ++slot) {
    if (!is_live[slot]) continue;
    const Location at = layout.location(0, slot);
    Record record;
    bool is_record = false;
    FLASH_TRY(log_.read_record(at, record, is_record));
    if (!is_record) return Error::kIo;
    FLASH_TRY(load_for_move(at, record));
    Record node;
    FLASH_TRY(make_staged_node(staged, record.block, node));
    node.is_lost = record.is_lost;
    node.commits = --left == 0;
    FLASH_TRY(log_.stage_record(*rewriter_, used_slots, node, moving_data_));
    staged.set_root(node, layout.location(0, used_slots++));
  }
  if (used_slots == 0) {
    Record node;
    node.commits = true;
    FLASH_TRY(log_.stage_record(*rewriter_, used_slots++, node, {}));
    staged.set_root(node, layout.location(0, 0));
  }
  root = staged.root();
  return log_.stage_erased_from(*rewriter_, used_slots);
}

}  // namespace ftl
