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

// Where the text has its letter number `letters`, counted from 0; or its end.
size_t byte_of_letter(const std::string& text, size_t letters) {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool continues = (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80;
    if (!continues && letters-- == 0) break;
  }
  return at;
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

std::string shortened(const std::string& text, size_t most_letters) {
  const size_t end = byte_of_letter(text, most_letters);
  return end == text.size() ? text : text.substr(0, end) + "...";
}

std::vector<std::string> wrapped(const std::string& text, size_t most_letters) {
  std::vector<std::string> lines;
  std::string rest = text;
  size_t end = byte_of_letter(rest, most_letters);
  while (end < rest.size()) {
    const size_t space = rest.rfind(' ', end);
    const bool has_space = space != rest.npos && space > 0;
    lines.push_back(rest.substr(0, has_space ? space : end));
    rest.erase(0, has_space ? space + 1 : end);
    end = byte_of_letter(rest, most_letters);
  }
  lines.push_back(rest);
  return lines;
}

}  // namespace chipmap
