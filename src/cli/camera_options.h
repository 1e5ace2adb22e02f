// --board and --image, for every subcommand that works on a camera.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "boards/camera.h"

namespace cli {

struct CameraOptions {
  std::string board = "OPENMV4P";
  std::string image;      // empty: RAM
  bool no_mount = false;  // no boot looks at the storage: an image of any layout will do
};

void add_camera_options(CLI::App& command, CameraOptions& options);
void add_no_mount_option(CLI::App& command, CameraOptions& options);
void add_board_option(CLI::App& command, std::string& board);  // alone

// Null after an error, which was reported.
const boards::Board* find_board_or_report(const std::string& name);

// The camera of this process, on which MicroPython runs from now on; it stays until the process ends. Null
// after an error, which was reported.
boards::Camera* switch_on(const CameraOptions& options, sim::ImageUse use = sim::ImageUse::kKeep);

// One sentence: which camera, and where its flash is kept.
std::string greeting_of(const boards::Camera& camera, const CameraOptions& options);

// The exit code of what ran on the camera and ended with `code`. The models stand for the hardware: what they
// object to is a bug of ours, not of the script, and reported as one.
int judge(int code, boards::Camera& camera);

}  // namespace cli
