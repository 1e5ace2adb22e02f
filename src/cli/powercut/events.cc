#include "cli/powercut/events.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>

#include "sim/check.h"

namespace cli::powercut {

EventPipe::EventPipe() {
  std::array<int, 2> ends;
  SIM_CHECK(pipe2(ends.data(), O_CLOEXEC) == 0, "no room for a pipe");
  receiving_ = ends[0];
  sending_ = ends[1];
}

EventPipe::~EventPipe() {
  close(receiving_);
  close_sending_end();
}

void EventPipe::send(const Event& event) const {
  // Up to this length, what several processes write at once does not mix.
  constexpr size_t kMaxLine = PIPE_BUF;
  std::string line = static_cast<char>(event.kind) + event.replay + ' ' + event.text;
  line.resize(std::min(line.size(), kMaxLine - 1));
  line += '\n';
  SIM_CHECK(write(sending_, line.data(), line.size()) == static_cast<ssize_t>(line.size()),
            "nobody listens any more");
}

void EventPipe::close_sending_end() {
  if (sending_ >= 0) close(sending_);
  sending_ = -1;
}

bool EventPipe::receive(std::string& lines) const {
  constexpr int kLongestWaitMs = 200;
  pollfd waiting = {receiving_, POLLIN, 0};
  if (poll(&waiting, 1, kLongestWaitMs) <= 0) return true;
  std::array<char, 4096> buffer;
  const ssize_t got = read(receiving_, buffer.data(), buffer.size());
  if (got > 0) lines.append(buffer.data(), static_cast<size_t>(got));
  return got > 0 || (got < 0 && errno == EINTR);
}

Event parse_event(std::string_view line) {
  const size_t space = line.find(' ');
  SIM_CHECK(space != std::string_view::npos && space > 0, "an event that is none");
  return {static_cast<Event::Kind>(line.front()), std::string(line.substr(1, space - 1)),
          std::string(line.substr(space + 1))};
}

}  // namespace cli::powercut
