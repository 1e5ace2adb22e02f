// Memory at a given address: MicroPython's driver keeps pointers in 32 bits.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <span>

#include "bench/check.h"

namespace bench {

class FixedMemory {
 public:
  FixedMemory(uintptr_t address, size_t size_bytes) : size_bytes_(size_bytes) {
    void* wanted = reinterpret_cast<void*>(address);
    memory_ = mmap(wanted, size_bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    demand(memory_ == wanted, "the address range that the firmware's flash or RAM has is taken");
  }
  ~FixedMemory() { munmap(memory_, size_bytes_); }
  FixedMemory(const FixedMemory&) = delete;
  FixedMemory& operator=(const FixedMemory&) = delete;

  std::span<uint8_t> bytes() const { return {static_cast<uint8_t*>(memory_), size_bytes_}; }

 private:
  void* memory_;
  size_t size_bytes_;
};

}  // namespace bench
