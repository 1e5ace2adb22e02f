#include "images/replacement.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "sim/same_file.h"

namespace images {

namespace {

// Not made of the name at `path`, which may be as long as a name can be.
std::string temporary_beside(const std::string& path) {
  static std::atomic<unsigned> count;
  const std::string name = "pybflash-" + std::to_string(getpid()) + "-" + std::to_string(count++) + ".tmp";
  return std::filesystem::path(path).replace_filename(name);
}

// Where the filesystem knows no such renaming, as NFS, a second name for the file does the same; where it
// knows no second names, too, nothing can.
int take_new_name(const char* temporary, const char* name) {
  if (renameat2(AT_FDCWD, temporary, AT_FDCWD, name, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  if (link(temporary, name) == 0) return unlink(temporary);
  return errno == EEXIST ? -1 : std::rename(temporary, name);
}

}  // namespace

std::string name_is_taken(const std::string& path) {
  return path + ": is there already; name another file, or add --force to replace it";
}

Replacement::Replacement(const std::string& path) : Replacement(path, temporary_beside(path)) {}

Replacement::Replacement(const std::string& path, const std::string& temporary)
    : final_(path), temporary_(temporary) {}

Replacement::~Replacement() {
  if (!committed_) unlink(path().c_str());
}

// Between opening and locking, another program may have put its own replacement there.
std::string Replacement::claim() {
  std::string error = lock();
  while (error.empty() && !is_lock_of_what_is_there()) error = lock();
  return error;
}

std::string Replacement::lock() {
  struct stat info;
  lock_ = FileDescriptor(::open(final_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));  // a pipe would wait
  if (lock_.get() < 0 && errno == ENOENT) return {};
  if (lock_.get() < 0 || fstat(lock_.get(), &info) != 0) return final_ + ": " + std::strerror(errno);
  // Root may write everything; what says that it is read-only is still not to be changed.
  if ((info.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) == 0)
    return final_ + ": is read-only; chmod +w it first";
  if (flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) return {};
  return final_ + ": in use by another program; close that one first";
}

bool Replacement::is_lock_of_what_is_there() const {
  if (lock_.get() < 0) return true;  // nothing was there
  struct stat locked, there;
  return fstat(lock_.get(), &locked) == 0 && stat(final_.c_str(), &there) == 0 &&
         sim::is_same_file(locked, there);
}

std::string Replacement::commit(Name name) {
  const FileDescriptor file(::open(path().c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return path() + ": " + std::strerror(errno);
  const auto take = name == Name::kNew ? take_new_name : std::rename;
  if (fsync(file.get()) != 0 || take(path().c_str(), final_.c_str()) != 0) {
    const bool is_taken = name == Name::kNew && errno == EEXIST;
    return is_taken ? name_is_taken(final_) : final_ + ": " + std::strerror(errno);
  }
  committed_ = true;
  return {};
}

}  // namespace images
