#include "images/replacement.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace images {

namespace {

// The names of what is being written. A change of an image has two.
std::array<std::atomic<const char*>, 4> being_written;

void exchange(const char* old, const char* name) {
  for (std::atomic<const char*>& entry : being_written) {
    if (const char* expected = old; entry.compare_exchange_strong(expected, name)) return;
  }
}

void remove_all_and_end(int signal) {
  for (const std::atomic<const char*>& entry : being_written) {
    if (const char* name = entry.load()) unlink(name);
  }
  raise(signal);  // ends the program: SA_RESETHAND
}

// Those that nobody else handles or ignores.
void handle_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action = {};
    if (sigaction(signal, nullptr, &action) != 0 || action.sa_handler != SIG_DFL) continue;
    action.sa_handler = remove_all_and_end;
    action.sa_flags = SA_RESETHAND;
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace

Replacement::Replacement(const std::string& path)
    : Replacement(path, path + "." + std::to_string(getpid()) + ".tmp") {}

Replacement::Replacement(const std::string& path, const std::string& temporary)
    : final_(path), temporary_(temporary) {
  exchange(nullptr, temporary_.c_str());
  handle_signals();
}

Replacement::~Replacement() {
  if (!committed_) unlink(temporary_.c_str());
  exchange(temporary_.c_str(), nullptr);
}

std::string Replacement::claim() {
  struct stat info;
  lock_ = FileDescriptor(::open(final_.c_str(), O_RDONLY | O_CLOEXEC));
  if (lock_.get() < 0 && errno == ENOENT) return {};
  if (lock_.get() < 0 || fstat(lock_.get(), &info) != 0) return final_ + ": " + std::strerror(errno);
  // Root may write everything; what says that it is read-only is still not to be changed.
  if ((info.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) == 0)
    return final_ + ": is read-only; chmod +w it first";
  if (flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) return {};
  return final_ + ": in use by another program; close that one first";
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
