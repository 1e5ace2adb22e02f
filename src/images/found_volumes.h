// The volumes of a storage: a script may have laid out several.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "boards/camera.h"
#include "chipmap/chip_map.h"

namespace images {

struct FoundVolume {
  std::string kind;  // "FAT16"
  uint32_t start;    // in the storage, as in pyb.Flash(start=...)
  uint32_t size_bytes;
  bool is_layer = false;  // a translation layer, with what is on it
};

std::vector<FoundVolume> volumes_of(const chipmap::ChipMap& map);

// The parts between volumes, and at the ends, that are not blank: stores of a script's own, or remains.
std::vector<FoundVolume> unknown_areas_of(const chipmap::ChipMap& map);

// What waits in the camera's cache is not looked at.
std::vector<FoundVolume> find_volumes(const boards::Camera& camera);

}  // namespace images
