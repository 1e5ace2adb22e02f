// Media that something has happened to: random bytes, flipped bits, parts missing. A mount ends, says what it
// found, and what reads successfully is what was written at some time: never anything else. CellsNor ends the
// test at a read outside of the flash.
#include "ftl/ftl_testing.h"

namespace ftl {
namespace {

class Damage : public testing::TestWithParam<Shape> {
 protected:
  // Every block is written a few times; each version names its block.
  void prepare(CellsNor& nor) {
    const Layout layout = layout_of(nor);
    Ftl layer(nor, layout);
    ASSERT_TRUE(layer.format().ok());
    for (uint32_t i = 0; i < 3 * layout.location_count(); ++i) {
      const uint32_t block = i * 7 % layout.block_count;
      ASSERT_TRUE(layer.write(block, version_of(block, i)).ok());
      if (i % 5 == 0) ASSERT_TRUE(layer.sync().ok());
    }
    ASSERT_TRUE(layer.sync().ok());
  }

  static Bytes version_of(uint32_t block, uint32_t version) {
    Bytes data(kBlockBytes);
    for (uint32_t at = 0; at < kBlockBytes; at += 8) {
      data[at] = static_cast<uint8_t>(block);
      data[at + 1] = static_cast<uint8_t>(block >> 8);
      data[at + 2] = static_cast<uint8_t>(version);
      data[at + 3] = static_cast<uint8_t>(version >> 8);
    }
    return data;
  }

  // Reads everything, writes a little, reads again.
  void use(CellsNor& nor, std::mt19937& random) {
    const Layout layout = layout_of(nor);
    Ftl layer(nor, layout);
    Finding finding = Finding::kForeign;
    const uint64_t reads = nor.cells().stats().reads;
    ASSERT_TRUE(layer.mount(finding).ok());
    EXPECT_LE(nor.cells().stats().reads - reads, 3 * layout.location_count() + 4 * layout.segment_count + 8);
    if (finding != Finding::kSound) return;
    expect_only_what_was_written(layer);
    for (int i = 0; i < 10; ++i) {
      const uint32_t block = static_cast<uint32_t>(random()) % layout.block_count;
      if (layer.write(block, version_of(block, 60'000)).ok()) layer.sync().ignore();
    }
    expect_only_what_was_written(layer);
  }

  static void expect_only_what_was_written(Ftl& layer) {
    Bytes data(kBlockBytes);
    for (uint32_t block = 0; block < layer.block_count(); ++block) {
      if (!layer.read(block, data).ok()) continue;
      const auto version = static_cast<uint32_t>(data[2] | data[3] << 8);
      const bool is_ours = data == version_of(block, version) || data == Bytes(kBlockBytes);
      ASSERT_TRUE(is_ours) << "block " << block;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Shapes, Damage, testing::ValuesIn(shapes()),
                         [](const auto& test) { return test.param.name; });

TEST_P(Damage, RandomBytesAreForeign) {
  std::mt19937 random(1);
  for (int i = 0; i < 5; ++i) {
    CellsNor nor(GetParam());
    for (uint8_t& byte : nor.bytes()) byte = static_cast<uint8_t>(random());
    const Layout layout = layout_of(nor);
    Ftl layer(nor, layout);
    Finding finding = Finding::kSound;
    ASSERT_TRUE(layer.mount(finding).ok());
    EXPECT_EQ(finding, Finding::kForeign);
  }
}

TEST_P(Damage, FlippedBitsAreNoticed) {
  CellsNor original(GetParam());
  prepare(original);
  std::mt19937 random(2);
  for (int i = 0; i < 60; ++i) {
    CellsNor nor(GetParam());
    std::copy(original.bytes().begin(), original.bytes().end(), nor.bytes().begin());
    for (int n = 1 << i % 12; n > 0; --n) {
      nor.bytes()[random() % nor.bytes().size()] ^= static_cast<uint8_t>(1u << random() % 8);
    }
    use(nor, random);
  }
}

TEST_P(Damage, MissingPartsAreNoticed) {
  CellsNor original(GetParam());
  prepare(original);
  std::mt19937 random(3);
  for (int i = 0; i < 60; ++i) {
    CellsNor nor(GetParam());
    std::copy(original.bytes().begin(), original.bytes().end(), nor.bytes().begin());
    const size_t begin = random() % nor.bytes().size();
    const size_t length =
        random() % std::min<size_t>(nor.bytes().size() - begin, size_t{1} << (4 + i % 14)) + 1;
    const uint8_t filler = i % 3 == 0 ? 0x00 : 0xFF;
    std::fill_n(nor.bytes().begin() + static_cast<ptrdiff_t>(begin), length, filler);
    use(nor, random);
  }
}

// A record that another one was copied over, whole and with its CRCs.
TEST_P(Damage, MisplacedRecordsAreNoticed) {
  CellsNor original(GetParam());
  prepare(original);
  const Layout layout = layout_of(original);
  std::mt19937 random(4);
  for (int i = 0; i < 60; ++i) {
    CellsNor nor(GetParam());
    std::copy(original.bytes().begin(), original.bytes().end(), nor.bytes().begin());
    const auto from = layout.offset_of(static_cast<Location>(random() % layout.location_count()));
    const auto to = layout.offset_of(static_cast<Location>(random() % layout.location_count()));
    std::copy_n(original.bytes().begin() + from, layout.record_bytes(), nor.bytes().begin() + to);
    use(nor, random);
  }
}

}  // namespace
}  // namespace ftl
