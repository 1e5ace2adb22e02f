#include "ftl/ftl.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "ftl/tries.h"

namespace ftl {

using flash::Error;
using flash::Status;

namespace {

// The largest aligned range that begins here is one subtree.
uint32_t subtree_blocks(uint32_t block, uint32_t count) {
  const uint32_t aligned = block == 0 ? count : 1u << std::countr_zero(block);
  return std::bit_floor(std::min(aligned, count));
}

}  // namespace

Status Ftl::mount(Finding& finding) {
  Record root;
  Location at = kNowhere;
  FLASH_TRY(log_.mount(finding, root, at));
  if (finding == Finding::kSound) start(root, at);
  return {};
}

Status Ftl::format() {
  Record root;
  Location at = kNowhere;
  FLASH_TRY(log_.format(root, at));
  start(root, at);
  is_settled_ = true;
  return {};
}

void Ftl::start(const Record& root, Location at) {
  tree_.set_root(root, at);
  is_settled_ = false;
  is_open_ = false;
  pending_ = kNoBlock;
  tail_slot_ = 0;
  rest_when_idle(0);
}

// ---- Blocks ---------------------------------------------------------------------------------------

Status Ftl::read(uint32_t block, std::span<uint8_t> out) {
  if (out.size() % kBlockBytes != 0) return Error::kBadShape;
  if (!flash::in_range(block, out.size() / kBlockBytes, block_count())) return Error::kInvalid;
  for (; !out.empty(); ++block, out = out.subspan(kBlockBytes)) {
    FLASH_TRY(read_block(static_cast<uint16_t>(block), out.first(kBlockBytes)));
  }
  return {};
}

Status Ftl::read_block(uint16_t block, std::span<uint8_t> out) {
  if (block == pending_) {
    std::copy(pending_data_.begin(), pending_data_.end(), out.begin());
    return {};
  }
  Location at = kNowhere;
  Record record;
  FLASH_TRY(tree_.find(block, at, record));
  bool is_sound = at == kNowhere;
  if (is_sound) std::fill(out.begin(), out.end(), uint8_t{0});
  if (at < kLost) FLASH_TRY(log_.read_data(at, record, out, is_sound));
  return is_sound ? Status() : Status(Error::kIo);
}

Status Ftl::write(uint32_t block, std::span<const uint8_t> data) {
  if (data.size() % kBlockBytes != 0) return Error::kBadShape;
  if (!flash::in_range(block, data.size() / kBlockBytes, block_count())) return Error::kInvalid;
  moved_records_ = 0;
  for (; !data.empty(); ++block, data = data.subspan(kBlockBytes)) {
    FLASH_TRY(write_block(static_cast<uint16_t>(block), data.first(kBlockBytes)));
  }
  return {};
}

Status Ftl::write_block(uint16_t block, std::span<const uint8_t> data) {
  if (block != pending_) {
    if (holds(block, data)) return {};
    FLASH_TRY(flush_pending(false));
  }
  std::copy(data.begin(), data.end(), pending_data_.begin());
  pending_ = block;
  return {};
}

// Filesystems write again what has not changed, and zeros where nothing was; looking is cheap.
bool Ftl::holds(uint16_t block, std::span<const uint8_t> data) {
  return read_block(block, moving_data_).ok() &&
         std::memcmp(moving_data_.data(), data.data(), kBlockBytes) == 0;
}

// ---- Transactions ---------------------------------------------------------------------------------

Status Ftl::sync() {
  moved_records_ = 0;
  if (pending_ != kNoBlock) return flush_pending(true);
  if (!is_open_) return settle();  // what reads as written must be so after a cut, too
  return append_in_room([this] { return is_open_ ? append_commit() : Status(); });
}

// What an append that fails leaves may be too little for the next: each of them gets room first.
template <typename Append>
Status Ftl::append_in_room(Append append) {
  Status status = Error::kIo;
  for (int i = 0; i < kTries && status == Status(Error::kIo); ++i) {
    FLASH_TRY(make_room());
    status = append();
  }
  return status;
}

Status Ftl::flush_pending(bool commits) {
  if (pending_ == kNoBlock) return {};
  const Status status = append_in_room([this, commits]() -> Status {
    Record node;
    FLASH_TRY(tree_.make_node(pending_, node));
    // The last that there is room for: the transaction is longer than can be atomic.
    node.commits = commits || log_.room() == 1;
    return append(node, pending_data_);
  });
  if (!status.ok()) return status;
  pending_ = kNoBlock;
  if (written_until_idle_ > 0) --written_until_idle_;
  return {};
}

Status Ftl::append(Record& node, std::span<const uint8_t> data) {
  Location at = kNowhere;
  FLASH_TRY(log_.append(node, data, at));
  tree_.set_root(node, at);
  is_open_ = !node.commits;
  return {};
}

// The root once more, as it is.
Status Ftl::append_commit() {
  Record node = tree_.root();
  std::span<const uint8_t> data;
  if (!tree_.is_empty()) {
    FLASH_TRY(load_for_move(tree_.root_at(), node));
    data = moving_data_;
  }
  node.commits = true;
  Location at = kNowhere;
  FLASH_TRY(log_.append_to_last_slot(node, data, at));
  tree_.set_root(node, at);
  is_open_ = false;
  return {};
}

// Before anything hangs on what the mount has found, or what the commit before it needs is erased.
Status Ftl::settle() {
  if (is_settled_) return {};
  FLASH_TRY(log_.settle(tree_.root_at()));
  is_settled_ = true;
  return {};
}

// Data that is damaged goes on being known as damaged.
Status Ftl::load_for_move(Location at, Record& node) {
  bool is_sound = false;
  FLASH_TRY(log_.read_data(at, node, moving_data_, is_sound));
  node.is_lost = !is_sound;
  return {};
}

// ---- Trimming -------------------------------------------------------------------------------------

Status Ftl::trim(uint32_t block, uint32_t count) {
  if (!flash::in_range(block, count, block_count())) return Error::kInvalid;
  moved_records_ = 0;
  // Of several parts the first may be committed alone: what was written before comes before it.
  const bool takes_pending =
      pending_ != kNoBlock && pending_ - block < count && subtree_blocks(block, count) == count;
  if (!takes_pending) FLASH_TRY(flush_pending(false));
  while (count > 0) {
    const uint32_t length = subtree_blocks(block, count);
    const auto below = static_cast<uint32_t>(std::countr_zero(length));
    FLASH_TRY(append_in_room(
        [&] { return trim_subtree(static_cast<uint16_t>(block), log_.layout().levels - below); }));
    block += length;
    count -= length;
  }
  if (takes_pending) pending_ = kNoBlock;
  return {};
}

Status Ftl::trim_subtree(uint16_t block, uint32_t depth) {
  Record node;
  Location source = kNowhere;
  Record relative;
  FLASH_TRY(tree_.make_node_without(block, depth, node, source, relative));
  node.commits = log_.room() == 1;
  if (source == kNowhere) return node.block == kNoBlock && !tree_.is_empty() ? append(node, {}) : Status();
  FLASH_TRY(load_for_move(source, relative));
  node.is_lost = relative.is_lost;
  return append(node, moving_data_);
}

}  // namespace ftl
