// All that happened to the cells of a flash, in order, so that its content can be had as it was at any
// moment, and as any cut of power would have left it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/cells.h"
#include "sim/power_supply.h"

namespace sim {

class Journal {
 public:
  // `mark` is any number that the caller wants to know again at this operation.
  void add(const FlashOperation& operation, uint64_t mark = 0);
  void clear();

  size_t size() const { return entries_.size(); }
  FlashOperation operation(size_t index) const;  // its data is the journal's
  uint64_t mark(size_t index) const { return entries_[index].mark; }

 private:
  struct Entry {
    FlashOperation operation;  // without data
    size_t data_begin;
    uint64_t mark;
  };
  std::vector<Entry> entries_;
  std::vector<uint8_t> data_;
};

// The operation happens to cells that are in the state in which it was recorded. A fault hook of theirs is
// lost.
void carry_out(const FlashOperation& operation, Cells& cells);

// The power goes in the operation: `cut.operation` is not looked at.
void cut_within(const FlashOperation& operation, Cut cut, PowerSupply& supply, Cells& cells);

// The cuts that are worth trying. Between two operations there is one; within an operation there is one of
// each kind, if they are asked for. What is random about them depends on `seed` and on the operation.
struct CutSelection {
  bool torn = false;
  uint32_t seed = 0;
  size_t at_most = SIZE_MAX;  // erases are dearer than programs; the rest is spread evenly
};
std::vector<Cut> select_cuts(const Journal& journal, const CutSelection& selection);

}  // namespace sim
