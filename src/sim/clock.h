// Virtual time. Nothing in the simulator sleeps: whoever takes time says so here.
#pragma once

#include <cstdint>

namespace sim {

class Clock {
 public:
  uint64_t now_ns() const { return now_ns_; }
  uint64_t now_us() const { return now_ns_ / 1000; }

  // Part of now_ns() that the flash and its bus were at work.
  uint64_t device_ns() const { return device_ns_; }

  void pass_ns(uint64_t ns) { now_ns_ += ns; }  // the camera does something else
  void work_ns(uint64_t ns) {                   // the flash or its bus is busy
    now_ns_ += ns;
    device_ns_ += ns;
  }

 private:
  uint64_t now_ns_ = 0;
  uint64_t device_ns_ = 0;
};

}  // namespace sim
