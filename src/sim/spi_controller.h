// A plain STM32 SPI master (the F4's, without FIFO) and the port whose pin is the chip select of one
// serial NOR chip: RM0090, chapters 28 and 8.
//
// Modelled is full duplex with 8-bit frames, polled. CRC, DMA, interrupts, 16-bit frames and slave mode
// are not.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sim/bus.h"
#include "sim/clock.h"
#include "sim/nor_chip.h"
#include "sim/violations.h"

namespace sim {

// Gives a chip its bytes one by one: a plain SPI bus has no phases.
class NorChipBytes {
 public:
  explicit NorChipBytes(NorChip& chip) : chip_(chip) {}

  void select();
  void deselect();
  void deselect_within_byte();
  uint8_t exchange(uint8_t out);
  bool is_selected() const { return is_selected_; }

 private:
  void take_header_byte(uint8_t byte);
  void send_header();
  uint32_t header_bytes() const { return 1u + framing_.address_bytes + framing_.mode_bytes + dummy_bytes(); }
  uint32_t dummy_bytes() const { return framing_.dummy_cycles / 8u; }

  NorChip& chip_;
  bool is_selected_ = false;
  bool header_sent_ = false;
  uint32_t bytes_ = 0;
  ChipFraming framing_;
  WireCommand wire_;
};

class SpiController : public BusDevice {
 public:
  static constexpr uint32_t kRegisterBytes = 0x24;
  static constexpr uint32_t kGpioBytes = 0x28;

  // The chip select is pin `pin` of the port that gpio() models.
  SpiController(NorChip& chip, Clock& clock, Violations& violations, uint64_t kernel_hz, unsigned pin);

  uint64_t load(uint32_t offset, unsigned width) override;
  void store(uint32_t offset, uint64_t value, unsigned width) override;

  // The MCU's reset. Chip select rises, for its pin is an input again.
  void reset();

  BusDevice& gpio() { return gpio_; }

 private:
  class Gpio : public BusDevice {
   public:
    explicit Gpio(SpiController& owner) : owner_(owner) {}
    void reset() { registers_.fill(0); }
    uint64_t load(uint32_t offset, unsigned width) override;
    void store(uint32_t offset, uint64_t value, unsigned width) override;

   private:
    SpiController& owner_;
    // Other registers of the port (mode, speed, pull) only hold what was written.
    std::array<uint32_t, kGpioBytes / 4> registers_{};
  };

  uint32_t status() const;
  void store_control(uint32_t value);
  void store_data(uint8_t value);
  uint8_t load_data();
  void shift_in();
  void wait();
  void catch_up();
  void set_chip_select(bool high);
  bool is_enabled() const;
  uint64_t frame_ns() const;
  void violate(std::string_view place, std::string_view what);

  NorChipBytes bytes_;
  Clock& clock_;
  Violations& violations_;
  uint64_t kernel_hz_;
  unsigned pin_;
  Gpio gpio_;

  uint32_t cr1_ = 0;
  uint32_t cr2_ = 0;
  uint8_t received_ = 0;
  uint8_t shifting_ = 0;
  uint8_t buffered_ = 0;
  bool is_shifting_ = false;
  bool is_buffered_ = false;        // TXE = 0
  bool has_received_ = false;       // RXNE
  bool overrun_ = false;            // OVR
  bool overrun_data_read_ = false;  // OVR is cleared by reading DR, then SR
  uint64_t shift_since_ns_ = 0;
};

}  // namespace sim
