// Arduino Nicla Vision.
#pragma once

#include <array>

#include "boards/board.h"
#include "boards/parts.h"

namespace boards::arduino_nicla_vision {

// Bootloader and firmware are inside the MCU. The chip differs from batch to batch; this one is its class.
inline constexpr std::array kAreas = {
    Area{"filesystem", 0, 11 * kMiB},
    Area{"ROMFS", 11 * kMiB, 4 * kMiB},
    Area{"WiFi firmware", 15 * kMiB, 1 * kMiB},
};

inline constexpr Board kBoard = {
    .list_position = 90,
    .name = "ARDUINO_NICLA_VISION",
    .camera = "Arduino Nicla Vision",
    .mcu = "STM32H747",
    .part = &kMx25L12833F,
    .address = 0x90000000,
    .areas = kAreas,
    .storage_area = 0,
    .simple_block_bytes = 512,
    .native_block_bytes = 4096,
    .cache_bytes = 4 * 4 * kKiB,
    .idle_flush_ms = 1000,
    .volume_label = "",
    .dfu = {0x2341, 0x035F, 1, true},
};
static_assert(is_sound(kBoard));

}  // namespace boards::arduino_nicla_vision
