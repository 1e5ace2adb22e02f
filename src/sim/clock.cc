#include "sim/clock.h"

#include <algorithm>

namespace sim {

void Clock::set_deadline(const void* who, uint64_t at_ns) {
  if (at_ns == 0) {
    deadlines_.erase(who);
  } else {
    deadlines_[who] = at_ns;
  }
}

void Clock::wait_ns(uint64_t at_most_ns) {
  uint64_t step = at_most_ns;
  for (const auto& [who, at_ns] : deadlines_) {
    if (at_ns > now_ns_) step = std::min(step, at_ns - now_ns_);
  }
  work_ns(step);
}

}  // namespace sim
