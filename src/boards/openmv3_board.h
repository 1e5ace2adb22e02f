// OpenMV Cam M7.
#pragma once

#include <array>

#include "boards/board.h"
#include "boards/parts.h"

namespace boards::openmv3 {

// Layout of firmware 4.7 and later.
inline constexpr std::array kAreas = {
    Area{"bootloader", 0, 32 * kKiB},
    Area{"filesystem", 32 * kKiB, 96 * kKiB},
    Area{"firmware", 128 * kKiB, 1664 * kKiB},
    Area{"ROMFS", 1792 * kKiB, 256 * kKiB},
};

inline constexpr Board kBoard = {
    .list_position = 20,
    .name = "OPENMV3",
    .camera = "OpenMV Cam M7",
    .mcu = "STM32F765",
    .part = &kF765,
    .address = 0x08000000,
    .areas = kAreas,
    .storage_area = 1,
    .simple_block_bytes = 512,
    .native_block_bytes = 512,
    .cache_bytes = 32 * kKiB + 48 * 512,
    .idle_flush_ms = 5000,
    .volume_label = "OPENMV",
    .dfu = {0x37C5, 0x9203, 1, false},
};
static_assert(is_sound(kBoard));

}  // namespace boards::openmv3
