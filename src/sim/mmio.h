// Mmio on a desk: the drivers' accesses go to the models.
#pragma once

#include <cstdint>
#include <span>

#include "sim/bus.h"

namespace sim {

class ModelMmio {
 public:
  explicit ModelMmio(AddressSpace& space) : space_(&space) {}

  uint8_t read8(uint32_t address) { return static_cast<uint8_t>(space_->load(address, 1)); }
  uint16_t read16(uint32_t address) { return static_cast<uint16_t>(space_->load(address, 2)); }
  uint32_t read32(uint32_t address) { return static_cast<uint32_t>(space_->load(address, 4)); }
  void write8(uint32_t address, uint8_t value) { space_->store(address, value, 1); }
  void write16(uint32_t address, uint16_t value) { space_->store(address, value, 2); }
  void write32(uint32_t address, uint32_t value) { space_->store(address, value, 4); }
  void read_memory(uint32_t address, std::span<uint8_t> out) { space_->load_block(address, out); }
  void barrier() {}
  void mask_interrupts() { space_->mask_interrupts(); }
  void unmask_interrupts() { space_->unmask_interrupts(); }
  void begin_guarded_read() { space_->begin_guard(); }
  bool end_guarded_read() { return space_->end_guard(); }

 private:
  AddressSpace* space_;
};

}  // namespace sim
