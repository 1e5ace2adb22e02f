// How near to the bound every row has to be.
#pragma once

#include <cstdint>
#include <string>

#include "bench/workloads.h"

namespace bench {

inline constexpr double kMostTimeOfIdeal = 1.12;
inline constexpr double kMostErasesOfIdeal = 1.03;  // and kSpareErases
inline constexpr uint64_t kSpareErases = 2;
inline constexpr double kMostTimeOfFirmware = 1.01;

// What is beyond the limits in the row, for people; "" if nothing is. `firmware` is its run of the same, or
// null. W8 is never beyond: its 30 flushes take next to nothing, and so do the looks before them.
std::string beyond_limits(const Row& ours, const Row* firmware);

}  // namespace bench
