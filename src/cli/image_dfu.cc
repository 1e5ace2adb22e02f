// `pybflash image dfu`: an image on its way to a camera.
#include "cli/image.h"
#include "cli/output_file.h"
#include "images/board_of.h"
#include "images/dfu.h"

namespace cli {

namespace {

struct DfuOptions {
  ImageArgument image;
  std::string out;
  bool force = false;
};

int make_dfu(const DfuOptions& options) {
  std::string problem = refuse_name_of_image(options.out, options.image.file());
  if (problem.empty()) problem = refuse_existing(options.out, options.force);
  if (!problem.empty()) return usage_error(problem);
  images::Image image;
  if (!open_image(image, options.image, images::Use::kLook)) return kExitUsage;
  const boards::Board& board = image.board();
  // What lies in an image is no reason to write to hardware.
  const std::string candidates = images::names_of_boards_with_as_much_flash(board);
  if (options.image.board.empty() && candidates != board.name) {
    return usage_error(options.image.file() + ": could be for " + candidates +
                       "; add --board with the one it is for");
  }
  const std::vector<uint8_t> dfu = images::make_dfu(board, storage_of(image.camera()));
  const std::string_view content(reinterpret_cast<const char*>(dfu.data()), dfu.size());
  problem = write_file(options.out, content, name_for(options.force));
  if (!problem.empty()) return usage_error(problem);
  std::ostream& out = stream_beside({options.out});
  out << options.out << ": for the " << board.camera << ", " << image.content().description << '\n';
  print_dfu_command(out, board, options.out);
  return kExitOk;
}

constexpr const char* kDfuFooter = "It replaces all of a camera's storage.";

}  // namespace

void add_image_dfu_command(CLI::App& image, Action& action) {
  auto options = std::make_shared<DfuOptions>();
  CLI::App* command = add_image_command(
      image, action, "dfu", "Write the file that dfu-util downloads to a camera", options, make_dfu);
  add_image_argument(*command, options->image, false);
  command->add_flag("--force", options->force, "Replace a file that is there");
  command->add_option("out", options->out, "The file for dfu-util")
      ->type_name("OUT.dfu")
      ->check(refuse_empty)
      ->required();
  command->footer(kDfuFooter);
}

}  // namespace cli
