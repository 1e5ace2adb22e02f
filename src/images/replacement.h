// A file that is there whole or not at all.
#pragma once

#include <string>

#include "images/file_descriptor.h"
#include "images/temporary_name.h"

namespace images {

enum class Name {
  kAny,
  kNew,  // nothing may have it, whatever other programs do meanwhile
};

// What says that a name that should be new is not.
std::string name_is_taken(const std::string& path);

// Is written beside `path` and takes its place at last; removed if it does not come to that, also because
// of Ctrl-C, SIGTERM or SIGHUP.
class Replacement {
 public:
  explicit Replacement(const std::string& path);
  Replacement(const std::string& path, const std::string& temporary);
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;
  ~Replacement();

  const std::string& path() const { return temporary_.path(); }

  // From here on nobody else may use the file that is replaced. Both return what was wrong, or nothing.
  std::string claim();
  std::string commit(Name name = Name::kAny);

 private:
  std::string lock();
  bool is_lock_of_what_is_there() const;

  std::string final_;
  TemporaryName temporary_;
  FileDescriptor lock_;
  bool committed_ = false;
};

}  // namespace images
