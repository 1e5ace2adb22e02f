#include "images/fat_layouts.h"

#include <algorithm>
#include <array>
#include <compare>
#include <map>
#include <span>

#include "chipmap/little_endian.h"
#include "flash/geometry.h"
#include "images/bytes.h"
#include "images/fat_bytes.h"
#include "images/sparse_device.h"
#include "volumes/volume.h"

namespace images {

namespace {

using chipmap::get_le16;
using flash::Status;
using volumes::BlockDevice;

struct Layout {
  uint32_t root = 0, root_end = 0;  // sectors
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
    const uint32_t root = get_le16(&boot[14]) + boot[16] * uint32_t{get_le16(&boot[22])};
    const uint32_t root_bytes = get_le16(&boot[17]) * kFatEntryBytes;
    const Layout layout = {root, root + root_bytes / device_.simple_block_bytes(), boot[13]};
    uint32_t& longest = longest_[layout];
    longest = std::max(longest, length);
    return layout;
  }

  const std::map<Layout, uint32_t>& longest() const { return longest_; }

 private:
  BlockDevice& device_;
  std::map<Layout, uint32_t> longest_;
};

// With the greatest length of each.
std::map<Layout, uint32_t> possible_layouts(BlockDevice& device) {
  Layouts layouts(device);
  // The layout changes every 128 KiB or more, and at some places for a few blocks; there, each block counts.
  const uint32_t block = device.native_block_bytes(), step = std::max<uint32_t>(block, 32 << 10);
  for (uint32_t begin = block; begin <= device.size_bytes(); begin += step) {
    const uint32_t last = std::min<uint32_t>(begin + step, device.size_bytes());
    if (layouts.enter(begin) == layouts.enter(last)) continue;
    for (uint32_t length = begin + block; length < last; length += block) layouts.enter(length);
  }
  return layouts.longest();
}

class Root {
 public:
  Root(BlockDevice& device, const Layout& layout, uint32_t length)
      : device_(device),
        at_(uint64_t{layout.root} * device.simple_block_bytes()),
        size_bytes_((layout.root_end - layout.root) * device.simple_block_bytes()),
        volume_bytes_(length),
        end_of_clusters_(2 + length / (std::max(layout.cluster_sectors, 1u) * device.simple_block_bytes())) {}

  bool has_entry() const {
    std::array<uint8_t, 512> piece;  // and more: whole blocks of a translation layer
    return read(piece) && is_possible(piece);
  }

  // Entries, one of a file or folder among them, and then nothing.
  bool is_whole() const {
    std::vector<uint8_t> bytes(size_bytes_);
    if (!read(bytes)) return false;
    bool is_used = false;
    std::span<const uint8_t> rest = bytes;
    for (; !rest.empty() && rest[0] != kFatFree; rest = rest.subspan(kFatEntryBytes)) {
      if (!is_possible(rest)) return false;
      is_used = is_used || is_live_entry(rest);
    }
    return is_used && is_filled_with(rest, 0);
  }

 private:
  bool is_possible(std::span<const uint8_t> entry) const {
    return is_possible_entry(entry.first(kFatEntryBytes), end_of_clusters_, volume_bytes_);
  }
  bool read(std::span<uint8_t> out) const {
    return flash::in_range(at_, out.size(), device_.size_bytes()) &&
           device_.read(static_cast<uint32_t>(at_), out).ok();
  }

  BlockDevice& device_;
  uint64_t at_;
  uint32_t size_bytes_, volume_bytes_, end_of_clusters_;
};

}  // namespace

Status make_boot_sector(const BlockDevice& like, uint32_t size_bytes, std::vector<uint8_t>& sector) {
  SparseDevice donor(like, size_bytes);
  FLASH_TRY(volumes::make_fat(donor)->format());
  sector.resize(donor.simple_block_bytes());
  return donor.read(0, sector);
}

std::vector<uint32_t> possible_lengths_of_fat(BlockDevice& device) {
  std::vector<uint32_t> lengths;
  for (const auto& [layout, length] : possible_layouts(device)) {
    if (Root(device, layout, length).has_entry()) lengths.push_back(length);
  }
  return lengths;
}

bool has_root_of_fat(BlockDevice& device) {
  const auto layouts = possible_layouts(device);
  return std::any_of(layouts.begin(), layouts.end(), [&](const auto& layout) {
    return Root(device, layout.first, layout.second).is_whole();
  });
}

}  // namespace images
