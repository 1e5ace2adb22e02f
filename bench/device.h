// A camera's flash as a filesystem sees it, whoever drives it: the contenders of the benchmark.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "boards/board.h"
#include "sim/cells.h"
#include "sim/clock.h"
#include "sim/violations.h"

namespace bench {

// A contender that fails, or a model that was misused, ends the program.
class Device {
 public:
  virtual ~Device() = default;

  virtual const boards::Board& board() const = 0;

  // pyb.Flash(): simple blocks, a partition table before the storage.
  virtual void read_blocks(uint32_t block, std::span<uint8_t> out) = 0;
  virtual void write_blocks(uint32_t block, std::span<const uint8_t> data) = 0;

  // pyb.Flash(start=0): the extended protocol, in native blocks.
  virtual void read_bytes(uint32_t block, uint32_t offset, std::span<uint8_t> out) = 0;
  virtual void program_bytes(uint32_t block, uint32_t offset, std::span<const uint8_t> data) = 0;
  virtual void erase_block(uint32_t block) = 0;

  // Does a block read back as 0xFF after that? MicroPython's driver of internal flash does nothing.
  virtual bool erases_blocks() const = 0;

  virtual void sync() = 0;

  // Camera time passes; what the driver does in the background happens.
  virtual void pass_ms(uint32_t ms) = 0;

  // What waits to be written is lost, and the driver starts anew.
  virtual void power_cycle() = 0;

  virtual const sim::Cells& cells() const = 0;  // of the whole flash
  virtual const sim::Clock& clock() const = 0;
  virtual const sim::Violations& violations() const = 0;

  // The longest stretch with interrupts masked since the last call.
  virtual uint64_t take_longest_masked_ns() = 0;
};

// `content` is what the storage holds at the start.

// Ours: a whole camera, drivers, registers and all.
std::unique_ptr<Device> make_pybflash_device(const boards::Board& board, std::span<const uint8_t> content);

// MicroPython's own driver, unmodified, on the same models. One in a process: it keeps its state in static
// variables.
std::unique_ptr<Device> make_firmware_device(const boards::Board& board, std::span<const uint8_t> content);

}  // namespace bench
