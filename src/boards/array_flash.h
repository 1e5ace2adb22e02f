// A board's flash as plain cells that take their datasheet times: no registers, no commands.
#pragma once

#include <cstdint>
#include <span>

#include "boards/board.h"
#include "flash/nor_flash.h"
#include "sim/cells.h"
#include "sim/clock.h"

namespace boards {

sim::CellPhysics physics_of(const FlashPart& part);

class ArrayFlash final : public flash::NorFlash {
 public:
  // `cells` has the physics of `part`.
  ArrayFlash(const FlashPart& part, sim::Cells& cells, sim::Clock& clock)
      : NorFlash(part.geometry), part_(part), cells_(cells), clock_(clock) {}

 private:
  flash::Status do_read(uint32_t offset, std::span<uint8_t> out) override;
  flash::Status do_program(uint32_t offset, std::span<const uint8_t> data) override;
  flash::Status do_erase(uint32_t offset, uint32_t length) override;

  const FlashPart& part_;
  sim::Cells& cells_;
  sim::Clock& clock_;
};

}  // namespace boards
