// QUADSPI of STM32F7 and STM32H7 with a chip on bank 1: commands on one, two or four lines, and reads
// through the memory window (RM0399, chapter 24).
//
// A Cortex-M7 may read the window ahead of any load, also while it is none. The board's MPU must forbid
// that while the chip is not mapped, and behind the chip's end always.
#pragma once

#include <bit>
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
  bool is_h7 = true;
};

template <Mmio M>
class Stm32QuadSpi final : public NorBus {
 public:
  explicit Stm32QuadSpi(const Stm32QuadSpiConfig& config, M mmio = {})
      : NorBus(config.window_address), fifo_(mmio, config) {}

  flash::Status open() override {
    fifo_.write(kCr, 0);  // also ends what the last owner left running, a mapped read too
    FLASH_TRY(fifo_.wait_idle());
    if (fifo_.config().is_h7) {
      steady_clock();
      FLASH_TRY(fifo_.wait_idle());
    }
    set_device_size(kWindowSizeLog2);
    fifo_.write(kAbr, kNoContinuousRead);
    fifo_.write(kCr, uint32_t{fifo_.config().prescaler} << kPrescalerShift | kSampleShift |
                         Fifo::kWordThreshold | Fifo::kEnable);
    return {};
  }

  void close() override { fifo_.write(kCr, 0); }

  flash::Status execute(const NorCommand& command) override {
    if (command.frame.is_octal_dtr()) return flash::Error::kNotSupported;
    const flash::Status status = run(command);
    if (!status.ok()) fifo_.abort().ignore();
    return status;
  }

  flash::Status map(NorFrame read, uint32_t size_bytes) override {
    FLASH_TRY(fifo_.wait_idle());
    // ES0392, 2.4.4: a mapped read of the chip's last bytes hangs the bus, for the prefetch runs past the
    // end. To the controller the chip is twice as large. TCEN stays 0: with it, mapped reads of an F7 may
    // fail (its errata, 2.4.3).
    set_device_size(static_cast<uint32_t>(std::bit_width(size_bytes)));
    fifo_.write(kCcr, read.word() | kMapped);
    fifo_.mmio().barrier();
    return {};
  }

  flash::Status unmap() override {
    FLASH_TRY(fifo_.abort());
    // The window is closed before anything else, and not by zero, which would hang the controller.
    fifo_.write(kCcr, fifo_.read(kCcr) & ~kMapped);
    return open();
  }

  flash::Status read_mapped(uint32_t offset, std::span<uint8_t> out) override {
    return read_window(fifo_.mmio(), mapped_address() + offset, out);
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
  using Fifo = SerialFifo<M, Stm32QuadSpiConfig,
                          SerialFifoLayout{.control = kCr, .status = kSr, .flag_clear = kFcr, .data = kDr}>;

  enum : uint32_t {
    kSampleShift = 1u << 4,
    kPrescalerShift = 24,
    kMapped = 3u << 26,            // CCR, FMODE
    kFreeRunningClock = 1u << 29,  // CCR, FRCM
    kWindowSizeLog2 = 28,
    // A mode byte that no chip takes for "the next command has no opcode".
    kNoContinuousRead = 0xFFFFFFFF
  };

  void set_device_size(uint32_t log2) {
    fifo_.write(kDcr, (log2 - 1) << 16 | (fifo_.config().cs_high_cycles - 1u) << 8);
  }

  // ES0392, "QUADSPI internal timing criticality": after a reset and after mapped mode, the free-running
  // clock is to be switched on at the slowest rate, twice, and everything off again within 127 kernel
  // clocks. So no interrupt may come between.
  void steady_clock() {
    fifo_.mmio().begin_guarded_read();
    fifo_.write(kCr, 0xFFu << kPrescalerShift | Fifo::kEnable);
    fifo_.write(kCcr, kFreeRunningClock);
    fifo_.write(kCcr, kFreeRunningClock);
    fifo_.write(kCr, 0);
    fifo_.mmio().end_guarded_read();
  }

  flash::Status run(const NorCommand& command) {
    FLASH_TRY(fifo_.begin());
    if (command.length_bytes > 0) fifo_.write(kDlr, static_cast<uint32_t>(command.length_bytes - 1));
    fifo_.write(kCcr, command.frame.word());
    if (command.frame.address_lines() != kNoPhase) write_address(command.address);
    FLASH_TRY(fifo_.move(command));
    return fifo_.finish();
  }

  // On the H7, the first address after mapped mode may raise TEF at once and start nothing; the second
  // is taken.
  void write_address(uint32_t address) {
    fifo_.write(kAr, address);
    if ((fifo_.status() & (Fifo::kTransferError | Fifo::kBusy)) != Fifo::kTransferError) return;
    fifo_.clear_flags();
    fifo_.write(kAr, address);
  }

  Fifo fifo_;
};

}  // namespace drivers
