// What a serial NOR chip says about itself: Serial Flash Discoverable Parameters (JESD216).
#pragma once

#include <array>
#include <cstdint>
#include <span>

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
};

// BFPT word 16, bits 31 to 24.
enum FourByteEntry : uint8_t {
  kEnterByB7 = 1u << 0,
  kEnterByWriteEnableB7 = 1u << 1,
  kDedicatedOpcodes = 1u << 5,
  kAlwaysFourByte = 1u << 6,
};

enum class AddressBytes : uint8_t { kThree = 0, kThreeOrFour = 1, kFour = 2 };

struct EraseType {
  uint32_t size_bytes = 0;  // 0: the chip has no such type
  uint32_t typical_us = 0;
  uint32_t maximum_us = 0;
  uint8_t opcode = 0;
  uint8_t opcode4 = 0;  // the one with four address bytes; 0: there is none
};

// A fast read as the table has it; opcode 0: the chip has none on these lines.
struct FastRead {
  uint8_t cycles = 0;  // dummy in bits 4 to 0, mode in bits 7 to 5
  uint8_t opcode = 0;

  constexpr uint8_t mode_cycles() const { return cycles >> 5; }
  constexpr uint8_t dummy_cycles() const { return cycles & 0x1F; }
};

struct NorParameters {
  uint32_t size_bytes = 0;
  uint32_t page_bytes = 256;
  uint32_t program_typical_us = 0;
  uint32_t program_maximum_us = 0;
  std::array<EraseType, 4> erase;
  FastRead quad_io;      // 1-4-4
  FastRead quad_output;  // 1-1-4
  AddressBytes address_bytes = AddressBytes::kThree;
  uint8_t four_byte_entry = 0;          // FourByteEntry bits; kEnterByB7 where the chip does not say
  uint32_t four_byte_instructions = 0;  // FourByteInstruction bits
  QuadEnable quad_enable = QuadEnable::kUnknown;
  bool inverted_extension = false;    // octal opcodes: the second byte is the first, inverted
  bool flag_status_register = false;  // 70h tells when, and how, an operation ended
};

// Reads bytes of the chip's SFDP area from `address` on.
struct SfdpReader {
  flash::Status (*read)(void* context, uint32_t address, std::span<uint8_t> out);
  void* context;
};

//   kNoDevice  there is no table, or it describes no chip that could exist; `parameters` is undefined
//   and whatever `reader` reports
flash::Status parse_sfdp(const SfdpReader& reader, NorParameters& parameters);

}  // namespace drivers
