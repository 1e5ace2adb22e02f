// A hot spot and data that never changes: all segments are erased about equally often, and no call takes
// long.
#include <cstdlib>

#include "ftl/ftl_testing.h"

namespace ftl {
namespace {

const Shape kChip = {
    .name = "Nor", .sector_size_bytes = 4096, .sector_count = 1024, .large_erase_bytes = 65536};

// PYBFLASH_WEAR_WRITES=1000000 is a minute's work.
uint32_t write_count() {
  const char* value = std::getenv("PYBFLASH_WEAR_WRITES");
  return value == nullptr ? 20'000 : static_cast<uint32_t>(std::strtoul(value, nullptr, 10));
}

TEST(Wear, IsEvenUnderAHotSpotOnAFullMedium) {
  const uint32_t writes = write_count();
  CellsNor nor(kChip);
  const Layout layout = layout_of(nor);
  Ftl layer(nor, layout);
  ASSERT_TRUE(layer.format().ok());
  // Full: what is not hot is never written again, and has to move all the same.
  std::mt19937 random(1);
  Bytes data = random_block(random);
  for (uint32_t block = 0; block < layout.block_count; ++block) {
    data[0] = static_cast<uint8_t>(block);
    data[1] = static_cast<uint8_t>(block >> 8);
    ASSERT_TRUE(layer.write(block, data).ok());
  }
  uint32_t most_moved = 0;
  for (uint32_t i = 0; i < writes; ++i) {
    data[2] = static_cast<uint8_t>(i);
    data[3] = static_cast<uint8_t>(i >> 8);
    data[4] = static_cast<uint8_t>(i >> 16);
    ASSERT_TRUE(layer.write(i % 4, data).ok()) << i;
    most_moved = std::max(most_moved, layer.moved_records());
    if (i % 2 == 1) {
      ASSERT_TRUE(layer.sync().ok()) << i;
      most_moved = std::max(most_moved, layer.moved_records());
    }
  }
  const auto [fewest, most] = std::minmax_element(nor.cells().wear().begin(), nor.cells().wear().end());
  std::printf("erases of a sector: %u to %u; records moved by one call: %u at most\n", *fewest, *most,
              most_moved);
  EXPECT_GT(*fewest, 0u);
  EXPECT_LE(*most - *fewest, 8u);
  EXPECT_LE(most_moved, layout.usable_slots());
}

// There it could go on for ever, and wear the flash out for nothing.
TEST(Wear, EndsWhenThereIsNothingBetterToDoOnAFullMedium) {
  for (const uint32_t segments : {3u, 12u, 15u, 40u}) {
    CellsNor nor({.name = "Nor", .sector_size_bytes = 4096, .sector_count = segments});
    Ftl layer(nor, layout_of(nor));
    std::mt19937 random(3);
    ASSERT_TRUE(layer.format().ok());
    const uint32_t blocks = layer.block_count();
    for (uint32_t i = 0; i < blocks; ++i) ASSERT_TRUE(layer.write(i, random_block(random)).ok());
    for (uint32_t i = 0; i < 60; ++i)
      ASSERT_TRUE(layer.write(i * 7 % blocks, random_block(random)).ok() && layer.sync().ok());
    const uint64_t erases = nor.cells().stats().erases;
    bool is_done = false;
    for (uint32_t i = 0; i < 10 * segments && !is_done; ++i) ASSERT_TRUE(layer.poll(is_done).ok());
    EXPECT_TRUE(is_done) << segments;
    EXPECT_LE(nor.cells().stats().erases - erases, 3 * segments);
  }
}

}  // namespace
}  // namespace ftl
