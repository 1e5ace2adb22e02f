// A FAT whose boot sector is lost: it alone knew how long the FAT was, and so where root and clusters lie.
#pragma once

#include <cstdint>
#include <span>

#include "flash/status.h"
#include "volumes/block_device.h"
#include "volumes/volume.h"

namespace images {

// Mounts the FAT on `device` in `volume`, which is of this device: with the boot sector that is there, or
// with that of the camera's formatter for any length that puts the root directory where there is one; that is
// taken with which most can be read. Where that does not decide, the one that is there, and then the first of
// `likely_lengths`. It writes to the device (see mend.h). `is_new`: another boot sector was put there.
flash::Status mount_fat_with_best_boot_sector(volumes::BlockDevice& device, volumes::Volume& volume,
                                              std::span<const uint32_t> likely_lengths, bool& is_new);

}  // namespace images
