#include "drivers/known_chips.h"

namespace drivers {
namespace {

constexpr KnownChip kChips[] = {
    {0xEF4019, 25, QuadEnable::kStatus2Bit1Read, false, true},   // W25Q256JV
    {0xEF4018, 24, QuadEnable::kStatus2Bit1Read, false, true},   // W25Q128JV
    {0x1F8901, 24, QuadEnable::kStatus2Bit1Read, false, false},  // AT25SF128A
    {0xC22018, 24, QuadEnable::kStatus1Bit6, true, false},       // MX25L12833F
    {0xC28039, 25, QuadEnable::kUnknown, true, false},           // MX25UM25645G: never four lines
};

// W25Q256JV and W25Q128JV, AC characteristics: tSE, tBE1, tBE2 of 4, 32 and 64 KiB; tPP.
constexpr uint16_t kPrintedEraseMs[] = {400, 1600, 2000};
constexpr uint32_t kPrintedProgramUs = 3'000;

// What all of them have, with the largest maxima.
constexpr EraseType kErase4K = {4u << 10, 50'000, 400'000, 0x20, 0x21};
constexpr EraseType kErase64K = {64u << 10, 256'000, 4'096'000, 0xD8, 0xDC};

}  // namespace

const KnownChip* find_known_chip(uint32_t id) {
  for (const KnownChip& chip : kChips) {
    if (chip.id == id) return &chip;
  }
  return nullptr;
}

void take_printed_maxima(const KnownChip& chip, NorParameters& parameters) {
  if (!chip.has_printed_maxima) return;
  parameters.program_maximum_us = kPrintedProgramUs;
  for (EraseType& type : parameters.erase) type.maximum_us = kPrintedEraseMs[type.size_bytes >> 15] * 1000u;
}

NorParameters parameters_of(const KnownChip& chip) {
  NorParameters out;
  out.size_bytes = 1u << chip.size_log2;
  out.program_typical_us = 700;
  out.program_maximum_us = 3'000;
  out.erase[0] = kErase4K;
  out.erase[1] = kErase64K;
  out.four_byte_instructions = kFastRead4 | kQuadIo4 | kPageProgram4;
  out.quad_enable = chip.quad_enable;
  out.quad_io = {2 << 5 | 4, 0xEB};
  return out;
}

}  // namespace drivers
