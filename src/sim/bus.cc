#include "sim/bus.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "sim/check.h"

namespace sim {

namespace {

std::string hex(uint32_t address) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08X", static_cast<unsigned>(address));
  return text;
}

}  // namespace

void BusDevice::load_block(uint32_t offset, std::span<uint8_t> out) {
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<uint8_t>(load(offset + static_cast<uint32_t>(i), 1));
}

uint64_t MemoryDevice::load(uint32_t offset, unsigned width) {
  std::array<uint8_t, 8> bytes{};
  load_block(offset, std::span(bytes).first(width));
  uint64_t value = 0;
  for (unsigned i = width; i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

void AddressSpace::map(uint32_t base, uint32_t size_bytes, BusDevice& device) {
  for (const Mapping& other : mappings_) {
    const bool apart =
        base >= uint64_t{other.base} + other.size_bytes || other.base >= uint64_t{base} + size_bytes;
    SIM_CHECK(apart, "two devices at one address");
  }
  mappings_.push_back({base, size_bytes, &device});
}

const AddressSpace::Mapping* AddressSpace::find(uint32_t address) const {
  const auto found = std::find_if(mappings_.begin(), mappings_.end(), [address](const Mapping& mapping) {
    return address >= mapping.base && address - mapping.base < mapping.size_bytes;
  });
  return found == mappings_.end() ? nullptr : &*found;
}

void AddressSpace::check_bus_error(const Mapping& mapping, uint32_t address) {
  if (!mapping.device->take_bus_error()) return;
  guard_met_error_ = true;
  if (guard_depth_ == 0) {
    violations_.add(clock_.now_ns(), hex(address),
                    "bus error outside a guarded read: a HardFault on the camera");
  }
}

// Device memory by the default map (ARMv7-M, B3.1): the core faults there, elsewhere it splits (A3.2.1).
void AddressSpace::check_split(uint32_t address) {
  const uint32_t eighth = address >> 29;
  if (eighth == 2 || eighth >= 5) {
    violations_.add(clock_.now_ns(), hex(address),
                    "unaligned access to device memory: a fault on the camera");
  }
}

uint64_t AddressSpace::load(uint32_t address, unsigned width) {
  if (address % width != 0) {
    check_split(address);
    const unsigned half = width / 2;
    const uint64_t low = load(address, half);
    return low | load(address + half, half) << (8 * half);
  }
  const Mapping* mapping = find(address);
  if (mapping == nullptr) {
    violations_.add(clock_.now_ns(), hex(address), "load from an address where nothing is");
    return 0;
  }
  const uint64_t value = mapping->device->load(address - mapping->base, width);
  check_bus_error(*mapping, address);
  return value;
}

void AddressSpace::store(uint32_t address, uint64_t value, unsigned width) {
  if (address % width != 0) {
    check_split(address);
    const unsigned half = width / 2;
    store(address, value & ((uint64_t{1} << (8 * half)) - 1), half);
    store(address + half, value >> (8 * half), half);
    return;
  }
  const Mapping* mapping = find(address);
  if (mapping == nullptr) {
    violations_.add(clock_.now_ns(), hex(address), "store to an address where nothing is");
    return;
  }
  mapping->device->store(address - mapping->base, value, width);
  check_bus_error(*mapping, address);
}

void AddressSpace::load_block(uint32_t address, std::span<uint8_t> out) {
  if (out.empty()) return;
  const Mapping* mapping = find(address);
  if (mapping == nullptr || out.size() > mapping->size_bytes - (address - mapping->base)) {
    violations_.add(clock_.now_ns(), hex(address), "load from an address where nothing is");
    return;
  }
  mapping->device->load_block(address - mapping->base, out);
  check_bus_error(*mapping, address);
}

}  // namespace sim
