// OpenMV Cam H7 Plus.
#pragma once

#include <array>

#include "boards/board.h"
#include "boards/parts.h"

namespace boards::openmv4p {

// Layout of firmware 4.7 and later; before, the filesystem had the whole chip. Bootloader and firmware
// are inside the MCU.
inline constexpr std::array kAreas = {
    Area{"filesystem", 0, 24 * kMiB},
    Area{"ROMFS", 24 * kMiB, 8 * kMiB},
};

inline constexpr Board kBoard = {
    .list_position = 40,
    .name = "OPENMV4P",
    .camera = "OpenMV Cam H7 Plus",
    .mcu = "STM32H743",
    .part = &kW25Q256Jv,
    .address = 0x90000000,
    .areas = kAreas,
    .storage_area = 0,
    .simple_block_bytes = 512,
    .native_block_bytes = 4096,
    .cache_bytes = kStreamingCacheBytes,
    .idle_flush_ms = 1000,
    .volume_label = "OPENMV",
    .dfu = {0x37C5, 0x924A, 3, false},
};
static_assert(is_sound(kBoard));

}  // namespace boards::openmv4p
