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
  Hardware(const Hardware&) = delete;
  Hardware& operator=(const Hardware&) = delete;
  virtual ~Hardware() = default;

  virtual flash::NorFlash& nor() = 0;

  // What the firmware does before it uses the flash.
  virtual flash::Status init() = 0;

  // Whether what the flash begins from now on never ends.
  virtual void set_stuck_busy(bool stuck) = 0;

  // Power goes and comes back, or a reset: what the hardware keeps in registers is gone.
  virtual void power_cycle() = 0;

  // What the processor sees of it, for those who bring a driver of their own.
  sim::AddressSpace& space() { return space_; }

  // The longest stretch that the driver kept interrupts out.
  uint64_t longest_masked_ns() const { return space_.longest_masked_ns(); }

  // What the driver did that the manual forbids; empty unless it has a bug.
  const sim::Violations& violations() const { return violations_; }

 protected:
  explicit Hardware(sim::Clock& clock) : space_(clock, violations_) {}

  sim::Violations violations_;
  sim::AddressSpace space_;
};

sim::CellPhysics physics_of(const FlashPart& part);
const sim::NorChipPart& chip_of(const FlashPart& part);  // of a serial one

// While a driver waits, time jumps to the moment the hardware is done.
drivers::Platform platform_of(sim::Clock& clock);

std::unique_ptr<Hardware> make_hardware(const Board& board, sim::Cells& cells, sim::Clock& clock);

}  // namespace boards
