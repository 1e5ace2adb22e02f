#include "chipmap/words.h"

#include <array>
#include <cstdio>

namespace chipmap {

namespace {

template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 40> text;
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

}  // namespace

std::string in_hex(uint32_t offset) {
  return formatted("0x%08x", offset);
}

std::string in_bytes(uint64_t bytes) {
  constexpr uint64_t kKib = 1024, kMib = 1024 * kKib;
  if (bytes < kKib) return formatted("%d B", static_cast<int>(bytes));
  const uint64_t unit = bytes < kMib ? kKib : kMib;
  const char* name = bytes < kMib ? "KiB" : "MiB";
  const double value = static_cast<double>(bytes) / static_cast<double>(unit);
  return formatted(bytes % unit == 0 ? "%.0f %s" : "%.1f %s", value, name);
}

std::string in_groups(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, " ");
  return text;
}

std::string in_percent(double part, double of) {
  const double percent = of == 0 ? 0 : 100 * part / of;
  if (percent == 0) return "0 %";
  if (percent > 0 && percent < 0.01) return "< 0.01 %";
  return formatted(percent < 1 ? "%.2f %%" : percent < 10 ? "%.1f %%" : "%.0f %%", percent);
}

}  // namespace chipmap
