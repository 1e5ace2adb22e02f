// The subcommands of `pybflash`.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace cli {

// Exit codes; a script's own sys.exit() may use any other.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  // an uncaught exception, or the flash refused data
inline constexpr int kExitUsage = 2;   // the command line, the script or the image is at fault

// What is left to do once the command line has been understood.
using Action = std::function<int()>;

// Adds every subcommand to `app`. The one that is named sets `action`.
void add_commands(CLI::App& app, Action& action);

// Each in the file of its name, that of powercut in its folder.
void add_run_command(CLI::App& app, Action& action);
void add_camera_command(CLI::App& app, Action& action);
void add_serve_command(CLI::App& app, Action& action);
void add_boards_command(CLI::App& app, Action& action);
void add_bench_command(CLI::App& app, Action& action);
void add_map_command(CLI::App& app, Action& action);
void add_powercut_command(CLI::App& app, Action& action);
void add_image_command_family(CLI::App& app, Action& action);
void add_forecast_command(CLI::App& app, Action& action);

// For an option whose empty text, as of a variable that is not set, would be taken for no option at all.
// Returns what is wrong, or nothing.
std::string refuse_empty(const std::string& text);

// One line on standard error, "pybflash: ...", that says what to do. Returns kExitUsage.
int usage_error(const std::string& text);

}  // namespace cli
