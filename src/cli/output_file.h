// Files that are there whole or not at all.
#pragma once

#include <string>
#include <string_view>

namespace cli {

// As images::OutputFile writes. Returns what was wrong, "PATH: ...", or nothing.
std::string write_file(const std::string& path, std::string_view content);

}  // namespace cli
