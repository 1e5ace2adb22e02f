#include "chipmap/chip_map.h"

#include <algorithm>
#include <utility>

#include "chipmap/unicode.h"

namespace chipmap {

std::string_view name_of(Content content) {
  constexpr std::array<std::string_view, kContentCount> kNames = {
      "outside the storage", "blank",    "free, not erased", "outdated", "file",
      "directory",           "metadata", "unknown data",     "damaged"};
  return kNames[static_cast<size_t>(content)];
}

ChipMap::ChipMap(const boards::Board& board, const sim::CellMemory& memory)
    : board_(&board),
      bytes_(memory.bytes),
      units_(memory.bytes.size() / kUnitBytes),
      has_wear_(!memory.wear.empty()) {
  uint32_t offset = 0;
  for (const flash::Region& region : board.part->geometry.regions) {
    for (uint32_t i = 0; i < region.sector_count; ++i) {
      const uint32_t wear = has_wear_ ? memory.wear[sectors_.size()] : 0;
      sectors_.push_back({offset, region.sector_size_bytes, wear});
      offset += region.sector_size_bytes;
    }
  }
  const boards::Area& storage = board.storage();
  for (uint32_t at = storage.offset; at < storage.offset + storage.size_bytes; at += kUnitBytes) {
    units_[at / kUnitBytes].content = is_blank(at, kUnitBytes) ? Content::kBlank : Content::kUnknown;
  }
}

const Sector& ChipMap::sector_at(uint32_t offset) const {
  const auto after = std::upper_bound(sectors_.begin(), sectors_.end(), offset,
                                      [](uint32_t at, const Sector& sector) { return at < sector.offset; });
  return *std::prev(after);
}

bool ChipMap::is_storage(const Sector& sector) const {
  const boards::Area& storage = board_->storage();
  return sector.offset >= storage.offset && sector.offset - storage.offset < storage.size_bytes;
}

bool ChipMap::is_blank(uint32_t offset, uint32_t length) const {
  const auto range = bytes_.subspan(offset, length);
  return std::all_of(range.begin(), range.end(), [](uint8_t byte) { return byte == 0xFF; });
}

uint32_t ChipMap::add_owner(std::string name, uint64_t size_bytes) {
  owners_.push_back({std::move(name), size_bytes});
  return static_cast<uint32_t>(owners_.size() - 1);
}

// Names are in it.
void ChipMap::add_fault(const std::string& fault) {
  faults_.push_back(printable(fault));
}

void ChipMap::add_unseen(const std::string& folder) {
  unseen_.push_back(printable(folder) + ": " + kLiesTooDeep);
}

void ChipMap::add_volume(Volume volume) {
  for (uint32_t at = 0; at < volume.size_bytes; at += kUnitBytes) {
    Unit& unit = units_[(volume.offset + at) / kUnitBytes];
    if (unit.content == Content::kUnknown) unit.content = Content::kStale;
  }
  volumes_.push_back(std::move(volume));
}

void ChipMap::claim(uint32_t offset, uint32_t length, Content content, uint32_t owner) {
  if (length == 0) return;
  const uint64_t end = (uint64_t{offset} + length - 1) / kUnitBytes + 1;
  for (uint64_t i = offset / kUnitBytes; i < std::min<uint64_t>(end, units_.size()); ++i) {
    units_[i] = {content, owner};
  }
}

void ChipMap::mark_damage(const sim::CellMemory& memory) {
  const uint32_t word_bytes = board_->part->geometry.program_unit_bytes;
  for (size_t i = 0; i < memory.broken_words.size() * 8; ++i) {
    if ((memory.broken_words[i / 8] >> (i % 8) & 1) == 0) continue;
    units_[i * word_bytes / kUnitBytes].content = Content::kDamaged;
  }
}

Totals totals_of(const ChipMap& map, size_t hottest_count) {
  Totals totals;
  for (const Unit& unit : map.units()) totals.bytes[static_cast<size_t>(unit.content)] += kUnitBytes;
  for (uint32_t i = 0; i < map.sectors().size(); ++i) {
    if (!map.is_storage(map.sectors()[i]) || map.sectors()[i].wear == 0) continue;
    totals.erases += map.sectors()[i].wear;
    totals.hottest.push_back(i);
  }
  std::stable_sort(totals.hottest.begin(), totals.hottest.end(),
                   [&map](uint32_t a, uint32_t b) { return map.sectors()[a].wear > map.sectors()[b].wear; });
  if (totals.hottest.size() > hottest_count) totals.hottest.resize(hottest_count);
  return totals;
}

}  // namespace chipmap
