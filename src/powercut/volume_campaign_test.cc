// Filesystems on every board, and the power cut at every operation.
#include <gtest/gtest.h>

#include "boards/board_table.h"
#include "powercut/campaign.h"
#include "powercut/campaign_testing.h"
#include "powercut/volume_scenario.h"

namespace powercut {
namespace {

std::vector<boards::Board> boards_with(bool external) {
  std::vector<boards::Board> found;
  for (const boards::Board& board : boards::all_boards()) {
    if ((board.part->jedec_id != 0) == external) found.push_back(board);
  }
  return found;
}

std::string name_of(const testing::TestParamInfo<boards::Board>& info) {
  return std::string(info.param.name);
}

// Says what was lost where something may be.
void run_volume(const boards::Board& board, const VolumeStack& stack, const Options& options) {
  VolumeScenario scenario(board, stack, load_for(board.storage().size_bytes), options.seed);
  expect_no_loss(run([&board] { return make_camera(board); }, scenario, options), options);
  const VolumeScenario::Losses& losses = scenario.losses();
  if (losses.exposed == 0) return;
  std::printf(
      "%s: %llu of them where it may do damage: %llu volumes gone (%llu blank), %llu with damaged files\n",
      std::string(board.name).c_str(), static_cast<unsigned long long>(losses.exposed),
      static_cast<unsigned long long>(losses.volumes), static_cast<unsigned long long>(losses.blank),
      static_cast<unsigned long long>(losses.files));
}

class ExternalFlash : public testing::TestWithParam<boards::Board> {};
INSTANTIATE_TEST_SUITE_P(Boards, ExternalFlash, testing::ValuesIn(boards_with(true)), name_of);

TEST_P(ExternalFlash, LittlefsLosesNothing) {
  run_volume(GetParam(), littlefs_on_storage(GetParam()), from_environment({.cuts = 1000}));
}

// The power goes, comes back, and goes again while the filesystem mounts, mends itself and is used.
TEST_P(ExternalFlash, LittlefsLosesNothingWhenThePowerGoesAgain) {
  run_volume(GetParam(), littlefs_on_storage(GetParam()),
             from_environment({.depth = 2, .cuts = 40, .inner_cuts = 12}));
}

TEST_P(ExternalFlash, FatLosesWhatIsInTheSectorThatIsRewritten) {
  run_volume(GetParam(), fat_on_storage(), from_environment({.cuts = 300}));
}

class InternalFlash : public testing::TestWithParam<boards::Board> {};
INSTANTIATE_TEST_SUITE_P(Boards, InternalFlash, testing::ValuesIn(boards_with(false)), name_of);

TEST_P(InternalFlash, LittlefsLosesWhatIsInTheSectorThatIsRewritten) {
  run_volume(GetParam(), littlefs_on_storage(GetParam()), from_environment({.cuts = 200}));
}

TEST_P(InternalFlash, FatLosesWhatIsInTheSectorThatIsRewritten) {
  run_volume(GetParam(), fat_on_storage(), from_environment({.cuts = 200}));
}

}  // namespace
}  // namespace powercut
