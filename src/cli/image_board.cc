#include "cli/image_board.h"

#include <utility>
#include <variant>

#include "boards/hardware.h"
#include "cli/commands.h"
#include "images/board_of.h"
#include "images/image.h"

namespace cli {

void add_image_board_option(CLI::App& command, std::string& board) {
  command
      .add_option("--board", board,
                  "The camera, if size and content of the image leave it open; `pybflash boards` lists them")
      ->type_name("NAME")
      ->check(refuse_empty);
}

std::string refuse_nameless(const std::string& file) {
  return file.empty() ? "names no file; say which image" : "";
}

bool load_image(const std::string& path, const std::string& board_name, LoadedImage& loaded) {
  std::string error;
  const boards::Board* board = images::board_of(path, board_name, error);
  if (board != nullptr) {
    auto image = sim::Image::open(path, boards::physics_of(*board->part), sim::ImageUse::kScratch);
    if (auto* opened = std::get_if<std::unique_ptr<sim::Image>>(&image)) {
      loaded = {board, std::move(*opened)};
      return true;
    }
    error = std::get<std::string>(std::move(image));
  }
  usage_error(error);
  return false;
}

}  // namespace cli
