#include "chipmap/ftl_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "chipmap/testing.h"
#include "ftl/ftl.h"
#include "ftl/rewriter.h"

namespace chipmap {

namespace {

using flash::Status;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The flash of a test chip, without its physics: nothing here is torn.
class ChipNor final : public flash::NorFlash {
 public:
  explicit ChipNor(TestChip& chip) : NorFlash(chip.board.part->geometry), bytes_(chip.bytes) {}

 private:
  Status do_read(uint32_t offset, uint8_t* out, uint32_t length) override {
    std::copy_n(bytes_.begin() + offset, length, out);
    return {};
  }
  Status do_program(uint32_t offset, const uint8_t* data, uint32_t length) override {
    std::copy_n(data, length, bytes_.begin() + offset);
    return {};
  }
  Status do_erase(uint32_t offset, uint32_t length) override {
    std::fill_n(bytes_.begin() + offset, length, uint8_t{0xFF});
    return {};
  }

  std::vector<uint8_t>& bytes_;
};

// A layer over a slice of a chip's storage, and the map of it.
class Layer {
 public:
  Layer(std::string_view board, uint32_t start, uint32_t size_bytes)
      : chip_(board), nor_(chip_), layout_(layout_of(nor_, base() + start, size_bytes)) {
    EXPECT_TRUE(ftl_.format().ok());
  }
  explicit Layer(std::string_view board) : Layer(board, 0, boards::find_board(board)->storage().size_bytes) {}

  TestChip& chip() { return chip_; }
  const ftl::Layout& layout() const { return layout_; }
  uint32_t base() const { return chip_.board.storage().offset; }
  uint32_t end() const { return base() + chip_.board.storage().size_bytes; }

  void write(uint32_t block, std::span<const uint8_t> data) {
    EXPECT_TRUE(ftl_.write(block, data).ok());
    EXPECT_TRUE(ftl_.sync().ok());
  }
  void fill(uint32_t block, uint8_t byte) { write(block, std::vector<uint8_t>(ftl::kBlockBytes, byte)); }

  uint32_t data_offset_of(uint32_t block) {
    ftl::Location at = ftl::kNowhere;
    ftl::Record record;
    EXPECT_TRUE(ftl_.tree().find(static_cast<uint16_t>(block), at, record).ok());
    EXPECT_NE(at, ftl::kNowhere);
    return layout_.offset_of(at) + layout_.header_bytes;
  }

  std::optional<FoundLayer> recognise(uint32_t from, uint32_t at) {
    return recognise_layer(chip_.board, chip_.memory(), from, at, end());
  }

  ChipMap survey() {
    ChipMap map(chip_.board, chip_.memory());
    const auto found = recognise(base(), layout_.base);
    EXPECT_TRUE(found.has_value());
    if (found) survey_layer(map, *found);
    return map;
  }

  // Of the bytes of a block, those in units of this owner and content.
  uint32_t bytes_claimed(const ChipMap& map, uint32_t block, Content content, std::string_view owner) {
    const Unit expected = {content, owner_named(map, owner)};
    const uint32_t offset = data_offset_of(block);
    uint32_t count = 0;
    for (uint32_t i = 0; i < ftl::kBlockBytes; ++i) {
      count += map.units()[(offset + i) / kUnitBytes] == expected ? 1 : 0;
    }
    return count;
  }

 private:
  static ftl::Layout layout_of(flash::NorFlash& nor, uint32_t offset, uint32_t size_bytes) {
    ftl::Layout layout = {};
    EXPECT_TRUE(ftl::make_layout(nor.geometry(), offset, size_bytes, layout).ok());
    return layout;
  }

  TestChip chip_;
  ChipNor nor_;
  ftl::Layout layout_;
  ftl::Ftl ftl_{nor_, layout_};
};

uint64_t bytes_of(const ChipMap& map, Content content) {
  return totals_of(map, 0).bytes[static_cast<size_t>(content)];
}

class LayerOfEveryBoard : public testing::TestWithParam<std::string> {};

std::vector<std::string> board_names() {
  std::vector<std::string> names;
  for (const boards::Board& board : boards::all_boards()) names.emplace_back(board.name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Boards, LayerOfEveryBoard, testing::ValuesIn(board_names()),
                         [](const auto& name) { return name.param; });

TEST_P(LayerOfEveryBoard, AnEmptyOneIsAMapAndNothingElse) {
  const ChipMap map = Layer(GetParam()).survey();
  ASSERT_EQ(map.volumes().size(), 1u);
  EXPECT_EQ(map.volumes()[0].kind, "translation layer");
  EXPECT_EQ(map.volumes()[0].size_bytes, map.board().storage().size_bytes);
  ASSERT_TRUE(map.volumes()[0].log.has_value());
  EXPECT_EQ(map.volumes()[0].log->used_segments, 1u);
  EXPECT_EQ(map.volumes()[0].log->live_blocks, 0u);
  EXPECT_THAT(units_of(map, "map of the layer", map.volumes()[0].offset), ElementsAre(0u));
  EXPECT_EQ(bytes_of(map, Content::kOutdated), 0u);
}

TEST_P(LayerOfEveryBoard, LiveBlocksAndOldVersionsAreToldApart) {
  Layer layer(GetParam());
  for (uint8_t round = 1; round <= 3; ++round) {
    for (uint32_t block = 0; block < 4; ++block) layer.fill(block * 5, round);
  }
  const ChipMap map = layer.survey();
  EXPECT_THAT(map.faults(), IsEmpty());
  EXPECT_EQ(map.volumes()[0].log->live_blocks, 4u);
  for (uint32_t block = 0; block < 4; ++block) {
    EXPECT_GE(layer.bytes_claimed(map, block * 5, Content::kUnknown, "blocks of the layer"), 256u) << block;
  }
  // Twelve records; each has at least a unit.
  const uint64_t live = bytes_of(map, Content::kUnknown), outdated = bytes_of(map, Content::kOutdated);
  EXPECT_GE(live, 4 * kUnitBytes);
  EXPECT_LE(live, 4 * 2 * kUnitBytes);
  EXPECT_GE(outdated, 8 * kUnitBytes);
  EXPECT_NEAR(static_cast<double>(live + outdated), 12.0 * layer.layout().record_bytes(), 2.0 * kUnitBytes);
}

// A FAT of eight clusters, as each layer has room for.
TEST_P(LayerOfEveryBoard, FilesOfAFatOwnTheirBlocks) {
  constexpr uint32_t kBlocks = 3 + 8;
  std::array<uint8_t, kBlocks* ftl::kBlockBytes> volume = {};
  FatBuilder fat(volume.data(), 12, 8);
  fat.chain({4, 7});
  fat.put_file(fat.root(), "LOG     TXT", 4, 1000);
  for (const uint32_t cluster : {4u, 5u, 7u}) std::fill_n(fat.cluster(cluster), 512, uint8_t{0x55});
  Layer layer(GetParam());
  for (uint32_t block = 0; block < kBlocks; ++block) {
    layer.write(block, std::span(volume).subspan(block * ftl::kBlockBytes, ftl::kBlockBytes));
  }
  const ChipMap map = layer.survey();
  EXPECT_THAT(map.faults(), IsEmpty());
  EXPECT_EQ(map.volumes()[0].kind, "FAT12 on a translation layer");
  const auto block_of = [&fat](uint32_t cluster) { return fat.offset_of(cluster) / ftl::kBlockBytes; };
  EXPECT_GE(layer.bytes_claimed(map, block_of(4), Content::kFile, "/LOG.TXT"), 256u);
  EXPECT_GE(layer.bytes_claimed(map, block_of(7), Content::kFile, "/LOG.TXT"), 256u);
  EXPECT_GE(layer.bytes_claimed(map, block_of(5), Content::kOutdated, "free clusters"), 256u);
  EXPECT_GE(layer.bytes_claimed(map, 0, Content::kMetadata, "boot sector"), 256u);
  EXPECT_EQ(bytes_of(map, Content::kUnknown), 0u);
}

TEST_P(LayerOfEveryBoard, ABlockThatDoesNotReadIsDamaged) {
  Layer layer(GetParam());
  for (uint32_t block = 0; block < 4; ++block) layer.fill(block, 0x33);
  layer.chip().bytes[layer.data_offset_of(1) + 200] = 0;
  const ChipMap map = layer.survey();
  EXPECT_THAT(map.faults(), ElementsAre(HasSubstr("1 of 4 blocks cannot be read, the first is block 1")));
  EXPECT_GE(layer.bytes_claimed(map, 1, Content::kDamaged, "blocks of the layer"), 256u);
  EXPECT_EQ(layer.bytes_claimed(map, 2, Content::kDamaged, "blocks of the layer"), 0u);
}

TEST(LayerReader, SegmentsOutsideTailAndHeadAreFree) {
  Layer layer("OPENMV_N6", 0, 64 * 1024);  // sixteen segments of a sector
  for (uint32_t i = 0; i < 200; ++i) layer.fill(i % 3, static_cast<uint8_t>(i));
  const ChipMap map = layer.survey();
  const LogUse& log = *map.volumes()[0].log;
  ASSERT_EQ(log.segments, 16u);
  EXPECT_GT(log.tail, 0u);
  EXPECT_LT(log.used_segments, 16u);
  for (uint32_t segment = 0; segment < log.segments; ++segment) {
    const bool is_used = (segment + 16 - log.tail) % 16 < log.used_segments;
    const uint32_t first = (layer.base() + segment * log.segment_bytes) / kUnitBytes;
    for (uint32_t unit = first; unit < first + log.segment_bytes / kUnitBytes; ++unit) {
      const Content content = map.units()[unit].content;
      EXPECT_TRUE(content == Content::kBlank || (content == Content::kStale) != is_used) << segment;
    }
  }
}

TEST(LayerReader, FindsOneInAPartition) {
  constexpr uint32_t kStart = 128 * 1024, kSize = 2048 * 1024;
  Layer layer("OPENMV4P", kStart, kSize);
  layer.fill(7, 1);
  const auto found = layer.recognise(0, kStart);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->offset(), kStart);
  EXPECT_EQ(found->size_bytes(), kSize);
  EXPECT_FALSE(layer.recognise(0, 0).has_value());
  EXPECT_FALSE(layer.recognise(0, kStart + 4096).has_value());
}

// What is erased to be used next has no header; here it is the first segment.
TEST(LayerReader, FindsOneWhoseFirstSegmentHasJustBeenErased) {
  constexpr uint32_t kStart = 64 * 1024, kSize = 64 * 1024;
  Layer layer("OPENMV4P", kStart, kSize);
  for (uint32_t i = 0; i < 100; ++i) layer.fill(i % 20, static_cast<uint8_t>(i));
  std::fill_n(&layer.chip().bytes[kStart], layer.layout().segment_bytes, uint8_t{0xFF});
  const uint32_t second = kStart + layer.layout().segment_bytes;
  const auto found = layer.recognise(0, second);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->offset(), kStart);
  EXPECT_EQ(found->report.live_blocks, 20u);
  EXPECT_FALSE(found->report.map_is_damaged);
  // Nor does it reach back into what is known to be something else.
  EXPECT_FALSE(layer.recognise(second, second).has_value());
}

TEST(LayerReader, RemainsOfALongerOneAreNoLayer) {
  Layer layer("OPENMV4P");
  for (uint32_t i = 0; i < 300; ++i) layer.fill(i, 1);
  const uint32_t second = layer.layout().segment_bytes;
  EXPECT_TRUE(layer.recognise(0, 0).has_value());
  EXPECT_FALSE(layer.recognise(second, second).has_value());
}

TEST(LayerReader, AWordThatDoesNotReadIsPartOfNoRecord) {
  Layer layer("OPENMV4");
  layer.fill(0, 1);
  layer.fill(1, 2);
  const uint32_t word = (layer.data_offset_of(0) + 64) / 32;
  layer.chip().broken_words[word / 8] = static_cast<uint8_t>(1 << word % 8);
  EXPECT_THAT(layer.survey().faults(), ElementsAre(HasSubstr("1 of 2 blocks cannot be read")));
}

}  // namespace

}  // namespace chipmap
