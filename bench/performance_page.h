// docs/performance.md and its picture.
#pragma once

#include <string>
#include <vector>

#include "bench/instruction_counts.h"
#include "bench/workloads.h"

namespace bench {

// Into `folder`. False if a file could not be written.
bool write_performance_page(const std::string& folder, const std::vector<Row>& rows,
                            const InstructionTable& on_m7, const InstructionTable& on_host);

}  // namespace bench
