// The rows of a benchmark as people and programs want them.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "bench/workloads.h"

namespace bench {

void print_table_head(std::ostream& out);
void print_row(std::ostream& out, const Row& row);

// A list of objects with board, fs, workload, medium, contender, device_us, erases, worst_sector_erases,
// bytes_programmed, masked_us_max, ideal_us, ideal_erases.
void write_json(std::ostream& out, const std::vector<Row>& rows);

}  // namespace bench
