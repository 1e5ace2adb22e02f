#include "images/filesystems.h"

#include <algorithm>
#include <array>
#include <vector>

#include "chipmap/little_endian.h"
#include "chipmap/littlefs_superblock.h"
#include "images/bytes.h"
#include "images/fat_layouts.h"

namespace images {

namespace {

using chipmap::get_le16;
using chipmap::get_le32;
using volumes::BlockDevice;

bool has_text(std::span<const uint8_t> bytes, size_t at, std::string_view text) {
  return flash::in_range(at, text.size(), bytes.size()) &&
         std::equal(text.begin(), text.end(), bytes.begin() + static_cast<ptrdiff_t>(at),
                    [](char expected, uint8_t byte) { return static_cast<uint8_t>(expected) == byte; });
}

// One that does not fit is there, too: it does not mount.
std::optional<uint64_t> littlefs_size(BlockDevice& device, const Place& place, uint32_t version) {
  std::array<std::array<uint8_t, chipmap::kLittlefsHeadBytes>, 3> bytes;
  chipmap::LittlefsHeads heads;
  const uint32_t block_bytes = device.native_block_bytes();
  for (uint32_t block = 0; block < heads.size(); ++block) {
    if (device.read(block * block_bytes, bytes[block]).ok()) heads[block] = bytes[block];
  }
  for (const uint64_t room : {uint64_t{device.size_bytes()}, UINT64_MAX}) {
    const auto layout = chipmap::littlefs_at(heads, {place.start, block_bytes, room, place.follows_volume});
    if (layout && layout->version == version) return layout->size_bytes();
  }
  return {};
}

std::optional<uint64_t> littlefs2_size(BlockDevice& device, const Place& place) {
  return littlefs_size(device, place, 2);
}

std::optional<uint64_t> littlefs1_size(BlockDevice& device, const Place& place) {
  return littlefs_size(device, place, 1);
}

// Jump instruction, signature, and a sector size that FAT can have.
std::optional<uint64_t> fat_size(BlockDevice& device, const Place&) {
  std::array<uint8_t, 512> sector;
  if (!device.read(0, sector).ok()) return {};
  const uint32_t bytes = get_le16(&sector[11]);
  const bool is_fat = (sector[0] == 0xEB || sector[0] == 0xE9) && get_le16(&sector[510]) == 0xAA55 &&
                      (bytes == 512 || bytes == 1024 || bytes == 2048 || bytes == 4096);
  if (!is_fat) return {};
  const uint32_t sectors = get_le16(&sector[19]) != 0 ? get_le16(&sector[19]) : get_le32(&sector[32]);
  return uint64_t{sectors} * bytes;
}

std::unique_ptr<volumes::Volume> make_fat(BlockDevice& device, const boards::Board& board) {
  return volumes::make_fat(device, board.volume_label);
}
std::unique_ptr<volumes::Volume> make_littlefs(BlockDevice& device, const boards::Board&) {
  return volumes::make_littlefs(device);
}
std::unique_ptr<volumes::Volume> make_littlefs1(BlockDevice& device, const boards::Board&) {
  return volumes::make_littlefs1(device);
}

// The first that is found is what is there.
constexpr std::array kFilesystems = {
    Filesystem{"littlefs v2", "littlefs", littlefs2_size, make_littlefs},
    Filesystem{"littlefs v1", "", littlefs1_size, make_littlefs1},
    Filesystem{"FAT", "fat", fat_size, make_fat},
};

struct Foreign {
  size_t at;
  std::string_view magic;
  std::string_view name;
};
constexpr std::array kForeign = {
    Foreign{3, "EXFAT   ", "exFAT"},
    Foreign{3, "NTFS    ", "NTFS"},
    Foreign{0, "\xD2\xCD\x31", "a MicroPython ROMFS"},
    Foreign{0, "hsqs", "squashfs"},
    Foreign{1080, "\x53\xEF", "a Linux ext filesystem"},
};

// What a damaged FAT still shows: its signature, or an allocation table behind the reserved sectors.
bool looks_like_fat(std::span<const uint8_t> head, uint32_t sector_bytes) {
  if (get_le16(&head[510]) == 0xAA55 || has_text(head, 54, "FAT") || has_text(head, 82, "FAT")) return true;
  for (size_t at = sector_bytes; at + 3 <= head.size(); at += sector_bytes) {
    if (has_text(head, at, "\xF8\xFF\xFF") || has_text(head, at, "\xF0\xFF\xFF")) return true;
  }
  return false;
}

// The first tag of a littlefs v2 superblock.
bool has_littlefs_tag(std::span<const uint8_t> block) {
  return has_text(block, 4, "\xF0\x0F\xFF\xF7");
}

// That, or a magic that was cut short.
bool looks_like_littlefs(std::span<const uint8_t> block) {
  return has_littlefs_tag(block) || has_text(block, 8, "litt") || has_text(block, 40, "litt");
}

std::vector<uint8_t> head_of(BlockDevice& device) {
  std::vector<uint8_t> head(std::min<uint32_t>(device.size_bytes(), 16 * 1024));
  read_or_zeros(device, 0, head);
  return head;
}

void describe_unknown(BlockDevice& device, std::span<const uint8_t> head, Content& content) {
  for (const Foreign& foreign : kForeign) {
    if (has_text(head, foreign.at, foreign.magic)) {
      content.description = std::string(foreign.name) + ", which the camera cannot mount";
      return;
    }
  }
  for (const size_t block : {size_t{0}, size_t{device.native_block_bytes()}}) {
    if (looks_like_littlefs(head.subspan(block))) {
      content.description = "what looks like a half-written littlefs";
      content.remains = filesystem_of_option("littlefs");
      return;
    }
  }
  const bool is_fat = looks_like_fat(head, device.simple_block_bytes()) || has_root_of_fat(device);
  content.description = is_fat ? "what looks like a damaged FAT filesystem" : "unknown data, no filesystem";
  if (is_fat) content.remains = filesystem_of_option("fat");
}

bool is_blank_device(BlockDevice& device) {
  std::vector<uint8_t> piece(65536);
  for (uint32_t at = 0; at < device.size_bytes();) {
    const auto part = std::span(piece).first(std::min<size_t>(piece.size(), device.size_bytes() - at));
    read_or_zeros(device, at, part);
    if (!is_blank(part)) return false;
    at += static_cast<uint32_t>(part.size());
  }
  return true;
}

}  // namespace

std::span<const Filesystem> filesystems() {
  return kFilesystems;
}

const Filesystem* filesystem_of_option(std::string_view option) {
  for (const Filesystem& filesystem : kFilesystems) {
    if (!option.empty() && filesystem.option == option) return &filesystem;
  }
  return nullptr;
}

// Every formatter puts the media byte into the table's first entry, and ones above it.
bool has_allocation_table(BlockDevice& device) {
  std::array<uint8_t, 512> boot, table;  // whole blocks of a translation layer
  if (!device.read(0, boot).ok()) return false;
  const uint32_t at = uint32_t{get_le16(&boot[14])} * get_le16(&boot[11]);
  return at != 0 && device.read(at, table).ok() && table[0] == boot[21] && table[1] == 0xFF;
}

bool has_foreign_first_block(BlockDevice& device) {
  std::array<uint8_t, chipmap::kLittlefsHeadBytes> head;
  return device.read(0, head).ok() && chipmap::is_foreign_to_littlefs(head);
}

Content look_at(BlockDevice& device, const Place& place) {
  Content content;
  for (const Filesystem& filesystem : kFilesystems) {
    if (const auto size = filesystem.size_in(device, place)) {
      content.filesystem = &filesystem;
      content.size_bytes = *size;
      content.description = filesystem.name;
      return content;
    }
  }
  content.is_blank = is_blank_device(device);
  if (content.is_blank) {
    content.description = "a blank storage";
    return content;
  }
  describe_unknown(device, head_of(device), content);
  return content;
}

// A root alone is not enough: one of an older FAT, which began elsewhere, may lie behind a newer volume.
const Filesystem* sure_remains(BlockDevice& device) {
  const std::vector<uint8_t> bytes = head_of(device);
  const std::span<const uint8_t> head = bytes;
  const uint32_t block_bytes = device.native_block_bytes();
  if (has_littlefs_tag(head) || (head.size() > block_bytes && has_littlefs_tag(head.subspan(block_bytes)))) {
    return filesystem_of_option("littlefs");
  }
  if (fat_size(device, {})) return filesystem_of_option("fat");
  const bool has_lost_its_beginning =
      is_blank(head.first(block_bytes)) || looks_like_fat(head, device.simple_block_bytes());
  return has_lost_its_beginning && has_root_of_fat(device) ? filesystem_of_option("fat") : nullptr;
}

}  // namespace images
