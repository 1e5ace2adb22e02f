// The shape of a NOR flash: what can be erased, what can be programmed, and how often.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace flash {

// The one range check of the stack. In this form it cannot overflow.
constexpr bool in_range(size_t offset, size_t length, size_t size) {
  return length <= size && offset <= size - length;
}

// A number of 64 bits for the 32 bits that every offset and every count has here. Those that do not fit are
// all the same: beyond what any storage holds.
constexpr uint32_t to_u32(uint64_t number) {
  return number < UINT32_MAX ? static_cast<uint32_t>(number) : UINT32_MAX;
}

// A run of erase sectors of equal size. It starts at a multiple of that.
struct Region {
  uint32_t sector_size_bytes;
  uint32_t sector_count;

  constexpr uint32_t size_bytes() const { return sector_size_bytes * sector_count; }
};

struct Sector {
  uint32_t offset;  // bytes from the start of the device
  uint32_t size_bytes;
};

struct Geometry {
  std::span<const Region> regions;

  // Programs start and end at multiples of this, a power of two: 1 on serial NOR, 4 on STM32F4/F7 (x32), 32
  // on STM32H7.
  uint32_t program_unit_bytes = 1;

  // A program that crosses a multiple of this costs another operation: the page of serial NOR.
  uint32_t program_page_bytes = 256;

  // May a unit that is not blank be programmed again, turning further 1 bits into 0 bits?
  // False where the unit carries ECC (STM32H7: RM0433, 4.3.9).
  bool reprogrammable = true;

  // Unchanged bytes between two changed ones that are cheaper to program again than to skip.
  uint32_t program_gap_bytes = 0;

  // Larger aligned areas that one erase command can take, ascending; 0 = none.
  std::array<uint32_t, 2> large_erase_bytes = {0, 0};

  constexpr uint32_t size_bytes() const {
    uint32_t size = 0;
    for (const Region& region : regions) size += region.size_bytes();
    return size;
  }

  constexpr uint32_t largest_sector_bytes() const {
    uint32_t size = 0;
    for (const Region& region : regions) {
      if (region.sector_size_bytes > size) size = region.sector_size_bytes;
    }
    return size;
  }

  // The size of the sector that holds byte `offset`; 0 where the device ends before it.
  [[gnu::noinline]] constexpr uint32_t sector_bytes_at(uint32_t offset) const {
    for (const Region& region : regions) {
      if (offset < region.size_bytes()) return region.sector_size_bytes;
      offset -= region.size_bytes();
    }
    return 0;
  }

  // The sector that holds byte `offset`; size_bytes is 0 where the device ends before it.
  constexpr Sector sector_at(uint32_t offset) const {
    uint32_t begin = 0;
    for (const Region& region : regions) {
      if (offset - begin < region.size_bytes()) {
        const uint32_t index = (offset - begin) / region.sector_size_bytes;
        return {begin + index * region.sector_size_bytes, region.sector_size_bytes};
      }
      begin += region.size_bytes();
    }
    return {begin, 0};
  }

  // Are all sectors of the range, which begins at one and lies in the device, equally large?
  constexpr bool has_one_sector_size(uint32_t offset, uint32_t length) const {
    const uint32_t sector_bytes = sector_bytes_at(offset);
    for (uint32_t at = offset; at < offset + length; at += sector_bytes) {
      if (sector_bytes_at(at) != sector_bytes) return false;
    }
    return true;
  }

  // Do both ends of the range, which lies in the device, lie between sectors?
  constexpr bool is_sector_aligned(uint32_t offset, uint32_t length) const {
    return is_boundary(offset) && is_boundary(offset + length);
  }

 private:
  constexpr bool is_boundary(uint32_t offset) const {
    const uint32_t sector_bytes = sector_bytes_at(offset);
    return sector_bytes == 0 || offset % sector_bytes == 0;
  }
};

}  // namespace flash
