// XSPI of STM32N6 with a chip at its first chip select: one line, or octal DTR with strobe, and reads
// through the memory window. The chapter is that of its parent OCTOSPI (RM0456, chapter 28).
#pragma once

#include <cstdint>
#include <span>

#include "drivers/mmio.h"
#include "drivers/nor_bus.h"
#include "drivers/stm32_serial_fifo.h"
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
class Stm32Xspi final : public NorBus {
 public:
  explicit Stm32Xspi(const Stm32XspiConfig& config, M mmio = {})
      : NorBus(config.window_address), fifo_(mmio, config) {}

  flash::Status open() override {
    fifo_.write(kCr, 0);  // also ends what the last owner left running, a mapped read too
    FLASH_TRY(fifo_.wait_idle());
    fifo_.write(kDcr1,
                kMacronixOrder | (kWindowSizeLog2 - 1) << 16 | (fifo_.config().cs_high_cycles - 1u) << 8);
    fifo_.write(kDcr2, fifo_.config().prescaler);
    fifo_.write(kAbr, 0xFFFFFFFF);
    fifo_.write(kCr, kOn);
    return {};
  }

  void close() override { fifo_.write(kCr, 0); }

  flash::Status execute(const NorCommand& command) override {
    const flash::Status status = run(command);
    if (!status.ok()) fifo_.abort().ignore();
    return status;
  }

  flash::Status map(NorFrame read, uint32_t) override {
    FLASH_TRY(fifo_.wait_idle());
    write_frame(read);
    fifo_.write(kCr, kOn | kMapped << kModeShift);
    fifo_.mmio().barrier();
    return {};
  }

  flash::Status unmap() override {
    FLASH_TRY(fifo_.abort());
    fifo_.write(kCr, kOn);  // no access to the window may start anything from here on
    return {};
  }

  flash::Status read_mapped(uint32_t offset, std::span<uint8_t> out) override {
    return read_window(fifo_.mmio(), mapped_address() + offset, out);
  }

 private:
  enum : uint16_t {
    kCr = 0x000,
    kDcr1 = 0x008,
    kDcr2 = 0x00C,
    kSr = 0x020,
    kFcr = 0x024,
    kDlr = 0x040,
    kAr = 0x048,
    kDr = 0x050,
    kCcr = 0x100,
    kTcr = 0x108,
    kIr = 0x110,
    kAbr = 0x120
  };
  using Fifo = SerialFifo<M, Stm32XspiConfig,
                          SerialFifoLayout{.control = kCr, .status = kSr, .flag_clear = kFcr, .data = kDr}>;

  enum : uint32_t {
    kOn = Fifo::kWordThreshold | Fifo::kEnable,
    kModeShift = 28,
    kWindowSizeLog2 = 28,
    // DCR1, MTYP: the bytes of each pair come in Macronix' order in octal DTR, and are put right
    // (RM0456, 28.4.14).
    kMacronixOrder = 1u << 24,
    kStrobe = 1u << 29,            // CCR, DQSE
    kSampleShift = 1u << 30,       // TCR, SSHIFT: only without DTR
    kDelayQuarterCycle = 1u << 28  // TCR, DHQC: only with DTR
  };
  enum Mode : uint32_t { kIndirectWrite = 0, kIndirectRead = 1, kMapped = 3 };

  flash::Status run(const NorCommand& command) {
    FLASH_TRY(fifo_.begin());
    const NorFrame frame = command.frame;
    const auto length = static_cast<uint32_t>(command.length_bytes);
    // In octal DTR a clock moves two bytes. Odd ends are made even by bytes that nobody wants.
    const uint32_t lead = frame.is_octal_dtr() ? command.address % 2 : 0;
    const uint32_t trail = frame.is_octal_dtr() ? (lead + length) % 2 : 0;
    fifo_.write(kCr, kOn | (frame.reads() ? kIndirectRead : kIndirectWrite) << kModeShift);
    if (length > 0) fifo_.write(kDlr, lead + length + trail - 1);
    write_frame(frame);
    if (frame.address_lines() != kNoPhase) fifo_.write(kAr, command.address - lead);
    FLASH_TRY(pad(frame, lead));
    FLASH_TRY(fifo_.move(command));
    FLASH_TRY(pad(frame, trail));
    return fifo_.finish();
  }

  // At most one byte: read and dropped, or one that programs nothing.
  flash::Status pad(NorFrame frame, uint32_t count) {
    uint8_t byte = 0xFF;
    const std::span data(&byte, count);
    return fifo_.move(frame.reads() ? NorCommand::reading(frame, 0, data)
                                    : NorCommand::writing(frame, 0, data));
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
    if (octal && frame.reads()) ccr |= kStrobe;
    const uint32_t opcode = frame.opcode();
    fifo_.write(kTcr, frame.dummy_cycles() | (octal ? kDelayQuarterCycle : kSampleShift));
    fifo_.write(kCcr, ccr);
    fifo_.write(kIr, octal ? opcode << 8 | (~opcode & 0xFF) : opcode);
  }

  Fifo fifo_;
};

}  // namespace drivers
