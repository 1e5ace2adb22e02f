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

}  // namespace

Progress::Progress(std::string what)
    : what_(std::move(what)),
      is_terminal_(isatty(STDERR_FILENO) != 0),
      next_draw_(std::chrono::steady_clock::now() + kDrawEvery) {}

Progress::~Progress() {
  if (is_drawn_) std::fputs("\r\x1b[K", stderr);
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
  std::fprintf(stderr, "\r%s [%s] %3u%% %s\x1b[K", what_.c_str(), bar.c_str(),
               static_cast<unsigned>(reached * 100 / total), tail.c_str());
  std::fflush(stderr);
}

}  // namespace cli
