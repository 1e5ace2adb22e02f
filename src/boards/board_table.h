// All boards, found by the build from the files beside this one.
#pragma once

#include <span>
#include <string_view>

#include "boards/board.h"

namespace boards {

// In the order of Board::list_position.
std::span<const Board> all_boards();

// The board of that name, letter case aside; null where there is none.
const Board* find_board(std::string_view name);

}  // namespace boards
