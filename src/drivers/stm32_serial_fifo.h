// What QUADSPI and XSPI have in common: status flags, and a FIFO through which a command's data goes.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "drivers/bounded_wait.h"
#include "drivers/mmio.h"
#include "flash/status.h"

namespace drivers {

// Where a controller has them. The bits are the same (RM0399, 24.5.3; RM0456, 28.7.6).
struct SerialFifoLayout {
  uint16_t status;
  uint16_t flag_clear;
  uint16_t data;
  uint8_t fifo_bytes;
};

template <Mmio M>
class SerialFifo {
 public:
  static constexpr uint32_t kTransferError = 1u << 0;
  static constexpr uint32_t kComplete = 1u << 1;
  static constexpr uint32_t kBusy = 1u << 5;
  static constexpr uint32_t kAllFlags = 0x1B;

  SerialFifo(M mmio, const Platform& platform, uint32_t base, const SerialFifoLayout& layout)
      : mmio_(mmio), platform_(platform), base_(base), layout_(layout) {}

  uint32_t read(uint32_t offset) { return mmio_.read32(base_ + offset); }
  void write(uint32_t offset, uint32_t value) { mmio_.write32(base_ + offset, value); }
  uint32_t status() { return read(layout_.status); }
  void clear_flags() { write(layout_.flag_clear, kAllFlags); }
  M& mmio() { return mmio_; }

  flash::Status wait_idle() {
    return spin_while(platform_, kStallUs, [this] { return (status() & kBusy) != 0; });
  }

  // The end of a command whose data went through.
  flash::Status finish() {
    uint32_t flags = 0;
    const flash::Status waited = spin_while(platform_, kStallUs, [&] {
      flags = status();
      return (flags & (kComplete | kTransferError)) == 0;
    });
    FLASH_TRY(waited);
    clear_flags();
    if ((flags & kTransferError) != 0) return flash::Error::kIo;
    return wait_idle();
  }

  flash::Status receive(std::span<uint8_t> in) {
    while (!in.empty()) {
      const uint32_t step = in.size() < sizeof(uint32_t) ? 1 : sizeof(uint32_t);
      FLASH_TRY(wait_level([step](uint32_t level) { return level >= step; }));
      if (step == 1) {
        in[0] = mmio_.read8(base_ + layout_.data);
      } else {
        const uint32_t word = mmio_.read32(base_ + layout_.data);
        std::memcpy(in.data(), &word, sizeof word);
      }
      in = in.subspan(step);
    }
    return {};
  }

  flash::Status transmit(std::span<const uint8_t> out) {
    while (!out.empty()) {
      const uint32_t step = out.size() < sizeof(uint32_t) ? 1 : sizeof(uint32_t);
      const uint32_t most = layout_.fifo_bytes - step;
      FLASH_TRY(wait_level([most](uint32_t level) { return level <= most; }));
      if (step == 1) {
        mmio_.write8(base_ + layout_.data, out[0]);
      } else {
        uint32_t word;
        std::memcpy(&word, out.data(), sizeof word);
        mmio_.write32(base_ + layout_.data, word);
      }
      out = out.subspan(step);
    }
    return {};
  }

 private:
  // The slowest command moves a byte within microseconds; only a stuck controller takes longer.
  static constexpr uint32_t kStallUs = 10'000;
  static constexpr unsigned kLevelShift = 8;

  template <class Enough>
  flash::Status wait_level(Enough enough) {
    uint32_t flags = 0;
    const flash::Status waited = spin_while(platform_, kStallUs, [&] {
      flags = status();
      return (flags & kTransferError) == 0 && !enough(flags >> kLevelShift & 0x7F);
    });
    FLASH_TRY(waited);
    return (flags & kTransferError) == 0 ? flash::Status() : flash::Status(flash::Error::kIo);
  }

  [[no_unique_address]] M mmio_;
  const Platform& platform_;
  uint32_t base_;
  const SerialFifoLayout& layout_;
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

// Lines to the code that CCR wants: 0, 1, 2, 4, 8 lines are 0, 1, 2, 3, 4.
constexpr uint32_t lines_code(uint8_t lines) {
  uint32_t code = 0;
  for (; lines != 0; lines = static_cast<uint8_t>(lines >> 1)) ++code;
  return code;
}

constexpr uint32_t log2_of(uint32_t power_of_two) {
  uint32_t log2 = 0;
  while (power_of_two >> log2 > 1) ++log2;
  return log2;
}

}  // namespace drivers
