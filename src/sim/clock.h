// Virtual time. Nothing in the simulator sleeps: whoever takes time says so here.
#pragma once

#include <cstdint>
#include <limits>
#include <map>

namespace sim {

inline constexpr uint64_t kNeverNs = std::numeric_limits<uint64_t>::max();

class Clock {
 public:
  uint64_t now_ns() const { return now_ns_; }
  uint64_t now_us() const { return now_ns_ / 1000; }

  // Part of now_ns() that the flash and its bus were at work.
  uint64_t device_ns() const { return device_ns_; }

  // The camera does something else.
  void pass_ns(uint64_t ns) { now_ns_ += ns; }

  // The flash or its bus is at work, and the camera waits for it.
  void work_ns(uint64_t ns) {
    now_ns_ += ns;
    device_ns_ += ns;
  }

  // A model says when its present operation will end (a chip's busy time); 0 forgets it.
  void set_deadline(const void* who, uint64_t at_ns);

  // The camera has nothing to do but to wait for the flash: work until the nearest deadline ahead, but
  // for `at_most_ns`. It makes a driver's polling loop cheap; what a driver calls as its yield hook.
  void wait_ns(uint64_t at_most_ns);

 private:
  uint64_t now_ns_ = 0;
  uint64_t device_ns_ = 0;
  std::map<const void*, uint64_t> deadlines_;
};

}  // namespace sim
