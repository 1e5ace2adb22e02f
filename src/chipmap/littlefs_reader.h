// Which blocks of a littlefs belong to what, by littlefs itself: mounted as it is, never written. Of version
// 1 it is known where it lies.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "chipmap/chip_map.h"

namespace chipmap {

struct LittlefsLayout {
  uint32_t block_bytes;
  uint32_t block_count;
  uint32_t version;

  uint32_t size_bytes() const { return block_bytes * block_count; }
};

// Nothing if neither of the first two blocks of `native_block_bytes` is a superblock of a littlefs that fits
// into the bytes. `is_start_known`: if there is one, it begins here.
std::optional<LittlefsLayout> recognise_littlefs(std::span<const uint8_t> bytes, uint32_t native_block_bytes,
                                                 bool is_start_known);

// Enters the volume that lies at `offset` of the chip.
void survey_littlefs(ChipMap& map, uint32_t offset, const LittlefsLayout& layout);

}  // namespace chipmap
