// `pybflash bench` is a program of its own beside this one (see bench/main.cc).
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"

namespace cli {

namespace {

int run_bench(const std::vector<std::string>& arguments) {
  const std::string program =
      std::filesystem::read_symlink("/proc/self/exe").replace_filename("pybflash-bench");
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(program.c_str(), argv.data());
  return usage_error("cannot start " + program + ": " + std::strerror(errno));
}

}  // namespace

void add_bench_command(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("bench", "Measure our storage stack beside the firmware's own driver");
  command->prefix_command();
  command->set_help_flag();  // `pybflash bench --help` is answered there
  command->callback([command, &action] {
    const std::vector<std::string> arguments = command->remaining();
    action = [arguments] { return run_bench(arguments); };
  });
}

}  // namespace cli
