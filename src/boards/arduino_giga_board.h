// Arduino GIGA R1 WiFi.
#pragma once

#include <array>

#include "boards/board.h"
#include "boards/parts.h"

namespace boards::arduino_giga {

// Bootloader and firmware are inside the MCU.
inline constexpr std::array kAreas = {
    Area{"filesystem", 0, 11 * kMiB},
    Area{"ROMFS", 11 * kMiB, 4 * kMiB},
    Area{"WiFi firmware", 15 * kMiB, 1 * kMiB},
};

inline constexpr Board kBoard = {
    .list_position = 80,
    .name = "ARDUINO_GIGA",
    .camera = "Arduino GIGA R1 WiFi",
    .mcu = "STM32H747",
    .part = &kAt25Sf128A,
    .address = 0x90000000,
    .areas = kAreas,
    .storage_area = 0,
    .simple_block_bytes = 512,
    .native_block_bytes = 4096,
    .cache_bytes = kStreamingCacheBytes,
    .idle_flush_ms = 1000,
    .volume_label = "",
    .dfu = {0x2341, 0x0366, 1, true},
};
static_assert(is_sound(kBoard));

}  // namespace boards::arduino_giga
