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
void add_board_option(CLI::App& command, CameraOptions& options);  // alone

// Null after an error, which was reported.
const boards::Board* find_board_or_report(const std::string& name);

// Null after an error, which was reported.
std::unique_ptr<boards::Camera> open_camera(const CameraOptions& options,
                                            sim::ImageUse use = sim::ImageUse::kKeep);

// One sentence: which camera, and where its flash is kept.
std::string greeting_of(const boards::Camera& camera, const CameraOptions& options);

// The models stand for the hardware: what they object to is a bug of ours, not of the script. False after
// it was reported.
bool drivers_behaved(boards::Camera& camera);

}  // namespace cli
