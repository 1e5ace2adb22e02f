// STM32N6 XSPI with one serial NOR chip at its first chip select. The manual's chapter is that of its
// parent OCTOSPI (RM0456, chapter 28) with the N6's register layout and a 64-byte FIFO.
//
// Not modelled: mapped writes (the manual advises against them for NOR flash), dual-memory mode, HyperBus,
// DMA, interrupts, calibration, refresh, the I/O manager XSPIM.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "sim/bus.h"
#include "sim/clock.h"
#include "sim/nor_chip.h"
#include "sim/read_only_window.h"
#include "sim/serial_engine.h"
#include "sim/violations.h"

namespace sim {

// FLEVEL is 7 bits wide: 64 bytes. The manual gives no resume level; four free bytes let a word through.
inline constexpr SerialEngine::Fifo kXspiFifo = {.size_bytes = 64, .resume_level = 60};
// The parent's, which drivers that look at 6 bits of FLEVEL are written for (RM0456, 28.3).
inline constexpr SerialEngine::Fifo kOctoSpiFifo = {.size_bytes = 32, .resume_level = 28};

class Xspi : public BusDevice {
 public:
  static constexpr uint32_t kRegisterBytes = 0x400;
  static constexpr uint32_t kWindowBytes = 256u << 20;

  Xspi(NorChip& chip, Clock& clock, Violations& violations, uint64_t kernel_hz,
       SerialEngine::Fifo fifo = kXspiFifo);

  uint64_t load(uint32_t offset, unsigned width) override;
  void store(uint32_t offset, uint64_t value, unsigned width) override;

  // The MCU's reset. Chip select rises: a chip that kept its supply takes what it got so far.
  void reset();

  // What is mapped at 0x70000000 (XSPI2).
  BusDevice& window() { return window_; }

 private:
  friend class ReadOnlyWindow<Xspi>;

  uint64_t load_data(unsigned width);
  void store_data(uint32_t value, unsigned width);
  void store_control(uint32_t value);
  void store_instruction(uint32_t value);
  void store_address(uint32_t value);
  void store_plain(uint32_t offset, uint32_t value);
  void check_format();
  void launch();
  void launch_polling(const Transfer& transfer);
  uint64_t data_length() const;
  WireCommand wire_command() const;
  bool swaps_pairs() const;
  bool moves_pairs() const;

  uint32_t mode() const;
  bool is_enabled() const;
  bool has_address() const;
  bool has_data() const;
  bool starts_without_data() const;
  uint64_t device_bytes() const;
  uint64_t period_ps() const;
  bool read_window(uint32_t offset, std::span<uint8_t> out);

  uint32_t& reg(uint32_t offset) { return registers_[offset / 4]; }
  uint32_t reg(uint32_t offset) const { return registers_[offset / 4]; }
  void violate(std::string_view place, std::string_view what);

  Clock& clock_;
  Violations& violations_;
  SerialEngine engine_;
  uint64_t kernel_hz_;
  ReadOnlyWindow<Xspi> window_;
  std::array<uint32_t, kRegisterBytes / 4> registers_{};
};

}  // namespace sim
