// Files that are there whole or not at all.
#pragma once

#include <string>
#include <string_view>

namespace cli {

// As images::OutputFile writes. Returns what was wrong, "PATH: ...", or nothing.
std::string write_file(const std::string& path, std::string_view content);

// Can --json be written? To be asked before the long work and not after it. What a link leads to, or a device
// takes, is seen then. No path at all is fine. Returns what was wrong, or nothing.
std::string look_at_json(const std::string& path);

}  // namespace cli
