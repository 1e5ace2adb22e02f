#include "chipmap/grid.h"

namespace chipmap {

Grid grid_of(const boards::Board& board, bool whole_chip, double width) {
  Grid grid;
  grid.offset = whole_chip ? 0 : board.storage().offset;
  grid.size_bytes = whole_chip ? board.part->geometry.size_bytes() : board.storage().size_bytes;
  grid.cell_bytes = board.native_block_bytes;
  grid.columns = grid.cells() > 1024 ? 128 : grid.cells() > 64 ? 64 : 32;
  grid.pitch = width / grid.columns;
  return grid;
}

}  // namespace chipmap
