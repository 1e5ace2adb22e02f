// What makes a damaged littlefs readable again, as far as it goes. It writes to the device: it is for an
// image that was opened to be looked at, where nothing reaches the file.
#pragma once

#include <memory>

#include "flash/status.h"
#include "volumes/block_device.h"
#include "volumes/volume.h"

namespace images {

// A littlefs does not mount if a single folder is damaged. Puts an empty folder in the place of each that is,
// until `volume`, made and mounted here, is there. `lost_folders` counts them.
flash::Status mount_without_damaged_folders(volumes::BlockDevice& device,
                                            std::unique_ptr<volumes::Volume>& volume, size_t& lost_folders);

}  // namespace images
