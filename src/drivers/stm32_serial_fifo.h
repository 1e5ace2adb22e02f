// What QUADSPI and XSPI have in common: status flags, and a FIFO through which a command's data goes.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "drivers/bounded_wait.h"
#include "drivers/mmio.h"
#include "drivers/nor_bus.h"
#include "flash/status.h"

namespace drivers {

// Where a controller has them. The bits are the same (RM0399, 24.5.3; RM0456, 28.7.6).
struct SerialFifoLayout {
  uint16_t control;
  uint16_t status;
  uint16_t flag_clear;
  uint16_t data;
};

// `Config` is that of the controller.
template <Mmio M, class Config, SerialFifoLayout kLayout>
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

  SerialFifo(M mmio, const Config& config) : config_(config), mmio_(mmio) {}

  const Config& config() const { return config_; }
  M& mmio() { return mmio_; }

  uint32_t read(uint32_t offset) { return mmio_.read32(config_.register_base + offset); }
  void write(uint32_t offset, uint32_t value) { mmio_.write32(config_.register_base + offset, value); }
  uint32_t status() { return read(kLayout.status); }
  void clear_flags() { write(kLayout.flag_clear, kAllFlags); }

  flash::Status wait_idle() { return wait(kBusy, kBusy); }

  // Before a command: nothing is under way, and what became of the last one is forgotten.
  flash::Status begin() {
    FLASH_TRY(wait_idle());
    clear_flags();
    return {};
  }

  // The end of a command whose data went through.
  flash::Status finish() { return wait(kComplete | kTransferError, 0); }

  // Drops whatever is under way: a command that went wrong, or mapped mode.
  flash::Status abort() {
    mmio_.barrier();
    write(kLayout.control, read(kLayout.control) | kAbort);
    return begin();
  }

  // The data of a command that was started. Words go as one access each.
  flash::Status move(NorCommand command) {
    const uint32_t address = config_.register_base + kLayout.data;
    while (command.length_bytes > 0) {
      FLASH_TRY(wait(kThreshold | kTransferError, 0));
      const bool is_word = command.length_bytes >= sizeof(uint32_t);
      uint32_t word = 0;
      if (command.frame.reads()) {
        if (is_word) {
          word = mmio_.read32(address);
          __builtin_memcpy(command.into, &word, sizeof word);
        } else {
          *command.into = mmio_.read8(address);
        }
      } else if (is_word) {
        __builtin_memcpy(&word, command.from, sizeof word);
        mmio_.write32(address, word);
      } else {
        mmio_.write8(address, *command.from);
      }
      const size_t step = is_word ? sizeof word : 1;
      command.into += step;
      command.length_bytes -= step;
    }
    return {};
  }

 private:
  // The slowest command moves a byte within microseconds; only a stuck controller takes longer.
  enum : uint32_t { kStallUs = 10'000 };

  // Until one of the flags in `mask` differs from its bit in `while_like`.
  [[gnu::noinline]] flash::Status wait(uint32_t mask, uint32_t while_like) {
    const Deadline deadline(config_.platform, kStallUs);
    for (;;) {
      const bool expired = deadline.has_passed();
      const uint32_t flags = status();
      if (((flags ^ while_like) & mask) != 0) {
        return (flags & mask & kTransferError) != 0 ? flash::Status(flash::Error::kIo) : flash::Status();
      }
      if (expired) return flash::Error::kTimedOut;
    }
  }

  Config config_;
  [[no_unique_address]] M mmio_;
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

}  // namespace drivers
