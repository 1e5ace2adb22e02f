// How long a FAT was whose boot sector is lost, which alone said so.
#pragma once

#include <cstdint>
#include <vector>

#include "boards/board.h"
#include "volumes/block_device.h"

namespace images {

// Lengths for which the camera's formatter puts the root directory where one seems to begin. All that lie
// between two of them have the clusters of one in the same places. None: no root directory is found.
std::vector<uint32_t> lengths_of_fat(volumes::BlockDevice& device, const boards::Board& board);

}  // namespace images
