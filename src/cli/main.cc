#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>

#include "cli/commands.h"
#include "cli/plain.h"

namespace {

constexpr const char* kDescription =
    "The flash storage of an OpenMV Cam on a desk: pyb.Flash under a real MicroPython.";

constexpr const char* kProgramFooter =
    "Examples:\n"
    "  pybflash run                                a prompt on an OpenMV Cam H7 Plus; Ctrl-X leaves\n"
    "  pybflash run examples/tour.py               a script of the host, on the camera\n"
    "  pybflash run --board OPENMV2 -c 'import os; print(os.statvfs(\"/flash\"))'\n"
    "  pybflash run --image cam.bin                what is written stays in cam.bin\n"
    "  pybflash powercut --write w.py --check c.py see what survives a loss of power at any moment\n"
    "  pybflash boards                             all cameras\n"
    "\n"
    "Exit codes: 0 done; 1 an uncaught exception, or the flash refused data; 2 the command line, the\n"
    "script or the image is at fault; whatever a script gives to sys.exit().";

int parse_error(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  std::string named;  // " image put"
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    named += " " + at->get_name();
  }
  if (!named.empty()) {
    return cli::usage_error(std::string(error.what()) + " (pybflash" + named +
                            " --help shows what there is)");
  }
  if (argc < 2)
    return cli::usage_error("no command given; pybflash run is a prompt, pybflash --help tells more");
  return cli::usage_error("unknown command " + std::string(argv[1]) +
                          " (pybflash --help shows what there is)");
}

// Where standard output is closed, an image would be opened in its place, and print() would write into it.
void open_closed_streams() {
  int file = 0;
  do {
    file = open("/dev/null", O_RDWR);
  } while (file >= 0 && file <= STDERR_FILENO);
  if (file >= 0) close(file);
}

int run(int argc, char** argv) {
  CLI::App app(kDescription, "pybflash");
  app.set_version_flag("--version", "pybflash " PYBFLASH_VERSION);
  app.footer(kProgramFooter);
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);
  cli::Action action;
  cli::add_commands(app, action);
  try {
    app.parse(argc, argv);
    return action();
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return parse_error(app, error, argc, argv);
  } catch (const std::filesystem::filesystem_error& error) {
    return cli::usage_error(error.path1().string() + ": " + error.code().message());
  }
}

// What was printed has to have arrived, or nobody should take it for whole. A reader that went away, as
// `head` does, knows that itself.
int finish_output(int code) {
  const bool has_failed = !std::cout || std::ferror(stdout) != 0;
  if (std::fflush(stdout) == 0 && !has_failed) return code;
  if (errno != EPIPE) cli::usage_error(std::string("standard output: ") + std::strerror(errno));
  return code == cli::kExitOk ? cli::kExitUsage : code;
}

}  // namespace

int main(int argc, char** argv) {
  open_closed_streams();
  if (const int code = cli::run_if_plain(argc, argv); code >= 0) return code;
  return finish_output(run(argc, argv));
}
