// Errors and names in words, for one line on a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "chipmap/unicode.h"
#include "flash/status.h"

namespace images {

// "no room left", "damaged", ...
std::string reason_of(flash::Status status);

using chipmap::printable;

// A word of a command that is to be copied: in quotes, if a shell would take it for anything else.
std::string shell_quoted(const std::string& word);

// "1.5 MiB", "511 bytes"
std::string human_size(uint64_t bytes);

// "1 file", "2 files"
std::string counted(size_t n, const std::string& what);

}  // namespace images
