// A medium that a layer has filled and written over, and its user, who knows what must be on it.
#pragma once

#include "ftl/ftl_testing.h"

namespace ftl {

// A layer that was filled to the last block and written over, and what must be on it.
struct Medium {
  explicit Medium(const Shape& shape)
      : nor(shape), layout(layout_of(nor)), content(layout.block_count), synced(content) {
    Ftl layer(nor, layout);
    EXPECT_TRUE(layer.format().ok());
    for (uint32_t i = 0; i < layout.block_count + layout.location_count(); ++i) {
      write(layer, i < layout.block_count ? i : any_block());
      if (i % 4 == 0) EXPECT_TRUE(layer.sync().ok());
    }
    EXPECT_TRUE(layer.sync().ok());
  }

  Medium(const Shape& shape, Medium& original)
      : nor(shape),
        layout(original.layout),
        content(original.content),
        synced(content),
        random(original.random) {
    std::copy(original.nor.bytes().begin(), original.nor.bytes().end(), nor.bytes().begin());
  }

  uint32_t any_block() { return static_cast<uint32_t>(random()) % layout.block_count; }

  // A call that has failed is made again.
  template <typename Call>
  void persist(Call call) {
    for (int i = 0; i < tries && !has_given_up; ++i) {
      if (call().ok()) return;
    }
    has_given_up = true;
  }

  void write(Ftl& layer, uint32_t block) {
    const Bytes data = random_block(random);
    persist([&] { return layer.write(block, data); });
    content.set(block, data);
  }

  void use(Ftl& layer, uint32_t transactions, uint32_t blocks_each) {
    for (uint32_t i = 0; i < transactions; ++i) {
      const uint32_t first = any_block();
      for (uint32_t n = 0; n < blocks_each; ++n) write(layer, (first + n) % layout.block_count);
      persist([&] { return layer.sync(); });
      if (!has_given_up) synced = content;
    }
  }

  void take_what_is_synced_or_written() {
    Ftl layer(nor, layout);
    Finding finding = Finding::kForeign;
    ASSERT_TRUE(layer.mount(finding).ok());
    const Content present = content_of(layer);
    for (uint32_t block = 0; block < layout.block_count; ++block) {
      const auto is = [block, &present](const Content& one) {
        return std::ranges::equal(one.block(block), present.block(block));
      };
      EXPECT_TRUE(is(synced) || is(content)) << block;
    }
    content = present;
    has_given_up = false;
  }

  void expect_all_there_after_a_mount() {
    Ftl layer(nor, layout);
    Finding finding = Finding::kForeign;
    ASSERT_TRUE(layer.mount(finding).ok());
    ASSERT_EQ(finding, Finding::kSound);
    EXPECT_GE(layer.log().free_segments(), 1u);
    EXPECT_EQ(content_of(layer), content);
    use(layer, 3, 2);
    EXPECT_FALSE(has_given_up);
    EXPECT_EQ(content_of(layer), content);
  }

  CellsNor nor;
  Layout layout;
  Content content;  // as it was written
  Content synced;
  std::mt19937 random{7};
  int tries = 2;
  bool has_given_up = false;
};

}  // namespace ftl
