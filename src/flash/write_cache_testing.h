// A write cache over a slice of a fake flash, for its tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "flash/fake_nor.h"
#include "flash/write_cache.h"

namespace flash {

inline constexpr uint32_t kBlock = kCacheBlockBytes;

// Geometries in small: 4 KiB sectors of a serial chip with its larger erases, F4/F7 words, H7 flash words.
inline const FakeNor::Shape kSerial = {.name = "serial",
                                       .sector_size_bytes = 4096,
                                       .sector_count = 34,
                                       .program_gap_bytes = 12,
                                       .large_erase_bytes = {32768, 65536}};
inline const FakeNor::Shape kWords = {
    .name = "words", .sector_size_bytes = 16384, .sector_count = 4, .program_unit_bytes = 4};
inline const FakeNor::Shape kEcc = {.name = "ecc",
                                    .sector_size_bytes = 16384,
                                    .sector_count = 3,
                                    .program_unit_bytes = 32,
                                    .reprogrammable = false};

// A cache over all but the first and the last sector, so that strays outside the slice are seen.
struct Bench {
  explicit Bench(const FakeNor::Shape& shape, size_t slot_count)
      : nor(shape),
        slots(slot_count),
        blocks(slot_count * kBlock),
        slice_offset(shape.sector_size_bytes),
        slice_size(shape.sector_size_bytes * (shape.sector_count - 2)),
        cache(nor, slice_offset, {slots, blocks}) {}

  std::vector<uint8_t> read(uint32_t offset, size_t length) {
    std::vector<uint8_t> out(length);
    EXPECT_TRUE(cache.read(offset, out.data(), static_cast<uint32_t>(length)).ok());
    return out;
  }
  Status write(uint32_t offset, std::span<const uint8_t> data) {
    return cache.write(offset, data.data(), static_cast<uint32_t>(data.size()));
  }
  Status fill_erased(uint32_t offset, uint32_t length) { return cache.write(offset, nullptr, length); }
  Status program(uint32_t offset, std::span<const uint8_t> data) {
    FLASH_TRY(cache.check_programmable(offset, data.data(), static_cast<uint32_t>(data.size())));
    return write(offset, data);
  }
  std::vector<uint8_t> chip(uint32_t offset, size_t length) const {
    const auto at = nor.cells.begin() + slice_offset + offset;
    return {at, at + static_cast<ptrdiff_t>(length)};
  }
  void fill_chip(uint8_t value) { std::fill(nor.cells.begin(), nor.cells.end(), value); }

  FakeNor nor;
  std::vector<CacheSlot> slots;
  std::vector<uint8_t> blocks;
  uint32_t slice_offset;
  uint32_t slice_size;
  WriteCache cache;
};

inline bool touches(const FakeNor::Operation& op, uint32_t offset) {
  return op.offset <= offset && offset < op.offset + op.length;
}

inline std::vector<uint8_t> pattern(size_t length, uint8_t seed) {
  std::vector<uint8_t> bytes(length);
  for (size_t i = 0; i < length; ++i) bytes[i] = static_cast<uint8_t>(seed + i * 7 + (i >> 8));
  return bytes;
}

}  // namespace flash
