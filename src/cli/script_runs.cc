#include "cli/script_runs.h"

#include <unistd.h>

#include <cstring>
#include <memory>
#include <random>
#include <utility>
#include <variant>

#include "boards/camera.h"
#include "cli/camera_options.h"
#include "cli/child.h"
#include "images/layer.h"
#include "micropython/port/camera_glue.h"
#include "micropython/port/interpreter.h"
#include "sim/image.h"
#include "volumes/volume.h"

namespace cli {

namespace {

// In a process of its own. What it cost goes into `report`.
int run_here(boards::Camera& camera, std::vector<std::string>& arguments, const MemoryFile& report) {
  camera_glue_attach(&camera);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  interpreter_options_t interpreter = {};
  interpreter.script = argv.front();
  interpreter.argc = static_cast<int>(argv.size());
  interpreter.argv = argv.data();
  interpreter.mount_storage = true;
  interpreter.greeting = "";
  const int code = judge(interpreter_run(&interpreter), camera);
  const boards::Camera::Totals totals = camera.totals();
  const RunCost cost = {totals.erases, totals.programs, totals.bytes_programmed, totals.device_us};
  return write(report.fd(), &cost, sizeof cost) == sizeof cost ? code : INTERPRETER_EXIT_FAILED;
}

void fill_with_old_data(std::span<uint8_t> bytes) {
  std::mt19937 random(1);  // the same every time: forecasts can be compared
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() >> 24);
}

std::string format(const boards::Board& board, const std::string& path, Filesystem filesystem) {
  auto opened = boards::Camera::open(board, path);
  if (std::string* error = std::get_if<std::string>(&opened)) return std::move(*error);
  flash::Status status;
  const auto device = images::new_device(*std::get<std::unique_ptr<boards::Camera>>(opened),
                                         filesystem == Filesystem::kFatOnLayer, status);
  const auto volume = filesystem == Filesystem::kLittlefs ? volumes::make_littlefs(*device)
                                                          : volumes::make_fat(*device, board.volume_label);
  if (status.ok()) status = volume->format();
  if (status.ok()) status = device->sync();
  return status.ok() ? "" : std::string("cannot be formatted: ") + std::strerror(-status.value());
}

}  // namespace

bool has_room_for(const boards::Board& board, Filesystem filesystem) {
  if (filesystem != Filesystem::kFatOnLayer) return true;
  auto opened = boards::Camera::open(board, "");
  auto* camera = std::get_if<std::unique_ptr<boards::Camera>>(&opened);
  return camera != nullptr && images::blocks_of_layer(**camera) >= images::kLeastBlocksOfFat;
}

std::string make_used_image(const boards::Board& board, const std::string& path, Filesystem filesystem) {
  {
    auto image = sim::Image::open(path, boards::physics_of(*board.part));
    if (std::string* error = std::get_if<std::string>(&image)) return std::move(*error);
    const boards::Area& storage = board.storage();
    const auto bytes = std::get<std::unique_ptr<sim::Image>>(image)->memory().bytes;
    fill_with_old_data(bytes.subspan(storage.offset, storage.size_bytes));
  }
  return format(board, path, filesystem);
}

std::string run_script(const boards::Board& board, const std::string& image_path,
                       std::vector<std::string> arguments, RunCost& cost) {
  // Here and not in the child: that one may outlive this process for a moment, and would make the image anew
  // after a signal has taken it away.
  auto opened = boards::Camera::open(board, image_path);
  if (std::string* error = std::get_if<std::string>(&opened)) return std::move(*error);
  boards::Camera& camera = *std::get<std::unique_ptr<boards::Camera>>(opened);
  const std::string script = arguments.front();
  MemoryFile errors("errors"), report("cost");
  const Ending ending = run_child({.output = &errors, .errors_only = true},
                                  [&] { return run_here(camera, arguments, report); });
  if (!ending.ok()) return ending.error(script);
  const bool has_cost = pread(report.fd(), &cost, sizeof cost, 0) == sizeof cost;
  return has_cost ? "" : script + " left before its cost was known";
}

std::vector<uint32_t> wear_of_image(const boards::Board& board, const std::string& image_path) {
  const auto image = sim::Image::open(image_path, boards::physics_of(*board.part), sim::ImageUse::kScratch);
  const auto* opened = std::get_if<std::unique_ptr<sim::Image>>(&image);
  if (opened == nullptr) return {};
  const auto wear = (*opened)->memory().wear;
  return {wear.begin(), wear.end()};
}

}  // namespace cli
