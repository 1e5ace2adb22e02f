// OpenMV Cam M4.
#pragma once

#include <array>

#include "boards/board.h"
#include "boards/parts.h"

namespace boards::openmv2 {

// Layout of firmware 4.7 and later.
inline constexpr std::array kAreas = {
    Area{"bootloader", 0, 32 * kKiB},
    Area{"filesystem", 32 * kKiB, 32 * kKiB},
    Area{"firmware", 64 * kKiB, 832 * kKiB},
    Area{"ROMFS", 896 * kKiB, 128 * kKiB},
};

inline constexpr Board kBoard = {
    .list_position = 10,
    .name = "OPENMV2",
    .camera = "OpenMV Cam M4",
    .mcu = "STM32F427",
    .part = &kF427,
    .address = 0x08000000,
    .areas = kAreas,
    .storage_area = 1,
    .simple_block_bytes = 512,
    .native_block_bytes = 512,
    .cache_bytes = 16 * kKiB + 24 * 512,
    .idle_flush_ms = 5000,
    .volume_label = "OPENMV",
    .dfu = {0x37C5, 0x9202, 1, false},
};
static_assert(is_sound(kBoard));

}  // namespace boards::openmv2
