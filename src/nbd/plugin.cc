// The drive of a camera as a plugin of nbdkit, which does all that is NBD:
//
//   nbdkit -U SOCKET pybflash-nbd.so board=OPENMV4P image=cam.bin [readonly=1] [fail=program:1]
//   [socket=SOCKET]
#define NBDKIT_API_VERSION 2
#include <nbdkit-plugin.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <variant>

#include "nbd/drive_export.h"

// One storage, one owner: a request, or the idle flush between two of them.
#define THREAD_MODEL NBDKIT_THREAD_MODEL_SERIALIZE_ALL_REQUESTS

namespace {

nbd::ExportOptions options;
std::unique_ptr<nbd::DriveExport> drive;
std::mutex ownership;                               // of the drive, once there are clients
std::chrono::steady_clock::time_point camera_time;  // what the camera knows of has passed until then
std::jthread idle_flush;
std::string socket_path;

// For nbdkit: 0, or -1 after the error was told to the server's log and to the client.
int result(int error, const char* what) {
  if (error == 0) return 0;
  nbdkit_error("%s: %s", what, std::strerror(error));
  nbdkit_set_error(error);
  return -1;
}

int set_fault(const char* text) {
  const std::optional<nbd::Fault> fault = nbd::parse_fault(text);
  if (!fault) {
    nbdkit_error("fail=%s: read:N, program:N or erase:N is meant", text);
    return -1;
  }
  options.faults.push_back(*fault);
  return 0;
}

int set_read_only(const char* text) {
  const int is_read_only = nbdkit_parse_bool(text);
  options.read_only = is_read_only == 1;
  return is_read_only < 0 ? -1 : 0;
}

// nbdkit may go to another folder before it opens anything.
int set_path(std::string& path, const char* text) {
  char* absolute = nbdkit_absolute_path(text);
  if (absolute == nullptr) return -1;
  path = absolute;
  free(absolute);
  return 0;
}

int configure(const char* key, const char* value) {
  const std::string_view name = key;
  if (name == "fail") return set_fault(value);
  if (name == "readonly") return set_read_only(value);
  if (name == "image") return set_path(options.image, value);
  if (name == "socket") return set_path(socket_path, value);
  if (name != "board") {
    nbdkit_error("unknown parameter '%s'", key);
    return -1;
  }
  options.board = value;
  return 0;
}

int configuration_complete() {
  if (!options.board.empty() && !options.image.empty()) return 0;
  nbdkit_error("board=NAME and image=FILE are needed");
  return -1;
}

// Before a client can come.
int get_ready() {
  auto opened = nbd::DriveExport::open(options);
  if (const std::string* error = std::get_if<std::string>(&opened)) {
    nbdkit_error("%s", error->c_str());
    return -1;
  }
  drive = std::get<std::unique_ptr<nbd::DriveExport>>(std::move(opened));
  return 0;
}

// Camera time is the time of this computer.
void let_time_pass() {
  const auto passed = std::chrono::steady_clock::now() - camera_time;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(passed);
  camera_time += ms;
  result(drive->pass_ms(static_cast<uint64_t>(ms.count())), "the flash refused data when it was idle");
}

void flush_when_idle(const std::stop_token& stop) {
  constexpr std::chrono::milliseconds kTick(512);  // the firmware looks about as often
  std::condition_variable_any tick;
  std::unique_lock lock(ownership);
  while (!stop.stop_requested()) {
    tick.wait_for(lock, stop, kTick, [] { return false; });
    let_time_pass();
  }
}

// nbdkit may fork before, and a thread would stay behind.
int start_clock() {
  camera_time = std::chrono::steady_clock::now();
  idle_flush = std::jthread(flush_when_idle);
  return 0;
}

void* open_handle(int) {
  return NBDKIT_HANDLE_NOT_NEEDED;
}

int64_t size_bytes(void*) {
  return static_cast<int64_t>(drive->size_bytes());
}

int block_size(void*, uint32_t* minimum, uint32_t* preferred, uint32_t* maximum) {
  constexpr uint32_t kPreferredBytes = 4096;
  *minimum = drive->block_bytes();
  *preferred = kPreferredBytes;
  *maximum = UINT32_MAX;  // no limit but nbdkit's own
  return 0;
}

int read_drive(void*, void* out, uint32_t length, uint64_t offset, uint32_t) {
  const std::lock_guard lock(ownership);
  return result(drive->read(offset, {static_cast<uint8_t*>(out), length}), "cannot read");
}

int write_drive(void*, const void* data, uint32_t length, uint64_t offset, uint32_t) {
  const std::lock_guard lock(ownership);
  let_time_pass();
  return result(drive->write(offset, {static_cast<const uint8_t*>(data), length}), "cannot write");
}

int flush_drive(void*, uint32_t) {
  const std::lock_guard lock(ownership);
  return result(drive->flush(), "the flash refused data");
}

// All connections look at one cache: a flush through any of them is one for all.
int can_multi_conn(void*) {
  return 1;
}

// A client that goes without a flush has written for good, as one that pulls the camera's plug a while
// after its last write.
void close_handle(void*) {
  const std::lock_guard lock(ownership);
  result(drive->flush(), "the flash refused data that a client left behind");
}

void unload() {
  idle_flush = {};  // ends it
  if (drive) result(drive->flush(), "the flash refused data that was still to be written");
  drive.reset();
  // nbdkit leaves it where it is.
  if (!socket_path.empty()) unlink(socket_path.c_str());
}

nbdkit_plugin describe() {
  nbdkit_plugin plugin = {};
  plugin.name = "pybflash";
  plugin.longname = "the drive of a simulated OpenMV Cam";
  plugin.config = configure;
  plugin.config_complete = configuration_complete;
  plugin.config_help =
      "board=NAME     the camera\nimage=FILE     raw dump of its whole flash\n"
      "readonly=BOOL  never write the image\nfail=WHAT:N    the N-th read, program or erase fails\n"
      "socket=PATH    remove this socket at the end";
  plugin.get_ready = get_ready;
  plugin.after_fork = start_clock;
  plugin.open = open_handle;
  plugin.get_size = size_bytes;
  plugin.block_size = block_size;
  plugin.pread = read_drive;
  plugin.pwrite = write_drive;
  plugin.flush = flush_drive;
  plugin.can_multi_conn = can_multi_conn;
  plugin.close = close_handle;
  plugin.unload = unload;
  return plugin;
}

nbdkit_plugin plugin = describe();

}  // namespace

NBDKIT_REGISTER_PLUGIN(plugin)
