#include "cli/commands.h"

#include <iostream>

namespace cli {

void add_commands(CLI::App& app, Action& action) {
  add_run_command(app, action);
  add_camera_command(app, action);
  add_serve_command(app, action);
  add_boards_command(app, action);
  add_powercut_command(app, action);
  add_bench_command(app, action);
  add_map_command(app, action);
  add_image_command_family(app, action);
  add_forecast_command(app, action);
}

std::string refuse_empty(const std::string& text) {
  return text.empty() ? "it is empty; leave the option out, or say what it is" : "";
}

int usage_error(const std::string& text) {
  std::cerr << "pybflash: " << text << '\n';
  return kExitUsage;
}

}  // namespace cli
