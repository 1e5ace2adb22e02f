// A chip with cells, clock and list of violations, for the tests of the models around it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "sim/cells.h"
#include "sim/clock.h"
#include "sim/nor_chip.h"
#include "sim/violations.h"

namespace sim {

inline constexpr Lanes kSingle = {1, false};
inline constexpr Lanes kQuad = {4, false};
inline constexpr Lanes kOctalStr = {8, false};
inline constexpr Lanes kOctalDdr = {8, true};

inline WireCommand spi_command(uint8_t opcode) {
  return {.instruction = opcode,
          .instruction_bytes = 1,
          .instruction_lanes = kSingle,
          .address_lanes = kSingle,
          .alternate_lanes = kSingle,
          .data_lanes = kSingle};
}

inline WireCommand spi_command(uint8_t opcode, uint8_t address_bytes, uint32_t address,
                               uint8_t dummy_cycles = 0) {
  WireCommand wire = spi_command(opcode);
  wire.address_bytes = address_bytes;
  wire.address = address;
  wire.dummy_cycles = dummy_cycles;
  return wire;
}

// Two-byte opcode, eight lines; an octal command of the MX25UM.
inline WireCommand octal_command(uint16_t opcode, Lanes lanes = kOctalDdr) {
  return {.instruction = opcode,
          .instruction_bytes = 2,
          .instruction_lanes = lanes,
          .address_lanes = lanes,
          .alternate_lanes = lanes,
          .data_lanes = lanes};
}

inline WireCommand octal_command(uint16_t opcode, uint32_t address, uint8_t dummy_cycles = 0,
                                 Lanes lanes = kOctalDdr) {
  WireCommand wire = octal_command(opcode, lanes);
  wire.address_bytes = 4;
  wire.address = address;
  wire.dummy_cycles = dummy_cycles;
  return wire;
}

// 1-4-4 read: address and one mode byte on four lines.
inline WireCommand quad_read(uint8_t opcode, uint8_t address_bytes, uint32_t address, uint8_t mode = 0) {
  WireCommand wire = spi_command(opcode, address_bytes, address, 4);
  wire.address_lanes = kQuad;
  wire.alternate_lanes = kQuad;
  wire.alternate_bytes = 1;
  wire.alternate = mode;
  wire.data_lanes = kQuad;
  return wire;
}

struct ChipBench {
  explicit ChipBench(const NorChipPart& part)
      : bytes(part.size_bytes, 0xFF),
        cells(cell_physics_of(part), bytes),
        chip(part, cells, clock, violations) {}

  void command(const WireCommand& wire) {
    chip.select(wire);
    chip.deselect();
  }
  void command(uint8_t opcode) { command(spi_command(opcode)); }

  std::vector<uint8_t> read(WireCommand wire, size_t length) {
    std::vector<uint8_t> out(length);
    wire.data = Direction::kFromChip;
    chip.select(wire);
    chip.read(out);
    chip.deselect();
    return out;
  }

  void write(WireCommand wire, std::span<const uint8_t> data) {
    wire.data = Direction::kToChip;
    chip.select(wire);
    chip.write(data);
    chip.deselect();
  }
  void write(const WireCommand& wire, std::initializer_list<uint8_t> data) {
    write(wire, std::span(data.begin(), data.size()));
  }

  uint8_t status() { return read(spi_command(0x05), 1)[0]; }

  void wait_until_ready() {
    while (chip.is_busy()) clock.wait_ns(1'000'000'000'000);
  }

  // Write enable, the command, and its busy time.
  void change(const WireCommand& wire, std::initializer_list<uint8_t> data = {}) {
    command(0x06);
    if (data.size() > 0) {
      write(wire, data);
    } else {
      command(wire);
    }
    wait_until_ready();
  }

  void enter_octal_dtr() {
    command(0x06);
    write(spi_command(0x72, 4, 0), {0x02});
  }

  // The sentences recorded since the last call.
  std::vector<std::string> take_violations() {
    std::vector<std::string> sentences;
    for (const Violation& violation : violations.list()) sentences.push_back(violation.what);
    violations.clear();
    return sentences;
  }

  std::vector<uint8_t> bytes;
  Cells cells;
  Clock clock;
  Violations violations;
  NorChip chip;
};

}  // namespace sim
