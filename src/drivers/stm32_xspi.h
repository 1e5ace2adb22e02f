// XSPI of STM32N6 with a chip at its first chip select: one line, or octal DTR with strobe, and reads
// through the memory window. The chapter is that of its parent OCTOSPI (RM0456, chapter 28).
//
// As with QUADSPI, the board's MPU must keep the processor from reading the window ahead while the chip is
// not mapped. And a camera without flash of its own runs from this window: see docs/porting.md.
#pragma once

#include <cstdint>
#include <span>

#include "drivers/mmio.h"
#include "drivers/nor_bus.h"
#include "drivers/stm32_serial_bus.h"
#include "flash/status.h"

namespace drivers {

struct Stm32XspiConfig {
  uint32_t register_base;   // XSPI2: 0x5802A000
  uint32_t window_address;  // 0x70000000
  uint8_t prescaler;        // the clock is the kernel's / (prescaler + 1)
  uint8_t cs_high_cycles;   // at least, between two commands: 1 to 64
  Platform platform;
};

template <Mmio M>
using Stm32XspiBase =
    Stm32SerialBus<M, Stm32XspiConfig,
                   SerialLayout{.control = 0x000, .status = 0x020, .flag_clear = 0x024, .data = 0x050}>;

template <Mmio M>
class Stm32Xspi final : public Stm32XspiBase<M> {
 public:
  explicit Stm32Xspi(const Stm32XspiConfig& config, M mmio = {}) : Base(config, mmio) {}

  flash::Status open() override {
    write(kCr, 0);  // also ends what the last owner left running, a mapped read too
    FLASH_TRY(settle());
    write(kDcr1, kMacronixOrder | (kWindowSizeLog2 - 1) << 16 | (config_.cs_high_cycles - 1u) << 8);
    write(kDcr2, config_.prescaler);
    FLASH_TRY(settle());  // a new prescaler starts a calibration (HAL_XSPI_Init)
    write(kAbr, 0xFFFFFFFF);
    write(kCr, kOn);
    return {};
  }

  flash::Status execute(const NorCommand& command) override {
    const flash::Status status = run(command);
    if (!status.ok()) abort().ignore();
    return status;
  }

  flash::Status map(NorFrame frame, uint32_t) override {
    FLASH_TRY(settle());
    write_frame(frame);
    write(kCr, kOn | kMapped << kModeShift);
    mmio_.barrier();
    return {};
  }

  // As in ST's HAL (HAL_XSPI_Abort), only what is under way is aborted.
  flash::Status unmap() override {
    mmio_.barrier();
    if ((flags() & kBusy) != 0) FLASH_TRY(abort());
    write(kCr, kOn);  // no access to the window may start anything from here on
    return {};
  }

 private:
  using Base = Stm32XspiBase<M>;
  using Base::config_, Base::mmio_, Base::write, Base::flags, Base::kBusy, Base::kEnable,
      Base::kWordThreshold;
  using Base::settle, Base::abort, Base::move, Base::finish;

  enum : uint16_t {
    kCr = 0x000,
    kDcr1 = 0x008,
    kDcr2 = 0x00C,
    kDlr = 0x040,
    kAr = 0x048,
    kCcr = 0x100,
    kTcr = 0x108,
    kIr = 0x110,
    kAbr = 0x120
  };
  enum : uint32_t {
    kOn = kWordThreshold | kEnable,
    kModeShift = 28,
    kWindowSizeLog2 = 28,
    // DCR1, MTYP: the bytes of each pair come in Macronix' order in octal DTR, and are put right
    // (RM0456, 28.4.14).
    kMacronixOrder = 1u << 24,
    kDataDtr = 1u << 27,           // CCR, DDTR
    kStrobe = 1u << 29,            // CCR, DQSE
    kSampleShift = 1u << 30,       // TCR, SSHIFT: only without DTR
    kDelayQuarterCycle = 1u << 28  // TCR, DHQC: only with DTR
  };
  enum Mode : uint32_t { kIndirectWrite = 0, kIndirectRead = 1, kMapped = 3 };

  flash::Status run(const NorCommand& command) {
    FLASH_TRY(settle());
    const NorFrame frame = command.frame;
    const auto length = static_cast<uint32_t>(command.length_bytes);
    // In octal DTR a clock moves two bytes. Odd ends are made even by bytes that nobody wants.
    const uint32_t lead = frame.is_octal_dtr() ? command.address % 2 : 0;
    const uint32_t trail = frame.is_octal_dtr() ? (lead + length) % 2 : 0;
    write(kCr, kOn | (frame.reads() ? kIndirectRead : kIndirectWrite) << kModeShift);
    if (length > 0) write(kDlr, lead + length + trail - 1);
    write_frame(frame);
    if (frame.address_lines() != kNoPhase) write(kAr, command.address - lead);
    FLASH_TRY(pad(frame, lead));
    FLASH_TRY(move(command));
    FLASH_TRY(pad(frame, trail));
    return finish();
  }

  // At most one byte: read and dropped, or one that programs nothing.
  flash::Status pad(NorFrame frame, uint32_t count) {
    uint8_t byte = 0xFF;
    const std::span data(&byte, count);
    return move(frame.reads() ? NorCommand::reading(frame, 0, data) : NorCommand::writing(frame, 0, data));
  }

  // Bits of one phase in CCR. Eight lines are coded as 4.
  static uint32_t phase(bool octal, uint32_t lines, uint32_t bytes) {
    if (lines == kNoPhase) return 0;
    return (octal ? 4 | 1u << 3 : lines) | (bytes - 1) << 4;
  }

  void write_frame(NorFrame frame) {
    const bool octal = frame.is_octal_dtr();
    uint32_t ccr = phase(octal, frame.opcode_lines(), octal ? 2 : 1);
    ccr |= phase(octal, frame.address_lines(), frame.address_bytes()) << 8;
    ccr |= phase(octal, frame.mode_lines(), frame.mode_bytes()) << 16;
    ccr |= phase(octal, frame.data_lines(), 1) << 24;
    // The delay of DHQC hangs on DDTR, in a command without data, too: ST's HAL sets it (XSPI_ConfigCmd), and
    // without it a chip takes no write enable and no erase.
    if (octal) ccr |= kDataDtr;
    if (octal && frame.reads()) ccr |= kStrobe;
    const uint32_t opcode = frame.opcode();
    write(kTcr, frame.dummy_cycles() | (octal ? kDelayQuarterCycle : kSampleShift));
    write(kCcr, ccr);
    write(kIr, octal ? opcode << 8 | (~opcode & 0xFF) : opcode);
  }
};

}  // namespace drivers
