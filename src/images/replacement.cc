#include "images/replacement.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "images/file_descriptor.h"

namespace images {

Replacement::Replacement(const std::string& path)
    : final_(path), temporary_(path + "." + std::to_string(getpid()) + ".tmp") {}

Replacement::~Replacement() {
  std::error_code code;
  if (!committed_) std::filesystem::remove(temporary_, code);
}

std::string Replacement::commit() {
  const FileDescriptor file(::open(temporary_.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return temporary_ + ": " + std::strerror(errno);
  if (fsync(file.get()) != 0 || std::rename(temporary_.c_str(), final_.c_str()) != 0) {
    return final_ + ": " + std::strerror(errno);
  }
  committed_ = true;
  return {};
}

}  // namespace images
