// What a campaign found: counted, shown, and written as JSON.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/powercut/events.h"
#include "cli/powercut/options.h"

namespace cli::powercut {

struct Failure {
  CutPath path;
  std::string error;
};

class Report {
 public:
  void add(const Event& event);
  void sort();  // failures in the order of their cuts, whichever process found them first

  uint64_t cuts() const;
  uint64_t lost() const { return failures_.size(); }
  const std::vector<Failure>& failures() const { return failures_; }

  void print(std::ostream& out, const Options& options) const;

  std::string to_json() const;

 private:
  enum Moment { kBetween, kInProgram, kInErase, kLater, kMoments };
  struct Row {
    uint64_t cuts = 0;
    uint64_t lost = 0;
  };
  static Moment moment_of(const CutPath& path);
  void print_table(std::ostream& out) const;

  std::array<Row, kMoments> rows_;
  std::vector<Failure> failures_;
};

std::optional<CutPath> parse_path(std::string_view text);

}  // namespace cli::powercut
