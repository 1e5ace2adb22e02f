#include "images/fat_boot_sector.h"

#include <algorithm>
#include <array>
#include <compare>
#include <map>
#include <span>

#include "chipmap/little_endian.h"
#include "flash/geometry.h"
#include "images/sparse_device.h"
#include "images/transfer.h"
#include "images/walk.h"

namespace images {

namespace {

using chipmap::get_le16;
using flash::Status;
using volumes::BlockDevice;
using volumes::Volume;

// What the camera's formatter writes for so many bytes, in sectors like those of `like`.
Status make_boot_sector(const BlockDevice& like, uint32_t size_bytes, std::vector<uint8_t>& sector) {
  SparseDevice donor(like, size_bytes);
  FLASH_TRY(volumes::make_fat(donor)->format());
  sector.resize(donor.simple_block_bytes());
  return donor.read(0, sector);
}

// An entry of a directory, as the first one of a root mostly is: a label, a part of a long name, a short
// name, or one that was deleted.
bool is_entry(std::span<const uint8_t> entry) {
  constexpr uint8_t kLongName = 0x0F, kUnusedAttributes = 0xC0;
  const uint8_t attributes = entry[11];
  if (attributes == kLongName) return entry[12] == 0 && get_le16(&entry[26]) == 0;
  const auto name = entry.first(11);
  return (attributes & kUnusedAttributes) == 0 && name[0] != ' ' &&
         std::all_of(name.begin(), name.end(), [](uint8_t byte) { return byte >= ' '; });
}

bool has_entry_at(BlockDevice& device, uint32_t sector) {
  std::array<uint8_t, 512> entry;  // and more: whole blocks of a translation layer
  const uint64_t at = uint64_t{sector} * device.simple_block_bytes();
  return flash::in_range(at, entry.size(), device.size_bytes()) &&
         device.read(static_cast<uint32_t>(at), entry).ok() && is_entry(entry);
}

struct Layout {
  uint32_t root = 0;  // a sector
  uint32_t cluster_sectors = 0;
  auto operator<=>(const Layout&) const = default;
};

class Layouts {
 public:
  explicit Layouts(BlockDevice& device) : device_(device) {}

  // Of a FAT of this length.
  Layout enter(uint32_t length) {
    std::vector<uint8_t> boot;
    if (!make_boot_sector(device_, length, boot).ok()) return {};
    const uint32_t table_sectors = get_le16(&boot[22]);
    const Layout layout = {get_le16(&boot[14]) + boot[16] * table_sectors, boot[13]};
    uint32_t& longest = longest_[layout];
    longest = std::max(longest, length);
    return layout;
  }

  std::vector<uint32_t> possible_lengths() {
    std::vector<uint32_t> lengths;
    for (const auto& [layout, length] : longest_) {
      if (has_entry_at(device_, layout.root)) lengths.push_back(length);
    }
    return lengths;
  }

 private:
  BlockDevice& device_;
  std::map<Layout, uint32_t> longest_;
};

// A length for each way to lay out a FAT that has what looks like an entry of a directory where the root is.
std::vector<uint32_t> possible_lengths_of_fat(BlockDevice& device) {
  Layouts layouts(device);
  // The layout changes every 128 KiB or more, and at some places for a few blocks; there, each block counts.
  const uint32_t block = device.native_block_bytes(), step = std::max<uint32_t>(block, 32 << 10);
  for (uint32_t begin = block; begin <= device.size_bytes(); begin += step) {
    const uint32_t last = std::min<uint32_t>(begin + step, device.size_bytes());
    if (layouts.enter(begin) == layouts.enter(last)) continue;
    for (uint32_t length = begin + block; length < last; length += block) layouts.enter(length);
  }
  return layouts.possible_lengths();
}

// Of a way to read the volume: how much comes out, and does it take as many clusters as are in use?
struct Verdict {
  int64_t files = 0;  // that are whole, less those that are not
  uint64_t surplus_blocks = 0;

  bool is_better_than(const Verdict& other) const {
    return files != other.files ? files > other.files : surplus_blocks < other.surplus_blocks;
  }
};

// What is blank throughout is nobody's file.
bool is_whole(Volume& volume, const Node& node, uint32_t device_bytes) {
  if (node.entry.size_bytes > device_bytes) return false;
  uint64_t bytes = 0;
  bool is_blank = true;
  const auto look = [&](std::span<const uint8_t> piece) {
    bytes += piece.size();
    is_blank = is_blank && std::all_of(piece.begin(), piece.end(), [](uint8_t byte) { return byte == 0xFF; });
    return true;
  };
  return read_file(volume, node.path, look).ok() && bytes == node.entry.size_bytes && !is_blank;
}

Verdict judge(Volume& volume, uint32_t device_bytes) {
  Verdict verdict;
  volumes::Space space;
  if (!volume.space(space).ok()) return verdict;
  std::vector<Node> nodes;
  walk(volume, "/", nodes, [&](const Fault&) {
    --verdict.files;
    return true;
  }).ignore();
  uint64_t needed = 0;
  for (const Node& node : nodes) {
    const uint64_t size = node.entry.is_directory ? 1 : node.entry.size_bytes;
    needed += (size + space.block_bytes - 1) / space.block_bytes;
    if (node.entry.is_directory || size == 0) continue;
    verdict.files += is_whole(volume, node, device_bytes) ? 1 : -1;
  }
  const uint64_t used = space.total_blocks - space.free_blocks;
  verdict.surplus_blocks = std::max(used, needed) - std::min(used, needed);
  return verdict;
}

Status mount_as_long_as(BlockDevice& device, Volume& volume, uint32_t length) {
  std::vector<uint8_t> boot;
  FLASH_TRY(make_boot_sector(device, length, boot));
  FLASH_TRY(device.write(0, boot));
  return volume.mount();
}

}  // namespace

Status mount_fat_with_new_boot_sector(BlockDevice& device, Volume& volume,
                                      std::span<const uint32_t> likely_lengths) {
  std::vector<uint32_t> lengths(likely_lengths.begin(), likely_lengths.end());
  for (const uint32_t length : possible_lengths_of_fat(device)) lengths.push_back(length);
  uint32_t best = 0;
  Verdict best_verdict;
  for (const uint32_t length : lengths) {
    if (!mount_as_long_as(device, volume, length).ok()) continue;
    const Verdict verdict = judge(volume, device.size_bytes());
    if (best != 0 && !verdict.is_better_than(best_verdict)) continue;
    best = length;
    best_verdict = verdict;
  }
  return best == 0 ? volumes::kNoFilesystem : mount_as_long_as(device, volume, best);
}

}  // namespace images
