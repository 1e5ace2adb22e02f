// Every wait for hardware ends: when the hardware is done, or after its datasheet's maximum.
#pragma once

#include <cstdint>

#include "drivers/mmio.h"
#include "flash/status.h"

namespace drivers {

// Waits while `busy()` holds, but for `maximum_us`; then kTimedOut. The time is looked at before the
// hardware, so a caller that was held up between the two does not give up on work that is done.
template <class Busy>
flash::Status wait_while(const Platform& platform, uint32_t maximum_us, Busy busy) {
  if (!busy()) return {};
  const uint64_t start_us = platform.now_us(platform.context);
  for (;;) {
    platform.yield(platform.context);
    const bool expired = platform.now_us(platform.context) - start_us > maximum_us;
    if (!busy()) return {};
    if (expired) return flash::Error::kTimedOut;
  }
}

// The same for what is over in microseconds: nobody else is let in meanwhile.
template <class Busy>
flash::Status spin_while(const Platform& platform, uint32_t maximum_us, Busy busy) {
  const uint64_t start_us = platform.now_us(platform.context);
  while (busy()) {
    if (platform.now_us(platform.context) - start_us > maximum_us) {
      return busy() ? flash::Status(flash::Error::kTimedOut) : flash::Status();
    }
  }
  return {};
}

}  // namespace drivers
