// A copy of this process that does something and ends, while this one waits for it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace cli {

// A file in RAM. What it holds is shared with all children.
class MemoryFile {
 public:
  explicit MemoryFile(const char* name);
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile();

  int fd() const { return fd_; }
  std::string text() const;
  void clear();

 private:
  int fd_;
};

struct Ending {
  int status = 0;      // of waitpid()
  std::string output;  // what it printed, if that was caught
  unsigned time_limit_s = 0;

  bool ok() const { return status == 0; }

  // In one line, what was wrong with the script `name`.
  std::string error(const std::string& name) const;
};

struct ChildOptions {
  MemoryFile* output = nullptr;  // catches what it prints; its standard input is empty
  bool errors_only = false;      // of what it prints, the standard output is dropped
  unsigned time_limit_s = 0;     // 0: none
};

// What `body` returns is the exit code. No destructor and no exit handler is run.
Ending run_child(const ChildOptions& options, const std::function<int()>& body);

// A fork() whose child ends when its parent does.
pid_t fork_child();

}  // namespace cli
