#include "chipmap/json.h"

#include <array>
#include <cstdio>

#include "chipmap/unicode.h"

namespace chipmap {

std::string json_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : utf8_of_bytes(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || c == '<' || c == '&' || c == 0x7F) {
      std::array<char, 8> escape;
      std::snprintf(escape.data(), escape.size(), "\\u%04x", byte);
      quoted += escape.data();
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace chipmap
