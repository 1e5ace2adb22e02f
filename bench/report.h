// The rows of a benchmark as people and programs want them.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "bench/workloads.h"

namespace bench {

std::string fixed(double value, int digits);

// Three significant digits or more, down to 0.1 us: some rows take minutes, others microseconds.
std::string seconds(uint64_t ns);

void print_table_head(std::ostream& out);
void print_row(std::ostream& out, const Row& row);

// A list of objects with board, fs, workload, medium, contender, device_us, erases, worst_sector_erases,
// bytes_programmed, masked_us_max, ideal_us, ideal_erases.
void write_json(std::ostream& out, const std::vector<Row>& rows);

}  // namespace bench
