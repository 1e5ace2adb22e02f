// Every wait for hardware ends: when the hardware is done, or after its datasheet's maximum.
#pragma once

#include <cstdint>

#include "drivers/mmio.h"
#include "flash/status.h"

namespace drivers {

// Waits while `busy()` holds, but for `maximum_us`; then kTimedOut. The time is looked at before the
// hardware, so a caller that was held up between the two does not give up on work that is done.
template <class Busy, class Rest>
flash::Status bounded_wait(const Platform& platform, uint32_t maximum_us, Busy busy, Rest rest) {
  const uint64_t start_us = platform.now_us(platform.context);
  for (;;) {
    const bool expired = platform.now_us(platform.context) - start_us > maximum_us;
    if (!busy()) return {};
    if (expired) return flash::Error::kTimedOut;
    rest();
  }
}

// Lets the rest of the camera live meanwhile.
template <class Busy>
flash::Status wait_while(const Platform& platform, uint32_t maximum_us, Busy busy) {
  return bounded_wait(platform, maximum_us, busy, [&platform] { platform.yield(platform.context); });
}

// For what is over in microseconds: nobody else is let in meanwhile.
template <class Busy>
flash::Status spin_while(const Platform& platform, uint32_t maximum_us, Busy busy) {
  return bounded_wait(platform, maximum_us, busy, [] {});
}

}  // namespace drivers
