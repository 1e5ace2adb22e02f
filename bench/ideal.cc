#include "bench/ideal.h"

#include <algorithm>
#include <cstdlib>

namespace bench {

Ideal::Ideal(const boards::Board& board, std::span<const uint8_t> content)
    : board_(board),
      part_(*board.part),
      sector_bytes_(part_.geometry.sector_bytes_at(board.storage().offset)),
      flash_(content.begin(), content.end()),
      wanted_(flash_) {}

void Ideal::read(size_t bytes) {
  device_ns_ += part_.command_ns + bytes * part_.read_ps_per_byte / 1000;
}

void Ideal::write(uint32_t offset, std::span<const uint8_t> data) {
  std::copy(data.begin(), data.end(), wanted_.begin() + offset);
  for (size_t at = offset; at < offset + data.size(); at += sector_bytes_ - at % sector_bytes_) {
    touched_.insert(static_cast<uint32_t>(at / sector_bytes_));
  }
}

void Ideal::erase(uint32_t offset, uint32_t length) {
  write(offset, std::vector<uint8_t>(length, 0xFF));
}

void Ideal::sync() {
  std::set<uint32_t> to_erase;
  for (const uint32_t sector : touched_) {
    if (needs_erase(sector)) to_erase.insert(sector);
  }
  erase_sectors(to_erase);
  for (const uint32_t sector : touched_) program_sector(sector);
  touched_.clear();
}

bool Ideal::needs_erase(uint32_t sector) const {
  const uint32_t unit = part_.geometry.program_unit_bytes;
  const auto begin = static_cast<size_t>(sector) * sector_bytes_;
  for (size_t at = begin; at < begin + sector_bytes_; at += unit) {
    bool differs = false, sets_bits = false, is_blank = true;
    for (size_t i = at; i < at + unit; ++i) {
      differs = differs || wanted_[i] != flash_[i];
      sets_bits = sets_bits || (wanted_[i] & ~flash_[i]) != 0;
      is_blank = is_blank && flash_[i] == 0xFF;
    }
    if (differs && (part_.geometry.reprogrammable ? sets_bits : !is_blank)) return true;
  }
  return false;
}

void Ideal::erase_sectors(std::set<uint32_t> sectors) {
  erases_ += sectors.size();
  for (const uint32_t sector : sectors) {
    std::fill_n(flash_.begin() + static_cast<ptrdiff_t>(sector) * sector_bytes_, sector_bytes_,
                uint8_t{0xFF});
  }
  std::vector<uint32_t> sizes(part_.geometry.large_erase_bytes.begin(),
                              part_.geometry.large_erase_bytes.end());
  std::sort(sizes.rbegin(), sizes.rend());
  sizes.push_back(sector_bytes_);
  const uint32_t first_sector = board_.storage().offset / sector_bytes_;
  for (const uint32_t size : sizes) {
    const uint32_t count = size / sector_bytes_;
    if (count == 0) continue;
    for (auto at = sectors.begin(); at != sectors.end();) {
      const uint32_t start = *at;
      const auto end = std::next(at);
      const bool aligned = (first_sector + start) % count == 0;
      const auto last = sectors.find(start + count - 1);
      const bool whole =
          last != sectors.end() && std::distance(at, last) == static_cast<ptrdiff_t>(count) - 1;
      if (aligned && whole) {
        device_ns_ += erase_ns(size);
        at = sectors.erase(at, std::next(last));
      } else {
        at = end;
      }
    }
  }
}

void Ideal::program_sector(uint32_t sector) {
  const boards::FlashPart& part = part_;
  const uint32_t unit = part.geometry.program_unit_bytes;
  const uint32_t page = part.geometry.program_page_bytes;
  const uint32_t begin = sector * sector_bytes_;
  for (uint32_t at = begin; at < begin + sector_bytes_; at += page) {
    uint32_t changed = 0;
    for (uint32_t i = at; i < at + page; i += unit) {
      if (!std::equal(&wanted_[i], &wanted_[i] + unit, &flash_[i])) changed += unit;
    }
    if (changed > 0) device_ns_ += program_ns(changed);
  }
  std::copy_n(wanted_.begin() + begin, sector_bytes_, flash_.begin() + begin);
}

uint64_t Ideal::erase_ns(uint32_t size_bytes) const {
  for (const boards::EraseTime& erase : part_.erase_times) {
    if (erase.size_bytes == size_bytes) return part_.command_ns + uint64_t{erase.typical_us} * 1000;
  }
  std::abort();
}

uint64_t Ideal::program_ns(uint32_t bytes) const {
  const uint64_t cells_ns =
      std::min<uint64_t>(part_.program_first_byte_ns + (bytes - 1) * part_.program_next_byte_ns,
                         uint64_t{part_.program_typical_us} * 1000);
  return part_.command_ns + bytes * part_.write_ps_per_byte / 1000 + cells_ns;
}

}  // namespace bench
