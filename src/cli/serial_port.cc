#include "cli/serial_port.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace cli {

namespace {

constexpr uint8_t kCtrlC = 0x03;
constexpr size_t kChunkBytes = 4096;

std::string failure(const std::string& what) {
  return what + ": " + std::strerror(errno);
}

void set_non_blocking(int fd) {
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

// As a serial port is when nobody has touched it: bytes pass as they are, and nothing is echoed.
void make_raw(int terminal) {
  termios settings;
  if (tcgetattr(terminal, &settings) != 0) return;
  cfmakeraw(&settings);
  tcsetattr(terminal, TCSANOW, &settings);
}

// Appends what there is to read, at most a chunk.
void read_some(int fd, std::vector<uint8_t>& bytes) {
  std::array<uint8_t, kChunkBytes> chunk;
  const ssize_t length = read(fd, chunk.data(), chunk.size());
  if (length > 0) bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + length);
}

void write_some(int fd, std::vector<uint8_t>& bytes) {
  const ssize_t length = write(fd, bytes.data(), bytes.size());
  if (length > 0) bytes.erase(bytes.begin(), bytes.begin() + length);
}

bool is_link_to_terminal(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::read_symlink(path, ignored).string().starts_with("/dev/pts/");
}

// A client may hold the port with flock(): the mark of the camera behind it is a lock of another kind.
struct flock whole_file() {
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  return lock;
}

void mark_as_in_use(int port) {
  struct flock lock = whole_file();
  fcntl(port, F_OFD_SETLK, &lock);
}

bool is_in_use(const std::string& path) {
  const FileDescriptor port(::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (port.get() < 0) return errno == EBUSY;  // a client has it for itself
  struct flock lock = whole_file();
  return fcntl(port.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace

std::variant<std::unique_ptr<SerialPort>, std::string> SerialPort::open(const std::string& link) {
  std::unique_ptr<SerialPort> port(new SerialPort);
  port->host_end_ = FileDescriptor(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  const int host_end = port->host_end_.get();
  std::array<char, 64> path = {};
  if (host_end < 0 || grantpt(host_end) != 0 || unlockpt(host_end) != 0 ||
      ptsname_r(host_end, path.data(), path.size()) != 0) {
    return failure("this computer gives no pseudo-terminal");
  }
  port->path_ = path.data();
  port->device_ = FileDescriptor(::open(path.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  port->openings_ = FileDescriptor(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  port->stop_ = FileDescriptor(eventfd(0, EFD_CLOEXEC));
  if (port->device_.get() < 0 || port->stop_.get() < 0 ||
      inotify_add_watch(port->openings_.get(), path.data(), IN_OPEN | IN_CLOSE) < 0) {
    return failure("cannot use the pseudo-terminal " + port->path_);
  }
  mark_as_in_use(port->device_.get());
  make_raw(port->device_.get());
  set_non_blocking(host_end);
  if (std::string error = port->connect_link(link); !error.empty()) return error;
  return port;
}

// Made beside it and renamed: at no moment is there no link, and nobody else's file is overwritten.
std::string SerialPort::connect_link(const std::string& link) {
  if (link.empty()) return "";
  std::error_code error;
  const auto there = std::filesystem::symlink_status(link, error);
  if (std::filesystem::exists(there) && !is_link_to_terminal(link)) {
    return link + " is there already, and it is no link to a serial port; choose another path for --link";
  }
  if (is_in_use(link)) {
    return link + " leads to a camera that is running; end that one, or choose another path for --link";
  }
  const std::string temporary = link + "." + std::to_string(getpid());
  std::filesystem::create_symlink(path_, temporary, error);
  if (!error) {
    std::filesystem::rename(temporary, link, error);
    if (error) unlink(temporary.c_str());
  }
  if (error) return "cannot make the link " + link + ": " + error.message();
  link_ = std::filesystem::absolute(link).string();
  return "";
}

SerialPort::~SerialPort() {
  if (thread_.joinable()) {
    eventfd_write(stop_.get(), 1);
    thread_.join();
  }
  // Another port may have taken it over.
  std::error_code ignored;
  if (!link_.empty() && std::filesystem::read_symlink(link_, ignored) == path_) unlink(link_.c_str());
}

void SerialPort::start(FileDescriptor camera, std::function<bool()> interrupt) {
  camera_ = std::move(camera);
  set_non_blocking(camera_.get());
  interrupt_ = std::move(interrupt);
  // Signals are the business of the thread that starts this one.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { carry(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void SerialPort::carry() {
  const auto wanted = [](bool reads, bool writes) {
    return static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
  };
  for (;;) {
    std::array<pollfd, 4> fds = {{
        {stop_.get(), POLLIN, 0},
        {openings_.get(), POLLIN, 0},
        {host_end_.get(), wanted(to_camera_.empty(), !to_client_.empty()), 0},
        {camera_.get(), wanted(to_client_.empty(), !to_camera_.empty()), 0},
    }};
    if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return;
    const auto ready = [&fds](size_t index, short event) { return (fds[index].revents & event) != 0; };
    if (ready(0, POLLIN) || ready(3, POLLHUP)) return;
    // First: a client that is there is heard, and answered.
    if (ready(1, POLLIN)) count_clients();
    if (ready(2, POLLIN)) read_client();
    if (ready(2, POLLOUT)) write_some(host_end_.get(), to_client_);
    if (ready(3, POLLIN)) read_camera();
    if (ready(3, POLLOUT)) write_some(camera_.get(), to_camera_);
  }
}

void SerialPort::count_clients() {
  alignas(inotify_event) std::array<char, kChunkBytes> events;
  const ssize_t length = read(openings_.get(), events.data(), events.size());
  for (ssize_t at = 0; at < length;) {
    inotify_event event;
    std::memcpy(&event, events.data() + at, sizeof event);
    client_count_ += (event.mask & IN_OPEN) != 0 ? 1 : -1;
    at += static_cast<ssize_t>(sizeof event + event.len);
  }
  if (client_count_ > 0) return;
  // The next client finds neither words that were meant for the last one nor its settings.
  to_client_.clear();
  tcflush(device_.get(), TCIFLUSH);
  make_raw(device_.get());
  ioctl(device_.get(), TIOCNXCL);
}

void SerialPort::read_client() {
  std::vector<uint8_t> bytes;
  read_some(host_end_.get(), bytes);
  std::copy_if(bytes.begin(), bytes.end(), std::back_inserter(to_camera_),
               [this](uint8_t byte) { return byte != kCtrlC || !interrupt_(); });
}

void SerialPort::read_camera() {
  read_some(camera_.get(), to_client_);
  if (client_count_ == 0) to_client_.clear();
}

}  // namespace cli
