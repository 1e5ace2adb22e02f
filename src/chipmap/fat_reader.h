// Which bytes of a FAT volume belong to what: a reader that never writes, and that a damaged volume
// cannot lead astray. FAT12, FAT16 and FAT32 as in Microsoft's specification of 2000.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "chipmap/chip_map.h"

namespace chipmap {

// Of a folder's entries (Microsoft's specification of 2000, "FAT Directory Structure").
inline constexpr uint32_t kFatEntryBytes = 32;
inline constexpr uint8_t kFatFree = 0x00, kFatDeleted = 0xE5;  // first byte; free: and all behind it
inline constexpr uint8_t kFatStandsForDeleted = 0x05;          // in the first place of a name
inline constexpr uint8_t kFatLabel = 0x08, kFatFolder = 0x10, kFatArchive = 0x20;  // attributes
inline constexpr uint8_t kFatLongName = 0x0F;

struct FatLayout {
  uint32_t bits;  // of an entry of the allocation table: 12, 16 or 32
  uint32_t sector_bytes;
  uint32_t cluster_bytes;
  uint32_t table_offset;  // all offsets in bytes from the start of the volume
  uint32_t table_bytes;
  uint32_t table_count;
  uint32_t root_offset;  // FAT12 and FAT16
  uint32_t root_bytes;
  uint32_t root_cluster;  // FAT32
  uint32_t data_offset;
  uint32_t cluster_count;
  uint32_t size_bytes;
};

// Nothing if the bytes do not start with the boot sector of a FAT volume that fits into them.
std::optional<FatLayout> recognise_fat(std::span<const uint8_t> bytes);

std::string name_of(const FatLayout& layout);  // "FAT16"

// What the first allocation table says of a cluster: the next one of its chain, an end mark, or 0 where it is
// free. `volume` holds the volume's bytes.
uint32_t table_entry(const FatLayout& layout, std::span<const uint8_t> volume, uint32_t cluster);
uint32_t first_end_mark(const FatLayout& layout);  // and everything above it

// Enters the volume that lies at `offset` of the chip.
void survey_fat(ChipMap& map, uint32_t offset, const FatLayout& layout);

// Enters the files of a volume that lies anywhere; the volume itself has been entered.
void survey_fat(ChipMap& map, const Place& place, const FatLayout& layout);

}  // namespace chipmap
