// Is an image sound? By the map of the chip, and by reading every file.
#pragma once

#include <string>
#include <vector>

#include "images/image.h"
#include "images/transfer.h"

namespace images {

struct FoundVolume {
  std::string kind;  // "FAT16"
  uint32_t offset;   // in the storage
  uint32_t size_bytes;

  bool is_at_start() const { return offset == 0; }  // the one that Image mounts
};

// Those that Image does not look into: a script may have laid out several.
std::vector<FoundVolume> other_volumes(const boards::Board& board, const std::string& path);

struct Findings {
  std::vector<FoundVolume> volumes;
  std::vector<std::string> faults;  // one line each; empty: sound
  size_t files = 0, folders = 0;    // of the volume at the start
  size_t unreadable_files = 0;
};

// The image was opened to be looked at. `path` is its file. Returns what was wrong with the asking, or
// nothing.
std::string check(Image& image, const std::string& path, const OnProgress& on_progress, Findings& findings);

}  // namespace images
