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

  // As often as one likes; it is drawn ten times a second, with the time that is left.
  void show(uint64_t done, uint64_t total, const std::string& detail);

  double spent_s() const;

 private:
  const std::string what_;
  const bool is_terminal_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point next_draw_;
  bool is_drawn_ = false;
};

}  // namespace cli
