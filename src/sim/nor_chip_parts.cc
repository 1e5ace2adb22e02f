#include "sim/nor_chip_parts.h"

#include "sim/nor_chip_parts_sfdp.h"

namespace sim {
namespace {

using enum ChipAction;
using enum AddressWidth;

constexpr uint32_t kKiB = 1024;
constexpr uint32_t kMiB = 1024 * kKiB;
constexpr uint64_t kUs = 1000;
constexpr uint64_t kMs = 1000 * kUs;
constexpr uint64_t kS = 1000 * kMs;

// Winbond's mode bits M5-4 = 10 keep the chip in continuous read (W25Q256JV data sheet, 1-4-4 read).
constexpr bool winbond_keeps_reading(uint8_t mode) {
  return (mode & 0x30) == 0x20;
}

// Macronix enhances when every bit of the first nibble differs from its partner in the second.
constexpr bool macronix_keeps_reading(uint8_t mode) {
  return ((mode >> 4) ^ (mode & 0x0F)) == 0x0F;
}

constexpr bool never_keeps_reading(uint8_t) {
  return false;
}

constexpr ChipCommand kW25q256jvCommands[] = {
    {.opcode = 0x06, .action = kWriteEnable},
    {.opcode = 0x50, .action = kWriteEnableVolatile},
    {.opcode = 0x04, .action = kWriteDisable},
    {.opcode = 0x05, .action = kReadStatus, .argument = 0},
    {.opcode = 0x35, .action = kReadStatus, .argument = 1},
    {.opcode = 0x15, .action = kReadStatus, .argument = 2},
    {.opcode = 0x01, .action = kWriteStatus, .argument = 0},
    {.opcode = 0x31, .action = kWriteStatus, .argument = 1},
    {.opcode = 0x11, .action = kWriteStatus, .argument = 2},
    {.opcode = 0x9F, .action = kReadId},
    {.opcode = 0x5A, .action = kReadSfdp, .address = kThree, .dummy_cycles = 8},
    {.opcode = 0xB7, .action = kEnterFourByteMode},
    {.opcode = 0xE9, .action = kExitFourByteMode},
    {.opcode = 0xC8, .action = kReadExtendedAddress},
    {.opcode = 0xC5, .action = kWriteExtendedAddress},
    {.opcode = 0xB9, .action = kSleep},
    {.opcode = 0xAB, .action = kWake},
    {.opcode = 0x66, .action = kEnableReset},
    {.opcode = 0x99, .action = kReset},
    {.opcode = 0x75, .action = kSuspend},
    {.opcode = 0x7A, .action = kResume},
    {.opcode = 0xFF, .action = kNothing},

    {.opcode = 0x03, .action = kRead, .address = kByMode},
    {.opcode = 0x0B, .action = kRead, .address = kByMode, .dummy_cycles = 8},
    {.opcode = 0x3B, .action = kRead, .address = kByMode, .data_lines = 2, .dummy_cycles = 8},
    {.opcode = 0x6B, .action = kRead, .address = kByMode, .data_lines = 4, .dummy_cycles = 8},
    {.opcode = 0xBB,
     .action = kRead,
     .address = kByMode,
     .address_lines = 2,
     .data_lines = 2,
     .mode_bytes = 1},
    {.opcode = 0xEB,
     .action = kRead,
     .address = kByMode,
     .address_lines = 4,
     .data_lines = 4,
     .mode_bytes = 1,
     .dummy_cycles = 4},
    {.opcode = 0x13, .action = kRead, .address = kFour},
    {.opcode = 0x0C, .action = kRead, .address = kFour, .dummy_cycles = 8},
    {.opcode = 0x3C, .action = kRead, .address = kFour, .data_lines = 2, .dummy_cycles = 8},
    {.opcode = 0x6C, .action = kRead, .address = kFour, .data_lines = 4, .dummy_cycles = 8},
    {.opcode = 0xBC, .action = kRead, .address = kFour, .address_lines = 2, .data_lines = 2, .mode_bytes = 1},
    {.opcode = 0xEC,
     .action = kRead,
     .address = kFour,
     .address_lines = 4,
     .data_lines = 4,
     .mode_bytes = 1,
     .dummy_cycles = 4},

    {.opcode = 0x02, .action = kProgram, .address = kByMode},
    {.opcode = 0x32, .action = kProgram, .address = kByMode, .data_lines = 4},
    {.opcode = 0x12, .action = kProgram, .address = kFour},
    {.opcode = 0x34, .action = kProgram, .address = kFour, .data_lines = 4},

    {.opcode = 0x20, .action = kErase, .address = kByMode, .argument = 4 * kKiB},
    {.opcode = 0x52, .action = kErase, .address = kByMode, .argument = 32 * kKiB},
    {.opcode = 0xD8, .action = kErase, .address = kByMode, .argument = 64 * kKiB},
    {.opcode = 0x21, .action = kErase, .address = kFour, .argument = 4 * kKiB},
    {.opcode = 0xDC, .action = kErase, .address = kFour, .argument = 64 * kKiB},
    {.opcode = 0xC7, .action = kEraseChip},
    {.opcode = 0x60, .action = kEraseChip},
};

constexpr ChipEraseTime kW25q256jvEraseTimes[] = {
    {4 * kKiB, {50 * kMs, 400 * kMs}},
    {32 * kKiB, {120 * kMs, 1600 * kMs}},
    {64 * kKiB, {150 * kMs, 2000 * kMs}},
};

constexpr ChipCommand kMx25um25645gCommands[] = {
    {.opcode = 0x06, .action = kWriteEnable},
    {.opcode = 0x04, .action = kWriteDisable},
    {.opcode = 0x05, .action = kReadStatus, .argument = 0},
    {.opcode = 0x15, .action = kReadStatus, .argument = 1},
    {.opcode = 0x01, .action = kWriteStatus, .argument = 0},
    {.opcode = 0x2B, .action = kReadSecurity},
    {.opcode = 0x9F, .action = kReadId},
    {.opcode = 0x5A, .action = kReadSfdp, .address = kThree, .dummy_cycles = 8},
    {.opcode = 0x71, .action = kReadConfig2, .address = kFour},
    {.opcode = 0x72, .action = kWriteConfig2, .address = kFour},
    {.opcode = 0xB9, .action = kSleep},
    {.opcode = 0xAB, .action = kWake},
    {.opcode = 0x66, .action = kEnableReset},
    {.opcode = 0x99, .action = kReset},
    {.opcode = 0xB0, .action = kSuspend},
    {.opcode = 0x30, .action = kResume},

    {.opcode = 0x03, .action = kRead, .address = kThree},
    {.opcode = 0x0B, .action = kRead, .address = kThree, .dummy_cycles = 8},
    {.opcode = 0x13, .action = kRead, .address = kFour},
    {.opcode = 0x0C, .action = kRead, .address = kFour, .dummy_cycles = 8},
    {.opcode = 0x02, .action = kProgram, .address = kThree},
    {.opcode = 0x12, .action = kProgram, .address = kFour},
    {.opcode = 0x20, .action = kErase, .address = kThree, .argument = 4 * kKiB},
    {.opcode = 0xD8, .action = kErase, .address = kThree, .argument = 64 * kKiB},
    {.opcode = 0x21, .action = kErase, .address = kFour, .argument = 4 * kKiB},
    {.opcode = 0xDC, .action = kErase, .address = kFour, .argument = 64 * kKiB},
    {.opcode = 0xC7, .action = kEraseChip},
    {.opcode = 0x60, .action = kEraseChip},
};

// On eight lines every address has four bytes, registers too. Dummy cycles of array and SFDP reads are
// those of CR2[300h] = 0.
constexpr ChipCommand kMx25um25645gOctalCommands[] = {
    {.opcode = 0x06, .action = kWriteEnable},
    {.opcode = 0x04, .action = kWriteDisable},
    {.opcode = 0x05, .action = kReadStatus, .address = kFour, .dummy_cycles = 4, .argument = 0},
    {.opcode = 0x15, .action = kReadStatus, .address = kFour, .dummy_cycles = 4, .argument = 1},
    {.opcode = 0x01, .action = kWriteStatus, .address = kFour, .argument = 0},
    {.opcode = 0x2B, .action = kReadSecurity, .address = kFour, .dummy_cycles = 4},
    {.opcode = 0x9F, .action = kReadId, .address = kFour, .dummy_cycles = 4},
    {.opcode = 0x5A, .action = kReadSfdp, .address = kFour, .dummy_cycles = 20},
    {.opcode = 0x71, .action = kReadConfig2, .address = kFour, .dummy_cycles = 4},
    {.opcode = 0x72, .action = kWriteConfig2, .address = kFour},
    {.opcode = 0xB9, .action = kSleep},
    {.opcode = 0xAB, .action = kWake},
    {.opcode = 0x66, .action = kEnableReset},
    {.opcode = 0x99, .action = kReset},
    {.opcode = 0xB0, .action = kSuspend},
    {.opcode = 0x30, .action = kResume},
    {.opcode = 0xEC, .action = kRead, .address = kFour, .dummy_cycles = 20, .argument = kStrOnly},
    {.opcode = 0xEE, .action = kRead, .address = kFour, .dummy_cycles = 20, .argument = kDtrOnly},
    {.opcode = 0x12, .action = kProgram, .address = kFour},
    {.opcode = 0x21, .action = kErase, .address = kFour, .argument = 4 * kKiB},
    {.opcode = 0xDC, .action = kErase, .address = kFour, .argument = 64 * kKiB},
    {.opcode = 0xC7, .action = kEraseChip},
    {.opcode = 0x60, .action = kEraseChip},
};

// The part's own SFDP: 64 KiB typically 256 ms, rounded up from the 220 ms that its sisters print.
constexpr ChipEraseTime kMx25um25645gEraseTimes[] = {
    {4 * kKiB, {25 * kMs, 400 * kMs}},
    {64 * kKiB, {256 * kMs, 4096 * kMs}},
};

constexpr ChipCommand kAt25sf128aCommands[] = {
    {.opcode = 0x06, .action = kWriteEnable},
    {.opcode = 0x50, .action = kWriteEnableVolatile},
    {.opcode = 0x04, .action = kWriteDisable},
    {.opcode = 0x05, .action = kReadStatus, .argument = 0},
    {.opcode = 0x35, .action = kReadStatus, .argument = 1},
    {.opcode = 0x15, .action = kReadStatus, .argument = 2},
    {.opcode = 0x01, .action = kWriteStatus, .argument = 0},
    {.opcode = 0x31, .action = kWriteStatus, .argument = 1},
    {.opcode = 0x11, .action = kWriteStatus, .argument = 2},
    {.opcode = 0x9F, .action = kReadId},
    {.opcode = 0x5A, .action = kReadSfdp, .address = kThree, .dummy_cycles = 8},
    {.opcode = 0xB9, .action = kSleep},
    {.opcode = 0xAB, .action = kWake},
    {.opcode = 0x66, .action = kEnableReset},
    {.opcode = 0x99, .action = kReset},
    {.opcode = 0x75, .action = kSuspend},
    {.opcode = 0x7A, .action = kResume},
    {.opcode = 0xFF, .action = kNothing},

    {.opcode = 0x03, .action = kRead, .address = kThree},
    {.opcode = 0x0B, .action = kRead, .address = kThree, .dummy_cycles = 8},
    {.opcode = 0x3B, .action = kRead, .address = kThree, .data_lines = 2, .dummy_cycles = 8},
    {.opcode = 0x6B, .action = kRead, .address = kThree, .data_lines = 4, .dummy_cycles = 8},
    {.opcode = 0xBB,
     .action = kRead,
     .address = kThree,
     .address_lines = 2,
     .data_lines = 2,
     .mode_bytes = 1},
    {.opcode = 0xEB,
     .action = kRead,
     .address = kThree,
     .address_lines = 4,
     .data_lines = 4,
     .mode_bytes = 1,
     .dummy_cycles = 4},
    {.opcode = 0x02, .action = kProgram, .address = kThree},
    {.opcode = 0x32, .action = kProgram, .address = kThree, .data_lines = 4},
    {.opcode = 0x20, .action = kErase, .address = kThree, .argument = 4 * kKiB},
    {.opcode = 0x52, .action = kErase, .address = kThree, .argument = 32 * kKiB},
    {.opcode = 0xD8, .action = kErase, .address = kThree, .argument = 64 * kKiB},
    {.opcode = 0xC7, .action = kEraseChip},
    {.opcode = 0x60, .action = kEraseChip},
};

constexpr ChipEraseTime kAt25sf128aEraseTimes[] = {
    {4 * kKiB, {70 * kMs, 400 * kMs}},
    {32 * kKiB, {150 * kMs, 1600 * kMs}},
    {64 * kKiB, {250 * kMs, 2000 * kMs}},
};

constexpr ChipCommand kMx25l12833fCommands[] = {
    {.opcode = 0x06, .action = kWriteEnable},
    {.opcode = 0x04, .action = kWriteDisable},
    {.opcode = 0x05, .action = kReadStatus, .argument = 0},
    {.opcode = 0x15, .action = kReadStatus, .argument = 1},
    {.opcode = 0x01, .action = kWriteStatus, .argument = 0},
    {.opcode = 0x2B, .action = kReadSecurity},
    {.opcode = 0x9F, .action = kReadId},
    {.opcode = 0x5A, .action = kReadSfdp, .address = kThree, .dummy_cycles = 8},
    {.opcode = 0xB9, .action = kSleep},
    {.opcode = 0xAB, .action = kWake},
    {.opcode = 0x66, .action = kEnableReset},
    {.opcode = 0x99, .action = kReset},
    {.opcode = 0xB0, .action = kSuspend},
    {.opcode = 0x30, .action = kResume},

    {.opcode = 0x03, .action = kRead, .address = kThree},
    {.opcode = 0x0B, .action = kRead, .address = kThree, .dummy_cycles = 8},
    {.opcode = 0x3B, .action = kRead, .address = kThree, .data_lines = 2, .dummy_cycles = 8},
    {.opcode = 0x6B, .action = kRead, .address = kThree, .data_lines = 4, .dummy_cycles = 8},
    {.opcode = 0xBB,
     .action = kRead,
     .address = kThree,
     .address_lines = 2,
     .data_lines = 2,
     .dummy_cycles = 4},
    {.opcode = 0xEB,
     .action = kRead,
     .address = kThree,
     .address_lines = 4,
     .data_lines = 4,
     .mode_bytes = 1,
     .dummy_cycles = 4},
    {.opcode = 0x02, .action = kProgram, .address = kThree},
    {.opcode = 0x38, .action = kProgram, .address = kThree, .address_lines = 4, .data_lines = 4},
    {.opcode = 0x20, .action = kErase, .address = kThree, .argument = 4 * kKiB},
    {.opcode = 0x52, .action = kErase, .address = kThree, .argument = 32 * kKiB},
    {.opcode = 0xD8, .action = kErase, .address = kThree, .argument = 64 * kKiB},
    {.opcode = 0xC7, .action = kEraseChip},
    {.opcode = 0x60, .action = kEraseChip},
};

constexpr ChipEraseTime kMx25l12833fEraseTimes[] = {
    {4 * kKiB, {25 * kMs, 150 * kMs}},
    {32 * kKiB, {144 * kMs, 864 * kMs}},
    {64 * kKiB, {256 * kMs, 1536 * kMs}},
};

}  // namespace

// Winbond W25Q256JV data sheet; page program of n bytes as tBP1 + (n - 1) * tBP2, at most tPP.
const NorChipPart& w25q256jv() {
  static const NorChipPart part = {
      .name = "W25Q256JV",
      .jedec_id = {0xEF, 0x40, 0x19},
      .size_bytes = 32 * kMiB,
      .commands = kW25q256jvCommands,
      .octal_commands = {},
      .sfdp = sfdp_of_w25q256jv(),
      .status_default = {0, 0, 0},
      .status_writable = {0xFC, 0x42, 0xE2},
      .quad_enable = {1, 0x02},
      .four_byte_mode = {2, 0x01},
      .four_byte_power_up = {2, 0x02},
      .suspended = {1, 0x80},
      .protection = {.mask = 0x3C, .bottom_index = 0, .bottom_mask = 0x40, .unit_bytes = 64 * kKiB},
      .keeps_reading = winbond_keeps_reading,
      .program_first_byte_ns = 30 * kUs,
      .program_next_byte_ns = 2500,
      .program_page = {700 * kUs, 3 * kMs},
      .erase_times = kW25q256jvEraseTimes,
      .erase_chip = {80 * kS, 400 * kS},
      .write_status = {10 * kMs, 15 * kMs},
      .reset_ns = 30 * kUs,
      .wake_ns = 3 * kUs,
      .suspend_ns = 20 * kUs,
  };
  return part;
}

// Times from the part's SFDP. Its write-status and reset times are not published: those of Macronix'
// other parts stand in.
const NorChipPart& mx25um25645g() {
  static const NorChipPart part = {
      .name = "MX25UM25645G",
      .jedec_id = {0xC2, 0x80, 0x39},
      .size_bytes = 32 * kMiB,
      .commands = kMx25um25645gCommands,
      .octal_commands = kMx25um25645gOctalCommands,
      .sfdp = sfdp_of_mx25um25645g(),
      .status_default = {0, 0, 0},
      .status_writable = {0x3C, 0x0F, 0},
      .quad_enable = {},
      .four_byte_mode = {},
      .four_byte_power_up = {},
      .suspended = {},
      .protection = {.mask = 0x3C, .bottom_index = 1, .bottom_mask = 0x08, .unit_bytes = 64 * kKiB},
      .keeps_reading = never_keeps_reading,
      .program_first_byte_ns = 6514,
      .program_next_byte_ns = 543,
      .program_page = {152 * kUs, 1520 * kUs},
      .erase_times = kMx25um25645gEraseTimes,
      .erase_chip = {76 * kS, 1216 * kS},
      .write_status = {10 * kMs, 40 * kMs},
      .reset_ns = 40 * kUs,
      .wake_ns = 30 * kUs,
      .suspend_ns = 25 * kUs,
  };
  return part;
}

// Typical times from DS-AT25SF128A-168E; its maxima were not at hand: those of its class stand in.
const NorChipPart& at25sf128a() {
  static const NorChipPart part = {
      .name = "AT25SF128A",
      .jedec_id = {0x1F, 0x89, 0x01},
      .size_bytes = 16 * kMiB,
      .commands = kAt25sf128aCommands,
      .octal_commands = {},
      .sfdp = sfdp_of_at25sf128a(),
      .status_default = {0, 0, 0},
      .status_writable = {0xBC, 0x42, 0x60},
      .quad_enable = {1, 0x02},
      .four_byte_mode = {},
      .four_byte_power_up = {},
      .suspended = {1, 0x80},
      .protection = {.mask = 0x1C, .bottom_index = 0, .bottom_mask = 0x20, .unit_bytes = 256 * kKiB},
      .keeps_reading = winbond_keeps_reading,
      .program_first_byte_ns = 30 * kUs,
      .program_next_byte_ns = 2236,
      .program_page = {600 * kUs, 3 * kMs},
      .erase_times = kAt25sf128aEraseTimes,
      .erase_chip = {30 * kS, 200 * kS},
      .write_status = {10 * kMs, 15 * kMs},
      .reset_ns = 30 * kUs,
      .wake_ns = 5 * kUs,
      .suspend_ns = 20 * kUs,
  };
  return part;
}

const NorChipPart& mx25l12833f() {
  static const NorChipPart part = {
      .name = "MX25L12833F",
      .jedec_id = {0xC2, 0x20, 0x18},
      .size_bytes = 16 * kMiB,
      .commands = kMx25l12833fCommands,
      .octal_commands = {},
      .sfdp = sfdp_of_mx25l12833f(),
      .status_default = {0, 0, 0},
      .status_writable = {0xFC, 0x0F, 0},
      .quad_enable = {0, 0x40},
      .four_byte_mode = {},
      .four_byte_power_up = {},
      .suspended = {},
      .protection = {.mask = 0x3C, .bottom_index = 1, .bottom_mask = 0x08, .unit_bytes = 64 * kKiB},
      .keeps_reading = macronix_keeps_reading,
      .program_first_byte_ns = 16457,
      .program_next_byte_ns = 1371,
      .program_page = {384 * kUs, 1536 * kUs},
      .erase_times = kMx25l12833fEraseTimes,
      .erase_chip = {28 * kS, 168 * kS},
      .write_status = {10 * kMs, 40 * kMs},
      .reset_ns = 40 * kUs,
      .wake_ns = 30 * kUs,
      .suspend_ns = 25 * kUs,
  };
  return part;
}

CellPhysics cell_physics_of(const NorChipPart& part) {
  constexpr uint32_t kSectorBytes = 4 * kKiB;
  return {.sectors = {{kSectorBytes, part.size_bytes / kSectorBytes}}, .word_bytes = 1, .ecc = false};
}

}  // namespace sim
