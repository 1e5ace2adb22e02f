// The modelled hardware of a board, with the driver that runs on it. Host only.
#pragma once

#include <memory>

#include "boards/board.h"
#include "drivers/mmio.h"
#include "flash/nor_flash.h"
#include "flash/status.h"
#include "sim/bus.h"
#include "sim/cells.h"
#include "sim/clock.h"
#include "sim/nor_chip_parts.h"
#include "sim/violations.h"

namespace boards {

class Hardware {
 public:
  virtual ~Hardware() = default;

  virtual flash::NorFlash& nor() = 0;

  // What the firmware does before it uses the flash.
  virtual flash::Status init() = 0;

  // Power goes and comes back, or a reset: what the hardware keeps in registers is gone.
  virtual void power_cycle() = 0;

  // What the CPU sees of it: for other software than our driver.
  virtual sim::AddressSpace& space() = 0;

  // The longest stretch that the driver kept interrupts out.
  virtual uint64_t longest_masked_ns() const = 0;

  // What the driver did that the manual forbids; empty unless it has a bug.
  const sim::Violations& violations() const { return violations_; }

 protected:
  sim::Violations violations_;
};

sim::CellPhysics physics_of(const FlashPart& part);
const sim::NorChipPart& chip_of(const FlashPart& part);  // of a serial one

// While a driver waits, time jumps to the moment the hardware is done.
drivers::Platform platform_of(sim::Clock& clock);

std::unique_ptr<Hardware> make_hardware(const Board& board, sim::Cells& cells, sim::Clock& clock);

}  // namespace boards
