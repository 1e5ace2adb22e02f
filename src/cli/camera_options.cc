#include "cli/camera_options.h"

#include <iostream>
#include <memory>
#include <utility>
#include <variant>

#include "cli/commands.h"
#include "images/board_of.h"
#include "images/image.h"
#include "micropython/port/camera_glue.h"

namespace cli {

namespace {

std::unique_ptr<boards::Camera> open_camera(const CameraOptions& options, sim::ImageUse use) {
  const boards::Board* board = find_board_or_report(options.board);
  if (board == nullptr) return nullptr;
  // A boot that finds no filesystem where it looks for one would format, or advise to.
  const boards::Board* other = options.no_mount ? nullptr : images::other_board_of(options.image, *board);
  if (other != nullptr) {
    usage_error(options.image + ": looks like an image of " + std::string(other->name) + ", not of " +
                options.board + "; say --board " + std::string(other->name) + ", or name another --image");
    return nullptr;
  }
  auto camera = boards::Camera::open(*board, options.image, use);
  if (const std::string* error = std::get_if<std::string>(&camera)) {
    usage_error(*error);
    return nullptr;
  }
  return std::get<std::unique_ptr<boards::Camera>>(std::move(camera));
}

}  // namespace

void add_board_option(CLI::App& command, std::string& board) {
  command.add_option("--board", board, "The camera; `pybflash boards` lists them")
      ->type_name("NAME")
      ->capture_default_str();
}

void add_camera_options(CLI::App& command, CameraOptions& options) {
  add_board_option(command, options.board);
  command
      .add_option("--image", options.image,
                  "The chip's content as a raw dump of the whole flash, made if missing;\n"
                  "it is written as the camera writes (default: a blank chip in RAM)")
      ->type_name("FILE")
      ->check(refuse_empty);
}

void add_no_mount_option(CLI::App& command, CameraOptions& options) {
  command.add_flag("--no-mount", options.no_mount, "Leave the storage alone: no probing, no /flash");
}

const boards::Board* find_board_or_report(const std::string& name) {
  std::string error;
  const boards::Board* board = images::named_board(name, error);
  if (board == nullptr) usage_error(error);
  return board;
}

boards::Camera* switch_on(const CameraOptions& options, sim::ImageUse use) {
  // Static: MicroPython may leave by exit(), and the camera must still be whole then.
  static std::unique_ptr<boards::Camera> camera;
  camera = open_camera(options, use);
  camera_glue_attach(camera.get());
  return camera.get();
}

std::string greeting_of(const boards::Camera& camera, const CameraOptions& options) {
  return std::string(camera.board().camera) + " (" + std::string(camera.board().name) + "), flash in " +
         (options.image.empty() ? "RAM" : options.image) + ".";
}

int judge(int code, boards::Camera& camera) {
  const std::vector<sim::Violation>& list = camera.hardware().violations().list();
  if (list.empty()) return code;
  std::cerr << "pybflash: internal error, please report it: a driver misused the hardware at "
            << list[0].at_ns / 1000 << " us: " << list[0].where << ": " << list[0].what << '\n';
  return kExitFailed;
}

}  // namespace cli
