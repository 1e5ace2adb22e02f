// Which blocks of a littlefs belong to what, by littlefs itself: mounted as it is, never written. Of version
// 1 it is known where it lies.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "chipmap/chip_map.h"
#include "chipmap/littlefs_superblock.h"

namespace chipmap {

// A littlefs that begins with these bytes, `start` bytes into the storage, and fits into them.
// `follows_volume`: another one ends there, or the storage begins.
std::optional<LittlefsLayout> recognise_littlefs(std::span<const uint8_t> bytes, uint32_t start,
                                                 uint32_t native_block_bytes, bool follows_volume);

// Enters the volume that lies at `offset` of the chip.
void survey_littlefs(ChipMap& map, uint32_t offset, const LittlefsLayout& layout);

}  // namespace chipmap
