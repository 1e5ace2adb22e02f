// The data phase of a chip's commands.
#include <algorithm>

#include "sim/nor_chip.h"

namespace sim {

void NorChip::read(std::span<uint8_t> out) {
  const bool answers = now_.command != nullptr && direction_of(now_.command->action) == Direction::kFromChip;
  if (!answers) {
    std::ranges::fill(out, uint8_t{0xFF});
  } else if (now_.skipped_bits != 0) {
    read_skewed(out);
  } else if (now_.command->action == ChipAction::kRead) {
    read_array(out);
  } else {
    for (uint8_t& byte : out) byte = byte_at(now_.position++);
  }
}

// The controller samples at other clocks than those at which the chip drives the bytes.
void NorChip::read_skewed(std::span<uint8_t> out) {
  for (uint8_t& byte : out) {
    const int64_t first_bit = int64_t{now_.position++} * 8 + now_.skipped_bits;
    if (first_bit <= -8) {
      byte = 0xFF;
      continue;
    }
    const int64_t index = first_bit < 0 ? -1 : first_bit / 8;
    const auto shift = static_cast<unsigned>(first_bit - index * 8);
    const unsigned high = index < 0 ? 0xFF : byte_at(static_cast<uint32_t>(index));
    const unsigned low = shift == 0 ? 0 : byte_at(static_cast<uint32_t>(index + 1));
    byte = static_cast<uint8_t>((high << 8 | low) >> (8 - shift));
  }
}

void NorChip::read_array(std::span<uint8_t> out) {
  const bool whole_pairs = now_.position % 2 == 0 && out.size() % 2 == 0;
  if (is_dtr() && !whole_pairs) {
    for (uint8_t& byte : out) byte = byte_at(now_.position++);
    return;
  }
  read_cells(now_.address + now_.position, out);
  now_.position += static_cast<uint32_t>(out.size());
  if (!is_dtr()) return;
  for (size_t i = 0; i < out.size(); i += 2) std::swap(out[i], out[i + 1]);
}

void NorChip::read_cells(uint32_t offset, std::span<uint8_t> out) {
  while (!out.empty()) {
    offset %= part_.size_bytes;
    const auto piece = out.first(std::min<size_t>(out.size(), part_.size_bytes - offset));
    if (cells_.read(offset, piece) != CellResult::kOk) {
      std::ranges::fill(piece, uint8_t{0xFF});
      read_failed_ = true;
    }
    offset += static_cast<uint32_t>(piece.size());
    out = out.subspan(piece.size());
  }
}

uint8_t NorChip::byte_at(uint32_t position) {
  // Macronix sends array and SFDP bytes of a 16-bit word in swapped order when both edges carry data, and
  // every byte of a register twice (BFPT word 18, bit 31).
  const uint32_t array_position = is_dtr() ? position ^ 1 : position;
  const uint32_t register_position = is_dtr() ? position / 2 : position;
  switch (now_.command->action) {
    case ChipAction::kRead: {
      uint8_t byte = 0xFF;
      read_cells(now_.address + array_position, {&byte, 1});
      return byte;
    }
    case ChipAction::kReadSfdp: {
      const uint32_t index = now_.address + array_position;
      return index < part_.sfdp.size() ? part_.sfdp[index] : uint8_t{0xFF};
    }
    case ChipAction::kReadId:
      return part_.jedec_id[register_position % part_.jedec_id.size()];
    case ChipAction::kReadStatus:
      return status(now_.command->argument);
    case ChipAction::kReadExtendedAddress:
      return extended_address_;
    case ChipAction::kReadSecurity:
      return security_;
    case ChipAction::kReadConfig2:
      return config2();
    default:
      return 0xFF;
  }
}

uint8_t NorChip::config2() const {
  switch (now_.address) {
    case 0x000:
      return static_cast<uint8_t>(protocol_);
    case 0x300:
      return dummy_code_;
    default:
      return 0;
  }
}

void NorChip::write(std::span<const uint8_t> data) {
  const bool listens = now_.command != nullptr && direction_of(now_.command->action) == Direction::kToChip;
  if (!listens) return;
  for (const uint8_t byte : data) take_byte(byte);
}

void NorChip::take_byte(uint8_t byte) {
  if (now_.missing_address_bytes > 0) {
    now_.address = now_.address << 8 | byte;
    if (--now_.missing_address_bytes == 0) now_.address = array_address(*now_.command, now_.address);
    return;
  }
  const bool programs = now_.command->action == ChipAction::kProgram;
  const uint32_t position = now_.position++;
  const uint32_t index = programs ? now_.address + (is_dtr() ? position ^ 1 : position) : position;
  // Past the end of the page the address counter starts over in the same page.
  page_[index % kPageBytes] = byte;
}

}  // namespace sim
