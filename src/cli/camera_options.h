// --board and --image, for every subcommand that works on a camera.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "boards/camera.h"

namespace cli {

struct CameraOptions {
  std::string board = "OPENMV4P";
  std::string image;  // empty: RAM
};

void add_camera_options(CLI::App& command, CameraOptions& options);

// Null after an error, which was reported.
const boards::Board* find_board_or_report(const std::string& name);

// Null after an error, which was reported.
std::unique_ptr<boards::Camera> open_camera(const CameraOptions& options);

}  // namespace cli
