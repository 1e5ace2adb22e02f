// Where a littlefs begins, and how long it is, by its superblocks.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace chipmap {

struct LittlefsLayout {
  uint32_t block_bytes;
  uint32_t block_count;
  uint32_t version;

  uint64_t size_bytes() const { return uint64_t{block_bytes} * block_count; }
  friend bool operator==(const LittlefsLayout&, const LittlefsLayout&) = default;
};

// The first bytes of three blocks that follow each other; empty, where they cannot be read.
inline constexpr uint32_t kLittlefsHeadBytes = 64;
using LittlefsHeads = std::array<std::span<const uint8_t>, 3>;

// A littlefs that begins with the first of these blocks, `place` bytes into the storage, and ends within
// `room_bytes`. Its second block has a copy of the superblock; where that alone is there, the volume may as
// well begin with it.
std::optional<LittlefsLayout> littlefs_at(const LittlefsHeads& heads, uint32_t place,
                                          uint32_t native_block_bytes, uint64_t room_bytes);

}  // namespace chipmap
