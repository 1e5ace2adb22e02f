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
bool begins_with_first(const Format& format, const LittlefsHeads& heads, uint32_t place,
                       uint32_t native_block_bytes) {
  if (place == 0) return true;  // all storages begin with a volume, or most
  const Torn first = how_torn(format, heads[0]), third = how_torn(format, heads[2]);
  if (first != third) return first > third;
  return std::countr_zero(place) >
         std::countr_zero(place + native_block_bytes);  // people choose round numbers
}

std::optional<LittlefsLayout> littlefs_at(const Format& format, const LittlefsHeads& heads, uint32_t place,
                                          uint32_t native_block_bytes, uint64_t room_bytes) {
  const auto first = superblock_in(format, heads[0]), second = superblock_in(format, heads[1]);
  if (first && first->size_bytes() <= room_bytes) return first;
  if (!second || second->size_bytes() > room_bytes) return {};
  if (has_magic(format, heads[0])) return second;  // the first one's length is damaged
  const bool is_pair = superblock_in(format, heads[2]) == second;
  if (is_pair && second->size_bytes() + native_block_bytes <= room_bytes) return {};
  return begins_with_first(format, heads, place, native_block_bytes) ? second : std::nullopt;
}

}  // namespace

std::optional<LittlefsLayout> littlefs_at(const LittlefsHeads& heads, uint32_t place,
                                          uint32_t native_block_bytes, uint64_t room_bytes) {
  for (const Format& format : kFormats) {
    if (const auto layout = littlefs_at(format, heads, place, native_block_bytes, room_bytes)) return layout;
  }
  return {};
}

}  // namespace chipmap
