// The tree of a volume: every file and folder, and their paths.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "flash/status.h"
#include "volumes/volume.h"

namespace images {

struct Node {
  std::string path;  // "/lib/a.py"
  unsigned depth = 0;
  bool is_last = false;  // of its folder
  volumes::Entry entry;
};

// What damage keeps out of a walk.
struct Fault {
  std::string path;
  flash::Status status;
  bool is_file = false;  // else a folder, or the rest of one
};
using OnFault = std::function<bool(const Fault&)>;

// Every file and folder below `path`, parents first, sorted by name. `on_fault` says whether to go on; if
// not, the fault's status is returned.
flash::Status walk(volumes::Volume& volume, const std::string& path, std::vector<Node>& nodes,
                   const OnFault& on_fault);

std::string join(const std::string& folder, const std::string& name);
std::string parent_of(const std::string& path);
std::string name_of(const std::string& path);

}  // namespace images
