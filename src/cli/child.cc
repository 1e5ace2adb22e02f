#include "cli/child.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

#include "sim/check.h"

namespace cli {

namespace {

// Of the last line that is not empty; without what would not be seen on a terminal.
std::string last_line(const std::string& text) {
  const size_t end = text.find_last_not_of(" \r\n");
  if (end == std::string::npos) return "";
  const size_t line_break = text.find_last_of('\n', end);
  const size_t begin = line_break == std::string::npos ? 0 : line_break + 1;
  std::string line;
  for (const char c : text.substr(begin, end + 1 - begin)) {
    line += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? ' ' : c;
  }
  return line;
}

void become_quiet(const MemoryFile& output, bool errors_only) {
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  SIM_CHECK(nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0, "no /dev/null");
  SIM_CHECK(dup2(errors_only ? nothing : output.fd(), STDOUT_FILENO) >= 0, "no standard output");
  SIM_CHECK(dup2(output.fd(), STDERR_FILENO) >= 0, "no standard error");
}

[[noreturn]] void live_as_child(const ChildOptions& options, const std::function<int()>& body) {
  constexpr rlimit kNoCoreFile = {0, 0};
  setrlimit(RLIMIT_CORE, &kNoCoreFile);
  if (options.output != nullptr) become_quiet(*options.output, options.errors_only);
  std::signal(SIGALRM, SIG_DFL);
  alarm(options.time_limit_s);
  const int code = body();
  std::fflush(nullptr);
  _exit(code);
}

}  // namespace

MemoryFile::MemoryFile(const char* name) : fd_(memfd_create(name, MFD_CLOEXEC)) {
  SIM_CHECK(fd_ >= 0 && fcntl(fd_, F_SETFL, O_APPEND) == 0, "no memory for a file");
}

MemoryFile::~MemoryFile() {
  close(fd_);
}

std::string MemoryFile::text() const {
  struct stat info;
  if (fstat(fd_, &info) != 0) return "";
  std::string text(static_cast<size_t>(info.st_size), '\0');
  const ssize_t got = pread(fd_, text.data(), text.size(), 0);
  text.resize(got < 0 ? 0 : static_cast<size_t>(got));
  return text;
}

void MemoryFile::clear() {
  SIM_CHECK(ftruncate(fd_, 0) == 0, "a file in memory that cannot be emptied");
}

std::string Ending::error(const std::string& name) const {
  if (ok()) return "";
  const std::string line = last_line(output);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
    return name + " did not end within " + std::to_string(time_limit_s) + " s";
  }
  if (WIFSIGNALED(status)) {
    return "the simulator crashed (signal " + std::to_string(WTERMSIG(status)) + ")" +
           (line.empty() ? "" : ": " + line);
  }
  return line.empty() ? name + " left with exit code " + std::to_string(WEXITSTATUS(status)) : line;
}

Ending run_child(const ChildOptions& options, const std::function<int()>& body) {
  if (options.output != nullptr) options.output->clear();
  const pid_t child = fork_child();
  if (child == 0) live_as_child(options, body);
  Ending ending;
  while (waitpid(child, &ending.status, 0) < 0) SIM_CHECK(errno == EINTR, "a child that is not ours");
  if (options.output != nullptr) ending.output = options.output->text();
  ending.time_limit_s = options.time_limit_s;
  return ending;
}

pid_t fork_child() {
  std::fflush(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  SIM_CHECK(child >= 0, "no room for another process");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);  // it ended before: its signal never comes
  }
  return child;
}

}  // namespace cli
