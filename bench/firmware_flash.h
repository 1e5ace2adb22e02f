// What MicroPython's driver finds below itself, at the registers of a camera's models: ST's HAL for the flash
// inside an MCU, or the serial bus.
#pragma once

#include <memory>

#include "boards/camera.h"

namespace bench {

class FirmwareFlash {
 public:
  virtual ~FirmwareFlash() = default;
  // Power comes back, and what runs before MicroPython has run.
  virtual void power_up() = 0;
};

// One at a time: the driver calls plain C functions.
std::unique_ptr<FirmwareFlash> make_firmware_hal(boards::Camera& camera);
std::unique_ptr<FirmwareFlash> make_firmware_bus(boards::Camera& camera);

}  // namespace bench
