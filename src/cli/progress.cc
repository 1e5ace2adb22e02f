#include "cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace cli {

namespace {

constexpr auto kDrawEvery = std::chrono::milliseconds(100);
constexpr size_t kBarCells = 30;
constexpr size_t kDetailCells = 30;
constexpr double kSettledAfterS = 1;  // before that, what is left is a guess

std::string minutes(double seconds) {
  const auto whole = static_cast<uint64_t>(seconds);
  const std::string rest = std::to_string(whole % 60);
  return std::to_string(whole / 60) + (rest.size() < 2 ? ":0" : ":") + rest;
}

}  // namespace

Progress::Progress(std::string what)
    : what_(std::move(what)), is_terminal_(isatty(STDERR_FILENO) != 0), next_draw_(begin_ + kDrawEvery) {}

Progress::~Progress() {
  if (is_drawn_) std::fputs("\r\x1b[K", stderr);
}

double Progress::spent_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

void Progress::show(uint64_t done, uint64_t total, const std::string& detail) {
  const auto now = std::chrono::steady_clock::now();
  if (!is_terminal_ || now < next_draw_ || total == 0) return;
  next_draw_ = now + kDrawEvery;
  is_drawn_ = true;
  const uint64_t reached = std::min(done, total);
  const auto full = static_cast<size_t>(reached * kBarCells / total);
  const std::string bar = std::string(full, '#') + std::string(kBarCells - full, '.');
  // The end of a path tells more than its beginning.
  const std::string tail =
      detail.size() > kDetailCells ? "..." + detail.substr(detail.size() - kDetailCells + 3) : detail;
  const double left_s =
      spent_s() * static_cast<double>(total - reached) / static_cast<double>(std::max<uint64_t>(reached, 1));
  const std::string left = reached > 0 && spent_s() > kSettledAfterS ? minutes(left_s) + " left, " : "";
  std::fprintf(stderr, "\r%s [%s] %3u%% %s%s\x1b[K", what_.c_str(), bar.c_str(),
               static_cast<unsigned>(reached * 100 / total), left.c_str(), tail.c_str());
  std::fflush(stderr);
}

}  // namespace cli
