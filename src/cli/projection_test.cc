#include "cli/projection.h"

#include <gtest/gtest.h>

namespace cli {

namespace {

RunCost lasting(uint64_t device_us) {
  return {.erases = 0, .programs = 0, .bytes_programmed = 0, .device_us = device_us};
}

TEST(Steady, NeedsThreeRunsThatAreAlike) {
  EXPECT_FALSE(is_steady({}));
  const std::vector<RunCost> two = {lasting(100), lasting(100)};
  EXPECT_FALSE(is_steady(two));
  const std::vector<RunCost> alike = {lasting(900), lasting(100), lasting(96), lasting(99)};
  EXPECT_TRUE(is_steady(alike));
  const std::vector<RunCost> apart = {lasting(100), lasting(94), lasting(100)};
  EXPECT_FALSE(is_steady(apart));
  const std::vector<RunCost> nothing = {lasting(0), lasting(0), lasting(0)};
  EXPECT_TRUE(is_steady(nothing));
}

TEST(Projection, TheHottestSectorDecides) {
  const Measurement measurement = {.runs = {{10, 20, 300, 1'000'000}, {12, 22, 500, 3'000'000}},
                                   .wear_before = {1000, 5, 0},
                                   .wear_after = {1001, 15, 9}};
  const Projection p = project(measurement, 10, 100'000, 2);
  EXPECT_DOUBLE_EQ(p.erases_a_run, 11);
  EXPECT_DOUBLE_EQ(p.programs_a_run, 21);
  EXPECT_DOUBLE_EQ(p.bytes_programmed_a_run, 400);
  EXPECT_EQ(p.hottest_sector, 1u);
  EXPECT_DOUBLE_EQ(p.hottest_erases_a_run, 5);
  EXPECT_DOUBLE_EQ(p.years, 100'000 / (5 * 10 * 365.25));
  EXPECT_DOUBLE_EQ(p.years_even, 2 * 100'000 / (11 * 10 * 365.25));
  EXPECT_DOUBLE_EQ(p.device_s_a_day, 20);
}

TEST(Projection, WithoutErasesItIsOpenUnlessNothingIsProgrammed) {
  Measurement measurement = {.runs = {{0, 3, 30, 100}}, .wear_before = {7, 7}, .wear_after = {7, 7}};
  Projection p = project(measurement, 24, 10'000, 2);
  EXPECT_EQ(p.hottest_erases_a_run, 0);
  EXPECT_EQ(p.years, 0);
  EXPECT_EQ(p.years_even, 0);
  EXPECT_TRUE(p.is_open());
  measurement.runs = {{0, 0, 0, 100}};
  EXPECT_FALSE(project(measurement, 24, 10'000, 2).is_open());
  measurement.runs = {{1, 3, 30, 100}};
  measurement.wear_after = {8, 7};
  EXPECT_FALSE(project(measurement, 24, 10'000, 2).is_open());
}

}  // namespace

}  // namespace cli
