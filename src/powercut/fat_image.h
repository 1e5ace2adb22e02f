// A FAT as it lies on a device, for those who do not trust the code that wrote it.
#pragma once

#include <string>

#include "flash/status.h"
#include "volumes/block_device.h"

namespace powercut {

// A FAT12 whose root directory is one block, for a device that is too small for FatFs to format: at least 5
// blocks.
flash::Status format_tiny_fat(volumes::BlockDevice& device);

// What is wrong with a FAT12 or FAT16 without folders, or nothing: chains that cross, end early or go on too
// long, clusters that nobody owns.
std::string find_fat_errors(volumes::BlockDevice& device);

// The same, asking fsck.fat about an image of the device.
std::string ask_fsck(volumes::BlockDevice& device);

}  // namespace powercut
