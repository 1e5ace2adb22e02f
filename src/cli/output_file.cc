#include "cli/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace cli {

namespace {

bool write_all(int file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = write(file, content.data(), content.size());
    if (written < 0) return false;
    content.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

std::string write_file(const std::string& path, std::string_view content) {
  const std::string temporary = path + ".part" + std::to_string(getpid());
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) return path + ": " + std::strerror(errno);
  bool ok = write_all(file, content);
  std::string error = ok ? "" : std::strerror(errno);
  ok = close(file) == 0 && ok;
  if (ok && std::rename(temporary.c_str(), path.c_str()) == 0) return {};
  if (error.empty()) error = std::strerror(errno);
  unlink(temporary.c_str());
  return path + ": " + error;
}

}  // namespace cli
