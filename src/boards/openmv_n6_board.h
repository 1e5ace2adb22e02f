// OpenMV N6.
#pragma once

#include <array>

#include "boards/board.h"
#include "boards/parts.h"

namespace boards::openmv_n6 {

// The MCU has no flash of its own: the chip holds everything, and the firmware runs from it.
inline constexpr std::array kAreas = {
    Area{"bootloader", 0, 512 * kKiB},
    Area{"firmware", 512 * kKiB, 3584 * kKiB},
    Area{"filesystem", 4 * kMiB, 4 * kMiB},
    Area{"ROMFS", 8 * kMiB, 24 * kMiB},
};

inline constexpr Board kBoard = {
    .list_position = 60,
    .name = "OPENMV_N6",
    .camera = "OpenMV N6",
    .mcu = "STM32N657",
    .part = &kMx25Um25645G,
    .address = 0x70000000,
    .areas = kAreas,
    .storage_area = 2,
    .simple_block_bytes = 4096,
    .native_block_bytes = 4096,
    .cache_bytes = kStreamingCacheBytes,
    .idle_flush_ms = 1000,
    .volume_label = "OPENMV",
    .dfu = {0x37C5, 0x9206, 2, false},
};
static_assert(is_sound(kBoard));

}  // namespace boards::openmv_n6
