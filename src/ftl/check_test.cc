#include "ftl/check.h"

#include <array>

#include "ftl/ftl_testing.h"

namespace ftl {
namespace {

struct Bench {
  Bench() {
    EXPECT_TRUE(layer.format().ok());
    std::mt19937 random(1);
    for (uint32_t i = 0; i < 300; ++i) {
      EXPECT_TRUE(layer.write(i % 10, random_block(random)).ok());
      EXPECT_TRUE(layer.sync().ok());
    }
  }

  CheckReport report() {
    CheckReport found;
    EXPECT_TRUE(check(nor, 0, nor.size_bytes(), found).ok());
    return found;
  }

  CellsNor nor{shapes()[2]};
  Layout layout = layout_of(nor);
  Ftl layer{nor, layout};
};

TEST(Check, FindsNothingWrongWhereNothingIs) {
  Bench bench;
  const std::vector<uint8_t> before(bench.nor.bytes());
  const CheckReport report = bench.report();
  EXPECT_EQ(report.finding, Finding::kSound);
  EXPECT_EQ(report.damaged_blocks, 0u);
  EXPECT_FALSE(report.map_is_damaged);
  EXPECT_EQ(report.live_blocks, 10u);
  EXPECT_EQ(report.layout, bench.layout);
  EXPECT_GT(report.sequence, 40u);
  EXPECT_GT(report.least_erases, 0u);
  EXPECT_LE(report.most_erases - report.least_erases, 1u);
  EXPECT_LT(report.used_segments, report.layout.segment_count);
  EXPECT_EQ(bench.nor.bytes(), before);
}

struct Visited final : BlockVisitor {
  void visit(uint32_t block, Location at, std::span<const uint8_t> data) override {
    blocks.push_back({block, at, Bytes(data.begin(), data.end())});
  }
  struct Block {
    uint32_t number;
    Location at;
    Bytes data;
  };
  std::vector<Block> blocks;
};

TEST(Check, TellsAVisitorOfEveryBlockThatHoldsSomething) {
  Bench bench;
  Location at = kNowhere;
  Record record;
  ASSERT_TRUE(bench.layer.tree().find(3, at, record).ok());
  bench.nor.bytes()[bench.layout.offset_of(at) + bench.layout.header_bytes + 100] ^= 4;
  Visited visited;
  CheckReport report;
  ASSERT_TRUE(check(bench.nor, 0, bench.nor.size_bytes(), report, &visited).ok());
  ASSERT_EQ(visited.blocks.size(), 10u);
  for (uint32_t block = 0; block < 10; ++block) {
    EXPECT_EQ(visited.blocks[block].number, block);
    ASSERT_TRUE(bench.layer.tree().find(static_cast<uint16_t>(block), at, record).ok());
    EXPECT_EQ(visited.blocks[block].at, at);
    Bytes expected(kBlockBytes);
    if (block == 3) {
      expected.clear();
    } else {
      ASSERT_TRUE(bench.layer.read(block, expected).ok());
    }
    EXPECT_EQ(visited.blocks[block].data, expected);
  }
}

TEST(Check, ASegmentHeaderTellsTheExtentOfItsLog) {
  Bench bench;
  const auto header =
      std::span(bench.nor.bytes()).subspan(bench.layout.segment_offset(3), kSegmentHeaderBytes);
  EXPECT_EQ(extent_of(header).segment, 3u);
  EXPECT_EQ(extent_of(header).segment_bytes, bench.layout.segment_bytes);
  EXPECT_EQ(extent_of(header).segment_count, bench.layout.segment_count);
  header[20] ^= 1;
  EXPECT_EQ(extent_of(header).segment_count, 0u);
}

TEST(Check, FindsABlockThatIsDamaged) {
  Bench bench;
  Location at = kNowhere;
  Record record;
  ASSERT_TRUE(bench.layer.tree().find(3, at, record).ok());
  bench.nor.bytes()[bench.layout.offset_of(at) + bench.layout.header_bytes + 100] ^= 4;
  const CheckReport report = bench.report();
  EXPECT_EQ(report.damaged_blocks, 1u);
  EXPECT_EQ(report.first_damaged_block, 3u);
  EXPECT_FALSE(report.map_is_damaged);
}

TEST(Check, FindsAMapThatIsDamaged) {
  Bench bench;
  Location at = kNowhere;
  Record record;
  ASSERT_TRUE(bench.layer.tree().find(3, at, record).ok());
  bench.nor.bytes()[bench.layout.offset_of(at) + 9] ^= 4;
  const CheckReport report = bench.report();
  EXPECT_TRUE(report.map_is_damaged);
  EXPECT_GE(report.damaged_blocks, 1u);
}

// Else an older one of the same block would pass for it.
TEST(Check, ARecordThatIsNotInItsPlaceIsNone) {
  Bench bench;
  std::array<Location, 2> at = {};
  Record record;
  for (uint8_t round = 0; round < 2; ++round) {
    ASSERT_TRUE(bench.layer.write(3, Bytes(kBlockBytes, round)).ok());
    ASSERT_TRUE(bench.layer.write(4, Bytes(kBlockBytes, round)).ok());
    ASSERT_TRUE(bench.layer.sync().ok());
    ASSERT_TRUE(bench.layer.tree().find(3, at[round], record).ok());
  }
  const auto bytes = bench.nor.bytes().begin();
  std::copy_n(bytes + bench.layout.offset_of(at[0]), bench.layout.record_bytes(),
              bytes + bench.layout.offset_of(at[1]));
  const CheckReport report = bench.report();
  EXPECT_TRUE(report.map_is_damaged);
  EXPECT_GE(report.damaged_blocks, 1u);
}

TEST(Check, NamesWhatIsNotALog) {
  CellsNor nor(shapes()[2]);
  CheckReport report;
  ASSERT_TRUE(check(nor, 0, nor.size_bytes(), report).ok());
  EXPECT_EQ(report.finding, Finding::kBlank);
  EXPECT_EQ(check(nor, 0, nor.size_bytes() + 1, report), flash::Status(flash::Error::kInvalid));
}

}  // namespace
}  // namespace ftl
