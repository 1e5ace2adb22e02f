// What cameras do with their flash, as repeatable runs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/device.h"

namespace bench {

enum class Filesystem { kFat, kLittlefs, kRaw };
enum class Contender { kPybflash, kFirmware, kFtl };

struct Workload {
  std::string_view name;   // "W1"
  std::string_view title;  // "append to a log"
  std::string_view what;   // "append 64 bytes to a log and close it"
  bool on_filesystems;     // else on raw blocks
};
const std::vector<Workload>& workloads();

struct Run {
  const boards::Board* board;
  Filesystem filesystem;
  std::string workload;
  bool used;  // the medium: full of old data, or blank
  Contender contender;
  uint32_t seed = 1;
  double scale = 1.0;  // of the number of operations
};

struct Row {
  Run run;
  Cost cost;
  uint64_t ideal_ns = 0;
  uint64_t ideal_erases = 0;
};

// Runs in a process of its own. Ends the program if a byte was lost.
Row measure(const Run& run);

// The firmware's run of the same; null if it is not in `rows`.
const Row* firmware_for(const std::vector<Row>& rows, const Row& ours);

std::string_view name_of(Filesystem filesystem);
std::string_view name_of(Contender contender);

}  // namespace bench
