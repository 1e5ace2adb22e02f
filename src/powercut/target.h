// What a campaign runs on: a flash that can lose its power, and the storage over it.
#pragma once

#include <memory>
#include <string>

#include "boards/board.h"
#include "flash/status.h"
#include "flash/storage.h"
#include "sim/cells.h"
#include "sim/power_supply.h"

namespace powercut {

class Target {
 public:
  virtual ~Target() = default;

  virtual const boards::Board& board() const = 0;
  virtual sim::Cells& cells() = 0;
  virtual sim::PowerSupply& supply() = 0;
  virtual flash::Storage& storage() = 0;

  virtual void power_off() = 0;
  virtual flash::Status power_on() = 0;

  // Camera time since it was made.
  virtual uint64_t now_us() const = 0;

  // What a driver did that the manual forbids; empty if nothing.
  virtual std::string misuse() const = 0;
};

// A whole camera, with a blank flash.
std::unique_ptr<Target> make_camera(const boards::Board& board);

}  // namespace powercut
