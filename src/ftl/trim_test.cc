// A trim among writes, in a transaction that is too long to be atomic.
#include "ftl/ftl_testing.h"

namespace ftl {
namespace {

// Divided because there is no room for all of it: what was written before the trim comes before its first
// part.
TEST(FtlTrim, ComesAfterWhatWasWrittenBefore) {
  CellsNor nor({.name = "Nor", .sector_size_bytes = 4096, .sector_count = 2});
  const Layout layout = layout_of(nor);
  for (uint32_t synced = 0; synced < 8; ++synced) {
    Ftl layer(nor, layout);
    ASSERT_TRUE(layer.format().ok());
    const auto write = [&layer](uint32_t block, uint8_t value) {
      ASSERT_TRUE(layer.write(block, std::vector<uint8_t>(kBlockBytes, value)).ok());
    };
    for (uint8_t i = 0; i < 4; ++i) write(i, static_cast<uint8_t>(10 + i));
    ASSERT_TRUE(layer.sync().ok());
    for (uint8_t i = 0; i < synced; ++i) {
      write(2, static_cast<uint8_t>(100 + i));
      ASSERT_TRUE(layer.sync().ok());
    }
    write(0, 'A');
    write(2, 'B');
    write(3, 'C');
    ASSERT_TRUE(layer.trim(1, 3).ok());
    Ftl after(nor, layout);  // as after a cut
    Finding finding = Finding::kForeign;
    ASSERT_TRUE(after.mount(finding).ok());
    const auto first_byte = [&after](uint32_t block) {
      std::vector<uint8_t> data(kBlockBytes);
      EXPECT_TRUE(after.read(block, data).ok());
      return data[0];
    };
    if (first_byte(1) == 0) EXPECT_NE(first_byte(3), 13) << synced;
  }
}

}  // namespace
}  // namespace ftl
