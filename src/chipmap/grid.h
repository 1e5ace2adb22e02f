// Where on a picture a stretch of flash is: a grid of cells, row by row.
#pragma once

#include <cstdint>

#include "boards/board.h"

namespace chipmap {

struct Grid {
  uint32_t offset = 0;      // of the first cell in the chip
  uint32_t size_bytes = 0;  // of all cells
  uint32_t cell_bytes = 0;  // the native block: an erase sector of a serial chip, 512 bytes inside an MCU
  uint32_t columns = 0;
  double pitch = 0;  // width and height of a cell with its gap, in pixels

  uint32_t cells() const { return size_bytes / cell_bytes; }
  uint32_t rows() const { return (cells() + columns - 1) / columns; }
  uint32_t row_bytes() const { return columns * cell_bytes; }
  double width() const { return columns * pitch; }
  double height() const { return rows() * pitch; }

  // The left edge and the row's top of byte `at` of the chip.
  double x_of(uint32_t at) const { return (at - offset) % row_bytes() * pitch / cell_bytes; }
  double y_of(uint32_t at) const { return (at - offset) / row_bytes() * pitch; }
};

// Of the storage, or of the whole chip: as wide as the picture, with cells that can still be told apart
// and a round number of bytes in a row.
Grid grid_of(const boards::Board& board, bool whole_chip, double width);

}  // namespace chipmap
