// What QUADSPI and XSPI have in common: status flags, a FIFO through which a command's data goes, and the
// memory window.
#pragma once

#include <cstdint>

#include "drivers/bounded_wait.h"
#include "drivers/mmio.h"
#include "drivers/nor_bus.h"
#include "flash/status.h"

namespace drivers {

// Where a controller has them. The bits are the same (RM0399, 24.5.3; RM0456, 28.7.6).
struct SerialLayout {
  uint16_t control;
  uint16_t status;
  uint16_t flag_clear;
  uint16_t data;
};

// `Config` is that of the controller.
template <Mmio M, class Config, SerialLayout kLayout>
class Stm32SerialBus : public NorBus {
 public:
  void close() final { write(kLayout.control, 0); }

  // Reads through the memory window. A controller that cannot answer does so with a bus error, survived
  // here. Interrupts are masked during a guarded read, so long ones are done in pieces: 512 bytes at 50 MB/s
  // take ten microseconds.
  flash::Status read_mapped(const NorCommand& command) final {
    constexpr size_t kPieceBytes = 512;
    uint32_t address = config_.window_address + command.address;
    uint8_t* to = command.into;
    for (size_t left = command.length_bytes; left > 0;) {
      const size_t piece = left < kPieceBytes ? left : kPieceBytes;
      mmio_.begin_guarded_read();
      mmio_.read_memory(address, {to, piece});
      if (!mmio_.end_guarded_read()) return flash::Error::kIo;
      address += static_cast<uint32_t>(piece);
      to += piece;
      left -= piece;
    }
    return {};
  }

 protected:
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

  Stm32SerialBus(const Config& config, M mmio)
      : NorBus(config.window_address), config_(config), mmio_(mmio) {}
  ~Stm32SerialBus() = default;

  uint32_t read(uint32_t offset) { return mmio_.read32(config_.register_base + offset); }
  void write(uint32_t offset, uint32_t value) { mmio_.write32(config_.register_base + offset, value); }
  uint32_t flags() { return read(kLayout.status); }
  void clear_flags() { write(kLayout.flag_clear, kAllFlags); }

  // Before anything new: nothing is under way, and what became of the last command is forgotten.
  flash::Status settle() {
    FLASH_TRY(wait(kBusy));
    clear_flags();
    return {};
  }

  // Drops whatever is under way: a command that went wrong, or mapped mode.
  flash::Status abort() {
    mmio_.barrier();
    write(kLayout.control, read(kLayout.control) | kAbort);
    return settle();
  }

  // The data of a command that was started. Words go as one access each.
  flash::Status move(NorCommand command) {
    const uint32_t address = config_.register_base + kLayout.data;
    while (command.length_bytes > 0) {
      FLASH_TRY(wait(kThreshold | kTransferError));
      const size_t step = command.length_bytes < sizeof(uint32_t) ? 1 : sizeof(uint32_t);
      if (command.frame.reads()) {
        pop(address, command.into, step);
        command.into += step;
      } else {
        push(address, command.from, step);
        command.from += step;
      }
      command.length_bytes -= step;
    }
    return {};
  }

  // The end of a command whose data went through.
  flash::Status finish() { return wait(kComplete | kTransferError); }

  const Config config_;
  [[no_unique_address]] M mmio_;

 private:
  // The slowest command moves a byte within microseconds; only a stuck controller takes longer.
  enum : uint32_t { kStallUs = 10'000 };

  // Until one of the flags is set, or, of kBusy, clear.
  [[gnu::noinline]] flash::Status wait(uint32_t mask) {
    const Deadline deadline(config_.platform, kStallUs);
    for (;;) {
      const bool expired = deadline.has_passed();
      const uint32_t seen = (flags() ^ kBusy) & mask;
      if (seen != 0) return (seen & kTransferError) == 0 ? flash::Status() : flash::Error::kIo;
      if (expired) return flash::Error::kTimedOut;
    }
  }

  // The compiler's own memcpy is one access where the processor may.
  void push(uint32_t address, const uint8_t* from, size_t step) {
    if (step == 1) return mmio_.write8(address, *from);
    uint32_t word;
    __builtin_memcpy(&word, from, sizeof word);
    mmio_.write32(address, word);
  }

  void pop(uint32_t address, uint8_t* to, size_t step) {
    if (step == 1) {
      *to = mmio_.read8(address);
      return;
    }
    const uint32_t word = mmio_.read32(address);
    __builtin_memcpy(to, &word, sizeof word);
  }
};

}  // namespace drivers
