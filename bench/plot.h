// The picture of docs/performance.md.
#pragma once

#include <string>
#include <vector>

#include "bench/workloads.h"
#include "boards/board.h"

namespace bench {

// An SVG: each workload on `board`, where the firmware's time is the whole bar; and all boards in a grid.
std::string draw_plot(const std::vector<Row>& rows, const boards::Board& board);

}  // namespace bench
