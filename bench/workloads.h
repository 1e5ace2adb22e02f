// What cameras do with their flash, as repeatable work: W1 to W8.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "bench/traced_device.h"
#include "boards/board.h"

namespace bench {

enum class Filesystem : uint8_t { kFat, kLittlefs, kRaw };

struct Workload {
  std::string_view name;
  std::string_view what;
  bool on_filesystems;    // else on raw blocks
  bool is_judged = true;  // by the rule that verdict.h states
};

std::span<const Workload> workloads();
std::span<const Filesystem> filesystems();
std::string_view name_of(Filesystem filesystem);

inline bool fits(const Workload& workload, Filesystem filesystem) {
  return workload.on_filesystems == (filesystem != Filesystem::kRaw);
}

struct Effort {
  uint32_t seed = 1;
  double scale = 1;  // of the number of operations, as far as the storage has room
};

// The storage at the start: blank, or full of old data.
std::vector<uint8_t> make_medium(const boards::Board& board, bool used, uint32_t seed);

// One workload on one device.
class Work {
 public:
  virtual ~Work() = default;
  virtual void prepare() = 0;  // what has to be there before, and is not measured
  virtual void run() = 0;      // leaves nothing that waits for a sync
  virtual void
  verify() = 0;  // after a loss of power: reads everything back, and ends the program if it is not all there
};

std::unique_ptr<Work> make_work(const Workload& workload, Filesystem filesystem, TracedDevice& device,
                                Effort effort);

}  // namespace bench
