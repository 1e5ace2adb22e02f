#include "sim/journal.h"

#include <algorithm>
#include <array>

#include "sim/check.h"
#include "sim/noise.h"

namespace sim {

namespace {

// Without kFaint, which only those get over who never trust a single look. (Who does not program what is
// there already is none of them.)
constexpr std::array kTears = {Tear::kBefore,  Tear::kPrefix,  Tear::kBits,
                               Tear::kZeroing, Tear::kErasing, Tear::kWeak};

// Short, for it is part of a replay string.
uint32_t seed_of(size_t index, Tear tear, uint32_t seed) {
  constexpr uint64_t kSeeds = 10'000;
  if (tear == Tear::kBefore) return 0;
  Noise noise(uint64_t{seed} << 32 ^ index << 8 ^ static_cast<uint64_t>(tear));
  return static_cast<uint32_t>(noise.below(kSeeds));
}

// `count` of `cuts`, evenly spread; the first and the last are among them.
std::vector<Cut> spread(const std::vector<Cut>& cuts, size_t count) {
  if (count >= cuts.size()) return cuts;
  std::vector<Cut> chosen;
  for (size_t i = 0; i < count; ++i) {
    chosen.push_back(cuts[count == 1 ? 0 : i * (cuts.size() - 1) / (count - 1)]);
  }
  return chosen;
}

}  // namespace

void Journal::add(const FlashOperation& operation, uint64_t mark) {
  entries_.push_back({operation, data_.size(), mark});
  entries_.back().operation.data = {};
  data_.insert(data_.end(), operation.data.begin(), operation.data.end());
}

void Journal::clear() {
  entries_.clear();
  data_.clear();
}

FlashOperation Journal::operation(size_t index) const {
  const Entry& entry = entries_[index];
  FlashOperation operation = entry.operation;
  if (operation.kind == Operation::kProgram) {
    operation.data = std::span(data_).subspan(entry.data_begin, operation.length);
  }
  return operation;
}

void carry_out(const FlashOperation& operation, Cells& cells) {
  cells.set_fault_hook(nullptr);
  if (operation.fails) cells.set_fault_hook([](Operation, uint64_t, uint32_t) { return true; });
  CellResult result;
  if (operation.kind == Operation::kProgram) {
    result = cells.program(operation.offset, operation.data);
  } else {
    const uint32_t sector = cells.sector_index(operation.offset);
    result = cells.erase(operation.offset, cells.sector_size_bytes(sector));
  }
  SIM_CHECK((result == CellResult::kFailed) == operation.fails, "it went otherwise than recorded");
  cells.set_fault_hook(nullptr);
}

void cut_within(const FlashOperation& operation, Cut cut, PowerSupply& supply, Cells& cells) {
  cut.operation = 0;
  supply.cut_at(cut);
  const CellResult result = operation.kind == Operation::kProgram
                                ? cells.program(operation.offset, operation.data)
                                : cells.erase(operation.offset, operation.length);
  SIM_CHECK(result == CellResult::kFailed && !supply.is_on(), "the cells have another supply");
}

std::vector<Cut> select_cuts(const Journal& journal, const CutSelection& selection) {
  std::vector<Cut> of_erases;
  std::vector<Cut> others;
  for (size_t i = 0; i < journal.size(); ++i) {
    const Operation kind = journal.operation(i).kind;
    for (const Tear tear : kTears) {
      if (!is_possible(tear, kind) || (tear != Tear::kBefore && !selection.torn)) continue;
      const Cut cut = {i, tear, seed_of(i, tear, selection.seed)};
      (kind == Operation::kErase ? of_erases : others).push_back(cut);
    }
  }
  others.push_back({journal.size(), Tear::kBefore, 0});  // after everything
  std::vector<Cut> chosen =
      spread(of_erases,
             std::max(selection.at_most / 2, selection.at_most - std::min(selection.at_most, others.size())));
  const std::vector<Cut> rest = spread(others, selection.at_most - chosen.size());
  chosen.insert(chosen.end(), rest.begin(), rest.end());
  std::ranges::stable_sort(chosen, {}, &Cut::operation);
  return chosen;
}

}  // namespace sim
