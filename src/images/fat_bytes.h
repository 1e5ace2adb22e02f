// The bytes of a FAT volume, all of them in memory, to be looked through and mended there.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "chipmap/fat_reader.h"
#include "flash/status.h"
#include "volumes/block_device.h"

namespace images {

inline constexpr uint32_t kFatEntryBytes = 32;
inline constexpr uint8_t kFatFree = 0x00, kFatDeleted = 0xE5;  // first byte of an entry; free: and all behind
inline constexpr uint32_t kFatEnd = 0x0FFFFFFF;                // of a chain, in a table of any width
inline constexpr uint8_t kFatFolder = 0x10;                    // attributes
inline constexpr uint8_t kFatArchive = 0x20;

class FatBytes {
 public:
  // What cannot be read is zeros. Nothing if no FAT begins there.
  static std::optional<FatBytes> load(volumes::BlockDevice& device);

  // The same with another boot sector, and with the table's first entries, which are no cluster's but say
  // that a table is there.
  static std::optional<FatBytes> load(volumes::BlockDevice& device, std::span<const uint8_t> boot_sector);

  const chipmap::FatLayout& layout() const { return layout_; }
  std::span<uint8_t> all() { return bytes_; }
  std::span<const uint8_t> all() const { return bytes_; }

  // Clusters count from 2 to this one, which is none of them.
  uint32_t end_of_clusters() const { return layout_.cluster_count + 2; }
  bool is_cluster(uint32_t n) const { return n >= 2 && n < end_of_clusters(); }
  uint32_t cluster_at(uint32_t offset) const {
    return (offset - layout_.data_offset) / layout_.cluster_bytes + 2;
  }
  std::span<const uint8_t> cluster(uint32_t n) const;

  // As chipmap::table_entry().
  uint32_t entry(uint32_t n) const { return chipmap::table_entry(layout_, bytes_, n); }
  void set_entry(uint32_t n, uint32_t value);

  // Whether the block of the flash where this entry lies was lost, when it was loaded: it is blank, as where
  // it was erased and not programmed, or too many entries cannot be right. (One file per entry, each of one
  // cluster, would look like a blank one; nobody has so many.)
  bool is_table_lost_at(uint32_t n) const { return n >= 2 && is_lost_[place_in_table(n) / block_bytes_]; }

  // What a lost entry leads to may be anybody's. A file of one cluster is whole then, and a longer one too
  // short.
  void end_chains_where_table_is_lost();

  // Of the root; FAT32: its first cluster.
  std::span<uint8_t> root();

  // Writes back what was changed.
  flash::Status store(volumes::BlockDevice& device);

 private:
  FatBytes(std::vector<uint8_t> bytes, std::vector<uint8_t> stored, const chipmap::FatLayout& layout,
           uint32_t block_bytes);

  uint32_t place_in_table(uint32_t n) const;
  void find_lost_blocks_of_table();

  std::vector<uint8_t> bytes_, stored_;
  chipmap::FatLayout layout_;
  uint32_t block_bytes_;
  std::vector<bool> is_lost_;  // by block of the volume
};

// Whether an entry is one that a folder of this FAT can have: a part of a long name, a short name, a label,
// or one that was deleted. Where it leads to and its size are those of a file that fits in.
bool is_possible_entry(std::span<const uint8_t> entry, uint32_t end_of_clusters, uint64_t volume_bytes);

// Whether a folder begins here: with itself, and the one above it.
bool begins_folder(std::span<const uint8_t> cluster);

// That has a name of its own and is in use.
bool is_live_entry(std::span<const uint8_t> entry);

}  // namespace images
