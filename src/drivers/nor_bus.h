// How the commands of a serial NOR chip reach it: what QUADSPI, XSPI and a plain SPI have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "flash/status.h"

namespace drivers {

// On how many lines a phase of a command goes, as controllers code it.
inline constexpr uint32_t kNoPhase = 0, kOneLine = 1, kFourLines = 3;

// The phases of a command in one word: QUADSPI takes it as it is (CCR; RM0399, 24.5.6). Composed by adding to
// an opcode on one line; what is there already stays.
//
//   NorFrame(0xEB).with_address(3, kFourLines).with_mode(1).with_dummies(4).with_read(kFourLines)
class NorFrame {
 public:
  constexpr NorFrame() = default;
  constexpr explicit NorFrame(uint8_t opcode) : word_(kOneLine << 8 | opcode) {}

  constexpr NorFrame with_opcode(uint8_t opcode) const { return plus(opcode); }
  constexpr NorFrame with_address(uint32_t bytes, uint32_t lines = kOneLine) const {
    return plus(lines << 10 | (bytes - 1) << 12);
  }
  // After the address, on four lines: all ones, so that no chip reads on by itself.
  constexpr NorFrame with_mode(uint32_t bytes) const { return plus(kFourLines << 14 | (bytes - 1) << 16); }
  // At most 31.
  constexpr NorFrame with_dummies(uint32_t cycles) const { return plus((cycles & 0x1F) << 18); }
  // To the chip, or from it.
  constexpr NorFrame with_data(uint32_t lines = kOneLine) const { return plus(lines << 24); }
  constexpr NorFrame with_read(uint32_t lines = kOneLine) const { return plus(lines << 24 | kReads); }
  // All phases on eight lines at both edges, the opcode followed by its inverse. The chip moves pairs of
  // bytes: where address or length is odd, the bus reads more and drops it, or sends 0xFF, which programs
  // nothing.
  constexpr NorFrame in_octal_dtr() const { return plus(kOctalDtr); }

  constexpr uint8_t opcode() const { return static_cast<uint8_t>(word_); }
  constexpr uint32_t opcode_lines() const { return word_ >> 8 & 3; }
  constexpr uint32_t address_lines() const { return word_ >> 10 & 3; }
  constexpr uint32_t address_bytes() const { return address_lines() != 0 ? (word_ >> 12 & 3) + 1 : 0; }
  constexpr uint32_t mode_lines() const { return word_ >> 14 & 3; }
  constexpr uint32_t mode_bytes() const { return mode_lines() != 0 ? (word_ >> 16 & 3) + 1 : 0; }
  constexpr uint32_t dummy_cycles() const { return word_ >> 18 & 0x1F; }
  constexpr uint32_t data_lines() const { return word_ >> 24 & 3; }
  constexpr bool reads() const { return (word_ & kReads) != 0; }
  constexpr bool is_octal_dtr() const { return (word_ & kOctalDtr) != 0; }
  constexpr uint32_t word() const { return word_; }

  friend constexpr bool operator==(NorFrame, NorFrame) = default;

 private:
  static constexpr uint32_t kReads = 1u << 26;
  static constexpr uint32_t kOctalDtr = 1u << 31;

  constexpr NorFrame plus(uint32_t bits) const {
    NorFrame sum = *this;
    sum.word_ |= bits;
    return sum;
  }

  uint32_t word_ = 0;
};

// Everything between the fall and the rise of chip select.
struct NorCommand {
  NorFrame frame;
  uint32_t address = 0;
  union {
    const uint8_t* from = nullptr;
    uint8_t* into;  // where the frame reads
  };
  size_t length_bytes = 0;

  explicit NorCommand(NorFrame phases, uint32_t at = 0) : frame(phases), address(at) {}

  static NorCommand writing(NorFrame phases, uint32_t at, std::span<const uint8_t> data) {
    NorCommand command(phases, at);
    command.from = data.data();
    command.length_bytes = data.size();
    return command;
  }
  static NorCommand reading(NorFrame phases, uint32_t at, std::span<uint8_t> data) {
    NorCommand command(phases, at);
    command.into = data.data();
    command.length_bytes = data.size();
    return command;
  }

  std::span<const uint8_t> out() const {
    return frame.reads() ? std::span<const uint8_t>() : std::span(from, length_bytes);
  }
  std::span<uint8_t> in() const {
    return frame.reads() ? std::span(into, length_bytes) : std::span<uint8_t>();
  }
};

// One chip on one bus; one owner at a time. Every call blocks, and every wait is bounded.
//
// If a bus has to keep interrupts out, it does so inside execute(): for one command, never while the
// chip is busy with what the command began.
class NorBus {
 public:
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

  // From map() to unmap() the chip is memory at mapped_address(), read by the given command. `size_bytes` is
  // the chip's, a power of two.
  //   kNotSupported  this bus has no such mode
  //   kTimedOut
  virtual flash::Status map(NorFrame read, uint32_t size_bytes) = 0;
  virtual flash::Status unmap() = 0;
  uint32_t mapped_address() const { return mapped_address_; }
  // The same as execute() of that command, from memory.
  //   kIo   the bus answered with an error
  virtual flash::Status read_mapped(const NorCommand& read) = 0;

 protected:
  explicit NorBus(uint32_t mapped_address) : mapped_address_(mapped_address) {}
  ~NorBus() = default;

 private:
  const uint32_t mapped_address_;
};

}  // namespace drivers
