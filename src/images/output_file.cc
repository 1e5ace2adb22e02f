#include "images/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "images/words.h"

namespace images {

namespace fs = std::filesystem;

namespace {

// As the kernel's own limit: more is a link to itself.
constexpr int kMaxLinks = 40;

// "/dev/fd/3" and the like are descriptors of this process. To open them again would not do: a socket
// cannot be, and of a file the end would not move for whoever else writes to it.
bool is_own_descriptor(const fs::path& path) {
  std::error_code code;
  return fs::equivalent(path.has_parent_path() ? path.parent_path() : ".", "/proc/self/fd", code);
}

int number_of(const std::string& descriptor) {
  int number = -1;
  std::from_chars(descriptor.data(), descriptor.data() + descriptor.size(), number);
  return number;
}

// The name of the file that is there, or would be made.
fs::path follow_links(fs::path path) {
  std::error_code code;
  for (int links = 0; links < kMaxLinks && !is_own_descriptor(path); ++links) {
    const fs::path target = fs::read_symlink(path, code);
    if (code) break;
    path = path.parent_path() / target;
  }
  return path;
}

bool is_written_as_it_comes(const fs::path& path) {
  std::error_code code;
  const fs::file_status status = fs::status(path, code);
  return status.type() != fs::file_type::not_found && status.type() != fs::file_type::regular;
}

}  // namespace

std::string OutputFile::open(const std::string& path) {
  path_ = path;
  const fs::path real = follow_links(path);
  if (is_own_descriptor(real)) {
    file_ = FileDescriptor(fcntl(number_of(real.filename()), F_DUPFD_CLOEXEC, 0));
  } else if (is_written_as_it_comes(real)) {
    file_ = FileDescriptor(::open(real.c_str(), O_WRONLY | O_CLOEXEC));
  } else {
    replacement_ = std::make_unique<Replacement>(real.string());
    if (std::string error = replacement_->claim(); !error.empty()) return error;
    file_ =
        FileDescriptor(::open(replacement_->path().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  }
  return file_.get() < 0 ? error() : std::string();
}

std::string OutputFile::write(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return error();
    bytes = bytes.subspan(static_cast<size_t>(written < 0 ? 0 : written));
  }
  return {};
}

std::string OutputFile::commit(uint64_t modified_s, Name name) {
  if (!replacement_) return {};
  const std::array<timespec, 2> times = {
      {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, {.tv_sec = static_cast<time_t>(modified_s), .tv_nsec = 0}}};
  if (modified_s != 0) futimens(file_.get(), times.data());
  return replacement_->commit(name);
}

std::string OutputFile::error() const {
  return printable(path_) + ": " + std::strerror(errno);
}

}  // namespace images
