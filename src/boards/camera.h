// A whole camera on a desk: a board's flash, its clock, its storage. Host only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "boards/board.h"
#include "boards/hardware.h"
#include "flash/block_device.h"
#include "flash/storage.h"
#include "sim/cells.h"
#include "sim/clock.h"
#include "sim/image.h"
#include "sim/power_supply.h"

namespace boards {

class Camera {
 public:
  // `image_path` is a raw dump of the whole flash, made if it is missing; empty: RAM.
  // The alternative is one line that says what was wrong and what to do.
  static std::variant<std::unique_ptr<Camera>, std::string> open(const Board& board,
                                                                 const std::string& image_path,
                                                                 sim::ImageUse use = sim::ImageUse::kKeep);

  Camera(const Camera&) = delete;
  Camera& operator=(const Camera&) = delete;

  const Board& board() const { return board_; }
  flash::Storage& storage() { return storage_; }
  flash::Drive& drive() { return drive_; }
  flash::NorFlash& nor() { return hardware_->nor(); }
  sim::Clock& clock() { return clock_; }
  sim::Cells& cells() { return cells_; }
  sim::CellMemory memory() const { return image_->memory(); }  // what the cells keep
  Hardware& hardware() { return *hardware_; }

  // What the flash went through since the camera was opened; `max_wear` is over the image's life.
  struct Totals {
    uint64_t erases;
    uint64_t programs;
    uint64_t bytes_programmed;
    uint64_t bytes_read;
    uint64_t device_us;
    uint32_t max_wear;
  };
  Totals totals() const;

  // Camera time passes without anybody using the flash: the idle flush happens.
  void pass_ms(uint64_t ms);

  // The n-th operation of this kind from now on fails (1 = the next one), once.
  void fail_nth(sim::Operation operation, uint64_t n);

  // What the flash begins from now on never ends.
  void fail_busy() { hardware_->set_stuck_busy(true); }

  // No operation of those that were to fail does any more, and the flash is no longer busy.
  void fail_none();

  // What feeds the flash. When a cut has come by itself, power_off() is still to be called.
  sim::PowerSupply& supply() { return supply_; }

  // All that is not in the flash's cells is lost: what waits in the cache, the hardware's registers, a
  // chip's modes. Time goes on.
  void power_off();

  // And what the firmware does then, before it uses the flash.
  flash::Status power_on();

 private:
  struct Fault {
    sim::Operation operation;
    uint64_t countdown;
  };

  Camera(const Board& board, std::unique_ptr<sim::Image> image);

  const Board& board_;
  std::unique_ptr<sim::Image> image_;
  sim::Clock clock_;
  sim::PowerSupply supply_;
  sim::Cells cells_;
  std::unique_ptr<Hardware> hardware_;
  flash::Status hardware_status_;  // initialised before the storage looks at the flash's geometry
  std::vector<flash::CacheSlot> cache_slots_;
  std::vector<uint8_t> cache_blocks_;
  flash::Storage storage_;
  flash::Drive drive_;
  std::vector<Fault> faults_;
};

}  // namespace boards
