// What the processes of a campaign tell the one that started them, each in one write to a pipe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cli::powercut {

struct Event {
  enum class Kind : char {
    kSurvived = 's',
    kLost = 'l',
    kDone = 'd',    // with a cut of the writer, and all that belongs to it
    kCannot = 'c',  // what was asked for cannot be done
  };
  Kind kind;
  std::string replay = {};
  std::string text = {};  // what was lost, or why it cannot be done
};

class EventPipe {
 public:
  EventPipe();
  EventPipe(const EventPipe&) = delete;
  EventPipe& operator=(const EventPipe&) = delete;
  ~EventPipe();

  void send(const Event& event) const;

  // In the process that listens, once all that send have been started.
  void close_sending_end();

  // Takes what has come, after a while at the latest. False once nothing more will come.
  bool receive(std::string& lines) const;

 private:
  int receiving_ = -1;
  int sending_ = -1;
};

// One line of what was received.
Event parse_event(std::string_view line);

}  // namespace cli::powercut
