// What a storage holds when a run begins. Made before the contenders come, so that both find the same:
// littlefs starts to allocate where a checksum of what it finds tells it to, and that place alone decides how
// often two of its blocks share a sector.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "bench/workloads.h"
#include "volumes/volume.h"

namespace bench {

// Null where a run has no filesystem.
std::unique_ptr<volumes::Volume> make_volume(Filesystem filesystem, volumes::BlockDevice& device);

// Blank or full of old data, and formatted on top of that. The translation layer makes a medium of its own,
// which is not formatted.
std::vector<uint8_t> make_medium(const Run& run);

}  // namespace bench
