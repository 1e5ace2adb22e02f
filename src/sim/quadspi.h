// STM32F7/H7 QUADSPI with one serial NOR chip on bank 1 (RM0399, chapter 24).
//
// Not modelled: dual-flash mode, bank 2 (nothing is soldered there), DMA, interrupts, free-running clock,
// "instruction only once".
#pragma once

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

struct QuadSpiErrata {
  // ES0392 2.4.4: a mapped read whose prefetch runs past the device size set in DCR hangs the bus.
  bool mapped_end_hangs = true;
  // H7: the first read after mapped mode may raise TEF at its address write and not start.
  bool transfer_error_after_mapped = false;
};

class QuadSpi : public BusDevice {
 public:
  static constexpr uint32_t kRegisterBytes = 0x34;
  static constexpr uint32_t kWindowBytes = 256u << 20;

  QuadSpi(NorChip& chip, Clock& clock, Violations& violations, uint64_t kernel_hz, QuadSpiErrata errata = {});

  uint64_t load(uint32_t offset, unsigned width) override;
  void store(uint32_t offset, uint64_t value, unsigned width) override;

  // The MCU's reset. Chip select rises: a chip that kept its supply takes what it got so far.
  void reset();

  // What is mapped at 0x90000000.
  BusDevice& window() { return window_; }

 private:
  friend class ReadOnlyWindow<QuadSpi>;

  struct Format;  // CCR, taken apart

  uint64_t load_data(unsigned width);
  void store_data(uint32_t value, unsigned width);
  void store_control(uint32_t value);
  void store_format(uint32_t value);
  void store_address(uint32_t value);
  bool store_plain(uint32_t offset, uint32_t value);
  void check_format(const Format& format);
  void launch();
  void launch_polling(const Format& format);
  uint64_t data_length(const Format& format) const;
  WireCommand wire_command(const Format& format) const;

  bool is_enabled() const;
  uint64_t device_bytes() const;
  uint64_t period_ps() const;
  bool read_window(uint32_t offset, std::span<uint8_t> out);

  void violate(std::string_view place, std::string_view what);

  Clock& clock_;
  Violations& violations_;
  SerialEngine engine_;
  uint64_t kernel_hz_;
  QuadSpiErrata errata_;
  ReadOnlyWindow<QuadSpi> window_;
  bool was_mapped_ = false;

  uint32_t cr_ = 0;
  uint32_t dcr_ = 0;
  uint32_t dlr_ = 0;
  uint32_t ccr_ = 0;
  uint32_t ar_ = 0;
  uint32_t abr_ = 0;
  uint32_t psmkr_ = 0;
  uint32_t psmar_ = 0;
  uint32_t pir_ = 0;
  uint32_t lptr_ = 0;
};

}  // namespace sim
