// Pictures of a chip: its content and its wear, or what changed.
#pragma once

#include <string>
#include <vector>

#include "chipmap/export.h"
#include "chipmap/grid.h"
#include "chipmap/scene.h"

namespace chipmap {

// Where a grid of cells lies on the scene.
struct Panel {
  double x, y;
};

struct Picture {
  Scene scene;
  Grid grid;  // of every panel
  std::vector<Panel> panels;
};

Picture draw(const View& view);

// How many of the most worn sectors are marked and listed.
inline constexpr size_t kHotSpots = 5;

// What fills this sector: the names of its owners, the largest part first; what it is, where nobody owns it.
std::string content_of(const ChipMap& map, const Sector& sector);

}  // namespace chipmap
