#include "sim/power_supply.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "sim/check.h"

namespace sim {

namespace {

constexpr std::array kTears = {Tear::kAfter,   Tear::kPrefix,  Tear::kBits, Tear::kFaint,
                               Tear::kZeroing, Tear::kErasing, Tear::kWeak};

bool is_random(Tear tear) {
  return tear != Tear::kBefore && tear != Tear::kAfter;
}

// Takes a number from the front of the text.
template <class Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

}  // namespace

bool is_possible(Tear tear, Operation kind) {
  switch (tear) {
    case Tear::kBefore:
    case Tear::kAfter:
      return kind != Operation::kRead;
    case Tear::kPrefix:
    case Tear::kBits:
    case Tear::kFaint:
      return kind == Operation::kProgram;
    case Tear::kZeroing:
    case Tear::kErasing:
    case Tear::kWeak:
      return kind == Operation::kErase;
  }
  return false;
}

std::string to_string(const Cut& cut) {
  std::string text = std::to_string(cut.operation);
  if (cut.tear != Tear::kBefore) text += static_cast<char>(cut.tear);
  if (is_random(cut.tear)) text += std::to_string(cut.seed);
  return text;
}

std::optional<Cut> parse_cut(std::string_view text) {
  Cut cut;
  if (!take_number(text, cut.operation)) return std::nullopt;
  if (text.empty()) return cut;
  cut.tear = static_cast<Tear>(text.front());
  if (std::ranges::find(kTears, cut.tear) == kTears.end()) return std::nullopt;
  text.remove_prefix(1);
  if (is_random(cut.tear) && !take_number(text, cut.seed)) return std::nullopt;
  return text.empty() ? std::optional(cut) : std::nullopt;
}

std::optional<Cut> PowerSupply::begin(const FlashOperation& operation) {
  if (watcher_) watcher_(operation);
  if (!coming_cut_) return std::nullopt;
  if (coming_cut_->operation > 0) {
    --coming_cut_->operation;
    return std::nullopt;
  }
  SIM_CHECK(is_possible(coming_cut_->tear, operation.kind), "a tear of the other kind of operation");
  return std::exchange(coming_cut_, std::nullopt);
}

void PowerSupply::end_cut() {
  is_on_ = false;
  if (on_cut_) on_cut_();
}

}  // namespace sim
