#include "ftl/tree.h"

namespace ftl {

using flash::Error;
using flash::Status;

// The node at `at`, reached on the way to `block` by a step over the bit `level`: it agrees down to there,
// and is older than the root. (The place of one that was damaged may have been used anew.)
Status Tree::read_node(Location& at, uint32_t block, uint32_t level, Record& node) const {
  if (at >= kLost) return {};
  bool is_record = false;
  FLASH_TRY(log_.read_record(at, node, is_record));
  const uint32_t below = log_.layout().levels - 1 - level;
  const bool is_newer = node.sequence > root_.sequence || (node.sequence == root_.sequence && at > root_at_);
  const bool is_beside = (node.block ^ block) >> below != 0;
  if (!is_record || is_newer || node.block == kNoBlock || is_beside) at = kLost;
  return {};
}

// Goes down to where `block`, or the subtree of its upper `depth` bits, has its place. `path` collects the
// subtrees beside the way; `at` and `node` are the record at its end, or kNowhere, or kLost.
Status Tree::descend(uint16_t block, uint32_t depth, Record& path, Location& at, Record& node) const {
  at = is_empty() ? kNowhere : root_at_;
  node = root_;
  for (uint32_t level = 0; level < depth && at != kNowhere; ++level) {
    if (at == kLost) {
      path.other[level] = kLost;
    } else if (((node.block ^ block) & mask_of(level)) == 0) {
      path.other[level] = node.other[level];
    } else {
      path.other[level] = at;
      at = node.other[level];
      FLASH_TRY(read_node(at, block, level, node));
    }
  }
  return {};
}

Status Tree::find(uint16_t block, Location& at, Record& record) const {
  Record path;
  return descend(block, log_.layout().levels, path, at, record);
}

Status Tree::make_node(uint16_t block, Record& node) const {
  node = Record{};
  node.block = block;
  Location at = kNowhere;
  Record old;
  return descend(block, log_.layout().levels, node, at, old);
}

Status Tree::make_node_without(uint16_t block, uint32_t depth, Record& node, Location& source,
                               Record& relative) const {
  Record path;
  Location at = kNowhere;
  Record taken;
  FLASH_TRY(descend(block, depth, path, at, taken));
  source = kNowhere;
  node = Record{};
  if (at == kNowhere) {
    node.block = block;  // nothing to take away
    return {};
  }
  uint32_t level = depth;
  while (level > 0 && path.other[level - 1] == kNowhere) --level;
  if (level == 0) return {};
  // The nearest relative becomes the root: it is the one whose node has to change.
  --level;
  source = path.other[level];
  FLASH_TRY(read_node(source, block ^ mask_of(level), level, relative));
  if (source == kLost) return Error::kIo;
  node.block = relative.block;
  for (uint32_t i = 0; i < log_.layout().levels; ++i) {
    if (i != level) node.other[i] = i < level ? path.other[i] : relative.other[i];
  }
  return {};
}

}  // namespace ftl
