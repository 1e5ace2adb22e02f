// The serial NOR chips of the cameras: what their SFDP does not tell.
#pragma once

#include <cstdint>

#include "drivers/sfdp.h"

namespace drivers {

struct KnownChip {
  uint32_t id;  // manufacturer, type, density
  uint8_t size_log2;
  QuadEnable quad_enable;
  bool has_security_register;  // Macronix, 2Bh: how the last program and erase ended
  bool has_printed_maxima;     // see take_printed_maxima()
};

// Null if the chip is not known.
const KnownChip* find_known_chip(uint32_t id);

// SFDP rounds a chip's maxima up, to twice as much and more. Where the data sheet's are known, they count.
void take_printed_maxima(const KnownChip& chip, NorParameters& parameters);

// Stands in for the SFDP of a chip that has none: what it can do on one line or four.
NorParameters parameters_of(const KnownChip& chip);

}  // namespace drivers
