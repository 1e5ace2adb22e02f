#include "images/fat_bytes.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "chipmap/little_endian.h"
#include "flash/geometry.h"
#include "images/bytes.h"

namespace images {

namespace {

using chipmap::get_le16;
using chipmap::get_le32;
using flash::Status;
using volumes::BlockDevice;

// Of a table: in FAT16 four bytes, of which nobody needs the last one.
constexpr size_t kHeadBytes = 3;

void put_head_of_table(std::span<uint8_t> volume) {
  const uint32_t at = uint32_t{get_le16(&volume[14])} * get_le16(&volume[11]);
  if (!flash::in_range(at, kHeadBytes, volume.size()) || (volume[at] == volume[21] && volume[at + 1] == 0xFF))
    return;
  volume[at] = volume[21];
  volume[at + 1] = volume[at + 2] = 0xFF;
}

// Microsoft's specification, but for lower case, which others write; and "." and "..", which begin a folder.
bool is_short_name(std::span<const uint8_t> name) {
  constexpr std::string_view kForbidden = "\"*+,/:;<=>?[\\]|";
  if (name[0] == ' ') return false;
  for (size_t i = 0; i < name.size(); ++i) {
    if (i == 0 && name[i] == chipmap::kFatStandsForDeleted) continue;
    if (name[i] < ' ' || kForbidden.find(static_cast<char>(name[i])) != kForbidden.npos) return false;
  }
  return true;
}

}  // namespace

std::optional<FatBytes> FatBytes::load(BlockDevice& device) {
  return load(device, {});
}

std::optional<FatBytes> FatBytes::load(BlockDevice& device, std::span<const uint8_t> boot_sector) {
  std::vector<uint8_t> stored(device.size_bytes());
  read_or_zeros(device, 0, stored);
  std::vector<uint8_t> bytes = stored;
  std::copy(boot_sector.begin(), boot_sector.end(), bytes.begin());
  if (!boot_sector.empty()) put_head_of_table(bytes);
  const auto layout = chipmap::recognise_fat(bytes);
  if (!layout || layout->bits == 32) return {};
  return FatBytes(std::move(bytes), std::move(stored), *layout, device.native_block_bytes());
}

FatBytes::FatBytes(std::vector<uint8_t> bytes, std::vector<uint8_t> stored, const chipmap::FatLayout& layout,
                   uint32_t block_bytes)
    : bytes_(std::move(bytes)), stored_(std::move(stored)), layout_(layout), block_bytes_(block_bytes) {
  if (layout_.table_count == 2) take_from_second_table();
}

// Where a sector of the first one is blank; or all free, unless that of the second one is blank.
void FatBytes::take_from_second_table() {
  for (uint32_t at = 0; at < layout_.table_bytes; at += layout_.sector_bytes) {
    const auto first = all().subspan(layout_.table_offset + at, layout_.sector_bytes);
    const auto second = all().subspan(layout_.table_offset + layout_.table_bytes + at, layout_.sector_bytes);
    const size_t head = at == 0 ? kHeadBytes : 0;  // it may have been put there
    const bool is_lost = is_blank(first.subspan(head)) ||
                         (is_filled_with(first.subspan(head), 0) && !is_blank(second.subspan(head)));
    if (is_lost) std::copy(second.begin() + head, second.end(), first.begin() + head);
  }
}

std::span<const uint8_t> FatBytes::cluster(uint32_t n) const {
  return all().subspan(layout_.data_offset + (n - 2) * layout_.cluster_bytes, layout_.cluster_bytes);
}

uint32_t FatBytes::place_in_table(uint32_t n) const {
  return layout_.table_offset + (layout_.bits == 12 ? n + n / 2 : n * 2);
}

// FAT12: two entries share three bytes.
void FatBytes::set_entry(uint32_t n, uint32_t value) {
  uint8_t* const at = &bytes_[place_in_table(n)];
  if (layout_.bits == 12) {
    const uint32_t pair = get_le16(at);
    value = n % 2 != 0 ? (pair & 0xF) | value << 4 : (pair & 0xF000) | (value & 0xFFF);
  }
  chipmap::put_le16(at, value);
}

Status FatBytes::store(BlockDevice& device) {
  for (uint32_t at = 0; at < bytes_.size(); at += block_bytes_) {
    const auto block = std::span(bytes_).subspan(at, block_bytes_);
    if (std::equal(block.begin(), block.end(), stored_.begin() + at)) continue;
    FLASH_TRY(device.write(at, block));
    std::copy(block.begin(), block.end(), stored_.begin() + at);
  }
  return {};
}

bool is_possible_entry(std::span<const uint8_t> entry, uint32_t end_of_clusters, uint64_t volume_bytes) {
  constexpr uint8_t kUnusedAttributes = 0xC0;
  if (entry[0] == kFatDeleted) return true;
  const uint32_t cluster = get_le16(&entry[26]), size_bytes = get_le32(&entry[28]);
  const uint8_t attributes = entry[11];
  if (attributes == kFatLongName) return entry[12] == 0 && cluster == 0;
  if ((attributes & kUnusedAttributes) != 0 || !is_short_name(entry.first(11))) return false;
  if ((attributes & kFatLabel) != 0) return cluster == 0 && size_bytes == 0;
  const bool leads_inside = cluster == 0 || (cluster >= 2 && cluster < end_of_clusters);
  const bool is_folder = (attributes & kFatFolder) != 0;
  return leads_inside && (is_folder ? size_bytes == 0 : size_bytes <= volume_bytes);
}

bool is_live_entry(std::span<const uint8_t> entry) {
  // A part of a long name has the attribute of a label, too.
  return entry[0] != kFatFree && entry[0] != kFatDeleted && (entry[11] & kFatLabel) == 0;
}

bool begins_folder(std::span<const uint8_t> cluster) {
  constexpr std::string_view kItself = ".          ", kAbove = "..         ";
  return std::equal(kItself.begin(), kItself.end(), cluster.begin()) &&
         std::equal(kAbove.begin(), kAbove.end(), cluster.begin() + kFatEntryBytes);
}

}  // namespace images
