#include <algorithm>

#include "chipmap/chip_map.h"
#include "chipmap/fat_reader.h"
#include "chipmap/littlefs_reader.h"

namespace chipmap {

namespace {

// Enters the filesystem that starts at `offset`, if there is one, and returns its length, else 0.
uint32_t survey_volume(ChipMap& map, uint32_t offset, uint32_t length) {
  const auto bytes = map.bytes().subspan(offset, length);
  if (const auto fat = recognise_fat(bytes)) {
    survey_fat(map, offset, *fat);
    return fat->size_bytes;
  }
  if (const auto littlefs = recognise_littlefs(bytes, map.board().native_block_bytes)) {
    survey_littlefs(map, offset, *littlefs);
    return littlefs->size_bytes();
  }
  return 0;
}

// A free block can be used as it is only if all of it is blank.
void settle_free_blocks(ChipMap& map) {
  const boards::Area& storage = map.board().storage();
  const uint32_t block = map.board().native_block_bytes;
  const auto holds = [&map, block](uint32_t at, Content content) {
    const auto units = map.units().subspan(at / kUnitBytes, block / kUnitBytes);
    return std::any_of(units.begin(), units.end(), [content](const Unit& u) { return u.content == content; });
  };
  for (uint32_t at = storage.offset; at < storage.offset + storage.size_bytes; at += block) {
    if (!holds(at, Content::kStale)) continue;
    for (uint32_t unit = at; unit < at + block; unit += kUnitBytes) {
      if (map.units()[unit / kUnitBytes].content == Content::kBlank) {
        map.claim(unit, kUnitBytes, Content::kStale, kNobody);
      }
    }
  }
}

}  // namespace

ChipMap survey(const boards::Board& board, const sim::CellMemory& memory) {
  ChipMap map(board, memory);
  const boards::Area& storage = board.storage();
  const uint32_t end = storage.offset + storage.size_bytes;
  // A script may have laid out partitions: what follows one filesystem may be the next.
  for (uint32_t at = storage.offset; at < end;) {
    const uint32_t length = survey_volume(map, at, end - at);
    const uint32_t block = board.native_block_bytes;
    at += length == 0 ? block : (length + block - 1) / block * block;
  }
  settle_free_blocks(map);
  map.mark_damage(memory);
  return map;
}

}  // namespace chipmap
