// Everything that can still be read of a damaged image.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "images/image.h"
#include "images/transfer.h"

namespace images {

struct Rescued {
  size_t whole_files = 0;
  size_t damaged_files =
      0;                  // saved as NAME.damaged, or .damaged.2, with zeros or a guess where bytes are lost
  size_t lost_files = 0;  // not a byte could be read
  size_t folders = 0;
  std::vector<std::string> remarks;  // what was lost, one line each
  std::vector<std::string> hints;    // what may be, in files that seem whole
};

// Reads a file of a volume however damaged: bytes that cannot be read are zeros, and `lost_bytes` counts
// them.
std::vector<uint8_t> read_what_can_be(volumes::Volume& volume, const std::string& path, uint32_t size_bytes,
                                      uint32_t& lost_bytes);

// Copies to the folder `host_path`, which must be empty or missing. The image was opened to be looked at; it
// need not be mounted. Returns what was wrong, or nothing.
std::string rescue(Image& image, const std::string& host_path, const OnProgress& on_progress,
                   Rescued& rescued);

}  // namespace images
