// Linked once with each copy of the cache that has a bug planted in it (planted_bugs.cmake), and once with a
// faithful copy, in which the same campaigns must find nothing.
#include <gtest/gtest.h>

#include <string_view>

#include "boards/board_table.h"
#include "powercut/campaign.h"
#include "powercut/raw_scenario.h"

namespace powercut {

extern const char* const kPlantedBug;

namespace {

// One board of each kind of flash: serial, plain, with ECC.
constexpr std::string_view kBoards[] = {"OPENMV4P", "OPENMV2", "OPENMV4"};
constexpr RawScenario::Style kStyles[] = {
    {.simple = true, .extended = false},
    {.simple = false, .extended = true},
    {.simple = true, .extended = true, .overlapping = true},
    {.simple = true, .extended = true, .failing = true},
};
const Options kOptions = {.seed = 1, .cuts = 300};

Report run_on(const boards::Board& board, const RawScenario::Style& style, const Options& options) {
  RawScenario scenario(board, style, options.seed);
  return run([&board] { return make_camera(board); }, scenario, options);
}

// The first failure comes again, and only that, when it is asked for by its replay string.
void expect_replay(const boards::Board& board, const RawScenario::Style& style, const Failure& failure) {
  if (failure.replay.empty()) return;  // the program itself went wrong
  Options options = kOptions;
  options.replay = failure.replay;
  const Report report = run_on(board, style, options);
  EXPECT_EQ(report.cuts, 1u);
  bool comes_again = false;
  for (const Failure& again : report.failures) {
    comes_again = comes_again || (again.replay == failure.replay && again.error == failure.error);
  }
  EXPECT_TRUE(comes_again) << failure.replay << ": " << failure.error;
}

TEST(PlantedBug, IsFound) {
  uint64_t cuts = 0;
  for (const std::string_view name : kBoards) {
    const boards::Board& board = *boards::find_board(name);
    for (const RawScenario::Style& style : kStyles) {
      const Report report = run_on(board, style, kOptions);
      cuts += report.cuts;
      if (report.failures.empty()) continue;
      const Failure& failure = report.failures.back();
      std::printf("found on %s at '%s': %s\n", name.data(), failure.replay.c_str(), failure.error.c_str());
      EXPECT_STRNE(kPlantedBug, "none") << "a bug that nobody planted";
      return expect_replay(board, style, failure);
    }
  }
  EXPECT_STREQ(kPlantedBug, "none") << "not found in " << cuts << " cuts";
}

}  // namespace
}  // namespace powercut
