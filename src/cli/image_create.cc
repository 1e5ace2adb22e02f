// `pybflash image create`: a ready image, filled from a folder.
#include <filesystem>
#include <ostream>

#include "cli/camera_options.h"
#include "cli/image.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "images/dfu.h"
#include "images/layer.h"
#include "images/output_file.h"
#include "images/transfer.h"
#include "images/words.h"

namespace cli {

namespace {

constexpr std::string_view kLayerPrefix = "ftl+";

struct CreateOptions {
  std::string board = "OPENMV4P";
  std::string filesystem = "fat";
  std::string from;
  std::string out;
  std::string dfu;
  bool force = false;

  // "ftl+fat": FAT on a translation layer.
  bool has_layer() const { return filesystem.starts_with(kLayerPrefix); }
  std::string on_top() const { return has_layer() ? filesystem.substr(kLayerPrefix.size()) : filesystem; }
};

// Everything an error needs to be one line; empty: all went well.
using Problem = std::string;

std::string filesystem_options() {
  std::string names;
  for (const images::Filesystem& filesystem : images::filesystems()) {
    if (!filesystem.option.empty()) names += (names.empty() ? "" : ", ") + std::string(filesystem.option);
  }
  return names + ", ftl+fat";
}

// Nothing: there is room for what was asked for.
Problem why_no_room(boards::Camera& camera, const CreateOptions& options) {
  if (!options.has_layer()) return {};
  const uint32_t blocks = images::blocks_of_layer(camera);
  if (blocks >= images::kLeastBlocksOfFat) return {};
  return "--fs " + options.filesystem + ": a translation layer has " + std::to_string(blocks) +
         " blocks on " + std::string(camera.board().name) + ", and a FAT needs " +
         std::to_string(images::kLeastBlocksOfFat) + "; choose fat or littlefs";
}

// The filesystem on a blank flash, with all that the folder holds.
Problem fill(boards::Camera& camera, const images::Filesystem& filesystem, const CreateOptions& options,
             uint64_t& bytes, size_t& files) {
  std::vector<images::Source> sources;
  if (!options.from.empty()) {
    if (Problem problem = images::collect(options.from, sources); !problem.empty()) return problem;
    if (!sources.front().is_directory) return options.from + ": not a folder";
  }
  flash::Status status;
  const auto device = images::new_device(camera, options.has_layer(), status);
  const auto volume = filesystem.make(*device, camera.board());
  if (status.ok()) status = volume->format();
  if (status.ok()) status = volume->mount();
  if (!status.ok()) return "the filesystem cannot be made: " + images::reason_of(status);
  Progress progress("copying");
  const images::Destination destination = {*volume, "/", std::string(filesystem.name),
                                           std::string(camera.board().name)};
  Problem problem = images::copy_in(sources, destination, [&](auto done, auto total, const auto& name) {
    progress.show(done, total, name);
  });
  if (!problem.empty()) return problem;
  for (const images::Source& source : sources) {
    bytes += source.size_bytes;
    files += source.is_directory ? 0 : 1;
  }
  volume->unmount();
  status = device->sync();
  if (status.ok()) status = camera.storage().sync();
  return status.ok() ? Problem() : "the flash refused data: " + images::reason_of(status);
}

// Neither file takes its place before both have been written: a full disk leaves what was there.
Problem write_out(boards::Camera& camera, const CreateOptions& options) {
  images::OutputFile image, dfu;
  Problem problem = image.open(options.out);
  if (problem.empty()) problem = image.write(camera.cells().bytes());
  if (!options.dfu.empty()) {
    if (problem.empty()) problem = dfu.open(options.dfu);
    if (problem.empty()) problem = dfu.write(images::make_dfu(camera.board(), storage_of(camera)));
  }
  const images::Name name = name_for(options.force);
  if (problem.empty()) problem = dfu.commit(0, name);
  if (!problem.empty()) return problem;
  problem = image.commit(0, name);
  std::error_code code;
  if (!problem.empty() && name == images::Name::kNew && !options.dfu.empty()) {
    std::filesystem::remove(std::filesystem::canonical(options.dfu, code), code);  // the one just made
  }
  return problem;
}

// Of an image that was here before: a new one has no wear.
void remove_wear(const std::string& image) {
  std::error_code code;
  for (const std::string& path : images::wear_paths(image)) std::filesystem::remove(path, code);
}

Problem check_names(const CreateOptions& options) {
  Problem problem = refuse_name_of_image(options.dfu, options.out);
  if (!problem.empty()) return "--dfu " + problem;
  problem = refuse_existing(options.out, options.force);
  return problem.empty() ? refuse_existing(options.dfu, options.force) : problem;
}

void print_summary(const boards::Board& board, const images::Filesystem& filesystem,
                   const CreateOptions& options, uint64_t bytes, size_t files) {
  std::ostream& out = stream_beside({options.out, options.dfu});
  out << options.out << ": " << board.camera << ", " << filesystem.name
      << (options.has_layer() ? " on a translation layer, " : ", ") << images::counted(files, "file") << ", "
      << images::human_size(bytes) << '\n';
  if (!options.dfu.empty()) print_dfu_command(out, board, options.dfu);
}

int create(const CreateOptions& options) {
  const boards::Board* board = find_board_or_report(options.board);
  if (board == nullptr) return kExitUsage;
  const images::Filesystem* filesystem = images::filesystem_of_option(options.on_top());
  // littlefs needs the extended form, which the layer does not have.
  if (filesystem == nullptr || (options.has_layer() && options.on_top() != "fat")) {
    return usage_error("unknown filesystem '" + options.filesystem + "'; choose one of " +
                       filesystem_options());
  }
  if (const Problem problem = check_names(options); !problem.empty()) return usage_error(problem);
  auto opened = boards::Camera::open(*board, {});
  if (const auto* problem = std::get_if<std::string>(&opened)) return usage_error(*problem);
  boards::Camera& camera = *std::get<std::unique_ptr<boards::Camera>>(opened);
  uint64_t bytes = 0;
  size_t files = 0;
  Problem problem = why_no_room(camera, options);
  if (problem.empty()) problem = fill(camera, *filesystem, options, bytes, files);
  if (problem.empty()) problem = write_out(camera, options);
  if (!problem.empty()) return usage_error(problem);
  remove_wear(options.out);
  print_summary(*board, *filesystem, options, bytes, files);
  return kExitOk;
}

}  // namespace

void add_image_create_command(CLI::App& image, Action& action) {
  auto options = std::make_shared<CreateOptions>();
  CLI::App* command = add_image_command(image, action, "create", "Make an image", options, create);
  add_board_option(*command, options->board);
  command->add_option("--fs", options->filesystem, "The filesystem: " + filesystem_options())
      ->type_name("KIND")
      ->capture_default_str();
  command->add_option("--from", options->from, "The folder whose content goes into it")
      ->type_name("DIR")
      ->check(refuse_empty);
  command->add_option("--dfu", options->dfu, "Also write the file that dfu-util downloads to a camera")
      ->type_name("FILE")
      ->check(refuse_empty);
  command->add_flag("--force", options->force, "Replace files that are there");
  command->add_option("out", options->out, "The image, a dump of the whole flash")
      ->type_name("OUT.img")
      ->check(refuse_empty)
      ->required();
}

}  // namespace cli
