// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace chipmap {

std::string in_hex(uint32_t offset);             // "0x0012a000"
std::string in_bytes(uint64_t bytes);            // "512 B", "28 KiB", "1.5 MiB"
std::string in_groups(uint64_t number);          // "12 345"
std::string in_percent(double part, double of);  // "0.4 %"

}  // namespace chipmap
