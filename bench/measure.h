// One run: a workload on a filesystem on a medium, by one contender.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "bench/workloads.h"
#include "boards/board.h"

namespace bench {

enum class Contender : uint8_t { kPybflash, kFirmware };
std::string_view name_of(Contender contender);

struct Run {
  const boards::Board* board;
  const Workload* workload;
  Filesystem filesystem;
  bool used;  // the medium: full of old data, or blank
  Contender contender;
  Effort effort;
};

struct Cost {
  uint64_t device_us = 0;  // bus and chip at work; the camera's own time is not in it
  uint64_t erases = 0;
  uint64_t worst_sector_erases = 0;
  uint64_t bytes_programmed = 0;
  uint64_t masked_us_max = 0;    // the longest stretch with interrupts masked
  uint64_t ideal_us = 0;         // of this run's own trace
  uint64_t ideal_change_us = 0;  // the part of it that is not reading
  uint64_t ideal_erases = 0;
};

struct Row {
  Run run;
  Cost cost;
};

// Each run ends with a loss of power, and a comparison of every byte of the storage and of every file; a run
// that fails says so on standard error, and has no row. Runs are processes of their own, `jobs` at a time.
// `progress` is called as each ends.
std::vector<Row> measure(std::span<const Run> runs, unsigned jobs,
                         const std::function<void(const Run&)>& progress = {});

}  // namespace bench
