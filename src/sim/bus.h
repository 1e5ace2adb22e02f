// The CPU's view of the hardware: peripherals and memory windows at addresses.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/clock.h"
#include "sim/violations.h"

namespace sim {

// A peripheral or memory window. `offset` counts from where it is mapped; `width` is 1, 2, 4 or 8 bytes,
// and the access is aligned to it.
class BusDevice {
 public:
  virtual ~BusDevice() = default;
  virtual uint64_t load(uint32_t offset, unsigned width) = 0;
  virtual void store(uint32_t offset, uint64_t value, unsigned width) = 0;

  // Many consecutive loads, as a memcpy does them; devices with a faster way override it.
  virtual void load_block(uint32_t offset, std::span<uint8_t> out);

  // True once after an access that the hardware answers with a bus error.
  bool take_bus_error() {
    const bool error = bus_error_;
    bus_error_ = false;
    return error;
  }

 protected:
  void raise_bus_error() { bus_error_ = true; }

 private:
  bool bus_error_ = false;
};

// Dispatches by address. An unmapped address, or a bus error outside a guarded stretch, is what ends in
// a HardFault on the camera: it is recorded as a violation. Inside a guarded stretch (FAULTMASK with
// CCR.BFHFNMIGN on Cortex-M7) a bus error is survived and the data is undefined.
class AddressSpace {
 public:
  AddressSpace(Clock& clock, Violations& violations) : clock_(clock), violations_(violations) {}

  void map(uint32_t base, uint32_t size_bytes, BusDevice& device);

  // What is not aligned reaches a device in halves that are, as a Cortex-M splits it.
  uint64_t load(uint32_t address, unsigned width);
  void store(uint32_t address, uint64_t value, unsigned width);
  void load_block(uint32_t address, std::span<uint8_t> out);

  void begin_guard() {
    if (guard_depth_++ > 0) return;
    guard_met_error_ = false;
    guard_since_ns_ = clock_.now_ns();
  }
  // Was the stretch free of bus errors?
  bool end_guard() {
    if (--guard_depth_ == 0)
      longest_guard_ns_ = std::max(longest_guard_ns_, clock_.now_ns() - guard_since_ns_);
    return !guard_met_error_;
  }

  // Interrupts are masked during a guarded stretch.
  uint64_t longest_guard_ns() const { return longest_guard_ns_; }

  Clock& clock() { return clock_; }

 private:
  struct Mapping {
    uint32_t base;
    uint32_t size_bytes;
    BusDevice* device;
  };
  const Mapping* find(uint32_t address) const;
  void check_split(uint32_t address);
  void check_bus_error(const Mapping& mapping, uint32_t address);

  Clock& clock_;
  Violations& violations_;
  std::vector<Mapping> mappings_;
  int guard_depth_ = 0;
  bool guard_met_error_ = false;
  uint64_t guard_since_ns_ = 0;
  uint64_t longest_guard_ns_ = 0;
};

}  // namespace sim
