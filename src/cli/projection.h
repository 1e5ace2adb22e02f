// From some runs of a script to years of use.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace cli {

// What one run of a script cost.
struct RunCost {
  uint64_t erases = 0;
  uint64_t programs = 0;
  uint64_t bytes_programmed = 0;
  uint64_t device_us = 0;  // the flash was busy, or read
};

// Is the cost the same from run to run, but for a little? Looks at the last three; false with fewer.
bool is_steady(std::span<const RunCost> runs);

struct Measurement {
  std::vector<RunCost> runs;          // at least one
  std::vector<uint32_t> wear_before;  // of each sector
  std::vector<uint32_t> wear_after;
};

struct Projection {
  double erases_a_run = 0;
  double programs_a_run = 0;
  double bytes_programmed_a_run = 0;
  double device_us_a_run = 0;
  uint32_t hottest_sector = 0;      // index
  double hottest_erases_a_run = 0;  // 0: nothing was erased
  double years = 0;                 // until the hottest sector has `endurance_cycles`; 0: nothing was erased
  double years_even = 0;            // the same if all sectors of the storage took turns
  double device_s_a_day = 0;

  // What is programmed will have to be erased, and these runs were too few to see it.
  bool is_open() const { return hottest_erases_a_run == 0 && bytes_programmed_a_run > 0; }
};

// `storage_sectors`: how many there are to take turns.
Projection project(const Measurement& measurement, double times_per_day, uint32_t endurance_cycles,
                   uint32_t storage_sectors);

}  // namespace cli
