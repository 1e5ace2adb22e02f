// What a board is, as plain data. One file a board beside this one; src/boards/CMakeLists.txt finds it.
// Freestanding: a firmware may use the same descriptions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "flash/geometry.h"

namespace boards {

enum class Controller : uint8_t { kF4, kF7, kH7, kQuadSpi, kXspi };

// An erase command of a chip, or the erase of one internal sector.
struct EraseTime {
  uint32_t size_bytes;
  uint32_t typical_us;
};

// A kind of flash: a serial chip, or the flash inside an MCU.
struct FlashPart {
  std::string_view name;
  Controller controller;
  uint32_t jedec_id;  // 0 inside an MCU
  flash::Geometry geometry;
  std::span<const EraseTime> erase_times;

  // One program unit (internal), or one page (serial; `program_first_byte_ns` and
  // `program_next_byte_ns` describe shorter ones).
  uint32_t program_typical_us;
  uint32_t program_first_byte_ns;
  uint32_t program_next_byte_ns;

  // Reading, writing and commanding over the bus.
  uint32_t command_ns;
  uint32_t read_ps_per_byte;
  uint32_t write_ps_per_byte;

  uint32_t endurance_cycles;
};

// A part of the flash with one owner.
struct Area {
  std::string_view name;
  uint32_t offset;
  uint32_t size_bytes;
};

// Where the bootloader takes the filesystem over USB (`dfu-util`).
struct DfuTarget {
  uint16_t vendor_id;
  uint16_t product_id;
  uint8_t alternate;  // dfu-util's -a
  bool is_addressed;  // DfuSe, with the address in the file; else the alternate setting is the partition
};

struct Board {
  uint32_t list_position;   // where it stands in tables: ascending, with gaps for newcomers
  std::string_view name;    // as in MicroPython and OpenMV: "OPENMV4P"
  std::string_view camera;  // as people say it: "OpenMV Cam H7 Plus"
  std::string_view mcu;
  const FlashPart* part;
  uint32_t address;             // where the CPU sees byte 0 of the flash
  std::span<const Area> areas;  // ascending; together they need not fill the flash
  uint32_t storage_area;        // index of the one that Python sees
  uint32_t simple_block_bytes;
  uint32_t native_block_bytes;
  uint32_t cache_bytes;  // RAM of the write-back cache
  uint32_t idle_flush_ms;
  // Of the FAT that the camera makes on a blank storage. Empty where the firmware's label does not fit
  // into FAT's 11 characters and FatFs refuses it ("GIGA R1 WiFi", "Nicla Vision").
  std::string_view volume_label;
  DfuTarget dfu;

  constexpr const Area& storage() const { return areas[storage_area]; }
};

// FAT keeps a volume label in the 11 characters of a directory entry's name.
inline constexpr std::size_t kMaxVolumeLabel = 11;

// Is the description sound? Each board's file asserts it. Areas that ascend cannot overlap.
constexpr bool is_sound(const Board& board) {
  const flash::Geometry& geometry = board.part->geometry;
  if (board.storage_area >= board.areas.size() || board.volume_label.size() > kMaxVolumeLabel) return false;
  uint64_t end = 0;
  for (const Area& area : board.areas) {
    if (area.offset < end || area.size_bytes == 0) return false;
    if (!flash::in_range(area.offset, area.size_bytes, geometry.size_bytes())) return false;
    if (!geometry.is_sector_aligned(area.offset, area.size_bytes)) return false;
    end = uint64_t{area.offset} + area.size_bytes;
  }
  const Area& storage = board.storage();
  return geometry.has_one_sector_size(storage.offset, storage.size_bytes) &&
         storage.size_bytes % board.native_block_bytes == 0 &&
         board.native_block_bytes % board.simple_block_bytes == 0 && board.cache_bytes % 512 == 0 &&
         board.cache_bytes >= geometry.sector_bytes_at(storage.offset);
}

}  // namespace boards
