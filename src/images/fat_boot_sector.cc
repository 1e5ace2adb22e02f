#include "images/fat_boot_sector.h"

#include <algorithm>
#include <array>
#include <compare>
#include <map>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

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

// Of a way to read the volume. Where tables are damaged, no file may be whole; but files begin where there
// are clusters, and are no longer than the volume. A file of one cluster fits everywhere, and says nothing of
// chains.
struct Verdict {
  int64_t plausible_entries = 0;  // less those that are not
  size_t chains = 0;              // of several clusters, and as long as their files
  size_t blank_files = 0;
  uint64_t surplus_blocks = 0;  // that are in use, and nobody's; or the other way round

  // Of the last two, less is better.
  bool is_better_than(const Verdict& other) const {
    return std::tuple(plausible_entries, chains, other.blank_files, other.surplus_blocks) >
           std::tuple(other.plausible_entries, other.chains, blank_files, surplus_blocks);
  }
};

// Reads a file, and says whether its first piece is blank.
uint64_t read_bytes_of(Volume& volume, const Node& node, bool& is_blank) {
  uint64_t bytes = 0;
  const auto look = [&](std::span<const uint8_t> piece) {
    if (bytes == 0)
      is_blank = std::all_of(piece.begin(), piece.end(), [](uint8_t byte) { return byte == 0xFF; });
    bytes += piece.size();
    return true;
  };
  read_file(volume, node.path, look).ignore();
  return bytes;
}

void judge_file(Volume& volume, const Node& node, uint32_t block_bytes, uint32_t device_bytes,
                Verdict& verdict) {
  const uint32_t size = node.entry.size_bytes;
  bool is_blank = false;
  const uint64_t bytes = size <= device_bytes ? read_bytes_of(volume, node, is_blank) : 0;
  if (size > 0) verdict.plausible_entries += bytes > 0 ? 1 : -1;
  verdict.chains += size > block_bytes && bytes == size ? 1 : 0;
  verdict.blank_files += is_blank ? 1 : 0;
}

Verdict judge(Volume& volume, uint32_t device_bytes) {
  Verdict verdict;
  volumes::Space space;
  if (!volume.space(space).ok()) return verdict;
  std::vector<Node> nodes;
  walk(volume, "/", nodes, [&](const Fault&) {
    --verdict.plausible_entries;
    return true;
  }).ignore();
  uint64_t needed = 0;
  for (const Node& node : nodes) {
    const uint64_t size = node.entry.is_directory ? 1 : node.entry.size_bytes;
    needed += (size + space.block_bytes - 1) / space.block_bytes;
    if (!node.entry.is_directory) judge_file(volume, node, space.block_bytes, device_bytes, verdict);
  }
  const uint64_t used = space.total_blocks - space.free_blocks;
  verdict.surplus_blocks = std::max(used, needed) - std::min(used, needed);
  return verdict;
}

using Sector = std::vector<uint8_t>;

// Those that the camera's formatter may have written. A length that it makes no FAT of has none.
void add_boot_sectors(BlockDevice& device, std::span<const uint32_t> lengths, std::vector<Sector>& boots) {
  for (const uint32_t length : lengths) {
    if (Sector boot; make_boot_sector(device, length, boot).ok()) boots.push_back(std::move(boot));
  }
}

Status mount_with(BlockDevice& device, Volume& volume, const Sector& boot) {
  FLASH_TRY(device.write(0, boot));
  return volume.mount();
}

}  // namespace

Status mount_fat_with_best_boot_sector(BlockDevice& device, Volume& volume,
                                       std::span<const uint32_t> likely_lengths, bool& is_new) {
  // That which is there may be right, and what it leads to damaged.
  std::vector<Sector> boots(1, Sector(device.simple_block_bytes()));
  const bool is_readable = device.read(0, boots.front()).ok();
  if (!is_readable) boots.clear();
  add_boot_sectors(device, likely_lengths, boots);
  add_boot_sectors(device, possible_lengths_of_fat(device), boots);
  const Sector* best = nullptr;
  Verdict best_verdict;
  for (const Sector& boot : boots) {
    if (!mount_with(device, volume, boot).ok()) continue;
    const Verdict verdict = judge(volume, device.size_bytes());
    if (best != nullptr && !verdict.is_better_than(best_verdict)) continue;
    best = &boot;
    best_verdict = verdict;
  }
  is_new = !is_readable || best != &boots.front();
  return best == nullptr ? volumes::kNoFilesystem : mount_with(device, volume, *best);
}

}  // namespace images
