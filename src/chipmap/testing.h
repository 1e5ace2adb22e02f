// For tests: a chip in RAM, and a FAT volume that is put together cluster by cluster.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "boards/board_table.h"
#include "chipmap/chip_map.h"

namespace chipmap {

// The whole flash of a board, blank, with its wear counters.
struct TestChip {
  explicit TestChip(std::string_view board_name)
      : board(*boards::find_board(board_name)), bytes(board.part->geometry.size_bytes(), 0xFF) {
    uint32_t sectors = 0;
    for (const flash::Region& region : board.part->geometry.regions) sectors += region.sector_count;
    wear.resize(sectors);
    broken_words.resize(bytes.size() / board.part->geometry.program_unit_bytes / 8 + 1);
  }

  sim::CellMemory memory() { return {bytes, wear, broken_words}; }
  uint8_t* storage() { return &bytes[board.storage().offset]; }

  const boards::Board& board;
  std::vector<uint8_t> bytes;
  std::vector<uint32_t> wear;
  std::vector<uint8_t> broken_words;
};

inline void put_le(uint8_t* at, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) at[i] = static_cast<uint8_t>(value >> (8 * i));
}

// Clusters of one sector of 512 bytes, one table; the root directory has 16 entries, or is cluster 2.
class FatBuilder {
 public:
  FatBuilder(uint8_t* volume, uint32_t bits, uint32_t cluster_count) : volume_(volume), bits_(bits) {
    const uint32_t table_sectors = (cluster_count + 2) * bits / 8 / 512 + 1;
    const uint32_t root_sectors = bits == 32 ? 0 : 1;
    data_ = (1 + table_sectors + root_sectors) * 512;
    std::memset(volume, 0, data_);
    const uint32_t total = data_ / 512 + cluster_count;
    volume[0] = 0xEB;
    put_le(&volume[11], 512, 2);
    volume[13] = 1;
    put_le(&volume[14], 1, 2);
    volume[16] = 1;
    put_le(&volume[17], root_sectors * 16, 2);
    put_le(&volume[32], total, 4);
    volume[21] = 0xF8;
    put_le(&volume[bits == 32 ? 36 : 22], table_sectors, bits == 32 ? 4 : 2);
    if (bits == 32) put_le(&volume[44], 2, 4);
    volume[510] = 0x55;
    volume[511] = 0xAA;
    set_entry(0, end_mark() & ~7u);
    set_entry(1, end_mark());
    if (bits == 32) chain({2});
  }

  uint32_t end_mark() const { return bits_ == 32 ? 0x0FFFFFFF : (1u << bits_) - 1; }
  uint32_t offset_of(uint32_t cluster) const { return data_ + (cluster - 2) * 512; }
  uint8_t* root() { return &volume_[bits_ == 32 ? offset_of(2) : data_ - 512]; }
  uint8_t* cluster(uint32_t n) { return &volume_[offset_of(n)]; }

  void set_entry(uint32_t cluster, uint32_t value) {
    uint8_t* table = &volume_[512];
    if (bits_ != 12) return put_le(&table[cluster * bits_ / 8], value, static_cast<int>(bits_ / 8));
    uint8_t* pair = &table[cluster + cluster / 2];
    const uint32_t old = pair[0] | static_cast<uint32_t>(pair[1] << 8);
    put_le(pair, cluster % 2 != 0 ? (old & 0xF) | value << 4 : (old & 0xF000) | (value & 0xFFF), 2);
  }

  void chain(const std::vector<uint32_t>& clusters) {
    for (size_t i = 0; i < clusters.size(); ++i) {
      set_entry(clusters[i], i + 1 < clusters.size() ? clusters[i + 1] : end_mark());
    }
  }

  // `name` has 11 characters, as on the disk. Returns where the next entry goes.
  static uint8_t* put_file(uint8_t* entry, const char* name, uint32_t first, uint32_t size) {
    std::memset(entry, 0, 32);
    std::memcpy(entry, name, 11);
    put_le(&entry[26], first & 0xFFFF, 2);
    put_le(&entry[20], first >> 16, 2);
    put_le(&entry[28], size, 4);
    return entry + 32;
  }
  static uint8_t* put_folder(uint8_t* entry, const char* name, uint32_t first) {
    put_file(entry, name, first, 0);
    entry[11] = 0x10;
    return entry + 32;
  }

 private:
  uint8_t* volume_;
  uint32_t bits_;
  uint32_t data_;
};

// The owner of that name, or 0.
inline uint32_t owner_named(const ChipMap& map, std::string_view name) {
  for (uint32_t i = 1; i < map.owners().size(); ++i) {
    if (map.owners()[i].name == name) return i;
  }
  return 0;
}

// Offsets from `base` of the units of that owner.
inline std::vector<uint32_t> units_of(const ChipMap& map, std::string_view name, uint32_t base) {
  const uint32_t owner = owner_named(map, name);
  std::vector<uint32_t> offsets;
  for (uint32_t i = 0; owner != 0 && i < map.units().size(); ++i) {
    if (map.units()[i].owner == owner) offsets.push_back(i * kUnitBytes - base);
  }
  return offsets;
}

}  // namespace chipmap
