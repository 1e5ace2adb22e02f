#include "cli/plain.h"

#include <string_view>

#include "cli/camera_options.h"
#include "cli/commands.h"
#include "micropython/port/interpreter.h"

namespace cli {

int run_if_plain(int argc, char** argv) {
  constexpr std::string_view kFlag = "--plain";
  constexpr std::string_view kFlagWithBoard = "--plain=";
  const std::string_view first = argc > 1 ? argv[1] : "";
  CameraOptions options;
  if (first.starts_with(kFlagWithBoard)) {
    options.board = first.substr(kFlagWithBoard.size());
  } else if (first != kFlag) {
    return -1;
  }
  if (switch_on(options) == nullptr) return kExitUsage;
  argv[1] = argv[0];
  return interpreter_run_plain(argc - 1, argv + 1);
}

}  // namespace cli
