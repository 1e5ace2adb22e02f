// CRC-32 as in IEEE 802.3: what tells a record of the log from a torn or a damaged one.
#pragma once

#include <cstdint>
#include <span>

namespace ftl {

uint32_t crc32(std::span<const uint8_t> bytes);

}  // namespace ftl
