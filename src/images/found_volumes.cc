#include "images/found_volumes.h"

#include <algorithm>

namespace images {

namespace {

// Of the bytes from `begin` to `end`, what is left without the blank blocks at both ends.
void add_unknown_area(const chipmap::ChipMap& map, uint32_t begin, uint32_t end,
                      std::vector<FoundVolume>& areas) {
  const auto block = [&] { return std::min(map.board().native_block_bytes, end - begin); };
  const auto is_blank = [&](uint32_t at) { return map.is_blank(map.board().storage().offset + at, block()); };
  while (begin < end && is_blank(begin)) begin += block();
  while (begin < end && is_blank(end - block())) end -= block();
  if (begin < end) areas.push_back({"unknown data", begin, end - begin});
}

}  // namespace

std::vector<FoundVolume> volumes_of(const chipmap::ChipMap& map) {
  std::vector<FoundVolume> found;
  for (const chipmap::Volume& volume : map.volumes()) {
    found.push_back({volume.kind, volume.offset - map.board().storage().offset, volume.size_bytes,
                     volume.log.has_value()});
  }
  return found;
}

std::vector<FoundVolume> unknown_areas_of(const chipmap::ChipMap& map) {
  std::vector<FoundVolume> areas;
  uint32_t at = 0;
  for (const FoundVolume& volume : volumes_of(map)) {
    add_unknown_area(map, at, volume.start, areas);
    at = volume.start + volume.size_bytes;
  }
  add_unknown_area(map, at, map.board().storage().size_bytes, areas);
  return areas;
}

std::vector<FoundVolume> find_volumes(const boards::Camera& camera) {
  return volumes_of(chipmap::survey(camera.board(), camera.memory()));
}

}  // namespace images
