#include <algorithm>

#include "chipmap/chip_map.h"
#include "chipmap/fat_reader.h"
#include "chipmap/ftl_reader.h"
#include "chipmap/littlefs_reader.h"

namespace chipmap {

namespace {

// Enters what starts at `at`, if anything does, and returns where it ends, else `at`. Nothing is known of the
// bytes from `from` on.
uint32_t survey_volume(ChipMap& map, const sim::CellMemory& memory, uint32_t from, uint32_t at,
                       uint32_t end) {
  const auto bytes = map.bytes().subspan(at, end - at);
  if (const auto fat = recognise_fat(bytes)) {
    survey_fat(map, at, *fat);
    return at + fat->size_bytes;
  }
  if (const auto littlefs = recognise_littlefs(bytes, at - map.board().storage().offset,
                                               map.board().native_block_bytes, at == from)) {
    survey_littlefs(map, at, *littlefs);
    return at + static_cast<uint32_t>(littlefs->size_bytes());
  }
  if (const auto layer = recognise_layer(map.board(), memory, from, at, end)) {
    survey_layer(map, *layer);
    return layer->offset() + layer->size_bytes();
  }
  return at;
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
  const uint32_t block = board.native_block_bytes;
  for (uint32_t from = storage.offset, at = from; at < end;) {
    const uint32_t volume_end = survey_volume(map, memory, from, at, end);
    if (volume_end == at) {
      at += block;
    } else {
      from = at += (volume_end - at + block - 1) / block * block;
    }
  }
  settle_free_blocks(map);
  map.mark_damage(memory);
  return map;
}

}  // namespace chipmap
