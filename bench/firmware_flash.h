// The hardware below MicroPython's driver: its HAL and its serial bus, over the same models that ours has.
#pragma once

#include <cstdint>
#include <memory>

#include "boards/board.h"
#include "sim/cells.h"
#include "sim/clock.h"
#include "sim/violations.h"

namespace bench {

class FirmwareFlash {
 public:
  virtual ~FirmwareFlash() = default;
  virtual sim::Cells& cells() = 0;
  virtual void power_cycle() = 0;
};

// ST's HAL for the flash inside the microcontroller: the part's times, and cells at the CPU's addresses.
std::unique_ptr<FirmwareFlash> make_firmware_internal_flash(const boards::Board& board, sim::Clock& clock);

// A chip at the end of MicroPython's bus for it.
std::unique_ptr<FirmwareFlash> make_firmware_serial_flash(const boards::Board& board, sim::Clock& clock,
                                                          sim::Violations& violations);

}  // namespace bench
