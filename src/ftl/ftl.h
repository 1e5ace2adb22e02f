// A translation layer: blocks of 512 bytes over a slice of NOR flash, written
// without ever waiting for an erase of their own, worn evenly, and atomic: what is written between two syncs
// happens as a whole or not at all.
//
// The object is all the RAM there is (sizeof(Ftl), under 2 KiB, whatever the flash): the map lies in the
// log. It owns nothing and may be forgotten without ceremony; what was not synced is then as if never
// written.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "flash/nor_flash.h"
#include "flash/status.h"
#include "ftl/layout.h"
#include "ftl/log.h"
#include "ftl/tree.h"

namespace ftl {

class Ftl {
 public:
  // For a layout that make_layout() gave for this flash. One of a single segment needs a rewriter. mount() or
  // format() before anything else.
  Ftl(flash::NorFlash& nor, const Layout& layout, Rewriter* rewriter = nullptr)
      : log_(nor, layout), tree_(log_), rewriter_(rewriter) {}
  Ftl(const Ftl&) = delete;
  Ftl& operator=(const Ftl&) = delete;

  // Success with a finding other than kSound: there is nothing to mount, for this reason.
  flash::Status mount(Finding& finding);

  // Whatever the slice held is gone. Erases one segment.
  flash::Status format();

  uint32_t block_count() const { return log_.layout().block_count; }

  // Whole blocks. What was never written, or trimmed, reads as zeros.
  //   kBadShape  the length is not a multiple of the block
  //   kInvalid   a block lies outside; nothing was carried out
  //   kIo        read: the block is damaged, or the map on the way to it; write: as below
  // A write that fails leaves the blocks that it came to undecided until they are written again; what was
  // synced before is safe.
  flash::Status read(uint32_t block, std::span<uint8_t> out);
  flash::Status write(uint32_t block, std::span<const uint8_t> data);

  // These blocks hold nothing that is still needed.
  //   kIo  as above; or what lies beside them in the map is lost
  flash::Status trim(uint32_t block, uint32_t count);

  // Everything since the last sync happens now, as one. On success it is in the flash.
  //
  // It is atomic however much it is, as long as there is room: layout().atomic_blocks blocks always fit. A
  // transaction that would not fit is committed in parts, each as of the end of one block's write.
  flash::Status sync();

  // To be called when there is nothing better to do: collects a little, or erases ahead. `is_done` is true
  // when there is nothing left to do, or little to be gained.
  flash::Status poll(bool& is_done);

  const Log& log() const { return log_; }
  Tree& tree() { return tree_; }

  // Of the last call that wrote: records moved by it. A measure of its latency.
  uint32_t moved_records() const { return moved_records_; }

 private:
  void start(const Record& root, Location at);
  flash::Status read_block(uint16_t block, std::span<uint8_t> out);
  flash::Status write_block(uint16_t block, std::span<const uint8_t> data);
  bool holds(uint16_t block, std::span<const uint8_t> data);
  template <typename Append>
  flash::Status append_in_room(Append append);
  flash::Status flush_pending(bool commits);
  flash::Status append(Record& node, std::span<const uint8_t> data);
  flash::Status append_commit();
  flash::Status settle();
  flash::Status load_for_move(Location at, Record& node);
  flash::Status trim_subtree(uint16_t block, uint32_t depth);

  // ftl_collect.cc
  flash::Status make_room();
  flash::Status make_room_for_transaction();
  flash::Status move_tail(bool to_next);
  bool may_collect_ahead() const;
  flash::Status collect_ahead(uint32_t count);
  flash::Status collect_slot();
  void judge_idle();
  void rest_when_idle(uint32_t until_written);
  flash::Status collect_segment();
  flash::Status find_if_live(Location at, Record& record, bool& is_live);
  flash::Status move_if_live(Location at);
  flash::Status move_as_commit(Record& node);

  // ftl_rewrite.cc
  flash::Status make_room_in_single_segment();
  flash::Status rewrite();
  flash::Status make_staged_node(const Tree& staged, uint16_t block, Record& node);
  flash::Status stage_live_records(Record& root, uint32_t& used_slots);

  Log log_;
  Tree tree_;
  Rewriter* rewriter_;
  bool is_settled_ = false;      // nothing that a cut may have left half way is in the way
  bool is_open_ = false;         // records of a transaction are in the flash, and it is not committed
  uint16_t pending_ = kNoBlock;  // the block written last: it waits, because it may be the one that commits
  uint32_t tail_slot_ = 0;       // of the tail segment: the next to be looked at
  uint32_t moved_records_ = 0;
  uint32_t idle_looked_ = 0;         // by poll(), since it was last judged
  uint32_t idle_moved_ = 0;          // of these
  uint32_t idle_round_ = 0;          // looked at since poll() last rested
  uint32_t written_until_idle_ = 0;  // blocks, before poll() collects again
  std::array<uint8_t, kBlockBytes> pending_data_;
  std::array<uint8_t, kBlockBytes> moving_data_;
};

static_assert(sizeof(Ftl) <= 2048);

}  // namespace ftl
