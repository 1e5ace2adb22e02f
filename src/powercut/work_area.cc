#include "powercut/work_area.h"

namespace powercut {

namespace {

using sim::FlashOperation;
using sim::Operation;

bool is_same_command(const FlashOperation& first, const FlashOperation& next) {
  return first.kind == Operation::kErase && next.kind == Operation::kErase && next.length < first.length &&
         first.offset + first.length == next.offset + next.length;
}

// All that the command erases to which the erase `index` belongs.
WorkArea area_of_command(const sim::Journal& journal, size_t index) {
  while (index > 0 && is_same_command(journal.operation(index - 1), journal.operation(index))) --index;
  const FlashOperation first = journal.operation(index);
  return {first.offset, first.offset + first.length};
}

bool is_torn(const Moment& moment) {
  return moment.cut.tear != sim::Tear::kBefore && moment.cut.tear != sim::Tear::kAfter;
}

}  // namespace

WorkArea rewritten_at(const Moment& moment) {
  const sim::Journal& journal = moment.journal;
  const size_t now = moment.cut.operation;
  if (now == journal.size()) return {};
  const FlashOperation coming = journal.operation(now);
  if (coming.kind == Operation::kErase) {
    const bool has_begun =
        is_torn(moment) || (now > 0 && is_same_command(journal.operation(now - 1), coming));
    return has_begun ? area_of_command(journal, now) : WorkArea{};
  }
  // A program: does it belong to the erase that came last?
  size_t erase = now;
  do {
    if (erase == 0) return {};
    --erase;
  } while (journal.operation(erase).kind == Operation::kProgram);
  const WorkArea area = area_of_command(journal, erase);
  for (size_t i = erase + 1; i <= now; ++i) {
    if (!area.contains(journal.operation(i).offset)) return {};
  }
  return area;
}

WorkArea programmed_at(const Moment& moment) {
  if (!is_torn(moment)) return {};
  const FlashOperation torn = moment.journal.operation(moment.cut.operation);
  if (torn.kind != Operation::kProgram) return {};
  return {torn.offset, torn.offset + torn.length};
}

}  // namespace powercut
