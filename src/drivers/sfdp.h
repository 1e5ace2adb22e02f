// What a serial NOR chip says about itself: Serial Flash Discoverable Parameters (JESD216).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "drivers/nor_bus.h"
#include "flash/status.h"

namespace drivers {

// How four data lines are switched on; the values are those of BFPT word 15 (JESD216F, 6.4.18).
enum class QuadEnable : uint8_t {
  kAlways = 0,           // there is no bit to set
  kStatus2Bit1 = 1,      // 01h with two bytes; 01h with one byte clears the second register
  kStatus1Bit6 = 2,      // 05h, 01h with one byte
  kStatus2Bit7 = 3,      // 3Fh, 3Eh
  kStatus2Bit1Kept = 4,  // 01h with two bytes
  kStatus2Bit1Read = 5,  // 35h, 01h with two bytes
  kStatus2Bit1Own = 6,   // 35h, 31h with one byte
  kUnknown = 7,
};

// DW1 of the 4-byte address instruction table.
enum FourByteInstruction : uint32_t {
  kFastRead4 = 1u << 1,     // 0Ch
  kQuadOutput4 = 1u << 4,   // 6Ch
  kQuadIo4 = 1u << 5,       // ECh
  kPageProgram4 = 1u << 6,  // 12h
  kErases4 = 0xFu << 9,     // one bit for each type of erase
};

// BFPT word 16, bits 31 to 24.
enum FourByteEntry : uint8_t {
  kEnterByB7 = 1u << 0,
  kEnterByWriteEnableB7 = 1u << 1,
  kDedicatedOpcodes = 1u << 5,
  kAlwaysFourByte = 1u << 6,
};

enum class AddressBytes : uint8_t { kThree = 0, kThreeOrFour = 1, kFour = 2 };

// A fast read as the table has it.
struct FastRead {
  uint8_t cycles;  // dummy in bits 4 to 0, mode in bits 7 to 5
  uint8_t opcode;

  constexpr unsigned mode_cycles() const { return cycles >> 5; }
  constexpr unsigned dummy_cycles() const { return cycles & 0x1F; }
};

// The erase of 32 KiB. There are chips with opcodes that take four bytes in every mode for all else, and not
// for this one: the W25Q256JV.
inline constexpr uint8_t kErase32K = 0x52;

// A page program or an erase: one command, and a wait.
struct NorOperation {
  uint32_t size_bytes = 0;  // within an area aligned to it, a power of two; 0: the chip has no such operation
  uint32_t maximum_us = 0;
  NorFrame frame;
};

struct NorOperations {
  NorOperation program;
  NorOperation erases[4];
};

// The tables as they lie in the chip, and in memory.
static_assert(std::endian::native == std::endian::little);

struct NorParameters {
  static constexpr unsigned kQuadReads = 2;  // 1-4-4, 1-1-4
  static constexpr unsigned kEraseTypes = 4;

  // The basic flash parameter table (BFPT), by its words.
  uint32_t word1 = 0;
  uint32_t word2 = 0;
  FastRead quad_reads[kQuadReads] = {};
  uint32_t words4_to_7[4] = {};
  struct {
    uint8_t size_log2;
    uint8_t opcode;
  } erases[kEraseTypes] = {};
  uint32_t word10 = 0;
  uint32_t word11 = 0;
  uint32_t words12_to_14[3] = {};
  uint32_t word15 = 0;
  uint32_t word16 = 0;
  uint32_t word17 = 0;
  uint32_t word18 = 0;

  // The 4-byte address instruction table.
  uint32_t four_byte_instructions = 0;  // FourByteInstruction bits
  uint8_t erase_opcodes4[kEraseTypes] = {};

  uint32_t size_bytes() const { return (word2 >> 3) + 1; }
  // A power of two from 64 KiB to what a controller's window shows, 256 MiB. With bit 31 of word 2 the number
  // would be an exponent, of a chip too large for us.
  bool has_possible_size() const {
    const uint32_t size = size_bytes();
    return size - (64u << 10) < (256u << 20) && (size & (size - 1)) == 0;
  }

  // `addressed`: how addresses are sent. `dedicated`: with the opcodes that take four bytes in every mode;
  // and kErase32K if there is none for it, and a mode in which it takes four bytes, too. Returns the sizes of
  // the erases, each of which is a bit.
  uint32_t tell_operations(NorFrame addressed, bool dedicated, NorOperations& out) const;

  AddressBytes address_bytes() const { return static_cast<AddressBytes>(field(word1, 17, 2)); }
  // Bit 0: 1-4-4, bit 1: 1-1-4.
  uint32_t quad_read_bits(bool dedicated) const {
    const uint32_t dedicated_bits = field(four_byte_instructions, 5, 1) | field(four_byte_instructions, 4, 1)
                                                                              << 1;
    return field(word1, 21, 2) & (dedicated ? dedicated_bits : 3);
  }
  // 70h tells when, and how, an operation ended.
  bool has_flag_status() const { return field(words12_to_14[2], 3, 1) != 0; }
  QuadEnable quad_enable() const { return static_cast<QuadEnable>(field(word15, 20, 3)); }
  bool has_dedicated_opcodes() const {
    constexpr uint32_t kNeeded = kFastRead4 | kPageProgram4;
    return (four_byte_instructions & kNeeded) == kNeeded;
  }
  uint32_t four_byte_entry() const { return word16 >> 24; }  // FourByteEntry bits
  // Octal opcodes: the second byte is the first, inverted.
  bool has_inverted_extension() const { return field(word18, 29, 2) == 1; }

 private:
  static constexpr uint32_t field(uint32_t word, unsigned position, unsigned width) {
    return word >> position & ((1u << width) - 1);
  }
};

static_assert(sizeof(NorParameters) == 20 * sizeof(uint32_t));
static_assert(offsetof(NorParameters, word18) == 17 * sizeof(uint32_t));
static_assert(offsetof(NorParameters, erase_opcodes4) ==
              offsetof(NorParameters, four_byte_instructions) + sizeof(uint32_t));

// What a table does not tell, and, but for its size, a chip without tables: what all chips of the cameras
// have, with maxima no shorter than any of theirs.
extern const NorParameters kPlainChip;

// Reads the chip's tables, over one line, into `chip`. What they do not tell stays as it is.
//   whatever `bus` reports
flash::Status read_sfdp(NorBus& bus, NorParameters& chip);

}  // namespace drivers
