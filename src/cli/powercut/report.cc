#include "cli/powercut/report.h"

#include <algorithm>
#include <iomanip>
#include <sstream>
#include <tuple>

#include "chipmap/json.h"
#include "sim/check.h"

namespace cli::powercut {

namespace {

bool comes_before(const Failure& a, const Failure& b) {
  const auto key = [](const sim::Cut& cut) { return std::tuple(cut.operation, cut.tear, cut.seed); };
  return std::lexicographical_compare(
      a.path.begin(), a.path.end(), b.path.begin(), b.path.end(),
      [&key](const sim::Cut& one, const sim::Cut& other) { return key(one) < key(other); });
}

}  // namespace

void Report::add(const Event& event) {
  const std::optional<CutPath> path = parse_path(event.replay);
  SIM_CHECK(path, "an event without a cut");
  Row& row = rows_[moment_of(*path)];
  ++row.cuts;
  if (event.kind != Event::Kind::kLost) return;
  ++row.lost;
  failures_.push_back({*path, event.text});
}

void Report::sort() {
  std::stable_sort(failures_.begin(), failures_.end(), comes_before);
}

uint64_t Report::cuts() const {
  uint64_t sum = 0;
  for (const Row& row : rows_) sum += row.cuts;
  return sum;
}

Report::Moment Report::moment_of(const CutPath& path) {
  if (path.size() > 1) return kLater;
  switch (path.front().tear) {
    case sim::Tear::kBefore:
    case sim::Tear::kAfter:
      return kBetween;
    case sim::Tear::kPrefix:
    case sim::Tear::kBits:
    case sim::Tear::kFaint:
      return kInProgram;
    case sim::Tear::kZeroing:
    case sim::Tear::kErasing:
    case sim::Tear::kWeak:
      return kInErase;
  }
  return kBetween;
}

// Through streams: MicroPython has a printf of its own, which knows less.
void Report::print_table(std::ostream& out) const {
  constexpr std::array<const char*, kMoments> kNames = {"between two operations", "within a program",
                                                        "within an erase", "in the boot or check after"};
  const auto print_row = [&out](const auto& name, const auto& cuts, const auto& survived, const auto& lost) {
    out << std::left << std::setw(26) << name << std::right << std::setw(10) << cuts << std::setw(10)
        << survived << std::setw(10) << lost << '\n';
  };
  print_row("THE POWER WENT", "CUTS", "SURVIVED", "LOST");
  for (size_t i = 0; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    if (row.cuts > 0) print_row(kNames[i], row.cuts, row.cuts - row.lost, row.lost);
  }
  print_row("together", cuts(), cuts() - lost(), lost());
}

void Report::print(std::ostream& out, const Options& options) const {
  constexpr size_t kShown = 10;
  print_table(out);
  if (failures_.empty()) return;
  out << (lost() > kShown ? "\nThe first losses, by their replay strings:\n"
                          : "\nThe losses, by their replay strings:\n");
  const size_t shown = std::min(kShown, failures_.size());
  size_t width = 0;
  for (size_t i = 0; i < shown; ++i) width = std::max(width, to_string(failures_[i].path).size());
  for (size_t i = 0; i < shown; ++i) {
    out << "  " << std::left << std::setw(static_cast<int>(width)) << to_string(failures_[i].path) << "  "
        << failures_[i].error << '\n';
  }
  out << "\nThe same command with --replay " << to_string(failures_[0].path)
      << " shows the first one with all that " << options.check_script << " prints.\n";
}

std::string Report::to_json() const {
  std::ostringstream json;
  json << "{\"cuts\": " << cuts() << ", \"survived\": " << cuts() - lost() << ", \"lost\": " << lost()
       << ", \"failures\": [";
  const char* separator = "\n  ";
  for (const Failure& failure : failures_) {
    json << separator << "{\"replay\": \"" << to_string(failure.path)
         << "\", \"error\": " << chipmap::json_quoted(failure.error) << '}';
    separator = ",\n  ";
  }
  json << (failures_.empty() ? "]}\n" : "\n]}\n");
  return json.str();
}

std::optional<CutPath> parse_path(std::string_view text) {
  CutPath path;
  for (;;) {
    const size_t end = text.find('/');
    const std::optional<sim::Cut> cut = sim::parse_cut(text.substr(0, end));
    if (!cut) return std::nullopt;
    path.push_back(*cut);
    if (end == std::string_view::npos) return path;
    text.remove_prefix(end + 1);
  }
}

}  // namespace cli::powercut
