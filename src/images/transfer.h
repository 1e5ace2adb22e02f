// Files and folders between this computer and a volume.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "flash/status.h"
#include "volumes/volume.h"

namespace images {

// Called as bytes are copied; `name` is the file at hand.
using OnProgress = std::function<void(uint64_t done_bytes, uint64_t total_bytes, const std::string& name)>;

// All in a folder or a file of this computer, in an order that depends on names alone, so that equal folders
// make equal images.
struct Source {
  std::string path;      // on this computer
  std::string relative;  // "lib/a.py"; empty: the source itself
  bool is_directory = false;
  uint64_t size_bytes = 0;
  uint64_t modified_s = 0;
};
// Returns what was wrong, or nothing. Links are followed; anything else than files and folders is refused.
std::string collect(const std::string& path, std::vector<Source>& sources);

// Copies `sources` to `target`, a path in the volume whose parent is there. Existing files are replaced.
// `filesystem` and `place` are for the error's words: "FAT", "cam.bin".
struct Destination {
  volumes::Volume& volume;
  std::string path;
  std::string filesystem;
  std::string place;
};
std::string copy_in(const std::vector<Source>& sources, const Destination& destination,
                    const OnProgress& on_progress);

// A file of the volume, piece by piece; ends early where `take` returns false.
flash::Status read_file(volumes::Volume& volume, const std::string& path,
                        const std::function<bool(std::span<const uint8_t>)>& take);

// Copies a file or folder of the volume to `host_path`, which may be there: folders are filled, files
// replaced. Each file is written under another name first. Modification times come along.
std::string copy_out(volumes::Volume& volume, const std::string& path, const std::string& host_path,
                     const OnProgress& on_progress);

}  // namespace images
