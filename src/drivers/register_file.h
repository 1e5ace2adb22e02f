// Registers with names and types instead of numbers: a register map is a list of structs, each with its
// offset and its bits, and bits of different registers do not mix.
//
//   struct Sr {
//     static constexpr uint32_t kOffset = 0x0C;
//     static constexpr Bits<Sr> kBusy = Bits<Sr>::bit(16);
//   };
//   while ((registers.read<Sr>() & Sr::kBusy).any()) ...
#pragma once

#include <cstdint>

#include "drivers/mmio.h"

namespace drivers {

template <class Register>
struct Bits {
  uint32_t value = 0;

  static constexpr Bits bit(unsigned position) { return {1u << position}; }
  static constexpr Bits field(unsigned position, uint32_t content) { return {content << position}; }

  constexpr bool any() const { return value != 0; }

  friend constexpr Bits operator|(Bits a, Bits b) { return {a.value | b.value}; }
  friend constexpr Bits operator&(Bits a, Bits b) { return {a.value & b.value}; }
  friend constexpr Bits operator~(Bits a) { return {~a.value}; }
  friend constexpr bool operator==(Bits, Bits) = default;
};

// The 32-bit registers of one peripheral.
template <Mmio M>
class RegisterFile {
 public:
  RegisterFile(M mmio, uint32_t base) : mmio_(mmio), base_(base) {}

  template <class Register>
  Bits<Register> read() {
    return {mmio_.read32(base_ + Register::kOffset)};
  }

  template <class Register>
  void write(Bits<Register> bits) {
    mmio_.write32(base_ + Register::kOffset, bits.value);
  }

  M& mmio() { return mmio_; }

 private:
  [[no_unique_address]] M mmio_;
  uint32_t base_;
};

}  // namespace drivers
