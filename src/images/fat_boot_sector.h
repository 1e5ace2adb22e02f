// A FAT whose boot sector is lost: it alone knew how long the FAT was, and so where root and clusters lie.
#pragma once

#include <cstdint>
#include <span>

#include "flash/status.h"
#include "volumes/block_device.h"
#include "volumes/volume.h"

namespace images {

// Gives the FAT on `device` the boot sector of the camera's formatter and mounts it in `volume`, which is of
// this device. Of all lengths that put the root directory where there is one, that is taken with which most
// can be read; where that does not decide, the first one of `likely_lengths`. It writes to the device (see
// mend.h).
flash::Status mount_fat_with_new_boot_sector(volumes::BlockDevice& device, volumes::Volume& volume,
                                             std::span<const uint32_t> likely_lengths);

}  // namespace images
