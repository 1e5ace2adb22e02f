// The serial NOR chips of the cameras, as data: commands, registers, times, SFDP bytes.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "sim/cells.h"
#include "sim/nor_chip_wire.h"

namespace sim {

// `argument` of the octal array reads, which exist in one protocol only.
inline constexpr uint32_t kStrOnly = 1;
inline constexpr uint32_t kDtrOnly = 2;

enum class ChipAction : uint8_t {
  kRead,
  kProgram,
  kErase,  // `argument`: bytes
  kEraseChip,
  kWriteEnable,
  kWriteEnableVolatile,  // 50h: the next status write does not outlive a reset
  kWriteDisable,
  kReadStatus,   // `argument`: register index
  kWriteStatus,  // `argument`: register index; a second byte goes to the register after it
  kReadId,
  kReadSfdp,
  kEnterFourByteMode,
  kExitFourByteMode,
  kReadExtendedAddress,
  kWriteExtendedAddress,
  kReadSecurity,  // Macronix: fail bits of the last program and erase
  kReadConfig2,
  kWriteConfig2,
  kSleep,
  kWake,
  kEnableReset,
  kReset,
  kSuspend,
  kResume,
  kNothing,
};

enum class AddressWidth : uint8_t { kNone, kByMode, kThree, kFour };

struct ChipCommand {
  uint8_t opcode;
  ChipAction action;
  AddressWidth address = AddressWidth::kNone;
  uint8_t address_lines = 1;
  uint8_t data_lines = 1;
  uint8_t mode_bytes = 0;  // after the address, on the same lines
  uint8_t dummy_cycles = 0;
  uint32_t argument = 0;

  constexpr bool needs_quad() const { return address_lines == 4 || data_lines == 4; }
};

constexpr Direction direction_of(ChipAction action) {
  switch (action) {
    case ChipAction::kRead:
    case ChipAction::kReadStatus:
    case ChipAction::kReadId:
    case ChipAction::kReadSfdp:
    case ChipAction::kReadExtendedAddress:
    case ChipAction::kReadConfig2:
    case ChipAction::kReadSecurity:
      return Direction::kFromChip;
    case ChipAction::kProgram:
    case ChipAction::kWriteStatus:
    case ChipAction::kWriteExtendedAddress:
    case ChipAction::kWriteConfig2:
      return Direction::kToChip;
    default:
      return Direction::kNone;
  }
}

struct ChipTime {
  uint64_t typical_ns;
  uint64_t maximum_ns;
};

struct ChipEraseTime {
  uint32_t size_bytes;
  ChipTime time;
};

// Where the block-protect bits of status register 1 are and what they protect: n (1, 2, 3 ...) protects
// `unit_bytes` << (n - 1) at the top of the chip, or at the bottom if the top/bottom bit is set.
struct ChipProtection {
  uint8_t mask;          // of the BP bits
  uint8_t bottom_index;  // register with the top/bottom bit
  uint8_t bottom_mask;
  uint32_t unit_bytes;
};

// A bit of a status register; mask 0 = the chip has none.
struct StatusBit {
  uint8_t index = 0;
  uint8_t mask = 0;
};

struct NorChipPart {
  std::string_view name;
  std::array<uint8_t, 3> jedec_id;
  uint32_t size_bytes;

  std::span<const ChipCommand> commands;        // one-byte opcodes, first phase on one line
  std::span<const ChipCommand> octal_commands;  // two-byte opcodes (second = complement) on eight lines
  std::span<const uint8_t> sfdp;                // empty = command 5Ah is answered with 0xFF

  std::array<uint8_t, 3> status_default;  // as the chip leaves the factory
  std::array<uint8_t, 3> status_writable;
  StatusBit quad_enable;
  StatusBit four_byte_mode;      // shows the present mode (Winbond: ADS)
  StatusBit four_byte_power_up;  // chooses the mode after power-up and reset (Winbond: ADP)
  StatusBit suspended;
  ChipProtection protection;

  // The mode bits after the address of a 1-4-4 read that would make the next command start without an
  // instruction (continuous read, performance enhance).
  bool (*keeps_reading)(uint8_t mode);

  uint64_t program_first_byte_ns;
  uint64_t program_next_byte_ns;
  ChipTime program_page;
  std::span<const ChipEraseTime> erase_times;
  ChipTime erase_chip;
  ChipTime write_status;
  uint64_t reset_ns;    // after 99h (tRST)
  uint64_t wake_ns;     // after ABh (tRES1)
  uint64_t suspend_ns;  // after the suspend command (tSUS)
};

const NorChipPart& w25q256jv();
const NorChipPart& mx25um25645g();
const NorChipPart& at25sf128a();
const NorChipPart& mx25l12833f();

// The cells that belong to a part: 4 KiB sectors, bytes programmable one by one, no ECC.
CellPhysics cell_physics_of(const NorChipPart& part);

}  // namespace sim
