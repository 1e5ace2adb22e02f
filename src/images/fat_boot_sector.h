// A FAT whose boot sector is lost: it alone knew how long the FAT was, and so where root and clusters lie.
#pragma once

#include <cstdint>
#include <span>

#include "boards/camera.h"
#include "flash/status.h"
#include "volumes/block_device.h"

namespace images {

// Leaves on `device`, of `camera`, the boot sector that is there, or puts there that of the camera's
// formatter for any length that has the root directory where there is one: that with which most can be read.
// Where that does not decide, the one that is there stays, and then the first of `likely_lengths` is taken.
// It writes to the device (see mend_fat.h). `is_new`: another boot sector was put there. kNoFilesystem: none
// does.
flash::Status mend_fat_boot_sector(volumes::BlockDevice& device, const boards::Camera& camera,
                                   std::span<const uint32_t> likely_lengths, bool& is_new);

}  // namespace images
