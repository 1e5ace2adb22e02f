// How the commands of a serial NOR chip reach it: what QUADSPI, XSPI and a plain SPI have in common.
#pragma once

#include <cstdint>
#include <span>

#include "flash/status.h"

namespace drivers {

// Everything between the fall and the rise of chip select. A phase of zero bytes is absent; at most one
// of `in` and `out` is not empty.
struct NorCommand {
  uint16_t opcode = 0;       // of two bytes, first the high one, in octal DTR
  uint8_t opcode_lines = 1;  // 1, or 8 in octal DTR
  uint8_t address_bytes = 0;
  uint8_t address_lines = 1;
  uint8_t mode_bytes = 0;  // after the address, on its lines: all ones, so that no chip reads on by itself
  uint8_t dummy_cycles = 0;
  uint8_t data_lines = 1;
  // All phases at both edges. The chip moves pairs of bytes: where address or length is odd, the bus reads
  // more and drops it, or sends 0xFF, which programs nothing.
  bool dtr = false;
  uint32_t address = 0;
  std::span<uint8_t> in = {};
  std::span<const uint8_t> out = {};
};

// One chip on one bus; one owner at a time. Every call blocks, and every wait is bounded.
//
// If a bus has to keep interrupts out, it does so inside execute(): for one command, never while the
// chip is busy with what the command began.
class NorBus {
 public:
  NorBus() = default;
  NorBus(const NorBus&) = delete;
  NorBus& operator=(const NorBus&) = delete;

  // Switches the controller on, whatever state it was left in. Clocks and pins are the board's.
  // After an error it is off.
  //   kTimedOut   the controller does not come to rest
  virtual flash::Status open() = 0;
  virtual void close() = 0;

  // Not while mapped.
  //   kTimedOut      the controller stays busy; it was told to stop
  //   kIo            the controller reports a transfer error
  //   kNotSupported  this bus cannot clock such a command
  virtual flash::Status execute(const NorCommand& command) = 0;

  // From map() to unmap() the chip is memory at mapped_address(), read by the given command (of which
  // address and data are ignored). `size_bytes` is the chip's, a power of two.
  //   kNotSupported  this bus has no such mode
  //   kTimedOut
  virtual flash::Status map(const NorCommand& read, uint32_t size_bytes) = 0;
  virtual flash::Status unmap() = 0;
  virtual uint32_t mapped_address() const = 0;
  //   kIo   the bus answered with an error
  virtual flash::Status read_mapped(uint32_t offset, std::span<uint8_t> out) = 0;

 protected:
  ~NorBus() = default;
};

}  // namespace drivers
