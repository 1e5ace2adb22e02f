// Names that Ctrl-C, SIGTERM and SIGHUP leave nothing behind of.
#pragma once

#include <signal.h>

#include <string>

namespace images {

// While this lives, a signal that ends the program takes away the file of this name; or the folder, if the
// names of all that is in it were given before.
class TemporaryName {
 public:
  explicit TemporaryName(std::string path);
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;
  ~TemporaryName();

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// While this lives, those signals wait: for what cannot be given its name before it is there.
class NoInterruption {
 public:
  NoInterruption();
  NoInterruption(const NoInterruption&) = delete;
  NoInterruption& operator=(const NoInterruption&) = delete;
  ~NoInterruption();

 private:
  sigset_t before_;
};

}  // namespace images
