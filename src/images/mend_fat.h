// What makes a damaged FAT readable again, as far as it goes. All of it writes to the device: it is for an
// image that was opened to be looked at, where nothing reaches the file.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "boards/camera.h"
#include "flash/status.h"
#include "volumes/block_device.h"

namespace images {

struct MendedFat {
  // By the cluster where they begin. A file of another size, or that is not here, is damaged.
  std::map<uint32_t, uint64_t> sizes_of_whole_files;
  std::set<uint32_t> damaged_folders;
  std::vector<std::string> lost_names;  // in which folders names were lost, one line each
  std::vector<std::string> remarks;     // what else was lost or found
};

// Takes out of the folders what can be no entry, for what is behind it to be seen, and ends their chains
// where they break off; and gives a name in the root to each folder and each chain of clusters that no folder
// leads to. `is_guess`: nobody knows that clusters lie where the boot sector says; no file is whole then. Of
// a volume that is to be mounted anew.
flash::Status mend_fat(volumes::BlockDevice& device, const boards::Camera& camera, bool is_guess,
                       MendedFat& mended);

// Every entry of the allocation table that cannot be right, or ends a chain, leads to the next cluster
// instead, where a file that was written in one go goes on: for files that are read no further than they are
// long.
flash::Status bridge_fat_table(volumes::BlockDevice& device);

}  // namespace images
