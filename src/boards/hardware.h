// The modelled hardware of a board, with the driver that runs on it. Host only.
#pragma once

#include <memory>

#include "boards/board.h"
#include "flash/nor_flash.h"
#include "sim/cells.h"
#include "sim/clock.h"

namespace boards {

class Hardware {
 public:
  virtual ~Hardware() = default;
  virtual flash::NorFlash& nor() = 0;
};

std::unique_ptr<Hardware> make_hardware(const Board& board, sim::Cells& cells, sim::Clock& clock);

}  // namespace boards
