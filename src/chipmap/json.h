// Texts as JSON has them.
#pragma once

#include <string>
#include <string_view>

namespace chipmap {

// With its quotes. '<' and '&' are escaped as well, so that the text may stand in any page.
std::string json_quoted(std::string_view text);

}  // namespace chipmap
