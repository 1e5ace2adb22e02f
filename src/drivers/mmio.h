// How a driver reaches registers and memory: one small policy, volatile accesses on the camera, the
// model on a desk. The driver's code is the same line for line.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>

namespace drivers {

template <class T>
concept Mmio = requires(T mmio, uint32_t address, std::span<uint8_t> out) {
  { mmio.read8(address) } -> std::same_as<uint8_t>;
  { mmio.read16(address) } -> std::same_as<uint16_t>;
  { mmio.read32(address) } -> std::same_as<uint32_t>;
  mmio.write8(address, uint8_t{});
  mmio.write16(address, uint16_t{});
  mmio.write32(address, uint32_t{});
  // Copies memory-mapped flash.
  mmio.read_memory(address, out);
  // Orders everything before against everything after (DSB, ISB).
  mmio.barrier();
  // Between these a bus error is survived, and what the access delivered is undefined (FAULTMASK = 1 and
  // CCR.BFHFNMIGN = 1: PM0253, 2.4). The end says whether there was none. Interrupts are masked meanwhile.
  mmio.begin_guarded_read();
  { mmio.end_guarded_read() } -> std::same_as<bool>;
};

// Where no interrupt may come between some accesses.
template <class T>
concept InterruptMmio = Mmio<T> && requires(T mmio) {
  mmio.mask_interrupts();
  mmio.unmask_interrupts();
};

// What a driver needs from around it. All hooks are set; `context` is handed back to each.
struct Platform {
  void* context;
  // Microseconds since any moment; never goes back. A program takes 16 us and times out after 100 us
  // (STM32F4): a clock that ticks each millisecond is too coarse.
  uint64_t (*now_us)(void* context);
  // Called while the driver waits for the hardware: let the rest of the camera live, or the clock run.
  void (*yield)(void* context);
  // What the CPU's caches hold of the memory at `address` may not be what is there: invalidate them. Called
  // after each change of flash that is read as memory, and before each read of it.
  void (*memory_changed)(void* context, uint32_t address, uint32_t size_bytes);
};

}  // namespace drivers
