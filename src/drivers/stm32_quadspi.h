// QUADSPI of STM32F7 and STM32H7 with a chip on bank 1: commands on one, two or four lines, and reads
// through the memory window (RM0399, chapter 24).
//
// A Cortex-M7 may read the window ahead of any load, also while it is none. The board's MPU must forbid
// that while the chip is not mapped, and behind the chip's end always.
#pragma once

#include <bit>
#include <cstdint>

#include "drivers/mmio.h"
#include "drivers/nor_bus.h"
#include "drivers/stm32_serial_bus.h"
#include "flash/status.h"

namespace drivers {

struct Stm32QuadSpiConfig {
  uint32_t register_base;   // F7: 0xA0001000, H7: 0x52005000
  uint32_t window_address;  // 0x90000000
  uint8_t prescaler;        // the clock is the kernel's / (prescaler + 1)
  uint8_t cs_high_cycles;   // at least, between two commands: 1 to 8
  Platform platform;
  bool is_h7 = true;  // an F7 is not: what steadies the clock of an H7 (ES0392) is not for it
};

template <Mmio M>
using Stm32QuadSpiBase =
    Stm32SerialBus<M, Stm32QuadSpiConfig,
                   SerialLayout{.control = 0x00, .status = 0x08, .flag_clear = 0x0C, .data = 0x20}>;

template <InterruptMmio M>
class Stm32QuadSpi final : public Stm32QuadSpiBase<M> {
 public:
  explicit Stm32QuadSpi(const Stm32QuadSpiConfig& config, M mmio = {}) : Base(config, mmio) {}

  flash::Status open() override {
    write(kCr, 0);  // also ends what the last owner left running, a mapped read too
    FLASH_TRY(settle());
    if (config_.is_h7) {
      steady_clock();
      FLASH_TRY(settle());
    }
    set_device_size(kWindowSizeLog2);
    write(kAbr, kNoContinuousRead);
    enable();
    return {};
  }

  flash::Status execute(const NorCommand& command) override {
    if (command.frame.is_octal_dtr()) return flash::Error::kNotSupported;
    const flash::Status status = run(command);
    if (!status.ok()) abort().ignore();
    return status;
  }

  flash::Status map(NorFrame frame, uint32_t size_bytes) override {
    FLASH_TRY(settle());
    // ES0392, 2.4.4: a mapped read of the chip's last bytes hangs the bus, for the prefetch runs past the
    // end. To the controller the chip is twice as large. TCEN stays 0: with it, mapped reads of an F7 may
    // fail (its errata, 2.4.3).
    set_device_size(static_cast<uint32_t>(std::bit_width(size_bytes)));
    enable();  // again, after an unmap() that failed
    write(kCcr, frame.word() | kMapped);
    mmio_.barrier();
    return {};
  }

  flash::Status unmap() override {
    FLASH_TRY(abort());
    // The window is closed before anything else, and not by zero, which would hang the controller.
    write(kCcr, read(kCcr) & ~kMapped);
    return open();
  }

 private:
  using Base = Stm32QuadSpiBase<M>;
  using Base::config_, Base::mmio_, Base::read, Base::write, Base::flags, Base::clear_flags;
  using Base::kEnable, Base::kWordThreshold, Base::kTransferError, Base::kBusy;
  using Base::settle, Base::abort, Base::move, Base::finish;

  enum : uint16_t { kCr = 0x00, kDcr = 0x04, kDlr = 0x10, kCcr = 0x14, kAr = 0x18, kAbr = 0x1C };
  enum : uint32_t {
    kSampleShift = 1u << 4,
    kPrescalerShift = 24,
    kMapped = 3u << 26,            // CCR, FMODE
    kFreeRunningClock = 1u << 29,  // CCR, FRCM
    kWindowSizeLog2 = 28,
    // A mode byte that no chip takes for "the next command has no opcode".
    kNoContinuousRead = 0xFFFFFFFF
  };

  void enable() {
    write(kCr, uint32_t{config_.prescaler} << kPrescalerShift | kSampleShift | kWordThreshold | kEnable);
  }

  void set_device_size(uint32_t log2) { write(kDcr, (log2 - 1) << 16 | (config_.cs_high_cycles - 1u) << 8); }

  // ES0392, "QUADSPI internal timing criticality": after a reset and after mapped mode, the free-running
  // clock is to be switched on at the slowest rate, twice, and everything off again within 127 kernel
  // clocks. So no interrupt may come between.
  void steady_clock() {
    mmio_.mask_interrupts();
    write(kCr, 0xFFu << kPrescalerShift | kEnable);
    write(kCcr, kFreeRunningClock);
    write(kCcr, kFreeRunningClock);
    write(kCr, 0);
    mmio_.unmask_interrupts();
  }

  flash::Status run(const NorCommand& command) {
    FLASH_TRY(settle());
    if (command.length_bytes > 0) write(kDlr, static_cast<uint32_t>(command.length_bytes - 1));
    write(kCcr, command.frame.word());
    if (command.frame.address_lines() != kNoPhase) write_address(command.address);
    FLASH_TRY(move(command));
    return finish();
  }

  // On the H7, the first address after mapped mode may raise TEF at once and start nothing; the second
  // is taken.
  void write_address(uint32_t address) {
    write(kAr, address);
    if ((flags() & (kTransferError | kBusy)) != kTransferError) return;
    clear_flags();
    write(kAr, address);
  }
};

}  // namespace drivers
