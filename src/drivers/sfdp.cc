#include "drivers/sfdp.h"

#include <algorithm>
#include <bit>

namespace drivers {
namespace {

using flash::Error;
using flash::Status;

constexpr uint32_t kSignature = 0x50444653;  // "SFDP"
constexpr uint32_t kBasicTable = 0xFF00;
constexpr uint32_t kFourByteTable = 0xFF84;

constexpr uint32_t kBasicWords = 9;  // JESD216; later revisions append
constexpr uint32_t kMostBasicWords = 18;
constexpr uint32_t kFourByteWords = 2;

constexpr uint32_t kSmallestChip = 64u << 10;
constexpr uint32_t kLargestChipLog2 = 28;

// Where the table has no times (JESD216 of 2011): the largest of the camera chips' maxima.
constexpr uint32_t kDefaultSectorUs = 400'000;
constexpr uint32_t kDefaultBlockUs = 4'096'000;
constexpr uint32_t kDefaultProgramUs = 3'000;

constexpr uint32_t field(uint32_t word, unsigned position, unsigned width) {
  return word >> position & ((1u << width) - 1);
}

static_assert(std::endian::native == std::endian::little, "tables are read as they lie in memory");

// Words count from 1, as in the standard; those that the chip does not have are zero.
struct Words {
  std::array<uint32_t, kMostBasicWords> content{};
  uint32_t count = 0;

  uint32_t operator[](uint32_t word) const { return content[word - 1]; }
};

Status read_words(const SfdpReader& reader, uint32_t address, uint32_t count, Words& words) {
  words.count = std::min(count, kMostBasicWords);
  return reader.read(reader.context, address,
                     {reinterpret_cast<uint8_t*>(words.content.data()), 4 * words.count});
}

struct Header {
  uint32_t id;
  uint32_t words;
  uint32_t address;
};

Status read_header(const SfdpReader& reader, uint32_t index, Header& header) {
  Words raw;
  FLASH_TRY(read_words(reader, 8 * (index + 1), 2, raw));
  header = {field(raw[2], 24, 8) << 8 | field(raw[1], 0, 8), field(raw[1], 24, 8), field(raw[2], 0, 24)};
  return {};
}

Status take_density(uint32_t word, uint32_t& size_bytes) {
  // Bit 31: 2^n bits; otherwise n + 1 bits.
  const uint32_t log2 = word & 0x7FFFFFFF;
  const bool huge = word >> 31 != 0;
  if (huge && (log2 < 3 || log2 - 3 > kLargestChipLog2)) return Error::kNoDevice;
  size_bytes = huge ? 1u << (log2 - 3) : (word >> 3) + 1;
  const bool plausible = size_bytes >= kSmallestChip && (size_bytes & (size_bytes - 1)) == 0;
  return plausible ? Status{} : Error::kNoDevice;
}

FastRead fast_read(uint32_t half) {
  return {static_cast<uint8_t>(field(half, 8, 8)), static_cast<uint8_t>(field(half, 5, 3)),
          static_cast<uint8_t>(field(half, 0, 5))};
}

void take_reads(const Words& basic, NorParameters& out) {
  if (field(basic[1], 21, 1) != 0) out.quad_io = fast_read(field(basic[3], 0, 16));
  if (field(basic[1], 22, 1) != 0) out.quad_output = fast_read(field(basic[3], 16, 16));
}

// Words 8 to 10.
Status take_erase_types(const Words& basic, NorParameters& out) {
  static constexpr uint16_t kUnitMs[] = {1, 16, 128, 1000};
  const uint32_t times = basic[10];
  bool any = false;
  for (uint32_t i = 0; i < out.erase.size(); ++i) {
    const uint32_t half = field(basic[8 + i / 2], 16 * (i % 2), 16);
    const uint32_t log2 = field(half, 0, 8);
    if (log2 < 8 || log2 > 20 || 1u << log2 > out.size_bytes) continue;
    any = true;
    EraseType& type = out.erase[i];
    type.size_bytes = 1u << log2;
    type.opcode = static_cast<uint8_t>(field(half, 8, 8));
    type.maximum_us = type.typical_us = log2 > 12 ? kDefaultBlockUs : kDefaultSectorUs;
    if (basic.count < 10) continue;
    const uint32_t code = field(times, 4 + 7 * i, 7);
    type.typical_us = (field(code, 0, 5) + 1) * kUnitMs[field(code, 5, 2)] * 1000u;
    type.maximum_us = 2 * (field(times, 0, 4) + 1) * type.typical_us;
  }
  return any ? Status{} : Error::kNoDevice;
}

// Word 11.
void take_page(const Words& basic, NorParameters& out) {
  out.program_maximum_us = out.program_typical_us = kDefaultProgramUs;
  if (basic.count < 11) return;
  const uint32_t word = basic[11];
  out.page_bytes = 1u << field(word, 4, 4);
  out.program_typical_us = (field(word, 8, 5) + 1) * (field(word, 13, 1) != 0 ? 64 : 8);
  out.program_maximum_us = 2 * (field(word, 0, 4) + 1) * out.program_typical_us;
}

// Words 1 and 14 to 18.
void take_modes(const Words& basic, NorParameters& out) {
  out.address_bytes = static_cast<AddressBytes>(field(basic[1], 17, 2));
  out.flag_status_register = field(basic[14], 3, 1) != 0;
  out.four_byte_entry = kEnterByB7;
  if (basic.count >= 15) out.quad_enable = static_cast<QuadEnable>(field(basic[15], 20, 3));
  if (basic.count >= 16) {
    out.four_byte_entry = static_cast<uint8_t>(field(basic[16], 24, 8));
    out.soft_reset = static_cast<uint8_t>(field(basic[16], 8, 6));
  }
  out.inverted_extension = field(basic[18], 29, 2) == 1;
}

// The standard's usual opcodes, where the chip says that it has them and brings no table.
void assume_four_byte_table(NorParameters& out) {
  if ((out.four_byte_entry & kDedicatedOpcodes) == 0) return;
  out.four_byte_instructions = kFastRead4 | kQuadIo4 | kQuadOutput4 | kPageProgram4;
  for (EraseType& type : out.erase) {
    if (type.opcode == 0x20) type.opcode4 = 0x21;
    if (type.opcode == 0xD8) type.opcode4 = 0xDC;
  }
}

void take_four_byte_table(const Words& table, NorParameters& out) {
  out.four_byte_instructions = table[1];
  for (uint32_t i = 0; i < out.erase.size(); ++i) {
    const bool supported = field(table[1], 9 + i, 1) != 0;
    out.erase[i].opcode4 = supported ? static_cast<uint8_t>(field(table[2], 8 * i, 8)) : uint8_t{0};
  }
}

}  // namespace

Status parse_sfdp(const SfdpReader& reader, NorParameters& parameters) {
  parameters = {};
  Words head;
  FLASH_TRY(read_words(reader, 0, 2, head));
  const bool known_form = head[1] == kSignature && field(head[2], 8, 8) == 1;
  if (!known_form) return Error::kNoDevice;

  Header header;
  FLASH_TRY(read_header(reader, 0, header));
  if (header.id != kBasicTable || header.words < kBasicWords) return Error::kNoDevice;
  Words basic;
  FLASH_TRY(read_words(reader, header.address, header.words, basic));
  FLASH_TRY(take_density(basic[2], parameters.size_bytes));
  FLASH_TRY(take_erase_types(basic, parameters));
  take_reads(basic, parameters);
  take_page(basic, parameters);
  take_modes(basic, parameters);

  assume_four_byte_table(parameters);
  const uint32_t last_header = field(head[2], 16, 8);
  for (uint32_t i = 1; i <= last_header; ++i) {
    FLASH_TRY(read_header(reader, i, header));
    if (header.id != kFourByteTable || header.words < kFourByteWords) continue;
    Words table;
    FLASH_TRY(read_words(reader, header.address, kFourByteWords, table));
    take_four_byte_table(table, parameters);
    break;
  }
  return {};
}

}  // namespace drivers
