// The serial NOR chips of the cameras: what their SFDP does not tell.
#pragma once

#include <cstdint>

#include "drivers/sfdp.h"

namespace drivers {

inline constexpr uint8_t kMacronix = 0xC2;
inline constexpr uint8_t kWinbond = 0xEF;

struct KnownChip {
  uint32_t id : 24;  // manufacturer, type, density
  uint32_t size_log2 : 5;
  uint32_t quad_enable : 3;  // QuadEnable

  uint32_t maker() const { return id >> 16; }
};

// Null if the chip is not known.
const KnownChip* find_known_chip(uint32_t id);

}  // namespace drivers
