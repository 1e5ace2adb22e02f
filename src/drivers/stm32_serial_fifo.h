// What QUADSPI and XSPI have in common: status flags, and a FIFO through which a command's data goes.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

#include "drivers/bounded_wait.h"
#include "drivers/mmio.h"
#include "flash/status.h"

namespace drivers {

// Where a controller has them. The bits are the same (RM0399, 24.5.3; RM0456, 28.7.6).
struct SerialFifoLayout {
  uint16_t control;
  uint16_t status;
  uint16_t flag_clear;
  uint16_t data;
};

template <Mmio M, SerialFifoLayout kLayout>
class SerialFifo {
 public:
  enum : uint32_t {
    kEnable = 1u << 0,  // CR
    kAbort = 1u << 1,
    // FTHRES: FTF means a word to take or room for one, or, at the end of a read, whatever is left.
    kWordThreshold = (sizeof(uint32_t) - 1) << 8,

    kTransferError = 1u << 0,  // SR
    kComplete = 1u << 1,
    kThreshold = 1u << 2,
    kBusy = 1u << 5,

    kAllFlags = 0x1B  // FCR
  };

  SerialFifo(M mmio, const Platform& platform, uint32_t base)
      : mmio_(mmio), platform_(platform), base_(base) {}

  uint32_t read(uint32_t offset) { return mmio_.read32(base_ + offset); }
  void write(uint32_t offset, uint32_t value) { mmio_.write32(base_ + offset, value); }
  uint32_t status() { return read(kLayout.status); }
  void clear_flags() { write(kLayout.flag_clear, kAllFlags); }
  M& mmio() { return mmio_; }

  flash::Status wait_idle() { return wait(kBusy, kBusy); }

  // Drops whatever is under way: a command that went wrong, or mapped mode.
  flash::Status abort() {
    mmio_.barrier();
    write(kLayout.control, read(kLayout.control) | kAbort);
    FLASH_TRY(wait_idle());
    clear_flags();
    return {};
  }

  // Data of a command that was started: its own, or part of it. Words go as one access each.
  flash::Status move(std::span<const uint8_t> out, std::span<uint8_t> in) {
    const uint8_t* from = out.data();
    uint8_t* to = in.data();
    for (size_t left = out.size() + in.size(); left > 0;) {
      FLASH_TRY(wait(kThreshold | kTransferError, 0));
      const size_t step = left < sizeof(uint32_t) ? 1 : sizeof(uint32_t);
      if (in.empty()) {
        push(from, step);
        from += step;
      } else {
        pop(to, step);
        to += step;
      }
      left -= step;
    }
    return {};
  }

  // The end of a command whose data went through.
  flash::Status finish() {
    FLASH_TRY(wait(kComplete | kTransferError, 0));
    clear_flags();
    return wait_idle();
  }

 private:
  // The slowest command moves a byte within microseconds; only a stuck controller takes longer.
  enum : uint32_t { kStallUs = 10'000 };

  // Until one of the flags in `mask` differs from its bit in `while_like`.
  [[gnu::noinline]] flash::Status wait(uint32_t mask, uint32_t while_like) {
    uint32_t flags = 0;
    FLASH_TRY(spin_while(platform_, kStallUs, [&] {
      flags = status();
      return ((flags ^ while_like) & mask) == 0;
    }));
    return (flags & mask & kTransferError) != 0 ? flash::Status(flash::Error::kIo) : flash::Status();
  }

  void push(const uint8_t* from, size_t step) {
    const uint32_t address = base_ + kLayout.data;
    if (step == 1) return mmio_.write8(address, *from);
    uint32_t word;
    std::memcpy(&word, from, sizeof word);
    mmio_.write32(address, word);
  }

  void pop(uint8_t* to, size_t step) {
    const uint32_t address = base_ + kLayout.data;
    if (step == 1) {
      *to = mmio_.read8(address);
      return;
    }
    const uint32_t word = mmio_.read32(address);
    std::memcpy(to, &word, sizeof word);
  }

  [[no_unique_address]] M mmio_;
  const Platform& platform_;
  uint32_t base_;
};

// Reads through the memory window. A controller that cannot answer does so with a bus error, survived
// here. Interrupts are masked during a guarded read, so long ones are done in pieces: 512 bytes at 50 MB/s
// take ten microseconds.
template <Mmio M>
flash::Status read_window(M& mmio, uint32_t address, std::span<uint8_t> out) {
  constexpr size_t kPieceBytes = 512;
  while (!out.empty()) {
    const std::span<uint8_t> piece = out.first(out.size() < kPieceBytes ? out.size() : kPieceBytes);
    mmio.begin_guarded_read();
    mmio.read_memory(address, piece);
    if (!mmio.end_guarded_read()) return flash::Error::kIo;
    address += static_cast<uint32_t>(piece.size());
    out = out.subspan(piece.size());
  }
  return {};
}

// Lines to the code that CCR wants: 1, 2, 4, 8 lines are 1, 2, 3, 4.
constexpr uint32_t lines_code(uint8_t lines) {
  return static_cast<uint32_t>(std::bit_width(lines));
}

}  // namespace drivers
