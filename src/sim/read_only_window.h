// What a controller of a serial chip maps into the address space: reads alone. Its owner has a
// `bool read_window(offset, out)`, false for a bus error, and a `violate(place, what)`.
#pragma once

#include <cstdint>
#include <span>

#include "sim/bus.h"

namespace sim {

template <class Owner>
class ReadOnlyWindow final : public MemoryDevice {
 public:
  explicit ReadOnlyWindow(Owner& owner) : owner_(owner) {}

  void load_block(uint32_t offset, std::span<uint8_t> out) override {
    if (!out.empty() && !owner_.read_window(offset, out)) raise_bus_error();
  }
  void store(uint32_t, uint64_t, unsigned) override {
    owner_.violate("window", "written: NOR flash is not programmed through the window");
    raise_bus_error();
  }

 private:
  Owner& owner_;
};

}  // namespace sim
