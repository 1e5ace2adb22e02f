// For tests that run campaigns: what a failure prints.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <ostream>
#include <string>

#include "boards/board.h"
#include "powercut/campaign.h"

// Tests that run on boards are called by the boards' names.
namespace boards {
inline void PrintTo(const Board& board, std::ostream* out) {
  *out << board.name;
}
}  // namespace boards

namespace powercut {

// The command that runs one case of the running test again.
inline std::string command_of(const std::string& replay, const Options& options) {
  const testing::TestInfo& test = *testing::UnitTest::GetInstance()->current_test_info();
  const std::string program = std::filesystem::proximate("/proc/self/exe").string();
  return "PYBFLASH_POWERCUT_SEED=" + std::to_string(options.seed) + " PYBFLASH_POWERCUT_REPLAY=" + replay +
         " " + program + " --gtest_filter=" + test.test_suite_name() + "." + test.name();
}

// Fails the test for every case that lost data. The number of cuts goes to the log.
inline void expect_no_loss(const Report& report, const Options& options) {
  for (const Failure& failure : report.failures) {
    ADD_FAILURE() << failure.replay << ": " << failure.error
                  << "\nonce more: " << command_of(failure.replay, options);
  }
  EXPECT_GT(report.cuts, 0u);
  std::printf("%llu cuts, %llu lost\n", static_cast<unsigned long long>(report.cuts),
              static_cast<unsigned long long>(report.lost));
}

}  // namespace powercut
