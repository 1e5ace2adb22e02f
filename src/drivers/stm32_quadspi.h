// QUADSPI of STM32F7 and STM32H7 with a chip on bank 1: commands on one, two or four lines, and reads
// through the memory window (RM0399, chapter 24).
#pragma once

#include <cstdint>
#include <span>

#include "drivers/mmio.h"
#include "drivers/nor_bus.h"
#include "drivers/stm32_serial_fifo.h"
#include "flash/status.h"

namespace drivers {

struct Stm32QuadSpiConfig {
  uint32_t register_base;   // F7: 0xA0001000, H7: 0x52005000
  uint32_t window_address;  // 0x90000000
  uint8_t prescaler;        // the clock is the kernel's / (prescaler + 1)
  uint8_t cs_high_cycles;   // at least, between two commands: 1 to 8
  Platform platform;
};

template <Mmio M>
class Stm32QuadSpi final : public NorBus {
 public:
  explicit Stm32QuadSpi(const Stm32QuadSpiConfig& config, M mmio = {})
      : config_(config), fifo_(mmio, config_.platform, config_.register_base, kLayout) {}

  flash::Status open() override {
    fifo_.write(kCr, 0);  // also ends what the last owner left running, a mapped read too
    FLASH_TRY(fifo_.wait_idle());
    fifo_.clear_flags();
    set_device_size(kLargestSizeLog2);
    fifo_.write(kCr, control());
    return {};
  }

  void close() override { fifo_.write(kCr, 0); }

  flash::Status execute(const NorCommand& command) override {
    if (command.dtr || command.opcode_lines != 1 || command.data_lines > 4)
      return flash::Error::kNotSupported;
    const flash::Status status = run(command);
    if (!status.ok()) abort().ignore();
    return status;
  }

  flash::Status map(const NorCommand& read, uint32_t size_bytes) override {
    FLASH_TRY(fifo_.wait_idle());
    // ES0392, 2.4.4: a mapped read of the chip's last bytes hangs the bus, for the prefetch runs past the
    // end. To the controller the chip is twice as large.
    set_device_size(log2_of(size_bytes) + 1);
    fifo_.write(kAbr, kNoContinuousRead);
    fifo_.write(kCcr, format(read, kMapped, true));
    fifo_.mmio().barrier();
    return {};
  }

  flash::Status unmap() override {
    fifo_.mmio().barrier();
    FLASH_TRY(abort());
    set_device_size(kLargestSizeLog2);
    return {};
  }

  uint32_t mapped_address() const override { return config_.window_address; }

  flash::Status read_mapped(uint32_t offset, std::span<uint8_t> out) override {
    return read_window(fifo_.mmio(), config_.window_address + offset, out);
  }

 private:
  enum : uint16_t {
    kCr = 0x00,
    kDcr = 0x04,
    kSr = 0x08,
    kFcr = 0x0C,
    kDlr = 0x10,
    kCcr = 0x14,
    kAr = 0x18,
    kAbr = 0x1C,
    kDr = 0x20
  };
  static constexpr SerialFifoLayout kLayout = {
      .status = kSr, .flag_clear = kFcr, .data = kDr, .fifo_bytes = 32};
  using Fifo = SerialFifo<M>;

  static constexpr uint32_t kEnable = 1u << 0;
  static constexpr uint32_t kAbort = 1u << 1;
  static constexpr uint32_t kSampleShift = 1u << 4;
  static constexpr uint32_t kLargestSizeLog2 = 28;  // of the window

  enum Mode : uint32_t { kIndirectWrite = 0, kIndirectRead = 1, kMapped = 3 };

  // A mode byte that no chip takes for "the next command has no opcode".
  static constexpr uint32_t kNoContinuousRead = 0xFFFFFFFF;

  uint32_t control() const { return uint32_t{config_.prescaler} << 24 | kSampleShift | kEnable; }

  void set_device_size(uint32_t log2) {
    fifo_.write(kDcr, (log2 - 1) << 16 | (config_.cs_high_cycles - 1u) << 8);
  }

  flash::Status run(const NorCommand& command) {
    FLASH_TRY(fifo_.wait_idle());
    fifo_.clear_flags();
    const size_t length = command.in.size() + command.out.size();
    if (length > 0) fifo_.write(kDlr, static_cast<uint32_t>(length - 1));
    fifo_.write(kAbr, kNoContinuousRead);
    fifo_.write(kCcr, format(command, command.in.empty() ? kIndirectWrite : kIndirectRead, length > 0));
    if (command.address_bytes > 0) write_address(command.address);
    FLASH_TRY(fifo_.transmit(command.out));
    FLASH_TRY(fifo_.receive(command.in));
    return fifo_.finish();
  }

  // On the H7, the first address after mapped mode may raise TEF at once and start nothing; the second
  // is taken.
  void write_address(uint32_t address) {
    fifo_.write(kAr, address);
    if ((fifo_.status() & Fifo::kTransferError) == 0) return;
    fifo_.clear_flags();
    fifo_.write(kAr, address);
  }

  static uint32_t format(const NorCommand& command, Mode mode, bool has_data) {
    uint32_t ccr = mode << 26 | command.opcode | 1u << 8;
    if (command.address_bytes > 0) {
      ccr |= lines_code(command.address_lines) << 10 | (command.address_bytes - 1u) << 12;
    }
    if (command.mode_bytes > 0) {
      ccr |= lines_code(command.address_lines) << 14 | (command.mode_bytes - 1u) << 16;
    }
    ccr |= uint32_t{command.dummy_cycles} << 18;
    if (has_data) ccr |= lines_code(command.data_lines) << 24;
    return ccr;
  }

  flash::Status abort() {
    fifo_.write(kCr, control() | kAbort);
    FLASH_TRY(fifo_.wait_idle());
    fifo_.clear_flags();
    return {};
  }

  Stm32QuadSpiConfig config_;
  Fifo fifo_;
};

}  // namespace drivers
