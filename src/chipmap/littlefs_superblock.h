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

// The place of three such blocks.
struct LittlefsPlace {
  uint32_t start;  // bytes into the storage
  uint32_t native_block_bytes;
  uint64_t room_bytes;          // to the end of what there is
  bool follows_volume = false;  // another volume ends here; or the storage begins
};

// A littlefs that begins with the first of these blocks and fits there. Its second block has a copy of the
// superblock; where that alone is there, the volume may as well begin with it.
std::optional<LittlefsLayout> littlefs_at(const LittlefsHeads& heads, const LittlefsPlace& place);

// Is a block that should begin a littlefs neither a superblock nor what a cut of the power leaves of one?
bool is_foreign_to_littlefs(std::span<const uint8_t> head);

}  // namespace chipmap
