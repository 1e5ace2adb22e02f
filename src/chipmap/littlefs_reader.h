// Which blocks of a littlefs belong to what, by littlefs itself: mounted as it is, never written. Of version
// 1 it is known where it lies.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "chipmap/chip_map.h"
#include "chipmap/littlefs_superblock.h"

namespace chipmap {

// A littlefs that begins with these bytes, `place` bytes into the storage, and fits into them.
std::optional<LittlefsLayout> recognise_littlefs(std::span<const uint8_t> bytes, uint32_t place,
                                                 uint32_t native_block_bytes);

// Enters the volume that lies at `offset` of the chip.
void survey_littlefs(ChipMap& map, uint32_t offset, const LittlefsLayout& layout);

}  // namespace chipmap
