// A camera's flash as a filesystem sees it, whoever drives it: the contenders of the benchmark.
// A device that fails ends the program.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "boards/board.h"
#include "sim/violations.h"

namespace bench {

// What a run cost.
struct Cost {
  uint64_t device_ns = 0;  // the flash and its bus were at work
  uint64_t erases = 0;
  uint64_t worst_sector_erases = 0;
  uint64_t bytes_programmed = 0;
  uint64_t masked_us_max = 0;  // the longest stretch with interrupts masked
  uint64_t longest_write_us =
      0;  // of a call that writes a block, or syncs; known of the translation layer only
};

class Device {
 public:
  virtual ~Device() = default;

  virtual const boards::Board& board() const = 0;
  virtual uint32_t size_bytes() const { return board().storage().size_bytes; }
  uint32_t native_block_bytes() const { return board().native_block_bytes; }

  // The simple protocol, in bytes: multiples of 512.
  virtual void read(uint32_t offset, std::span<uint8_t> out) = 0;
  virtual void write(uint32_t offset, std::span<const uint8_t> data) = 0;

  // The extended protocol.
  virtual void read_raw(uint32_t offset, std::span<uint8_t> out) = 0;
  virtual void program(uint32_t offset, std::span<const uint8_t> data) = 0;
  virtual void erase_block(uint32_t offset) = 0;
  // Does it? The firmware's ioctl(6) does nothing on the flash inside an MCU.
  virtual bool erases_blocks() const { return true; }

  virtual void sync() = 0;

  // Camera time passes; what the driver does in the background happens.
  virtual void pass_ms(uint32_t ms) = 0;
  virtual uint64_t now_ms() const = 0;

  // What waits to be written is lost.
  virtual void power_cycle() = 0;

  // Since the device was made; of its life, where it is the most of something.
  virtual Cost cost() const = 0;
  virtual std::span<const uint32_t> wear() const = 0;  // erases of each sector
  virtual const sim::Violations& violations() const = 0;

  // What the storage's cells hold; of the translation layer, what its blocks held at the last power cycle.
  virtual std::span<const uint8_t> cells() const = 0;
};

// Ours: a whole camera, drivers, registers and all.
std::unique_ptr<Device> make_our_device(const boards::Board& board, std::span<const uint8_t> content);

// The translation layer over our stack, formatted: blocks without an extended form.
std::unique_ptr<Device> make_ftl_device(const boards::Board& board, std::span<const uint8_t> content);

// Can MicroPython's driver set the board's chip up? Its spiflash.c looks for the quad enable bit where
// Winbond has it (35h); Macronix's QUADSPI chips have no such register.
bool has_firmware(const boards::Board& board);

// MicroPython's own driver, unmodified, on the same models. One in a process: it keeps its state in static
// variables.
std::unique_ptr<Device> make_firmware_device(const boards::Board& board, std::span<const uint8_t> content);

}  // namespace bench
