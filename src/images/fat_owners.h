// Whose each cluster of a FAT is, as its folders tell.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "boards/camera.h"
#include "images/fat_bytes.h"

namespace images {

// A file or folder; the root is "/".
struct FatOwner {
  std::string path;
  uint64_t size_bytes = 0;
  bool is_folder = false;
  bool is_damaged = false;                  // its chain of clusters does not hold
  uint32_t first_cluster = 0;               // 0: it has none, or none that can be
  std::vector<std::span<uint8_t>> entries;  // of a folder
};

struct FatOwners {
  std::vector<FatOwner> all;
  std::vector<bool> is_owned;  // by cluster; bad ones are, too
};

// The entries are those in `fat`. Its chains have been ended where the table is lost.
FatOwners find_owners(FatBytes& fat, const boards::Camera& camera);

}  // namespace images
