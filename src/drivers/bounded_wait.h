// Every wait for hardware ends: when the hardware is done, or after its datasheet's maximum.
#pragma once

#include <cstdint>

#include "drivers/mmio.h"
#include "flash/status.h"

namespace drivers {

// The time is looked at before the hardware, so a caller that was held up between the two does not give up
// on work that is done. Half of the clock's word is enough for any maximum: 71 minutes.
class Deadline {
 public:
  Deadline(const Platform& platform, uint32_t maximum_us)
      : platform_(platform), start_us_(now_us()), maximum_us_(maximum_us) {}

  bool has_passed() const { return now_us() - start_us_ > maximum_us_; }

 private:
  uint32_t now_us() const { return static_cast<uint32_t>(platform_.now_us(platform_.context)); }

  const Platform& platform_;
  uint32_t start_us_;
  uint32_t maximum_us_;
};

// Waits while `busy()` holds, but for `maximum_us`; then kTimedOut.
template <class Busy, class Rest>
flash::Status bounded_wait(const Platform& platform, uint32_t maximum_us, Busy busy, Rest rest) {
  const Deadline deadline(platform, maximum_us);
  for (;;) {
    const bool expired = deadline.has_passed();
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
