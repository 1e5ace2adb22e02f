// Mmio on the camera itself (ARMv7-M, ARMv8-M).
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

namespace drivers {

struct VolatileMmio {
  static uint8_t read8(uint32_t address) { return *at<uint8_t>(address); }
  static uint16_t read16(uint32_t address) { return *at<uint16_t>(address); }
  static uint32_t read32(uint32_t address) { return *at<uint32_t>(address); }
  static void write8(uint32_t address, uint8_t value) { *at<uint8_t>(address) = value; }
  static void write16(uint32_t address, uint16_t value) { *at<uint16_t>(address) = value; }
  static void write32(uint32_t address, uint32_t value) { *at<uint32_t>(address) = value; }

  static void read_memory(uint32_t address, std::span<uint8_t> out) {
    std::memcpy(out.data(), reinterpret_cast<const void*>(static_cast<uintptr_t>(address)), out.size());
  }

  static void barrier() {
#if defined(__arm__)
    asm volatile("dsb 0xF\n\tisb 0xF" ::: "memory");
#endif
  }

  // By FAULTMASK: what PRIMASK says stays.
  static void mask_interrupts() {
#if defined(__arm__)
    asm volatile("cpsid f" ::: "memory");
#endif
  }
  static void unmask_interrupts() {
#if defined(__arm__)
    asm volatile("cpsie f" ::: "memory");
#endif
  }

  static void begin_guarded_read() {
    mask_interrupts();
    write32(kCcr, read32(kCcr) | kBusFaultIgnore);
    write32(kCfsr, kBusErrors);
    barrier();
  }

  static bool end_guarded_read() {
    barrier();
    const bool clean = (read32(kCfsr) & kBusErrors) == 0;
    write32(kCfsr, kBusErrors);
    write32(kCcr, read32(kCcr) & ~kBusFaultIgnore);
    unmask_interrupts();
    return clean;
  }

 private:
  static constexpr uint32_t kCcr = 0xE000ED14;          // SCB->CCR
  static constexpr uint32_t kBusFaultIgnore = 1u << 8;  // BFHFNMIGN

  // SCB->CFSR: a 1 clears. An ignored fault leaves its mark here all the same.
  static constexpr uint32_t kCfsr = 0xE000ED28;
  static constexpr uint32_t kBusErrors = 1u << 9 | 1u << 10;  // PRECISERR, IMPRECISERR

  template <class T>
  static volatile T* at(uint32_t address) {
    return reinterpret_cast<volatile T*>(static_cast<uintptr_t>(address));
  }
};

}  // namespace drivers
