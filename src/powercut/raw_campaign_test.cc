// Users of raw blocks on every board, and the power cut at every operation.
#include <gtest/gtest.h>

#include "boards/board_table.h"
#include "powercut/campaign.h"
#include "powercut/campaign_testing.h"
#include "powercut/raw_scenario.h"

namespace powercut {
namespace {

struct Case {
  const char* name;
  RawScenario::Style style;
};

void PrintTo(const Case& a_case, std::ostream* out) {
  *out << a_case.name;
}

class RawUsers : public testing::TestWithParam<std::tuple<boards::Board, Case>> {};

constexpr Case kCases[] = {
    {"Simple", {.simple = true, .extended = false}},
    {"Extended", {.simple = false, .extended = true}},
    {"Overlapping", {.simple = true, .extended = true, .overlapping = true}},
    {"Failing", {.simple = true, .extended = true, .failing = true}},
};

INSTANTIATE_TEST_SUITE_P(Boards, RawUsers,
                         testing::Combine(testing::ValuesIn(boards::all_boards().begin(),
                                                            boards::all_boards().end()),
                                          testing::ValuesIn(kCases)),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + std::get<1>(test.param).name;
                         });

TEST_P(RawUsers, LoseNothingButWhatIsBeingRewritten) {
  const auto& [board, a_case] = GetParam();
  const Options options = from_environment({.cuts = 400});
  RawScenario scenario(board, a_case.style, options.seed);
  expect_no_loss(run([&board = board] { return make_camera(board); }, scenario, options), options);
}

}  // namespace
}  // namespace powercut
