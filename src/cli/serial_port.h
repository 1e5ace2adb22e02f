// A serial port of this computer that a program stands behind: a pseudo-terminal, and the thread that
// carries its bytes. Clients come and go, as at a camera's USB port.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "images/file_descriptor.h"

namespace cli {

using images::FileDescriptor;

class SerialPort {
 public:
  // `link` is the path of a symbolic link to the port, empty for none. A link that a port left behind is
  // replaced; anything else at that path is an error. The alternative is one line that says what was wrong.
  static std::variant<std::unique_ptr<SerialPort>, std::string> open(const std::string& link);

  // Ends the thread, and takes the link away.
  ~SerialPort();
  SerialPort(const SerialPort&) = delete;
  SerialPort& operator=(const SerialPort&) = delete;

  // Of the device that clients open.
  const std::string& path() const { return path_; }

  // Starts to carry bytes between whoever opens the device and the other end of the stream socket
  // `camera`. `interrupt` is asked in the thread whenever a client sends Ctrl-C: true takes it out of the
  // stream. While nobody has the device open, what the camera says is lost, as on USB.
  void start(FileDescriptor camera, std::function<bool()> interrupt);

 private:
  SerialPort() = default;

  std::string connect_link(const std::string& link);
  void carry();
  void count_clients();
  void read_client();
  void read_camera();

  FileDescriptor host_end_;  // of the pseudo-terminal
  FileDescriptor device_;    // held open: between two clients the port stays as it is
  FileDescriptor openings_;  // tells when others open and close the device
  FileDescriptor stop_;
  FileDescriptor camera_;
  std::string path_;
  std::string link_;
  std::function<bool()> interrupt_;
  int client_count_ = 0;
  std::vector<uint8_t> to_camera_;
  std::vector<uint8_t> to_client_;
  std::thread thread_;
};

}  // namespace cli
