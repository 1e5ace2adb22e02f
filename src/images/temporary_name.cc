#include "images/temporary_name.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <utility>

#include "sim/check.h"

namespace images {

namespace {

// A forecast has three and writes one more.
std::array<std::atomic<const char*>, 4> temporary_names;

void exchange(const char* old, const char* name) {
  for (std::atomic<const char*>& entry : temporary_names) {
    if (const char* expected = old; entry.compare_exchange_strong(expected, name)) return;
  }
  SIM_CHECK(false, "no room for another temporary name");
}

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};

void remove_all_and_end(int signal) {
  for (const std::atomic<const char*>& entry : temporary_names) {
    const char* name = entry.load();
    if (name != nullptr && unlink(name) != 0) rmdir(name);
  }
  raise(signal);  // ends the program: SA_RESETHAND
}

// Those that nobody else handles or ignores.
void handle_signals() {
  for (const int signal : kSignals) {
    struct sigaction action = {};
    if (sigaction(signal, nullptr, &action) != 0 || action.sa_handler != SIG_DFL) continue;
    action.sa_handler = remove_all_and_end;
    action.sa_flags = static_cast<int>(SA_RESETHAND);  // an unsigned number
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace

TemporaryName::TemporaryName(std::string path) : path_(std::move(path)) {
  exchange(nullptr, path_.c_str());
  handle_signals();
}

TemporaryName::~TemporaryName() {
  exchange(path_.c_str(), nullptr);
}

NoInterruption::NoInterruption() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : kSignals) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, &before_);
}

NoInterruption::~NoInterruption() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace images
