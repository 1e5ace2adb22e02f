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
Extent area_of_command(const sim::Journal& journal, size_t index) {
  while (index > 0 && is_same_command(journal.operation(index - 1), journal.operation(index))) --index;
  const FlashOperation first = journal.operation(index);
  return {first.offset, first.offset + first.length};
}

bool is_torn(const Moment& moment) {
  return moment.cut.tear != sim::Tear::kBefore && moment.cut.tear != sim::Tear::kAfter;
}

// The first operation of the call that the cut came into. A cut before it came into no call at all.
size_t begin_of_call(const Moment& moment) {
  const sim::Journal& journal = moment.journal;
  size_t begin = moment.cut.operation;
  while (begin > 0 && journal.mark(begin - 1) == journal.mark(moment.cut.operation)) --begin;
  return begin;
}

// Has the operation that the cut came into changed the flash already?
bool has_begun(const Moment& moment) {
  const sim::Journal& journal = moment.journal;
  const size_t now = moment.cut.operation;
  return is_torn(moment) || (now > 0 && is_same_command(journal.operation(now - 1), journal.operation(now)));
}

}  // namespace

std::vector<Extent> rewritten_at(const Moment& moment) {
  const sim::Journal& journal = moment.journal;
  const size_t now = moment.cut.operation;
  if (now == journal.size()) return {};
  std::vector<Extent> erased;
  bool has_failed = false;
  for (size_t i = begin_of_call(moment); i < now; ++i) {
    const FlashOperation done = journal.operation(i);
    has_failed = has_failed || done.fails;
    if (done.kind == Operation::kErase) {
      if (!has_failed) erased.clear();
      erased.push_back(area_of_command(journal, i));
    } else if (!has_failed && !erased.empty() && !erased.back().contains(done.offset)) {
      erased.clear();  // it is complete: another sector's turn has come
    }
  }
  const FlashOperation coming = journal.operation(now);
  const bool is_erase = coming.kind == Operation::kErase;
  const bool is_elsewhere = is_erase || erased.empty() || !erased.back().contains(coming.offset);
  if (!has_failed && is_elsewhere) erased.clear();
  if (is_erase && has_begun(moment)) erased.push_back(area_of_command(journal, now));
  return erased;
}

Extent programmed_at(const Moment& moment) {
  if (!is_torn(moment)) return {};
  const FlashOperation torn = moment.journal.operation(moment.cut.operation);
  if (torn.kind != Operation::kProgram) return {};
  return {torn.offset, torn.offset + torn.length};
}

}  // namespace powercut
