// A file of this computer, to be written by whatever name the user has for it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "images/file_descriptor.h"
#include "images/replacement.h"

namespace images {

// A regular file, also at the end of a link, is replaced when all has been written. A device or a pipe, and
// what this process has open ("/dev/stdout"), is written as it comes. All return "PATH: what was wrong", or
// nothing.
class OutputFile {
 public:
  std::string open(const std::string& path);
  std::string write(std::span<const uint8_t> bytes);

  // A time of 0 is none.
  std::string commit(uint64_t modified_s = 0, Name name = Name::kAny);

 private:
  std::string error() const;

  std::string path_;
  std::unique_ptr<Replacement> replacement_;
  FileDescriptor file_;
};

}  // namespace images
