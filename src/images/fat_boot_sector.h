// A FAT whose boot sector is lost: it alone knew how long the FAT was, and so where root and clusters lie.
#pragma once

#include <cstdint>
#include <span>

#include "boards/camera.h"
#include "flash/status.h"
#include "volumes/block_device.h"

namespace images {

struct FatBootSector {
  bool is_new = false;     // another one than that which was there
  bool is_certain = true;  // what can be read with it fits; else all of it is a guess
};

// Leaves on `device`, of `camera`, the boot sector that is there, if nothing contradicts it. Else that of the
// camera's formatter may take its place, for any length that has the root directory where there is one: that
// with which most can be read. Where that does not decide, the one that is there stays, if it `mounts`, and
// then the first of `likely_lengths` is taken. It writes to the device (see mend_fat.h). kNoFilesystem: none
// does.
flash::Status mend_fat_boot_sector(volumes::BlockDevice& device, const boards::Camera& camera, bool mounts,
                                   std::span<const uint32_t> likely_lengths, FatBootSector& boot_sector);

}  // namespace images
