// Texts as JSON has them.
#pragma once

#include <string>
#include <string_view>

namespace chipmap {

// With its quotes. '<' is escaped as well, so that the text may stand in a script of an HTML page.
std::string json_quoted(std::string_view text);

}  // namespace chipmap
