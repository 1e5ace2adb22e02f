#include "bench/ideal.h"

#include <algorithm>
#include <iterator>

#include "bench/check.h"

namespace bench {
namespace {

constexpr uint8_t kErased = 0xFF;

}  // namespace

Ideal::Ideal(const boards::Board& board, std::span<const uint8_t> content)
    : part_(*board.part),
      sector_bytes_(part_.geometry.sector_at(board.storage().offset).size_bytes),
      first_sector_(board.storage().offset / sector_bytes_),
      flash_(content.begin(), content.end()),
      wanted_(flash_),
      erased_(flash_.size(), false) {}

void Ideal::read(size_t length) {
  read_ns_ += part_.command_ns + length * part_.read_ps_per_byte / 1000;
}

void Ideal::write(uint32_t offset, std::span<const uint8_t> data) {
  std::ranges::copy(data, wanted_.begin() + offset);
  std::fill_n(erased_.begin() + offset, data.size(), false);
  for (size_t at = offset; at < offset + data.size(); at += sector_bytes_ - at % sector_bytes_) {
    touched_.insert(static_cast<uint32_t>(at / sector_bytes_));
  }
}

void Ideal::erase(uint32_t offset, uint32_t length) {
  write(offset, std::vector<uint8_t>(length, kErased));
  std::fill_n(erased_.begin() + offset, length, true);
}

void Ideal::sync() {
  std::set<uint32_t> to_erase;
  std::ranges::copy_if(touched_, std::inserter(to_erase, to_erase.end()),
                       [this](uint32_t sector) { return needs_erase(sector); });
  erase_sectors(to_erase);
  for (const uint32_t sector : touched_) program_sector(sector);
  touched_.clear();
}

bool Ideal::needs_erase(uint32_t sector) const {
  const size_t begin = size_t{sector} * sector_bytes_;
  for (size_t at = begin; at < begin + sector_bytes_; at += part_.geometry.program_unit_bytes) {
    if (unit_needs_erase(at)) return true;
  }
  return false;
}

bool Ideal::unit_needs_erase(size_t at) const {
  bool differs = false;
  bool sets_bits = false;
  bool is_blank = true;
  for (size_t i = at; i < at + part_.geometry.program_unit_bytes; ++i) {
    differs = differs || wanted_[i] != flash_[i];
    sets_bits = sets_bits || (wanted_[i] & ~flash_[i]) != 0;
    is_blank = is_blank && flash_[i] == kErased;
  }
  return differs && (part_.geometry.reprogrammable ? sets_bits : !is_blank);
}

void Ideal::erase_sectors(std::set<uint32_t> sectors) {
  erases_ += sectors.size();
  for (const uint32_t sector : sectors) {
    std::fill_n(flash_.begin() + static_cast<ptrdiff_t>(sector) * sector_bytes_, sector_bytes_, kErased);
  }
  std::vector<uint32_t> areas(part_.geometry.large_erase_bytes.begin(),
                              part_.geometry.large_erase_bytes.end());
  areas.push_back(sector_bytes_);
  std::ranges::sort(areas, std::greater());
  for (const uint32_t area_bytes : areas) {
    if (area_bytes >= sector_bytes_) erase_areas(sectors, area_bytes);
  }
}

// Takes the sectors out of the set that fill whole aligned areas, and charges one command for each.
void Ideal::erase_areas(std::set<uint32_t>& sectors, uint32_t area_bytes) {
  const uint32_t count = area_bytes / sector_bytes_;
  for (auto at = sectors.begin(); at != sectors.end();) {
    const bool is_aligned = (first_sector_ + *at) % count == 0;
    const auto last = sectors.find(*at + count - 1);
    const bool is_whole = last != sectors.end() && std::distance(at, last) == ptrdiff_t{count} - 1;
    if (is_aligned && is_whole) {
      change_ns_ += erase_ns(area_bytes);
      at = sectors.erase(at, std::next(last));
    } else {
      ++at;
    }
  }
}

void Ideal::program_sector(uint32_t sector) {
  const uint32_t unit = part_.geometry.program_unit_bytes;
  const uint32_t page = part_.geometry.program_page_bytes;
  const uint32_t begin = sector * sector_bytes_;
  for (uint32_t at = begin; at < begin + sector_bytes_; at += page) {
    uint32_t changed = 0;
    for (uint32_t i = at; i < at + page; i += unit) {
      if (!std::equal(&wanted_[i], &wanted_[i] + unit, &flash_[i])) changed += unit;
    }
    if (changed > 0) change_ns_ += program_ns(changed);
  }
  std::copy_n(wanted_.begin() + begin, sector_bytes_, flash_.begin() + begin);
}

uint64_t Ideal::erase_ns(uint32_t size_bytes) const {
  for (const boards::EraseTime& erase : part_.erase_times) {
    if (erase.size_bytes == size_bytes) return part_.command_ns + uint64_t{erase.time.typical_us} * 1000;
  }
  fail("the part has no time for an erase that its geometry has");
}

uint64_t Ideal::program_ns(uint32_t bytes) const {
  const uint64_t cells_ns = part_.program_first_byte_ns + uint64_t{bytes - 1} * part_.program_next_byte_ns;
  return part_.command_ns + uint64_t{bytes} * part_.write_ps_per_byte / 1000 +
         std::min(cells_ns, uint64_t{part_.program_time.typical_us} * 1000);
}

}  // namespace bench
