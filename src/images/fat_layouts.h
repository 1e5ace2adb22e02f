// In which ways the camera's formatter lays out a FAT: where root and clusters lie follows from how long the
// FAT is, and only its boot sector knows that.
#pragma once

#include <cstdint>
#include <vector>

#include "flash/status.h"
#include "volumes/block_device.h"

namespace images {

// What the formatter writes for so many bytes, in sectors like those of `like`.
flash::Status make_boot_sector(const volumes::BlockDevice& like, uint32_t size_bytes,
                               std::vector<uint8_t>& sector);

// A length for each layout that has what looks like an entry of a folder where its root begins.
std::vector<uint32_t> possible_lengths_of_fat(volumes::BlockDevice& device);

// Whether a whole root lies where one can, although nothing in front of it tells of a FAT: boot sector and
// the table's first part are in one erase sector, and are lost together where its rewriting is cut off.
bool has_root_of_fat(volumes::BlockDevice& device);

}  // namespace images
