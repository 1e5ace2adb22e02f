// Which board an image belongs to.
#pragma once

#include <memory>
#include <string>

#include "boards/camera.h"

namespace images {

// The image in the file `path` as a camera of this board. Null: `error` says what was wrong.
std::unique_ptr<boards::Camera> open_camera(const boards::Board& board, const std::string& path,
                                            sim::ImageUse use, std::string& error);

// Null: `error` says which boards there are.
const boards::Board* named_board(const std::string& name, std::string& error);

// The board that an image belongs to: `name`, or if that is empty, the one whose flash is as large and whose
// storage begins with a filesystem, or with what may be left of one. Null: `error` says what to do.
const boards::Board* board_of(const std::string& path, const std::string& name, std::string& error);

// The board that an image seems to belong to if it is not `board`: where `board` has its storage, nothing
// looks like a filesystem, and where that one has it, there is one. Null: nothing speaks against `board`.
const boards::Board* other_board_of(const std::string& path, const boards::Board& board);

// "OPENMV4P, OPENMVPT": the boards whose images are as large as this one's. It is among them.
std::string names_of_boards_with_as_much_flash(const boards::Board& board);

}  // namespace images
