#include "images/found_volumes.h"

namespace images {

std::vector<FoundVolume> volumes_of(const chipmap::ChipMap& map) {
  std::vector<FoundVolume> found;
  for (const chipmap::Volume& volume : map.volumes()) {
    found.push_back({volume.kind, volume.offset - map.board().storage().offset, volume.size_bytes});
  }
  return found;
}

std::vector<FoundVolume> find_volumes(const boards::Camera& camera) {
  return volumes_of(chipmap::survey(camera.board(), camera.memory()));
}

}  // namespace images
