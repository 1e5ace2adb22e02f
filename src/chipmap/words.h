// Numbers and lines as people read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace chipmap {

std::string in_hex(uint32_t offset);             // "0x0012a000"
std::string in_bytes(uint64_t bytes);            // "512 B", "28 KiB", "1.5 MiB"
std::string in_groups(uint64_t number);          // "12 345"
std::string in_percent(double part, double of);  // "0.4 %"

// At most so many letters of it, and dots for the rest.
std::string shortened(const std::string& text, size_t most_letters);

// Lines of at most so many letters, broken at spaces, or where there is none.
std::vector<std::string> wrapped(const std::string& text, size_t most_letters);

}  // namespace chipmap
