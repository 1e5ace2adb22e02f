// The picture of docs/performance.md.
#pragma once

#include <string>
#include <vector>

#include "bench/workloads.h"
#include "boards/board.h"

namespace bench {

// An SVG: each workload on `board`, where the firmware's time is the whole bar; and all boards in a grid.
std::string draw_plot(const std::vector<Row>& rows, const boards::Board& board);

// The firmware's run of the same; null if it is not in `rows`.
const Row* firmware_for(const std::vector<Row>& rows, const Row& ours);

}  // namespace bench
