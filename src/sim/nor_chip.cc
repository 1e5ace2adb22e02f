#include "sim/nor_chip.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

namespace sim {
namespace {

constexpr uint8_t kResetEnable = 0x66;

uint8_t opcode_of(const WireCommand& wire) {
  return static_cast<uint8_t>(wire.instruction_bytes == 2 ? wire.instruction >> 8 : wire.instruction);
}

// What a driver may send to a chip whose state it does not know: it finds out, or brings the chip back.
bool is_probe(uint8_t opcode) {
  constexpr uint8_t kProbes[] = {0x05, kResetEnable, 0x99, 0x9F, 0xAB};
  return std::ranges::find(kProbes, opcode) != std::end(kProbes);
}

// The byte of a register comes again and again while it is clocked: it can be taken later, too.
bool repeats_itself(ChipAction action) {
  return action == ChipAction::kReadStatus || action == ChipAction::kReadConfig2 ||
         action == ChipAction::kReadSecurity;
}

}  // namespace

NorChip::NorChip(const NorChipPart& part, Cells& cells, Clock& clock, Violations& violations)
    : part_(part),
      cells_(cells),
      clock_(clock),
      violations_(violations),
      stored_status_(part.status_default),
      status_(part.status_default) {
  for (const ChipCommand& command : part.commands) spi_commands_[command.opcode] = &command;
  for (const ChipCommand& command : part.octal_commands) octal_commands_[command.opcode] = &command;
  four_byte_mode_ = is_set(part_.four_byte_power_up);
}

NorChip::~NorChip() {
  clock_.set_deadline(this, 0);
}

void NorChip::select(const WireCommand& wire) {
  settle();
  now_ = {};
  now_.follows_reset_enable = std::exchange(reset_enabled_, false);
  now_.follows_missed_reset_enable = std::exchange(reset_enable_missed_, false);
  if (options_.missing) return;
  now_.command = recognise(wire);
  reset_enable_missed_ = now_.command == nullptr && opcode_of(wire) == kResetEnable;
  if (now_.command != nullptr) take_header(wire);
}

void NorChip::deselect() {
  settle();
  const bool heard_all = now_.command != nullptr && now_.missing_address_bytes == 0 && !now_.has_surplus;
  if (heard_all) perform();
  now_ = {};
}

void NorChip::deselect_within_byte() {
  if (now_.command != nullptr) violate(now_.command->opcode, "chip select rose inside a byte");
  now_ = {};
}

ChipFraming NorChip::framing(uint8_t instruction) const {
  const ChipCommand* command = spi_commands_[instruction];
  if (command == nullptr || protocol_ != ChipProtocol::kSpi) return {};
  const WireCommand header = expected_header(*command);
  return {header.address_bytes, header.alternate_bytes, header.dummy_cycles, header.data};
}

const ChipCommand* NorChip::recognise(const WireCommand& wire) {
  const uint8_t opcode = opcode_of(wire);
  if (!hears(wire)) {
    if (!is_probe(opcode)) violate(opcode, "sent in a protocol that the chip is not in");
    return nullptr;
  }
  const ChipCommand* command = find(wire);
  if (command == nullptr) {
    violate(opcode, "the chip has no such instruction");
    return nullptr;
  }
  const char* reason = reason_to_ignore(*command);
  if (reason == nullptr) return command;
  if (!is_probe(opcode)) violate(opcode, reason);
  return nullptr;
}

bool NorChip::hears(const WireCommand& wire) const {
  switch (protocol_) {
    case ChipProtocol::kSpi:
      return wire.instruction_bytes == 1 && wire.instruction_lanes == Lanes{1, false};
    case ChipProtocol::kOctal:
      return wire.instruction_bytes == 2 && wire.instruction_lanes == Lanes{8, false};
    case ChipProtocol::kOctalDtr:
      return wire.instruction_bytes == 2 && wire.instruction_lanes == Lanes{8, true};
  }
  return false;
}

const ChipCommand* NorChip::find(const WireCommand& wire) const {
  if (protocol_ == ChipProtocol::kSpi) return spi_commands_[opcode_of(wire)];
  const uint8_t opcode = opcode_of(wire);
  if ((wire.instruction & 0xFF) != (~opcode & 0xFF)) return nullptr;
  const ChipCommand* command = octal_commands_[opcode];
  if (command == nullptr || command->action != ChipAction::kRead) return command;
  return command->argument == (is_dtr() ? kDtrOnly : kStrOnly) ? command : nullptr;
}

const char* NorChip::reason_to_ignore(const ChipCommand& command) const {
  using enum ChipAction;
  const ChipAction action = command.action;
  if (asleep_ && action != kWake) return "the chip is in deep power-down";
  if (clock_.now_ns() < deaf_until_ns_) return "the chip is still waking up or resetting";
  const bool works_while_busy =
      action == kReadStatus || action == kEnableReset || action == kReset || action == kSuspend;
  if (busy_ && !works_while_busy) return "the chip is busy";
  const bool changes_cells =
      action == kProgram || action == kErase || action == kEraseChip || action == kWriteStatus;
  if (suspended_ && changes_cells) return "an operation is suspended";
  const bool has_quad_enable = part_.quad_enable.mask != 0;
  if (command.needs_quad() && has_quad_enable && !is_set(part_.quad_enable)) return "quad enable is off";
  return nullptr;
}

WireCommand NorChip::expected_header(const ChipCommand& command) const {
  const auto lanes = [this](uint8_t lines) {
    return protocol_ == ChipProtocol::kSpi ? Lanes{lines, false} : Lanes{8, is_dtr()};
  };
  WireCommand header;
  switch (command.address) {
    case AddressWidth::kNone:
      header.address_bytes = 0;
      break;
    case AddressWidth::kThree:
      header.address_bytes = 3;
      break;
    case AddressWidth::kFour:
      header.address_bytes = 4;
      break;
    case AddressWidth::kByMode:
      header.address_bytes = four_byte_mode_ ? 4 : 3;
      break;
  }
  header.address_lanes = lanes(command.address_lines);
  header.alternate_bytes = command.mode_bytes;
  header.alternate_lanes = header.address_lanes;
  header.dummy_cycles = command.dummy_cycles;
  // CR2[300h] shortens the array reads of the octal protocols: 20, 18, ... 6 cycles.
  const bool is_octal_read = protocol_ != ChipProtocol::kSpi && command.action == ChipAction::kRead;
  if (is_octal_read) header.dummy_cycles = static_cast<uint8_t>(command.dummy_cycles - 2 * dummy_code_);
  header.data = direction_of(command.action);
  header.data_lanes = lanes(command.data_lines);
  return header;
}

void NorChip::take_header(const WireCommand& wire) {
  const ChipCommand& command = *now_.command;
  const WireCommand expected = expected_header(command);
  const bool wrong_lanes = (expected.address_bytes > 0 && wire.address_bytes > 0 &&
                            wire.address_lanes != expected.address_lanes) ||
                           (wire.data != Direction::kNone && expected.data != Direction::kNone &&
                            wire.data_lanes != expected.data_lanes);
  const bool wrong_direction = wire.data != Direction::kNone && wire.data != expected.data;
  if (wrong_lanes || (wrong_direction && expected.data != Direction::kNone)) {
    violate(command.opcode, "address or data on other lines, or in another direction, than the chip's");
    now_.command = nullptr;
    return;
  }
  now_.has_surplus = wrong_direction;
  const uint32_t cycles = cycles_before_data(wire);
  const uint32_t expected_cycles = cycles_before_data(expected);
  const bool waits_for_strobe = wire.strobed && is_dtr() && expected.data == Direction::kFromChip;
  const bool timely = cycles == expected_cycles ||
                      (waits_for_strobe && (cycles < expected_cycles || repeats_itself(command.action)));
  const bool fits = wire.address_bytes == expected.address_bytes && timely && !now_.has_surplus;
  if (fits) {
    now_.address = array_address(command, wire.address);
  } else {
    violate(command.opcode, "framed with another number of address bytes, dummy cycles or data bytes");
    take_skewed_header(wire, expected);
  }
  check_header(wire);
}

// The chip counts clocks, not what the controller meant by them: what lacks of the address is taken
// from the phases after it, and what is too much runs into the data.
void NorChip::take_skewed_header(const WireCommand& wire, const WireCommand& expected) {
  std::array<uint8_t, 8> sent;
  sent.fill(0xFF);  // nobody drives the lines in dummy cycles
  uint32_t sent_bytes = 0;
  for (uint32_t i = wire.address_bytes; i-- > 0;)
    sent[sent_bytes++] = static_cast<uint8_t>(wire.address >> (8 * i));
  for (uint32_t i = wire.alternate_bytes; i-- > 0;) {
    sent[sent_bytes++] = static_cast<uint8_t>(wire.alternate >> (8 * i));
  }
  const uint32_t dummy_bytes = wire.dummy_cycles * expected.address_lanes.bits_per_cycle() / 8;
  const bool floats_on = expected.data == Direction::kFromChip && wire.data == Direction::kFromChip;
  const uint32_t available = floats_on ? expected.address_bytes : sent_bytes + dummy_bytes;
  const uint32_t taken = std::min<uint32_t>(expected.address_bytes, available);
  uint32_t address = 0;
  for (uint32_t i = 0; i < taken; ++i) address = address << 8 | sent[i];
  now_.address = address;
  now_.missing_address_bytes = expected.address_bytes - taken;
  if (now_.missing_address_bytes == 0) now_.address = array_address(*now_.command, address);

  const int32_t surplus_cycles =
      static_cast<int32_t>(cycles_before_data(wire)) - static_cast<int32_t>(cycles_before_data(expected));
  now_.skipped_bits = surplus_cycles * static_cast<int32_t>(expected.data_lanes.bits_per_cycle());
  if (expected.data == Direction::kNone && surplus_cycles > 0) now_.has_surplus = true;
  if (expected.data != Direction::kToChip) return;
  for (uint32_t i = taken; i < sent_bytes; ++i) take_byte(sent[i]);
}

void NorChip::check_header(const WireCommand& wire) {
  const ChipCommand& command = *now_.command;
  if (command.mode_bytes > 0 && wire.alternate_bytes > 0) {
    const auto mode = static_cast<uint8_t>(wire.alternate >> (8 * (wire.alternate_bytes - 1)));
    if (part_.keeps_reading(mode))
      violate(command.opcode, "mode bits ask for continuous read, which this model lacks");
  }
  const bool moves_pairs = command.action == ChipAction::kRead || command.action == ChipAction::kProgram;
  if (is_dtr() && moves_pairs && now_.address % 2 != 0) {
    violate(command.opcode, "odd address on eight lines at both edges");
    now_.address &= ~1u;
  }
}

uint32_t NorChip::array_address(const ChipCommand& command, uint32_t sent) const {
  const bool extended = command.address == AddressWidth::kByMode && !four_byte_mode_;
  return extended ? static_cast<uint32_t>(extended_address_) << 24 | sent : sent;
}

void NorChip::violate(std::string_view what) {
  violations_.add(clock_.now_ns(), std::string(part_.name), std::string(what));
}

void NorChip::violate(uint8_t opcode, std::string_view what) {
  char hex[8];
  std::snprintf(hex, sizeof hex, "%02Xh: ", opcode);
  violate(std::string(hex).append(what));
}

}  // namespace sim
