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
      : config_(config), fifo_(mmio, config_.platform, config_.register_base) {}

  flash::Status open() override {
    fifo_.write(kCr, 0);  // also ends what the last owner left running, a mapped read too
    FLASH_TRY(fifo_.wait_idle());
    fifo_.clear_flags();
    fifo_.write(kDcr1, kMacronix | (kWindowSizeLog2 - 1) << 16 | (config_.cs_high_cycles - 1u) << 8);
    fifo_.write(kDcr2, config_.prescaler);
    fifo_.write(kCr, kOn);
    return {};
  }

  void close() override { fifo_.write(kCr, 0); }

  flash::Status execute(const NorCommand& command) override {
    const flash::Status status = run(command);
    if (!status.ok()) fifo_.abort().ignore();
    return status;
  }

  flash::Status map(const NorCommand& read, uint32_t) override {
    FLASH_TRY(fifo_.wait_idle());
    write_format(read, true, true);
    fifo_.write(kIr, read.opcode);
    fifo_.write(kCr, kOn | kMapped << kModeShift);
    fifo_.mmio().barrier();
    return {};
  }

  flash::Status unmap() override {
    FLASH_TRY(fifo_.abort());
    fifo_.write(kCr, kOn);  // no access to the window may start anything from here on
    return {};
  }

  uint32_t mapped_address() const override { return config_.window_address; }

  flash::Status read_mapped(uint32_t offset, std::span<uint8_t> out) override {
    return read_window(fifo_.mmio(), config_.window_address + offset, out);
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
  using Fifo =
      SerialFifo<M, SerialFifoLayout{.control = kCr, .status = kSr, .flag_clear = kFcr, .data = kDr}>;

  enum : uint32_t {
    kOn = Fifo::kWordThreshold | Fifo::kEnable,
    kModeShift = 28,
    kWindowSizeLog2 = 28,
    // DCR1, MTYP: the bytes of each pair come in Macronix' order in octal DTR, and are put right
    // (RM0456, 28.4.14).
    kMacronix = 1u << 24,
    kStrobe = 1u << 29,            // CCR, DQSE
    kSampleShift = 1u << 30,       // TCR, SSHIFT: only without DTR
    kDelayQuarterCycle = 1u << 28  // TCR, DHQC: only with DTR
  };
  enum Mode : uint32_t { kIndirectWrite = 0, kIndirectRead = 1, kMapped = 3 };

  flash::Status run(const NorCommand& command) {
    FLASH_TRY(fifo_.wait_idle());
    fifo_.clear_flags();
    const bool reads = !command.in.empty();
    const uint32_t length = static_cast<uint32_t>(command.in.size() + command.out.size());
    // In octal DTR a clock moves two bytes. Odd ends are made even by bytes that nobody wants.
    const uint32_t lead = command.dtr ? command.address % 2 : 0;
    const uint32_t trail = command.dtr ? (lead + length) % 2 : 0;
    fifo_.write(kCr, kOn | (reads ? kIndirectRead : kIndirectWrite) << kModeShift);
    if (length > 0) fifo_.write(kDlr, lead + length + trail - 1);
    write_format(command, length > 0, reads);
    fifo_.write(kIr, command.opcode);
    if (command.address_bytes > 0) fifo_.write(kAr, command.address - lead);
    FLASH_TRY(fill(lead, reads));
    FLASH_TRY(fifo_.move(command.out, command.in));
    FLASH_TRY(fill(trail, reads));
    return fifo_.finish();
  }

  // At most one byte: read and dropped, or one that programs nothing.
  flash::Status fill(uint32_t count, bool reads) {
    uint8_t byte = 0xFF;
    const std::span<uint8_t> bytes(&byte, count);
    return reads ? fifo_.move({}, bytes) : fifo_.move(bytes, {});
  }

  // Bits of one phase in CCR.
  static uint32_t phase(uint8_t lines, bool dtr, uint32_t bytes) {
    return lines_code(lines) | (dtr ? 1u << 3 : 0u) | (bytes - 1u) << 4;
  }

  void write_format(const NorCommand& command, bool has_data, bool strobed) {
    const bool dtr = command.dtr;
    uint32_t ccr = phase(command.opcode_lines, dtr, dtr ? 2 : 1);
    if (command.address_bytes > 0) ccr |= phase(command.address_lines, dtr, command.address_bytes) << 8;
    if (command.mode_bytes > 0) ccr |= phase(command.address_lines, dtr, command.mode_bytes) << 16;
    if (has_data) ccr |= phase(command.data_lines, dtr, 1) << 24;
    if (dtr && strobed) ccr |= kStrobe;
    fifo_.write(kTcr, command.dummy_cycles | (dtr ? kDelayQuarterCycle : kSampleShift));
    fifo_.write(kCcr, ccr);
    fifo_.write(kAbr, 0xFFFFFFFF);
  }

  Stm32XspiConfig config_;
  Fifo fifo_;
};

}  // namespace drivers
