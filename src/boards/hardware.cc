#include "boards/hardware.h"

#include "boards/array_flash.h"

namespace boards {

namespace {

class ArrayHardware final : public Hardware {
 public:
  ArrayHardware(const Board& board, sim::Cells& cells, sim::Clock& clock) : nor_(*board.part, cells, clock) {}
  flash::NorFlash& nor() override { return nor_; }

 private:
  ArrayFlash nor_;
};

}  // namespace

std::unique_ptr<Hardware> make_hardware(const Board& board, sim::Cells& cells, sim::Clock& clock) {
  return std::make_unique<ArrayHardware>(board, cells, clock);
}

}  // namespace boards
