#include "cli/projection.h"

#include <algorithm>

namespace cli {

bool is_steady(std::span<const RunCost> runs) {
  constexpr size_t kCompared = 3;
  constexpr double kTolerance = 0.05;
  if (runs.size() < kCompared) return false;
  uint64_t least = UINT64_MAX, most = 0;
  for (const RunCost& run : runs.last(kCompared)) {
    least = std::min(least, run.device_us);
    most = std::max(most, run.device_us);
  }
  return static_cast<double>(most - least) <= kTolerance * static_cast<double>(most);
}

Projection project(const Measurement& measurement, double times_per_day, uint32_t endurance_cycles,
                   uint32_t storage_sectors) {
  constexpr double kDaysPerYear = 365.25;
  constexpr double kUsPerSecond = 1e6;
  const auto count = static_cast<double>(measurement.runs.size());
  Projection result;
  for (const RunCost& run : measurement.runs) {
    result.erases_a_run += static_cast<double>(run.erases) / count;
    result.programs_a_run += static_cast<double>(run.programs) / count;
    result.bytes_programmed_a_run += static_cast<double>(run.bytes_programmed) / count;
    result.device_us_a_run += static_cast<double>(run.device_us) / count;
  }
  uint32_t most = 0;
  for (uint32_t i = 0; i < measurement.wear_after.size(); ++i) {
    const uint32_t added = measurement.wear_after[i] - measurement.wear_before[i];
    if (added <= most) continue;
    most = added;
    result.hottest_sector = i;
  }
  result.hottest_erases_a_run = most / count;
  if (most != 0) {
    const double runs_a_year = times_per_day * kDaysPerYear;
    result.years = endurance_cycles / (result.hottest_erases_a_run * runs_a_year);
    result.years_even = 1.0 * endurance_cycles * storage_sectors / (result.erases_a_run * runs_a_year);
  }
  result.device_s_a_day = result.device_us_a_run * times_per_day / kUsPerSecond;
  return result;
}

}  // namespace cli
