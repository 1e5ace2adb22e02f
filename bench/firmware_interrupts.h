// SysTick, the flash interrupt and BASEPRI around MicroPython's driver, in virtual time.
#pragma once

#include <cstdint>

#include "bench/upstream/firmware.h"
#include "sim/clock.h"

namespace bench {

class FirmwareInterrupts {
 public:
  FirmwareInterrupts(const firmware_driver_t& driver, sim::Clock& clock);
  ~FirmwareInterrupts();
  FirmwareInterrupts(const FirmwareInterrupts&) = delete;
  FirmwareInterrupts& operator=(const FirmwareInterrupts&) = delete;

  uint32_t now_ms() const { return static_cast<uint32_t>(clock_.now_ns() / 1'000'000); }

  // Every interrupt that has become due is taken, unless it is masked. To be called when time has passed.
  void take_due();

  bool raise_priority();
  void restore_priority(bool masked);

  // A stretch is masked if the priority is raised, or the flash interrupt's handler runs: it has the
  // priority of USB. Both may follow each other without a gap.
  uint64_t longest_masked_ns() const { return longest_masked_ns_; }

 private:
  void tick_until_now();
  void begin_stretch();
  void end_stretch();

  const firmware_driver_t& driver_;
  sim::Clock& clock_;
  uint32_t ticked_ms_ = 0;
  bool masked_ = false;
  bool in_handler_ = false;
  bool in_stretch_ = false;
  uint64_t stretch_begin_ns_ = 0;
  uint64_t longest_masked_ns_ = 0;
};

}  // namespace bench
