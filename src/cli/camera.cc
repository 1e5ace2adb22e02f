// `pybflash camera`: the simulated camera as a serial port, for the programs that talk to real ones.
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <variant>

#include "cli/camera_options.h"
#include "cli/commands.h"
#include "cli/serial_port.h"
#include "images/words.h"
#include "micropython/port/interpreter.h"
#include "micropython/port/serial_line.h"

namespace cli {

namespace {

constexpr const char* kCameraFooter =
    "The camera starts as a real one does: /flash/boot.py, then /flash/main.py. No file of this computer is\n"
    "visible to it. Clients may come and go; Ctrl-C here, or SIGTERM, switches it off, and what was written\n"
    "is in the image then.\n"
    "\n"
    "Examples:\n"
    "  pybflash camera --image cam.bin --link /tmp/cam\n"
    "  mpremote connect /tmp/cam fs cp main.py :main.py\n"
    "  mpremote connect /tmp/cam run examples/tour.py";

struct SerialCameraOptions {
  CameraOptions camera;
  std::string link;
};

void greet(const boards::Camera& camera, const SerialCameraOptions& options, const SerialPort& port) {
  const std::string name = options.link.empty() ? port.path() : options.link;
  std::cout << greeting_of(camera, options.camera) << "\n"
            << "Serial port: " << port.path();
  if (!options.link.empty()) std::cout << ", also as " << options.link;
  std::cout << "\nConnect: mpremote connect " << images::shell_quoted(name)
            << "\nCtrl-C switches the camera off." << std::endl;
}

// From here on standard input and output are the camera's serial line; standard error stays.
bool take_standard_streams(FileDescriptor camera_end) {
  return dup2(camera_end.get(), STDIN_FILENO) >= 0 && dup2(camera_end.get(), STDOUT_FILENO) >= 0;
}

bool connect_line(SerialPort& port) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return false;
  FileDescriptor host_end(ends[0]);
  if (!take_standard_streams(FileDescriptor(ends[1]))) return false;
  serial_line_open();
  port.start(std::move(host_end), serial_line_interrupt);
  return true;
}

int run_camera(const SerialCameraOptions& options) {
  boards::Camera* camera = switch_on(options.camera);
  if (camera == nullptr) return kExitUsage;
  auto opened = SerialPort::open(options.link);
  if (const std::string* error = std::get_if<std::string>(&opened)) return usage_error(*error);
  SerialPort& port = *std::get<std::unique_ptr<SerialPort>>(opened);
  greet(*camera, options, port);
  if (!connect_line(port)) {
    return usage_error(std::string("cannot connect the serial port: ") + std::strerror(errno));
  }
  char name[] = "";
  char* argv[] = {name};
  const interpreter_options_t interpreter = {
      .code = nullptr,
      .script = nullptr,
      .argc = 0,
      .argv = argv,
      .mount_storage = true,
      .greeting = nullptr,
      .stands_alone = true,
      .repeatable = false,
      .after_boot = nullptr,
      .context = nullptr,
  };
  return judge(interpreter_run(&interpreter), *camera);
}

}  // namespace

void add_camera_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<SerialCameraOptions>();
  CLI::App* command = app.add_subcommand("camera", "A camera as a serial port, for mpremote and the like");
  command->footer(kCameraFooter);
  add_camera_options(*command, options->camera);
  command
      ->add_option("--link", options->link,
                   "Make a symbolic link to the port, whose own path differs each time")
      ->type_name("PATH")
      ->check(refuse_empty);
  command->callback([options, &action] { action = [options] { return run_camera(*options); }; });
}

}  // namespace cli
