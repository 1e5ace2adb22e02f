#include "drivers/sfdp.h"

#include <algorithm>

namespace drivers {
namespace {

using flash::Status;

constexpr uint32_t kSignature = 0x50444653;  // "SFDP"
constexpr uint32_t kBasicTable = 0xFF00;
constexpr uint32_t kFourByteTable = 0xFF84;

constexpr uint32_t kBasicWords = 9;  // JESD216 of 2011; later revisions append
constexpr uint32_t kMostBasicWords = 18;
constexpr uint32_t kFourByteWords = 2;

constexpr NorFrame kReadSfdp = NorFrame(0x5A).with_address(3).with_dummies(8).with_read();

Status read_words(NorBus& bus, uint32_t address, void* words, uint32_t count) {
  return bus.execute(
      NorCommand::reading(kReadSfdp, address, {static_cast<uint8_t*>(words), count * sizeof(uint32_t)}));
}

// The standard's usual opcodes, where the chip says that it has them and perhaps brings no table.
void assume_four_byte_table(NorParameters& chip) {
  chip.four_byte_instructions = 0;
  if ((chip.four_byte_entry() & kDedicatedOpcodes) == 0) return;
  chip.four_byte_instructions = kFastRead4 | kQuadIo4 | kQuadOutput4 | kPageProgram4 | kErases4;
  for (unsigned i = 0; i < NorParameters::kEraseTypes; ++i) {
    const uint8_t opcode = chip.erases[i].opcode;
    chip.erase_opcodes4[i] = opcode == 0x20 ? 0x21 : opcode == 0xD8 ? 0xDC : 0;
  }
}

// A typical time's count of units, and how often half of it the maximum is.
uint32_t maximum(uint32_t multiplier, uint32_t count, uint32_t unit_us) {
  return 2 * (multiplier % 16 + 1) * (count % 32 + 1) * unit_us;
}

}  // namespace

const NorParameters kPlainChip = {
    .word1 = 1u << 21,
    .quad_reads = {{2 << 5 | 4, 0xEB}, {}},
    .erases = {{12, 0x20}, {}, {16, 0xD8}, {}},
    // 400 ms at most for the first type of erase, of 4 KiB; 4096 ms for others, of whatever size.
    .word10 = 7 | 24 << 4 | (2 << 5 | 1) << 11 | (2 << 5 | 1) << 18 | (2u << 5 | 1) << 25,
    .word11 = 7 | 8 << 4 | 31 << 8,  // 256 bytes in 4 ms at most
    .word15 = static_cast<uint32_t>(QuadEnable::kUnknown) << 20,
    // Whether B7h wants to be enabled (N25Q256A) or not: who does not want it does not mind.
    .word16 = static_cast<uint32_t>(kEnterByB7 | kEnterByWriteEnableB7) << 24,
    .four_byte_instructions = kFastRead4 | kQuadIo4 | kPageProgram4 | kErases4,
    .erase_opcodes4 = {0x21, 0, 0xDC, 0},
};

uint32_t NorParameters::tell_operations(NorFrame addressed, bool dedicated, NorOperations& out) const {
  static constexpr uint32_t kEraseUnitUs[] = {1'000, 16'000, 128'000, 1'000'000};
  uint32_t sizes = 0;
  uint32_t times = word10 >> 4;
  for (unsigned i = 0; i < kEraseTypes; ++i) {
    const uint32_t log2 = erases[i].size_log2;
    const bool has_opcode4 = field(four_byte_instructions, 9 + i, 1) != 0;
    uint8_t opcode = erases[i].opcode;
    if (dedicated && has_opcode4) opcode = erase_opcodes4[i];
    if (dedicated && !has_opcode4 && (opcode != kErase32K || (four_byte_entry() & kEnterByB7) == 0))
      opcode = 0;
    const bool is_usable = log2 >= 12 && log2 <= 16 && opcode != 0;
    out.erases[i] = {.size_bytes = is_usable ? 1u << log2 : 0,
                     .maximum_us = maximum(word10, times, kEraseUnitUs[field(times, 5, 2)]),
                     .frame = addressed.with_opcode(opcode)};
    sizes |= out.erases[i].size_bytes;
    times >>= 7;
  }
  out.program = {.size_bytes = 1u << field(word11, 4, 4),
                 .maximum_us = maximum(word11, word11 >> 8, field(word11, 13, 1) != 0 ? 64 : 8),
                 .frame = addressed.with_opcode(dedicated ? 0x12 : 0x02).with_data()};
  return sizes;
}

Status read_sfdp(NorBus& bus, NorParameters& chip) {
  uint32_t head[2];
  FLASH_TRY(read_words(bus, 0, head, 2));
  if (head[0] != kSignature || (head[1] >> 8 & 0xFF) != 1) return {};
  const uint32_t last = head[1] >> 16 & 0xFF;
  for (uint32_t i = 0; i <= last; ++i) {
    FLASH_TRY(read_words(bus, 8 * (i + 1), head, 2));
    const uint32_t id = head[1] >> 24 << 8 | (head[0] & 0xFF);
    const uint32_t count = head[0] >> 24;
    const uint32_t address = head[1] & 0xFFFFFF;
    if (i == 0) {
      if (id != kBasicTable || count < kBasicWords) return {};
      FLASH_TRY(read_words(bus, address, &chip, std::min(count, kMostBasicWords)));
      assume_four_byte_table(chip);
    } else if (id == kFourByteTable && count >= kFourByteWords) {
      return read_words(bus, address, &chip.four_byte_instructions, kFourByteWords);
    }
  }
  return {};
}

}  // namespace drivers
