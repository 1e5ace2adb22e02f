// Programs that use a filesystem, made up from a seed, and what they make of it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "flash/status.h"
#include "sim/noise.h"
#include "volumes/volume.h"

namespace powercut {

// Paths, with what the files hold.
struct Tree {
  std::map<std::string, std::vector<uint8_t>> files;
  std::map<std::string, int> folders;  // how many entries each has; the root is ""
  std::set<std::string> unreadable;    // of both kinds

  friend bool operator==(const Tree&, const Tree&) = default;
};

struct Step {
  enum class Kind {
    kLog,       // appends to a file that stays open, and syncs it
    kAppend,    // opens, appends, closes
    kRewrite,   // "wb"
    kUpdate,    // "r+b", somewhere in the middle
    kRemove,    // a file or an empty folder
    kRename,    // over another file now and then
    kFolder,    // is made
    kPowerOff,  // and on again: what is not in the flash is lost
  };
  Kind kind;
  std::string path;
  std::string to;   // of kRename
  uint32_t offset;  // of kUpdate
  std::vector<uint8_t> data;
};

std::string to_string(const Step& step);

// How much a program puts into the volume.
struct VolumeLoad {
  size_t steps = 40;
  uint32_t most_bytes;       // of all files together
  uint32_t most_file_bytes;  // of one
};

std::vector<Step> make_program(const VolumeLoad& load, uint32_t seed);

// What a step makes of a tree.
void apply(const Step& step, Tree& tree);

// Makes the steps on a volume. kPowerOff is the caller's, who makes a new user after it.
class VolumeUser {
 public:
  explicit VolumeUser(volumes::Volume& volume) : volume_(volume) {}

  flash::Status perform(const Step& step);

 private:
  flash::Status write_file(const Step& step, volumes::OpenMode mode);

  volumes::Volume& volume_;
  std::unique_ptr<volumes::File> log_;
};

// All that there is. A file that is larger than `most_bytes` is not readable. An error is one of the root,
// or kCorrupt where folders have no end.
flash::Status read_tree(volumes::Volume& volume, uint32_t most_bytes, Tree& tree);

}  // namespace powercut
