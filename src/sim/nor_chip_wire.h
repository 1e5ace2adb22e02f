// What passes between a controller and a serial NOR chip while chip select is low.
#pragma once

#include <cstdint>

namespace sim {

// How many lines carry a phase, and whether they carry it on both clock edges.
struct Lanes {
  uint8_t lines = 0;
  bool dtr = false;

  constexpr uint32_t bits_per_cycle() const { return lines * (dtr ? 2u : 1u); }
  friend constexpr bool operator==(const Lanes&, const Lanes&) = default;
};

enum class Direction : uint8_t { kNone, kToChip, kFromChip };

// All phases before the data, as the controller drives them. A phase of zero bytes is absent.
struct WireCommand {
  uint16_t instruction = 0;
  uint8_t instruction_bytes = 0;
  Lanes instruction_lanes;

  uint32_t address = 0;
  uint8_t address_bytes = 0;
  Lanes address_lanes;

  uint32_t alternate = 0;
  uint8_t alternate_bytes = 0;
  Lanes alternate_lanes;

  uint8_t dummy_cycles = 0;

  Direction data = Direction::kNone;
  Lanes data_lanes;
  bool strobed = false;  // the controller samples when the chip's DQS says so, and waits for it
};

constexpr uint32_t cycles_of(uint32_t bytes, Lanes lanes) {
  if (bytes == 0 || lanes.lines == 0) return 0;
  const uint32_t bits = bytes * 8;
  return (bits + lanes.bits_per_cycle() - 1) / lanes.bits_per_cycle();
}

// Clock cycles from the end of the instruction to the first data bit.
constexpr uint32_t cycles_before_data(const WireCommand& command) {
  return cycles_of(command.address_bytes, command.address_lanes) +
         cycles_of(command.alternate_bytes, command.alternate_lanes) + command.dummy_cycles;
}

}  // namespace sim
