// Serial NOR on a plain SPI bus: one line each way, a byte at a time, chip select by hand.
#pragma once

#include <concepts>
#include <cstdint>

#include "drivers/bounded_wait.h"
#include "drivers/mmio.h"
#include "drivers/nor_bus.h"
#include "flash/status.h"

namespace drivers {

// What an SPI master must be able to do. A byte that it cannot clock is reported when chip select rises.
template <class T>
concept SpiPort = requires(T port, bool selected, uint8_t byte) {
  { port.open() } -> std::same_as<flash::Status>;
  port.close();
  { port.select(selected) } -> std::same_as<flash::Status>;
  port.transmit(byte);
  { port.receive() } -> std::same_as<uint8_t>;
};

template <SpiPort P>
class SpiBus final : public NorBus {
 public:
  explicit SpiBus(P port) : NorBus(0), port_(port) {}

  flash::Status open() override { return port_.open(); }
  void close() override { port_.close(); }

  flash::Status execute(const NorCommand& command) override {
    const NorFrame frame = command.frame;
    const uint32_t lines = frame.address_lines() | frame.mode_lines() | frame.data_lines();
    if (lines > kOneLine || frame.is_octal_dtr() || frame.dummy_cycles() % 8 != 0) {
      return flash::Error::kNotSupported;
    }
    FLASH_TRY(port_.select(true));
    port_.transmit(frame.opcode());
    for (unsigned i = frame.address_bytes(); i-- > 0;)
      port_.transmit(static_cast<uint8_t>(command.address >> 8 * i));
    // Dummy clocks: ones, as the lines are when nobody drives them.
    for (unsigned i = 0; i < frame.dummy_cycles() / 8; ++i) port_.transmit(0xFF);
    for (const uint8_t byte : command.out()) port_.transmit(byte);
    for (uint8_t& byte : command.in()) byte = port_.receive();
    return port_.select(false);
  }

  flash::Status map(NorFrame, uint32_t) override { return flash::Error::kNotSupported; }
  flash::Status unmap() override { return flash::Error::kNotSupported; }
  flash::Status read_mapped(const NorCommand&) override { return flash::Error::kNotSupported; }

 private:
  P port_;
};

struct Stm32SpiConfig {
  uint32_t register_base;
  uint32_t gpio_base;       // of the port with the chip select
  uint8_t chip_select_pin;  // 0 to 15
  uint8_t prescaler;        // the clock is the kernel's / 2^(prescaler + 1), 0 to 7
  Platform platform;
};

// SPI of STM32F4 as master (RM0090, chapter 28).
template <Mmio M>
class Stm32SpiPort {
 public:
  explicit Stm32SpiPort(const Stm32SpiConfig& config, M mmio = {}) : config_(config), mmio_(mmio) {}

  flash::Status open() {
    const uint32_t format = kMaster | kSoftwareSelect | kSelectHigh | uint32_t{config_.prescaler} << 3;
    select(false).ignore();  // what its last owner, or a stall, left there
    write(kCr1, 0);
    if (has_received()) mmio_.read8(config_.register_base + kDr);
    write(kCr1, format);
    write(kCr1, format | kEnable);
    return {};
  }

  void close() { write(kCr1, 0); }

  flash::Status select(bool selected) {
    const uint32_t pin = 1u << config_.chip_select_pin;
    mmio_.write32(config_.gpio_base + kBsrr, selected ? pin << 16 : pin);
    const bool stalled = stalled_;
    stalled_ = false;
    return stalled ? flash::Status(flash::Error::kTimedOut) : flash::Status();
  }

  void transmit(uint8_t byte) { exchange(byte); }
  uint8_t receive() { return exchange(0xFF); }

 private:
  uint8_t exchange(uint8_t byte) {
    if (stalled_) return 0xFF;
    mmio_.write8(config_.register_base + kDr, byte);
    stalled_ = !spin_while(config_.platform, kFrameUs, [this] { return !has_received(); }).ok();
    return stalled_ ? uint8_t{0xFF} : mmio_.read8(config_.register_base + kDr);
  }

  bool has_received() { return (mmio_.read32(config_.register_base + kSr) & kReceived) != 0; }

  enum : uint32_t { kCr1 = 0x00, kSr = 0x08, kDr = 0x0C, kBsrr = 0x18 };
  static constexpr uint32_t kFrameUs = 1'000;  // 8 bits at the slowest clock there is
  static constexpr uint32_t kMaster = 1u << 2;
  static constexpr uint32_t kEnable = 1u << 6;
  static constexpr uint32_t kSelectHigh = 1u << 8;      // SSI
  static constexpr uint32_t kSoftwareSelect = 1u << 9;  // SSM
  static constexpr uint32_t kReceived = 1u << 0;        // RXNE

  void write(uint32_t offset, uint32_t value) { mmio_.write32(config_.register_base + offset, value); }

  Stm32SpiConfig config_;
  bool stalled_ = false;  // the controller did not clock: nothing more is tried before chip select rises
  [[no_unique_address]] M mmio_;
};

}  // namespace drivers
