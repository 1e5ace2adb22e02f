// Is it one file that two names, or a name and an open file, stand for?
#pragma once

#include <sys/stat.h>

namespace sim {

inline bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace sim
