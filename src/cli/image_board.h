// An image of a whole flash, opened to be looked at, with the board it is of.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "boards/board.h"
#include "sim/image.h"

namespace cli {

struct LoadedImage {
  const boards::Board* board = nullptr;
  std::unique_ptr<sim::Image> image;
};

// The option --board, which an image seldom needs.
void add_image_board_option(CLI::App& command, std::string& board);

// For the name of an image: an empty one would be taken for a blank chip in RAM. Returns what is wrong, or
// nothing.
std::string refuse_nameless(const std::string& file);

// `board_name` may be empty: then the file's size and the filesystem in it tell the board. False after an
// error, which was reported. The files are never written.
bool load_image(const std::string& path, const std::string& board_name, LoadedImage& loaded);

}  // namespace cli
