#include "images/fat_bytes.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "chipmap/little_endian.h"
#include "flash/geometry.h"

namespace images {

namespace {

using chipmap::get_le16;
using chipmap::get_le32;
using flash::Status;
using volumes::BlockDevice;

constexpr uint32_t kPieceBytes = 512;

std::vector<uint8_t> read_what_is_there(BlockDevice& device) {
  std::vector<uint8_t> bytes(device.size_bytes());
  for (uint32_t at = 0; at < bytes.size(); at += kPieceBytes) {
    const auto piece = std::span(bytes).subspan(at, kPieceBytes);
    if (!device.read(at, piece).ok()) std::fill(piece.begin(), piece.end(), uint8_t{0});
  }
  return bytes;
}

void put_head_of_table(std::span<uint8_t> volume) {
  const uint32_t at = uint32_t{get_le16(&volume[14])} * get_le16(&volume[11]);
  if (!flash::in_range(at, 3, volume.size()) || (volume[at] == volume[21] && volume[at + 1] == 0xFF)) return;
  volume[at] = volume[21];
  volume[at + 1] = volume[at + 2] = 0xFF;
}

// Microsoft's specification of 2000, "FAT Directory Structure".
bool is_short_name(std::span<const uint8_t> name) {
  constexpr std::string_view kForbidden = "\"*+,/:;<=>?[\\]|";
  constexpr uint8_t kStandsForDeleted = 0x05;  // in the first place
  if (name[0] == ' ') return false;
  for (size_t i = 0; i < name.size(); ++i) {
    if (i == 0 && name[i] == kStandsForDeleted) continue;
    if (name[i] < ' ' || kForbidden.find(static_cast<char>(name[i])) != kForbidden.npos) return false;
  }
  return true;
}

}  // namespace

std::optional<FatBytes> FatBytes::load(BlockDevice& device) {
  return load(device, {});
}

std::optional<FatBytes> FatBytes::load(BlockDevice& device, std::span<const uint8_t> boot_sector) {
  const std::vector<uint8_t> stored = read_what_is_there(device);
  std::vector<uint8_t> bytes = stored;
  std::copy(boot_sector.begin(), boot_sector.end(), bytes.begin());
  if (!boot_sector.empty()) put_head_of_table(bytes);
  const auto layout = chipmap::recognise_fat(bytes);
  if (!layout) return {};
  return FatBytes(std::move(bytes), stored, *layout, device.native_block_bytes());
}

FatBytes::FatBytes(std::vector<uint8_t> bytes, std::vector<uint8_t> stored, const chipmap::FatLayout& layout,
                   uint32_t block_bytes)
    : bytes_(std::move(bytes)), stored_(std::move(stored)), layout_(layout), block_bytes_(block_bytes) {
  find_lost_blocks_of_table();
}

// An entry is wrong if it leads nowhere, to a free cluster, or to where another one leads.
void FatBytes::find_lost_blocks_of_table() {
  constexpr size_t kFewWrong = 16;  // as errors of software leave them
  struct Count {
    size_t entries = 0, blank = 0, used = 0, wrong = 0;
  };
  std::vector<Count> counts((layout_.table_offset + layout_.table_bytes) / block_bytes_ + 1);
  std::vector<bool> is_led_to(end_of_clusters());
  const uint32_t bad_mark = first_end_mark(layout_) - 1, blank = first_end_mark(layout_) | 7;
  for (uint32_t n = 2; n < end_of_clusters(); ++n) {
    const uint32_t next = entry(n);
    Count& count = counts[place_in_table(n) / block_bytes_];
    ++count.entries;
    count.blank += next == blank ? 1 : 0;
    count.used += next != 0 ? 1 : 0;
    if (next == 0 || next >= bad_mark) continue;
    count.wrong += !is_cluster(next) || entry(next) == 0 || is_led_to[next] ? 1 : 0;
    if (is_cluster(next)) is_led_to[next] = true;
  }
  for (const Count& count : counts) {
    const bool is_blank = count.entries != 0 && count.blank == count.entries;
    is_lost_.push_back(is_blank || (count.wrong > kFewWrong && count.wrong > count.used / 8));
  }
}

std::span<const uint8_t> FatBytes::cluster(uint32_t n) const {
  return all().subspan(layout_.data_offset + (n - 2) * layout_.cluster_bytes, layout_.cluster_bytes);
}

uint32_t FatBytes::place_in_table(uint32_t n) const {
  return layout_.table_offset + (layout_.bits == 12 ? n + n / 2 : n * (layout_.bits / 8));
}

void FatBytes::set_entry(uint32_t n, uint32_t value) {
  uint8_t* const at = &bytes_[place_in_table(n)];
  if (layout_.bits == 12) {
    const uint32_t pair = get_le16(at);
    value = n % 2 != 0 ? (pair & 0xF) | value << 4 : (pair & 0xF000) | (value & 0xFFF);
  }
  for (uint32_t i = 0; i < (layout_.bits == 32 ? 4u : 2u); ++i) at[i] = static_cast<uint8_t>(value >> 8 * i);
}

void FatBytes::end_chains_where_table_is_lost() {
  for (uint32_t n = 2; n < end_of_clusters(); ++n) {
    if (is_table_lost_at(n)) set_entry(n, kFatEnd);
  }
}

std::span<uint8_t> FatBytes::root() {
  if (layout_.bits != 32) return all().subspan(layout_.root_offset, layout_.root_bytes);
  const uint32_t first = layout_.data_offset + (layout_.root_cluster - 2) * layout_.cluster_bytes;
  return is_cluster(layout_.root_cluster) ? all().subspan(first, layout_.cluster_bytes)
                                          : std::span<uint8_t>();
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
  constexpr uint8_t kLongName = 0x0F, kUnusedAttributes = 0xC0, kLabel = 0x08;
  if (entry[0] == kFatDeleted) return true;
  const uint32_t cluster = get_le16(&entry[26]), size_bytes = get_le32(&entry[28]);
  const uint8_t attributes = entry[11];
  if (attributes == kLongName) return entry[12] == 0 && cluster == 0;
  if ((attributes & kUnusedAttributes) != 0 || !is_short_name(entry.first(11))) return false;
  if ((attributes & kLabel) != 0) return cluster == 0 && size_bytes == 0;
  const bool is_wide = end_of_clusters > 0x10000;  // FAT32; before it, the upper half meant something else
  const uint32_t first = (is_wide ? uint32_t{get_le16(&entry[20])} << 16 : 0) | cluster;
  const bool leads_inside = first == 0 || (first >= 2 && first < end_of_clusters);
  const bool is_folder = (attributes & kFatFolder) != 0;
  return leads_inside && (is_folder ? size_bytes == 0 : size_bytes <= volume_bytes);
}

bool begins_folder(std::span<const uint8_t> cluster) {
  constexpr std::string_view kItself = ".          ", kAbove = "..         ";
  return std::equal(kItself.begin(), kItself.end(), cluster.begin()) &&
         std::equal(kAbove.begin(), kAbove.end(), cluster.begin() + kFatEntryBytes);
}

bool is_live_entry(std::span<const uint8_t> entry) {
  constexpr uint8_t kLabel = 0x08;  // a long name has it, too
  return entry[0] != kFatFree && entry[0] != kFatDeleted && (entry[11] & kLabel) == 0;
}

}  // namespace images
