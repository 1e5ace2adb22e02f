// `pybflash map`: what is where on a chip, and what wears out; as a picture, a page or numbers.
#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "chipmap/changes.h"
#include "chipmap/chip_map.h"
#include "chipmap/drawing.h"
#include "chipmap/export.h"
#include "chipmap/words.h"
#include "cli/commands.h"
#include "cli/image_board.h"
#include "cli/output_file.h"
#include "images/board_of.h"
#include "images/image.h"

namespace cli {

namespace {

constexpr const char* kMapFooter =
    "IMG is a raw dump of a whole flash, as `pybflash run --image` and programmers make it; the wear is in\n"
    "IMG.wear beside it. Nothing is changed. The kind of FILE is told by its name: .svg and .png are\n"
    "pictures, .html is a page that tells about the sector under the pointer, .json has all numbers.\n"
    "\n"
    "Examples:\n"
    "  pybflash map cam.bin                             a summary\n"
    "  pybflash map cam.bin -o map.html -o map.png      pictures\n"
    "  pybflash map --diff before.bin after.bin -o diff.svg";

struct MapOptions {
  std::string image;
  std::string board;
  std::vector<std::string> outputs;
  std::vector<std::string> diff;  // old, new
  bool whole_chip = false;
};

std::string file_name(const std::string& path) {
  return std::filesystem::path(path).filename();
}

std::string kind_of(const std::string& path) {
  return std::filesystem::path(path).extension();
}

bool know_all_kinds(const std::vector<std::string>& outputs) {
  constexpr std::array kKinds = {".svg", ".png", ".html", ".json"};
  for (const std::string& output : outputs) {
    if (std::find(kKinds.begin(), kKinds.end(), kind_of(output)) != kKinds.end()) continue;
    usage_error(output + ": the name must end with .svg, .png, .html or .json");
    return false;
  }
  return true;
}

// The map, or what --diff compares, in the format of each file.
bool write_outputs(const MapOptions& options, const chipmap::View& view) {
  for (const std::string& path : options.outputs) {
    const std::string error = write_file(path, chipmap::export_as(kind_of(path).substr(1), view));
    if (!error.empty()) {
      usage_error(error);
      return false;
    }
  }
  return true;
}

int show_map(const MapOptions& options) {
  LoadedImage loaded;
  if (!load_image(options.image, options.board, loaded)) return kExitUsage;
  const chipmap::ChipMap map = chipmap::survey(*loaded.board, loaded.image->memory());
  const chipmap::View view = {map, nullptr, nullptr, file_name(options.image), options.whole_chip};
  if (!write_outputs(options, view)) return kExitUsage;
  stream_beside(options.outputs) << chipmap::summary_of(view);
  return kExitOk;
}

bool are_images_of(const boards::Board& board, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const boards::Board* other = images::other_board_of(path, board);
    if (other == nullptr) continue;
    usage_error(path + ": looks like an image of " + std::string(other->name) + ", not of " +
                std::string(board.name) + "; two images of one board can be compared");
    return false;
  }
  return true;
}

int show_changes(const MapOptions& options) {
  LoadedImage before, after;
  if (!load_image(options.diff[1], options.board, after)) return kExitUsage;
  if (!are_images_of(*after.board, options.diff)) return kExitUsage;
  if (!load_image(options.diff[0], std::string(after.board->name), before)) return kExitUsage;
  const chipmap::ChipMap old_map = chipmap::survey(*before.board, before.image->memory());
  const chipmap::ChipMap new_map = chipmap::survey(*after.board, after.image->memory());
  const chipmap::Changes changes = chipmap::compare(old_map, new_map);
  const std::string subject = file_name(options.diff[0]) + " to " + file_name(options.diff[1]);
  const chipmap::View view = {new_map, &old_map, &changes, subject, options.whole_chip};
  if (!write_outputs(options, view)) return kExitUsage;
  stream_beside(options.outputs) << chipmap::summary_of(view);
  return kExitOk;
}

int run_map(const MapOptions& options) {
  if (!know_all_kinds(options.outputs)) return kExitUsage;
  if (!options.diff.empty() && !options.image.empty()) {
    return usage_error("--diff takes two images, and no third one (pybflash map --help shows what there is)");
  }
  if (options.diff.empty() && options.image.empty()) {
    return usage_error("no image given: pybflash map cam.bin (pybflash map --help shows what there is)");
  }
  return options.diff.empty() ? show_map(options) : show_changes(options);
}

}  // namespace

void add_map_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<MapOptions>();
  CLI::App* command = app.add_subcommand("map", "Show what is where on a chip, and what wears out");
  command->footer(kMapFooter);
  command->add_option("IMG", options->image, "The image")->check(refuse_nameless);
  command->add_option("-o,--output", options->outputs, "Write this; may be given several times")
      ->type_name("FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--diff", options->diff, "Show what changed from one image to the other")
      ->type_name("OLD NEW")
      ->expected(2)
      ->check(refuse_nameless);
  add_image_board_option(*command, options->board);
  command->add_flag("--whole-chip", options->whole_chip,
                    "Draw firmware, ROMFS and so on as well, not the storage alone");
  command->callback([options, &action] { action = [options] { return run_map(*options); }; });
}

}  // namespace cli
