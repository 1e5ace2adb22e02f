#include "boards/board_table.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "boards.inc"

namespace boards {
namespace {

constexpr auto sorted_boards() {
  std::array<Board, std::size(kBoardFiles)> sorted{};
  std::copy(std::begin(kBoardFiles), std::end(kBoardFiles), sorted.begin());
  std::sort(sorted.begin(), sorted.end(),
            [](const Board& a, const Board& b) { return a.list_position < b.list_position; });
  return sorted;
}

constexpr auto kBoards = sorted_boards();

constexpr char to_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

constexpr bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return to_upper(x) == to_upper(y); });
}

constexpr bool names_are_unique() {
  for (std::size_t i = 0; i < kBoards.size(); ++i) {
    for (std::size_t j = i + 1; j < kBoards.size(); ++j) {
      if (same_name(kBoards[i].name, kBoards[j].name)) return false;
    }
  }
  return true;
}
static_assert(names_are_unique());

}  // namespace

std::span<const Board> all_boards() {
  return kBoards;
}

const Board* find_board(std::string_view name) {
  const auto found = std::find_if(kBoards.begin(), kBoards.end(),
                                  [name](const Board& board) { return same_name(board.name, name); });
  return found == kBoards.end() ? nullptr : &*found;
}

}  // namespace boards
