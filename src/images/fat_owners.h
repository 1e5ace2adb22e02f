// Whose each cluster of a FAT is, as its folders tell.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "boards/camera.h"
#include "images/fat_bytes.h"
#include "images/fat_lost_table.h"

namespace images {

// A file or folder; the root is "/".
struct FatOwner {
  std::string path;
  uint64_t size_bytes = 0;  // of a file, as its folder says
  bool is_folder = false;
  bool is_damaged = false;                  // its chain of clusters does not hold
  std::vector<uint32_t> clusters;           // in their order; the root has none
  std::vector<std::span<uint8_t>> entries;  // of a folder

  uint32_t first_cluster() const { return clusters.empty() ? 0 : clusters.front(); }
  uint32_t last_cluster() const { return clusters.empty() ? 0 : clusters.back(); }
};

struct FatOwners {
  std::vector<FatOwner> all;
  std::vector<bool> is_owned;  // by cluster; bad ones are, too
};

// The entries are those in `fat`.
FatOwners find_owners(FatBytes& fat, const LostTable& lost_table, const boards::Camera& camera);

}  // namespace images
