#include "chipmap/scene.h"
#include "chipmap/unicode.h"

namespace chipmap {

std::string xml_escaped(const std::string& text) {
  constexpr const char* kReplacementUtf8 = "\xEF\xBF\xBD";
  const std::string utf8 = utf8_of_bytes(text);
  std::string escaped;
  for (const char c : utf8) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default: {
        const bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
        if (is_control) {
          escaped += kReplacementUtf8;
        } else {
          escaped += c;
        }
      }
    }
  }
  return escaped;
}

}  // namespace chipmap
