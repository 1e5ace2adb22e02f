// A bar for work that takes a while: on standard error, and only if that is a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace cli {

class Progress {
 public:
  explicit Progress(std::string what);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  // takes the bar away

  // As often as one likes; it is drawn ten times a second.
  void show(uint64_t done, uint64_t total, const std::string& detail);

 private:
  const std::string what_;
  const bool is_terminal_;
  bool is_drawn_ = false;
  std::chrono::steady_clock::time_point next_draw_;
};

}  // namespace cli
