// Layers of slices that overlap: the one that was made last has what they share, and the other one knows it.
#include "ftl/ftl_testing.h"

namespace ftl {
namespace {

constexpr uint32_t kSegmentBytes = 4096;
constexpr uint32_t kSegments = 14;

struct Slice {
  uint32_t first, count;
};

struct Case {
  Slice before, now;
};

class Overlap : public testing::TestWithParam<Case> {
 protected:
  Layout layout_of_slice(const Slice& slice) const {
    Layout layout;
    EXPECT_TRUE(
        make_layout(nor_.geometry(), slice.first * kSegmentBytes, slice.count * kSegmentBytes, layout).ok());
    return layout;
  }

  void write(Ftl& layer, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i)
      ASSERT_TRUE(layer.write(i % 8, random_block(random_)).ok() && layer.sync().ok());
  }

  CellsNor nor_{{.name = "Nor", .sector_size_bytes = kSegmentBytes, .sector_count = kSegments}};
  std::mt19937 random_{3};
};

// Whoever mounts the old one by mistake would write over the new one.
TEST_P(Overlap, ANewLayerEndsTheOld) {
  Ftl old(nor_, layout_of_slice(GetParam().before)), layer(nor_, layout_of_slice(GetParam().now));
  ASSERT_TRUE(old.format().ok());
  for (const uint32_t count : {0u, 1u, 20u, 70u, 300u}) {
    write(old, count);
    ASSERT_TRUE(layer.format().ok());
    Finding finding = Finding::kSound;
    ASSERT_TRUE(old.mount(finding).ok());
    EXPECT_EQ(finding, Finding::kOtherLayout) << count;
    write(layer, count);
    const Content content = content_of(layer);
    ASSERT_TRUE(old.mount(finding).ok());
    EXPECT_EQ(finding, Finding::kOtherLayout) << count;
    ASSERT_TRUE(layer.mount(finding).ok());
    ASSERT_EQ(finding, Finding::kSound) << count;
    EXPECT_EQ(content_of(layer), content);
    // And back again.
    ASSERT_TRUE(old.format().ok());
    ASSERT_TRUE(layer.mount(finding).ok());
    EXPECT_EQ(finding, Finding::kOtherLayout) << count;
  }
}

INSTANTIATE_TEST_SUITE_P(Slices, Overlap,
                         testing::Values(Case{{0, 14}, {0, 3}}, Case{{0, 14}, {5, 4}}, Case{{0, 14}, {0, 13}},
                                         Case{{0, 14}, {11, 3}}, Case{{6, 5}, {0, 14}},
                                         Case{{2, 9}, {5, 9}}));

}  // namespace
}  // namespace ftl
