// Is an image sound? By the map of the chip, and by reading every file.
#pragma once

#include <string>
#include <vector>

#include "images/image.h"
#include "images/transfer.h"

namespace images {

struct Findings {
  struct Volume {
    std::string kind;  // "FAT16"
    uint32_t offset;   // in the storage
    uint32_t size_bytes;
  };
  std::vector<Volume> volumes;
  std::vector<std::string> faults;  // one line each; empty: sound
  size_t files = 0, folders = 0;    // of the volume at the start
  size_t unreadable_files = 0;
};

// The image was opened to be looked at. `path` is its file. Returns what was wrong with the asking, or
// nothing.
std::string check(Image& image, const std::string& path, const OnProgress& on_progress, Findings& findings);

}  // namespace images
