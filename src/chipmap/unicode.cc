#include "chipmap/unicode.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace chipmap {

namespace {

// The upper half of IBM's code page 437.
constexpr std::array<char16_t, 128> kCodePage437 = {
    0x00C7, 0x00FC, 0x00E9, 0x00E2, 0x00E4, 0x00E0, 0x00E5, 0x00E7, 0x00EA, 0x00EB, 0x00E8, 0x00EF, 0x00EE,
    0x00EC, 0x00C4, 0x00C5, 0x00C9, 0x00E6, 0x00C6, 0x00F4, 0x00F6, 0x00F2, 0x00FB, 0x00F9, 0x00FF, 0x00D6,
    0x00DC, 0x00A2, 0x00A3, 0x00A5, 0x20A7, 0x0192, 0x00E1, 0x00ED, 0x00F3, 0x00FA, 0x00F1, 0x00D1, 0x00AA,
    0x00BA, 0x00BF, 0x2310, 0x00AC, 0x00BD, 0x00BC, 0x00A1, 0x00AB, 0x00BB, 0x2591, 0x2592, 0x2593, 0x2502,
    0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255D, 0x255C, 0x255B, 0x2510, 0x2514,
    0x2534, 0x252C, 0x251C, 0x2500, 0x253C, 0x255E, 0x255F, 0x255A, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550,
    0x256C, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256B, 0x256A, 0x2518, 0x250C,
    0x2588, 0x2584, 0x258C, 0x2590, 0x2580, 0x03B1, 0x00DF, 0x0393, 0x03C0, 0x03A3, 0x03C3, 0x00B5, 0x03C4,
    0x03A6, 0x0398, 0x03A9, 0x03B4, 0x221E, 0x03C6, 0x03B5, 0x2229, 0x2261, 0x00B1, 0x2265, 0x2264, 0x2320,
    0x2321, 0x00F7, 0x2248, 0x00B0, 0x2219, 0x00B7, 0x221A, 0x207F, 0x00B2, 0x25A0, 0x00A0,
};
constexpr uint32_t kReplacement = 0xFFFD;

void append_utf8(std::string& text, uint32_t c) {
  const auto put = [&text](uint32_t byte) { text += static_cast<char>(byte); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xC0 | c >> 6);
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
  }
  put(0x80 | (c & 0x3F));
}

std::string utf8_of_utf16(std::u16string_view name) {
  std::string text;
  for (size_t i = 0; i < name.size(); ++i) {
    const uint32_t c = name[i];
    const bool has_next = i + 1 < name.size() && name[i + 1] >= 0xDC00 && name[i + 1] < 0xE000;
    if (c < 0xD800 || c >= 0xE000) {
      append_utf8(text, c);
    } else if (c < 0xDC00 && has_next) {
      append_utf8(text, 0x10000 + ((c - 0xD800) << 10) + (name[++i] - 0xDC00u));
    } else {
      append_utf8(text, kReplacement);  // half a pair
    }
  }
  return text;
}

// Empty if a character is not in the code page.
std::string code_page_437_of(std::u16string_view name) {
  std::string bytes;
  for (const char16_t c : name) {
    const auto at = std::find(kCodePage437.begin(), kCodePage437.end(), c);
    if (c >= 0x80 && at == kCodePage437.end()) return {};
    bytes += static_cast<char>(c < 0x80 ? c : 0x80 + (at - kCodePage437.begin()));
  }
  return bytes;
}

// Of the character that these bytes are, if they are one.
uint32_t code_of(std::string_view character) {
  const auto lead = static_cast<uint8_t>(character[0]);
  uint32_t code = character.size() == 1 ? lead : lead & (0x7Fu >> character.size());
  for (const char next : character.substr(1)) code = code << 6 | (static_cast<uint8_t>(next) & 0x3Fu);
  return code;
}

// Control characters, ends of lines, and what Unicode has to turn the direction of writing. Joiners are part
// of words and pictures.
bool is_control(uint32_t code) {
  struct Range {
    uint32_t first, last;
  };
  constexpr std::array kRanges = {Range{0x00, 0x1F},     Range{0x7F, 0x9F},     Range{0x061C, 0x061C},
                                  Range{0x200E, 0x200F}, Range{0x2028, 0x202E}, Range{0x2066, 0x2069},
                                  Range{0xFEFF, 0xFEFF}};
  return std::any_of(kRanges.begin(), kRanges.end(),
                     [code](const Range& range) { return code >= range.first && code <= range.last; });
}

std::string escaped(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    std::array<char, 8> code;
    std::snprintf(code.data(), code.size(), "\\x%02x", static_cast<unsigned char>(c));
    text += code.data();
  }
  return text;
}

}  // namespace

size_t utf8_length(std::string_view bytes) {
  const auto lead = static_cast<uint8_t>(bytes[0]);
  const size_t length = lead < 0x80                   ? 1
                        : lead >= 0xC2 && lead < 0xE0 ? 2
                        : lead >= 0xE0 && lead < 0xF0 ? 3
                        : lead >= 0xF0 && lead < 0xF5 ? 4
                                                      : 0;
  if (bytes.size() < length) return 0;
  for (size_t k = 1; k < length; ++k) {
    if ((static_cast<uint8_t>(bytes[k]) & 0xC0) != 0x80) return 0;
  }
  if (length == 0) return 0;
  const uint32_t c = code_of(bytes.substr(0, length));
  const bool is_overlong = (length == 3 && c < 0x800) || (length == 4 && c < 0x10000);
  const bool is_surrogate = c >= 0xD800 && c < 0xE000;
  return is_overlong || is_surrogate || c > 0x10FFFF ? 0 : length;
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t length = utf8_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string printable(std::string_view name) {
  std::string text;
  while (!name.empty()) {
    const size_t length = utf8_length(name);
    const std::string_view next = name.substr(0, std::max<size_t>(length, 1));
    text += length == 0 || is_control(code_of(next)) ? escaped(next) : std::string(next);
    name.remove_prefix(next.size());
  }
  return text;
}

std::string utf8_of_camera_name(std::u16string_view name) {
  const std::string bytes = code_page_437_of(name);
  return !bytes.empty() && is_utf8(bytes) ? bytes : utf8_of_utf16(name);
}

std::string utf8_of_bytes(std::string_view bytes) {
  if (is_utf8(bytes)) return std::string(bytes);
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    append_utf8(text, byte < 0x80 ? byte : uint32_t{kCodePage437[byte - 0x80u]});
  }
  return text;
}

}  // namespace chipmap
