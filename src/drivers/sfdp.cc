#include "drivers/sfdp.h"

#include <algorithm>
#include <array>
#include <bit>

namespace drivers {
namespace {

using flash::Error;
using flash::Status;

constexpr uint32_t kSignature = 0x50444653;  // "SFDP"
constexpr uint32_t kBasicTable = 0xFF00;
constexpr uint32_t kFourByteTable = 0xFF84;

constexpr uint32_t kBasicWords = 9;  // JESD216 of 2011; later revisions append
constexpr uint32_t kMostBasicWords = 18;
constexpr uint32_t kFourByteWords = 2;

constexpr uint32_t kSmallestChip = 64u << 10;
constexpr uint32_t kLargestChip = 256u << 20;  // what a controller's window shows

// Words that a shorter table lacks. Times: 400, 1792, 4096, 4096 ms at most for the erase types, 4 ms for
// a page of 256 bytes, no shorter than those of any camera's chip.
constexpr uint32_t kDefaultEraseTimes =
    7 | 24 << 4 | (1 << 5 | 6) << 11 | (2 << 5 | 1) << 18 | (2u << 5 | 1) << 25;
constexpr uint32_t kDefaultProgram = 7 | 8 << 4 | 31 << 8;
constexpr uint32_t kDefaultQuadEnable = static_cast<uint32_t>(QuadEnable::kUnknown) << 20;
constexpr uint32_t kDefaultFourByteEntry = static_cast<uint32_t>(kEnterByB7) << 24;

constexpr uint32_t field(uint32_t word, unsigned position, unsigned width) {
  return word >> position & ((1u << width) - 1);
}

static_assert(std::endian::native == std::endian::little, "tables are read as they lie in memory");

Status read_words(const SfdpReader& reader, uint32_t address, std::span<uint32_t> words) {
  return reader.read(reader.context, address, {reinterpret_cast<uint8_t*>(words.data()), words.size_bytes()});
}

// Words count from 1, as in the standard.
struct BasicTable {
  std::array<uint32_t, kMostBasicWords> words{};

  uint32_t operator[](uint32_t word) const { return words[word - 1]; }
  uint32_t& operator[](uint32_t word) { return words[word - 1]; }
};

Status take_density(const BasicTable& basic, NorParameters& out) {
  // With bit 31 the number would be an exponent, of a chip too large for us.
  out.size_bytes = (basic[2] >> 3) + 1;
  const bool plausible = out.size_bytes >= kSmallestChip && out.size_bytes <= kLargestChip &&
                         (out.size_bytes & (out.size_bytes - 1)) == 0;
  return plausible ? Status{} : Error::kNoDevice;
}

void take_reads(const BasicTable& basic, NorParameters& out) {
  const auto reads = std::bit_cast<std::array<FastRead, 2>>(basic[3]);
  if (field(basic[1], 21, 1) != 0) out.quad_io = reads[0];
  if (field(basic[1], 22, 1) != 0) out.quad_output = reads[1];
}

// Words 8 to 10.
Status take_erase_types(const BasicTable& basic, NorParameters& out) {
  static constexpr uint16_t kUnitMs[] = {1, 16, 128, 1000};
  Status status = Error::kNoDevice;
  for (uint32_t i = 0; i < out.erase.size(); ++i) {
    const uint32_t half = basic[8 + i / 2] >> 16 * (i % 2);
    const uint32_t log2 = field(half, 0, 8);
    if (log2 < 8 || log2 > 16) continue;
    const uint32_t time = basic[10] >> (4 + 7 * i);
    EraseType& type = out.erase[i];
    type.size_bytes = 1u << log2;
    type.opcode = static_cast<uint8_t>(field(half, 8, 8));
    type.typical_us = (field(time, 0, 5) + 1) * kUnitMs[field(time, 5, 2)] * 1000u;
    type.maximum_us = 2 * (field(basic[10], 0, 4) + 1) * type.typical_us;
    status = {};
  }
  return status;
}

void take_page(const BasicTable& basic, NorParameters& out) {
  const uint32_t word = basic[11];
  out.page_bytes = 1u << field(word, 4, 4);
  out.program_typical_us = (field(word, 8, 5) + 1) * (field(word, 13, 1) != 0 ? 64 : 8);
  out.program_maximum_us = 2 * (field(word, 0, 4) + 1) * out.program_typical_us;
}

void take_modes(const BasicTable& basic, NorParameters& out) {
  out.address_bytes = static_cast<AddressBytes>(field(basic[1], 17, 2));
  out.flag_status_register = field(basic[14], 3, 1) != 0;
  out.quad_enable = static_cast<QuadEnable>(field(basic[15], 20, 3));
  out.four_byte_entry = static_cast<uint8_t>(field(basic[16], 24, 8));
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

Status take_basic_table(const SfdpReader& reader, uint32_t address, uint32_t count, NorParameters& out) {
  BasicTable basic;
  basic[10] = kDefaultEraseTimes;
  basic[11] = kDefaultProgram;
  basic[15] = kDefaultQuadEnable;
  basic[16] = kDefaultFourByteEntry;
  FLASH_TRY(read_words(reader, address, std::span(basic.words).first(std::min(count, kMostBasicWords))));
  FLASH_TRY(take_density(basic, out));
  FLASH_TRY(take_erase_types(basic, out));
  take_reads(basic, out);
  take_page(basic, out);
  take_modes(basic, out);
  assume_four_byte_table(out);
  return {};
}

Status take_four_byte_table(const SfdpReader& reader, uint32_t address, NorParameters& out) {
  uint32_t words[kFourByteWords];
  FLASH_TRY(read_words(reader, address, words));
  out.four_byte_instructions = words[0];
  for (uint32_t i = 0; i < out.erase.size(); ++i) {
    const bool supported = field(words[0], 9 + i, 1) != 0;
    out.erase[i].opcode4 = supported ? static_cast<uint8_t>(words[1] >> 8 * i) : uint8_t{0};
  }
  return {};
}

}  // namespace

Status parse_sfdp(const SfdpReader& reader, NorParameters& parameters) {
  parameters = {};
  uint32_t head[2];
  FLASH_TRY(read_words(reader, 0, head));
  if (head[0] != kSignature || field(head[1], 8, 8) != 1) return Error::kNoDevice;
  const uint32_t last = field(head[1], 16, 8);
  for (uint32_t i = 0; i <= last; ++i) {
    uint32_t header[2];
    FLASH_TRY(read_words(reader, 8 * (i + 1), header));
    const uint32_t id = field(header[1], 24, 8) << 8 | field(header[0], 0, 8);
    const uint32_t count = field(header[0], 24, 8);
    const uint32_t address = field(header[1], 0, 24);
    if (i == 0) {
      if (id != kBasicTable || count < kBasicWords) return Error::kNoDevice;
      FLASH_TRY(take_basic_table(reader, address, count, parameters));
    } else if (id == kFourByteTable && count >= kFourByteWords) {
      return take_four_byte_table(reader, address, parameters);
    }
  }
  return {};
}

}  // namespace drivers
