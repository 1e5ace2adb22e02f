// The bytes of a FAT volume, all of them in memory, to be looked through and mended there. FAT12 and FAT16:
// no flash of these cameras has room for the clusters of FAT32.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "chipmap/fat_reader.h"
#include "flash/status.h"
#include "volumes/block_device.h"

namespace images {

using chipmap::kFatArchive;
using chipmap::kFatDeleted;
using chipmap::kFatEntryBytes;
using chipmap::kFatFolder;
using chipmap::kFatFree;
using chipmap::kFatLabel;
using chipmap::kFatLongName;

inline constexpr uint32_t kFatEnd = 0xFFFF;  // of a chain, in a table of either width

// Whether an entry is one that a folder of this FAT can have: a part of a long name, a short name, a label,
// or one that was deleted. Where it leads to and its size are those of a file that fits in.
bool is_possible_entry(std::span<const uint8_t> entry, uint32_t end_of_clusters, uint64_t volume_bytes);

// That of a file or folder that is there, as its short name tells.
bool is_live_entry(std::span<const uint8_t> entry);

// Whether a folder begins here: with itself, and the one above it.
bool begins_folder(std::span<const uint8_t> cluster);

class FatBytes {
 public:
  // What cannot be read is zeros. Nothing if no FAT begins there.
  static std::optional<FatBytes> load(volumes::BlockDevice& device);

  // The same with another boot sector; and with the table's first entries, which are no cluster's but say
  // that a table is there, where they are missing. store() writes both.
  static std::optional<FatBytes> load(volumes::BlockDevice& device, std::span<const uint8_t> boot_sector);

  const chipmap::FatLayout& layout() const { return layout_; }
  std::span<uint8_t> all() { return bytes_; }
  std::span<const uint8_t> all() const { return bytes_; }
  std::span<uint8_t> root() { return all().subspan(layout_.root_offset, layout_.root_bytes); }

  // Clusters count from 2 to this one, which is none of them.
  uint32_t end_of_clusters() const { return layout_.cluster_count + 2; }
  bool is_cluster(uint32_t n) const { return n >= 2 && n < end_of_clusters(); }
  std::span<const uint8_t> cluster(uint32_t n) const;
  uint32_t cluster_at(uint32_t offset) const {
    return (offset - layout_.data_offset) / layout_.cluster_bytes + 2;
  }

  // As is_possible_entry(), of this volume.
  bool is_possible(std::span<const uint8_t> entry) const {
    return is_possible_entry(entry, end_of_clusters(), layout_.size_bytes);
  }

  // As chipmap::table_entry().
  uint32_t entry(uint32_t n) const { return chipmap::table_entry(layout_, bytes_, n); }
  void set_entry(uint32_t n, uint32_t value);

  // The blocks of the flash where this entry begins and ends: one of FAT12 may lie in two.
  uint32_t block_of_entry(uint32_t n) const { return place_in_table(n) / block_bytes_; }
  uint32_t last_block_of_entry(uint32_t n) const { return (place_in_table(n) + 1) / block_bytes_; }

  // Writes back what was changed.
  flash::Status store(volumes::BlockDevice& device);

 private:
  FatBytes(std::vector<uint8_t> bytes, std::vector<uint8_t> stored, const chipmap::FatLayout& layout,
           uint32_t block_bytes);

  uint32_t place_in_table(uint32_t n) const;
  void take_from_second_table();

  std::vector<uint8_t> bytes_, stored_;
  chipmap::FatLayout layout_;
  uint32_t block_bytes_;
};

}  // namespace images
