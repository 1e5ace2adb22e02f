#include "sim/clock.h"

#include <gtest/gtest.h>

namespace sim {
namespace {

TEST(Clock, TellsWorkFromTimeThatJustPasses) {
  Clock clock;
  clock.pass_ns(1'500);
  clock.work_ns(2'500);
  EXPECT_EQ(clock.now_ns(), 4'000u);
  EXPECT_EQ(clock.now_us(), 4u);
  EXPECT_EQ(clock.device_ns(), 2'500u);
}

TEST(Clock, WaitingGoesToTheNearestDeadlineAhead) {
  Clock clock;
  int chip = 0, controller = 0;
  clock.set_deadline(&chip, 700);
  clock.set_deadline(&controller, 300);
  clock.wait_ns(1'000);
  EXPECT_EQ(clock.now_ns(), 300u);
  clock.wait_ns(1'000);
  EXPECT_EQ(clock.now_ns(), 700u) << "a deadline that has come is none";
  clock.wait_ns(1'000);
  EXPECT_EQ(clock.now_ns(), 1'700u) << "with nothing to wait for, as long as was said";
  EXPECT_EQ(clock.device_ns(), 1'700u);
}

TEST(Clock, WaitsNoLongerThanSaid) {
  Clock clock;
  int chip = 0;
  clock.set_deadline(&chip, 5'000);
  clock.wait_ns(100);
  EXPECT_EQ(clock.now_ns(), 100u);
}

TEST(Clock, ForgetsADeadline) {
  Clock clock;
  int chip = 0;
  clock.set_deadline(&chip, 200);
  clock.set_deadline(&chip, 0);
  clock.wait_ns(1'000);
  EXPECT_EQ(clock.now_ns(), 1'000u);
}

}  // namespace
}  // namespace sim
