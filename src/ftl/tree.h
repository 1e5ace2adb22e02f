// The map from blocks to records. It lies in the log itself: each record's header is a node, and the newest
// record is the root (see Record). So a map costs no RAM, no program of its own, and is never half written.
#pragma once

#include <cstdint>

#include "flash/status.h"
#include "ftl/log.h"
#include "ftl/record.h"

namespace ftl {

class Tree {
 public:
  explicit Tree(Log& log) : log_(log) {}

  void set_root(const Record& root, Location at) {
    root_ = root;
    root_at_ = at;
  }
  const Record& root() const { return root_; }
  Location root_at() const { return root_at_; }
  bool is_empty() const { return root_.block == kNoBlock; }

  // `at` is kNowhere if the map has no such block, and kLost if a node on the way to it is damaged.
  flash::Status find(uint16_t block, Location& at, Record& record) const;

  // A node which makes the map the same, but for `block`, of which it is the record. What was beyond a
  // damaged node stays lost.
  flash::Status make_node(uint16_t block, Record& node) const;

  // A node which makes the map the same without the blocks whose upper `depth` bits are those of `block`. Its
  // data is that of `relative`, the record at `source`; kNowhere if there is nothing to take away. An empty
  // map has kNoBlock for its node, and no source.
  //   kIo  what is next to them in the map is lost
  flash::Status make_node_without(uint16_t block, uint32_t depth, Record& node, Location& source,
                                  Record& relative) const;

 private:
  uint16_t mask_of(uint32_t level) const {
    return static_cast<uint16_t>(1u << (log_.layout().levels - 1 - level));
  }
  flash::Status read_node(Location& at, uint32_t block, uint32_t level, Record& node) const;
  flash::Status descend(uint16_t block, uint32_t depth, Record& path, Location& at, Record& node) const;

  Log& log_;
  Record root_;
  Location root_at_ = kNowhere;
};

}  // namespace ftl
