// `pybflash serve`: the drive that the camera shows over USB, for the NBD clients of this computer.
//
// NBD itself is nbdkit's: this program finds out what is to be served, and becomes nbdkit with our plugin.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/commands.h"
#include "cli/image_board.h"
#include "images/file_descriptor.h"
#include "nbd/drive_export.h"

namespace cli {

namespace {

constexpr const char* kServeFooter =
    "IMG is a raw dump of a whole flash, as `pybflash run --image` makes it. The drive begins with the\n"
    "partition table that the camera makes up; the filesystem begins at block 256. What a client flushes is\n"
    "in the image, whatever happens afterwards. Ctrl-C, or SIGTERM, ends the server in good order.\n"
    "\n"
    "Examples:\n"
    "  pybflash serve cam.bin                                   on the socket cam.bin.sock\n"
    "  nbdinfo 'nbd+unix:///?socket=cam.bin.sock'\n"
    "  nbdcopy 'nbd+unix:///?socket=cam.bin.sock' drive.img\n"
    "  pybflash serve cam.bin --fail program:1                  a client must live with an error";

struct ServeOptions {
  nbd::ExportOptions drive;
  std::string socket;
  std::vector<std::string> faults;
};

// The installed plugin is where libraries are; that of a build lies in its own folder beside ours.
std::string find_plugin() {
  const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  for (const char* candidate : {"../lib/pybflash/pybflash-nbd.so", "../nbd/pybflash-nbd.so"}) {
    const std::filesystem::path path = (here / candidate).lexically_normal();
    if (std::filesystem::exists(path)) return path;
  }
  return "";
}

bool is_on_path(const std::string& program) {
  const char* variable = std::getenv("PATH");
  std::string path = variable == nullptr ? "" : variable;
  path += ':';
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = path.find(':', begin);
    const std::filesystem::path file = std::filesystem::path(path.substr(begin, end - begin)) / program;
    if (access(file.c_str(), X_OK) == 0) return true;
    begin = end + 1;
  }
  return false;
}

// nbdkit would find out only when the drive has been announced.
std::string try_socket(const sockaddr_un& address) {
  const images::FileDescriptor trial(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (bind(trial.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return std::string("cannot make the socket ") + address.sun_path + ": " + std::strerror(errno) +
           "; choose another path with --socket";
  }
  unlink(address.sun_path);
  return "";
}

// A socket that nobody listens on any more is in the way of a new one. Returns what was wrong.
std::string clear_socket(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return path + " is too long for the path of a socket; choose a shorter one with --socket";
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  const auto kind = std::filesystem::symlink_status(path).type();
  if (kind == std::filesystem::file_type::not_found) return try_socket(address);
  if (kind != std::filesystem::file_type::socket) {
    return path + " is there already, and it is no socket; choose another path with --socket";
  }
  const images::FileDescriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return "a server listens on " + path + " already; end it, or choose another path with --socket";
  }
  unlink(path.c_str());
  return try_socket(address);
}

// Opens all there is to open, once: nbdkit would say the same things in its own words.
std::string check(const ServeOptions& options, std::string& description) {
  const auto opened = nbd::DriveExport::open(options.drive);
  if (const std::string* error = std::get_if<std::string>(&opened)) return *error;
  const nbd::DriveExport& drive = *std::get<std::unique_ptr<nbd::DriveExport>>(opened);
  description = options.drive.image + " of " + options.drive.board + ": a drive of " +
                std::to_string(drive.size_bytes()) + " bytes in blocks of " +
                std::to_string(drive.block_bytes()) + (options.drive.read_only ? ", read-only" : "");
  return clear_socket(options.socket);
}

// In the query of a URI, and between quotes of a shell.
std::string percent_encoded(const std::string& path) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
  std::string encoded;
  for (const char c : path) {
    std::array<char, 4> code;
    std::snprintf(code.data(), code.size(), "%%%02X", static_cast<unsigned char>(c));
    encoded += kPlain.find(c) == kPlain.npos ? code.data() : std::string(1, c);
  }
  return encoded;
}

int become_nbdkit(const ServeOptions& options, const std::string& plugin) {
  std::vector<std::string> words = {"nbdkit", "--foreground", "--unix", options.socket};
  if (options.drive.read_only) words.push_back("--readonly");
  words.insert(words.end(), {plugin, "board=" + options.drive.board, "image=" + options.drive.image,
                             "socket=" + options.socket});
  if (options.drive.read_only) words.push_back("readonly=true");
  for (const std::string& fault : options.faults) words.push_back("fail=" + fault);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execvp("nbdkit", argv.data());
  return usage_error(std::string("cannot start nbdkit: ") + std::strerror(errno));
}

int run_serve(ServeOptions& options) {
  const std::string plugin = find_plugin();
  if (plugin.empty()) {
    return usage_error(
        "serve was not built for want of nbdkit's headers; install nbdkit-plugin-dev and build again");
  }
  if (!is_on_path("nbdkit")) return usage_error("serve needs nbdkit; on Debian: apt-get install nbdkit");
  LoadedImage loaded;
  if (!load_image(options.drive.image, options.drive.board, loaded)) return kExitUsage;
  options.drive.board = loaded.board->name;
  loaded.image.reset();
  for (const std::string& fault : options.faults) options.drive.faults.push_back(*nbd::parse_fault(fault));
  if (options.socket.empty()) options.socket = options.drive.image + ".sock";
  options.socket = std::filesystem::absolute(options.socket);
  std::string description;
  if (const std::string error = check(options, description); !error.empty()) return usage_error(error);
  std::cout << description << "\nConnect: nbdinfo 'nbd+unix:///?socket=" << percent_encoded(options.socket)
            << "'\nCtrl-C ends the server." << std::endl;
  return become_nbdkit(options, plugin);
}

std::string fault_error(const std::string& text) {
  return nbd::parse_fault(text) ? "" : text + " is none of read:N, program:N, erase:N";
}

}  // namespace

void add_serve_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command = app.add_subcommand("serve", "The camera's USB drive for this computer, over NBD");
  command->footer(kServeFooter);
  command->add_option("IMG", options->drive.image, "The image")->check(refuse_nameless)->required();
  add_image_board_option(*command, options->drive.board);
  command->add_option("--socket", options->socket, "The Unix socket to listen on (default: IMG.sock)")
      ->type_name("PATH")
      ->check(refuse_empty);
  command->add_flag("--read-only", options->drive.read_only,
                    "Let nobody write, and leave the image as it is");
  command
      ->add_option("--fail", options->faults,
                   "Let the N-th read, program or erase of the flash fail, once; may be given several times")
      ->type_name("OPERATION:N")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(CLI::Validator(fault_error, ""));
  command->callback([options, &action] { action = [options] { return run_serve(*options); }; });
}

}  // namespace cli
