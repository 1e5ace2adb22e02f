#include "flash/geometry.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace flash {
namespace {

TEST(InRange, HoldsAtTheEdgesAndNeverOverflows) {
  struct Case {
    uint64_t offset, length, size;
    bool expected;
  };
  constexpr Case kCases[] = {
      {0, 0, 0, true},           {0, 1, 0, false},          {0, 0, 8, true},
      {8, 0, 8, true},           {9, 0, 8, false},          {0, 8, 8, true},
      {0, 9, 8, false},          {7, 1, 8, true},           {7, 2, 8, false},
      {UINT64_MAX, 1, 8, false}, {1, UINT64_MAX, 8, false}, {UINT64_MAX, UINT64_MAX, 8, false},
      {UINT32_MAX, 1, 8, false}, {0, UINT32_MAX, 8, false}, {UINT64_MAX - 3, 8, UINT64_MAX, false},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(in_range(c.offset, c.length, c.size), c.expected)
        << c.offset << " " << c.length << " " << c.size;
  }
}

// Bank 1 of an STM32F42x in small: sectors of three sizes.
constexpr std::array<Region, 3> kMixedRegions = {Region{16, 4}, Region{64, 1}, Region{128, 2}};
constexpr Geometry kMixed = {.regions = kMixedRegions};

TEST(Geometry, AddsUpItsRegions) {
  EXPECT_EQ(kMixed.size_bytes(), 4u * 16 + 64 + 2 * 128);
  EXPECT_EQ(kMixed.largest_sector_bytes(), 128u);
}

TEST(Geometry, FindsTheSectorOfEachByte) {
  struct Case {
    uint32_t offset, sector_offset, sector_size;
  };
  constexpr Case kCases[] = {{0, 0, 16},      {15, 0, 16},    {16, 16, 16},    {63, 48, 16},
                             {64, 64, 64},    {127, 64, 64},  {128, 128, 128}, {255, 128, 128},
                             {256, 256, 128}, {383, 256, 128}};
  for (const Case& c : kCases) {
    EXPECT_EQ(kMixed.sector_at(c.offset).offset, c.sector_offset) << c.offset;
    EXPECT_EQ(kMixed.sector_at(c.offset).size_bytes, c.sector_size) << c.offset;
  }
  EXPECT_EQ(kMixed.sector_at(384).size_bytes, 0u);
  EXPECT_EQ(kMixed.sector_at(UINT32_MAX).size_bytes, 0u);
}

TEST(Geometry, KnowsWhereSectorsMeet) {
  EXPECT_TRUE(kMixed.is_sector_aligned(0, 0));
  EXPECT_TRUE(kMixed.is_sector_aligned(0, 384));
  EXPECT_TRUE(kMixed.is_sector_aligned(48, 80));
  EXPECT_TRUE(kMixed.is_sector_aligned(384, 0));
  EXPECT_FALSE(kMixed.is_sector_aligned(8, 8));
  EXPECT_FALSE(kMixed.is_sector_aligned(64, 16));
  EXPECT_FALSE(kMixed.is_sector_aligned(128, 64));
}

TEST(Geometry, KnowsWhereSectorsAreEquallyLarge) {
  EXPECT_TRUE(kMixed.has_one_sector_size(0, 0));
  EXPECT_TRUE(kMixed.has_one_sector_size(0, 64));
  EXPECT_TRUE(kMixed.has_one_sector_size(128, 256));
  EXPECT_FALSE(kMixed.has_one_sector_size(48, 80));
  EXPECT_FALSE(kMixed.has_one_sector_size(0, 384));
}

}  // namespace
}  // namespace flash
