// What the translation layer is for: on a used medium it takes a fraction of the firmware's time, and no call
// takes long.
#include <gtest/gtest.h>

#include <cstdio>

#include "bench/workloads.h"
#include "boards/board_table.h"

namespace bench {
namespace {

struct Target {
  const char* board;
  const char* workload;
  Filesystem filesystem;
  double times_less_time;
  double times_fewer_erases;
  uint64_t longest_write_us;
};

// The longest write: an erase of a segment and the records that move, or on one sector its replacement.
const Target kTargets[] = {
    {"OPENMV4P", "W1", Filesystem::kFat, 12, 1, 200'000},
    {"OPENMV4P", "W2", Filesystem::kFat, 8, 1, 200'000},
    {"OPENMV4P", "W3", Filesystem::kFat, 6, 1, 200'000},
    {"OPENMV4P", "W5", Filesystem::kRaw, 10, 1, 200'000},
    {"OPENMV4", "W1", Filesystem::kFat, 1, 20, 2'500'000},
    {"OPENMV3", "W1", Filesystem::kFat, 1, 1, 500'000},
};

class FtlTargets : public testing::TestWithParam<Target> {};
INSTANTIATE_TEST_SUITE_P(Rows, FtlTargets, testing::ValuesIn(kTargets), [](const auto& test) {
  return std::string(test.param.board) + test.param.workload;
});

TEST_P(FtlTargets, AreMet) {
  const Target& target = GetParam();
  const boards::Board* board = boards::find_board(target.board);
  const auto run = [&](Contender contender) {
    return measure({board, target.filesystem, target.workload, true, contender, 1, 1.0});
  };
  const Cost firmware = run(Contender::kFirmware).cost;
  const Cost layer = run(Contender::kFtl).cost;
  const double time = static_cast<double>(firmware.device_ns) / static_cast<double>(layer.device_ns);
  const double erases =
      static_cast<double>(firmware.erases) / static_cast<double>(std::max<uint64_t>(layer.erases, 1));
  std::printf("| %s | %s | %.2f s | %.2f s | %.1f | %llu | %llu | %.1f ms |\n", target.board, target.workload,
              static_cast<double>(firmware.device_ns) / 1e9, static_cast<double>(layer.device_ns) / 1e9, time,
              static_cast<unsigned long long>(firmware.erases), static_cast<unsigned long long>(layer.erases),
              static_cast<double>(layer.longest_write_us) / 1e3);
  EXPECT_GE(time, target.times_less_time);
  EXPECT_GE(erases, target.times_fewer_erases);
  EXPECT_LE(layer.longest_write_us, target.longest_write_us);
}

}  // namespace
}  // namespace bench
