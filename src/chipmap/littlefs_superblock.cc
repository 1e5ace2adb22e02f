#include "chipmap/littlefs_superblock.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "chipmap/little_endian.h"

namespace chipmap {

namespace {

// Of the two versions (SPEC.md of littlefs v1 and v2).
struct Format {
  uint32_t version;
  size_t magic_at, shape_at;
};
constexpr std::array kFormats = {Format{2, 8, 24}, Format{1, 40, 28}};

bool has_magic(const Format& format, std::span<const uint8_t> head, size_t length = 8) {
  return head.size() >= kLittlefsHeadBytes && std::memcmp(&head[format.magic_at], "littlefs", length) == 0;
}

std::optional<LittlefsLayout> superblock_in(const Format& format, std::span<const uint8_t> head) {
  if (!has_magic(format, head)) return {};
  const uint8_t* const shape = &head[format.shape_at];
  const LittlefsLayout layout = {get_le32(shape), get_le32(shape + 4), format.version};
  const bool is_possible =
      layout.block_bytes != 0 && layout.block_bytes % 512 == 0 && layout.block_count >= 2;
  return is_possible ? std::optional(layout) : std::nullopt;
}

// How much does a block look like a superblock that a cut of the power left, or that an erase has taken?
enum class Torn { kNot, kUniform, kBegun };

Torn how_torn(const Format& format, std::span<const uint8_t> head) {
  if (head.size() < kLittlefsHeadBytes) return Torn::kNot;
  constexpr std::array<uint8_t, 4> kFirstTag = {0xF0, 0x0F, 0xFF, 0xF7};  // of version 2
  const bool has_tag = format.version == 2 && std::equal(kFirstTag.begin(), kFirstTag.end(), &head[4]);
  if (has_tag || has_magic(format, head, 4)) return Torn::kBegun;
  const bool is_uniform =
      std::all_of(head.begin(), head.end(), [&](uint8_t byte) { return byte == head[0]; });
  return is_uniform && (head[0] == 0xFF || head[0] == 0) ? Torn::kUniform : Torn::kNot;
}

// Only the second block holds a superblock. Is it the second one of a volume that begins with the first
// block, and not the first one of a volume that begins with the second?
bool begins_with_first(const Format& format, const LittlefsHeads& heads, const LittlefsPlace& place) {
  if (place.start == 0) return true;  // most storages begin with a volume
  const Torn first = how_torn(format, heads[0]), third = how_torn(format, heads[2]);
  if (first != third) return first > third;
  if (place.follows_volume) return true;
  // People choose round numbers.
  return std::countr_zero(place.start) > std::countr_zero(place.start + place.native_block_bytes);
}

std::optional<LittlefsLayout> littlefs_at(const Format& format, const LittlefsHeads& heads,
                                          const LittlefsPlace& place) {
  const auto first = superblock_in(format, heads[0]), second = superblock_in(format, heads[1]);
  if (first && first->size_bytes() <= place.room_bytes) return first;
  if (!second || second->size_bytes() > place.room_bytes) return {};
  if (has_magic(format, heads[0])) return second;  // the first one's length is damaged
  const bool is_pair = superblock_in(format, heads[2]) == second;
  if (is_pair && second->size_bytes() <= place.room_bytes - place.native_block_bytes) return {};
  return begins_with_first(format, heads, place) ? second : std::nullopt;
}

}  // namespace

std::optional<LittlefsLayout> littlefs_at(const LittlefsHeads& heads, const LittlefsPlace& place) {
  for (const Format& format : kFormats) {
    if (const auto layout = littlefs_at(format, heads, place)) return layout;
  }
  return {};
}

bool is_foreign_to_littlefs(std::span<const uint8_t> head) {
  return !head.empty() && std::all_of(kFormats.begin(), kFormats.end(), [&](const Format& format) {
    return !superblock_in(format, head) && how_torn(format, head) == Torn::kNot;
  });
}

}  // namespace chipmap
