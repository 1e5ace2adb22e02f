// Is an image sound? By the map of the chip, and by reading every file.
#pragma once

#include <string>
#include <vector>

#include "images/found_volumes.h"
#include "images/image.h"
#include "images/transfer.h"

namespace images {

struct Findings {
  std::vector<FoundVolume> volumes;
  std::vector<FoundVolume> unknown;  // what else the storage holds
  std::vector<std::string> faults;   // one line each; empty: sound
  std::vector<std::string> unseen;   // one line each: what was not looked at
  size_t files = 0, folders = 0;     // of the volume that the image was opened at
  size_t unreadable_files = 0;
};

// The image was opened to be looked at, and is not mounted yet.
Findings check(Image& image, const OnProgress& on_progress);

}  // namespace images
