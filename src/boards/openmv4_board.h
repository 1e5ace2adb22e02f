// OpenMV Cam H7.
#pragma once

#include <array>

#include "boards/board.h"
#include "boards/parts.h"

namespace boards::openmv4 {

// Layout of firmware 4.7 and later. The whole filesystem is one erase sector.
inline constexpr std::array kAreas = {
    Area{"bootloader", 0, 128 * kKiB},
    Area{"filesystem", 128 * kKiB, 128 * kKiB},
    Area{"firmware", 256 * kKiB, 1664 * kKiB},
    Area{"ROMFS", 1920 * kKiB, 128 * kKiB},
};

inline constexpr Board kBoard = {
    .list_position = 30,
    .name = "OPENMV4",
    .camera = "OpenMV Cam H7",
    .mcu = "STM32H743",
    .part = &kH743,
    .address = 0x08000000,
    .areas = kAreas,
    .storage_area = 1,
    .simple_block_bytes = 512,
    .native_block_bytes = 512,
    .cache_bytes = 128 * kKiB,
    .idle_flush_ms = 5000,
    .volume_label = "OPENMV",
    .dfu = {0x37C5, 0x9204, 1, false},
};
static_assert(is_sound(kBoard));

}  // namespace boards::openmv4
