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

// One that is memory: a load is a short block of it.
class MemoryDevice : public BusDevice {
 public:
  uint64_t load(uint32_t offset, unsigned width) final;
  void load_block(uint32_t offset, std::span<uint8_t> out) override = 0;
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

  void mask_interrupts() {
    if (mask_depth_++ == 0) masked_since_ns_ = clock_.now_ns();
  }
  void unmask_interrupts() {
    if (--mask_depth_ == 0)
      longest_masked_ns_ = std::max(longest_masked_ns_, clock_.now_ns() - masked_since_ns_);
  }
  uint64_t longest_masked_ns() const { return longest_masked_ns_; }

  // Interrupts are masked, too.
  void begin_guard() {
    mask_interrupts();
    if (guard_depth_++ == 0) guard_met_error_ = false;
  }
  // Was the stretch free of bus errors?
  bool end_guard() {
    --guard_depth_;
    unmask_interrupts();
    return !guard_met_error_;
  }

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
  int mask_depth_ = 0;
  uint64_t masked_since_ns_ = 0;
  uint64_t longest_masked_ns_ = 0;
};

}  // namespace sim
