#include "images/fat_length.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "chipmap/little_endian.h"
#include "images/mend.h"

namespace images {

namespace {

using chipmap::get_le16;
using volumes::BlockDevice;

constexpr uint32_t kTableStart = 1;       // sector; behind the boot sector
constexpr uint32_t kMostSectors = 258;    // of a table of FAT16, and its end
constexpr uint32_t kLargestCluster = 64;  // sectors

// An entry of a directory that is in use, as the first one of a root directory mostly is: a label, a long
// name's last part, a short name. Tables have bytes below a space in such places.
bool is_entry(std::span<const uint8_t> entry) {
  constexpr uint8_t kLongName = 0x0F, kLastPart = 0x40;
  const uint8_t attributes = entry[11];
  if (attributes == kLongName) {
    const uint8_t part = entry[0] & ~kLastPart;
    return (entry[0] & kLastPart) != 0 && part >= 1 && part <= 20 && entry[12] == 0 &&
           get_le16(&entry[26]) == 0;
  }
  const auto name = entry.first(11);
  return (attributes & 0xC0) == 0 && name[0] != ' ' &&
         std::all_of(name.begin(), name.end(), [](uint8_t byte) { return byte >= ' '; });
}

std::optional<uint32_t> find_root(BlockDevice& device) {
  std::array<uint8_t, 32> entry;
  for (uint32_t sector = kTableStart + 1; sector < kMostSectors; ++sector) {
    const uint64_t at = uint64_t{sector} * device.simple_block_bytes();
    if (at + entry.size() > device.size_bytes()) break;
    if (device.read(static_cast<uint32_t>(at), entry).ok() && is_entry(entry)) return sector;
  }
  return {};
}

// The table's own first entries: those of FAT16 have two bytes.
unsigned table_bits(BlockDevice& device) {
  std::array<uint8_t, 4> head = {};
  if (!device.read(kTableStart * device.simple_block_bytes(), head).ok()) return 12;
  return head[3] == 0xFF ? 16 : 12;
}

}  // namespace

std::vector<uint32_t> lengths_of_fat(BlockDevice& device, const boards::Board& board) {
  const auto root = find_root(device);
  if (!root) return {};
  const uint32_t sector = device.simple_block_bytes(), block = device.native_block_bytes();
  const uint64_t clusters = uint64_t{*root - kTableStart} * sector * 8 / table_bits(device) - 2;
  std::vector<uint32_t> lengths;
  for (uint32_t cluster = 1; cluster <= kLargestCluster; cluster *= 2) {
    const uint64_t longest = std::min<uint64_t>(clusters * cluster * sector, device.size_bytes());
    const auto length = static_cast<uint32_t>(longest / block * block);
    std::vector<uint8_t> boot;
    if (!make_fat_boot_sector(board, length, boot).ok()) continue;
    const uint32_t root_there = get_le16(&boot[14]) + boot[16] * get_le16(&boot[22]);
    if (root_there == *root && boot[13] == cluster) lengths.push_back(length);
  }
  return lengths;
}

}  // namespace images
