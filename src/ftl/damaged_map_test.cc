// A record's header is a node of the map, and bits of it have changed: what reads is right, the rest is an
// error, and everything can be written again.
#include <array>

#include "ftl/medium_testing.h"

namespace ftl {
namespace {

using flash::Error;
using flash::Status;

class DamagedMap : public testing::TestWithParam<Shape> {
 protected:
  void SetUp() override { mount(layer_); }

  static void mount(Ftl& layer) {
    Finding finding = Finding::kForeign;
    ASSERT_TRUE(layer.mount(finding).ok());
    ASSERT_EQ(finding, Finding::kSound);
  }

  // Where the record of a block is. That of the last commit is not meant: without it, the state before it is
  // what there is.
  bool find(uint32_t block, Location& at, Record& record) {
    EXPECT_TRUE(layer_.tree().find(static_cast<uint16_t>(block), at, record).ok());
    return at != layer_.tree().root_at();
  }
  void find_any(Location& at, Record& record) {
    for (uint32_t block = 0; !find(block, at, record);) ++block;
  }

  void damage_header(Medium& medium, Location at) { medium.nor.bytes()[layout_.offset_of(at) + 9] ^= 4; }
  void damage_data(Medium& medium, Location at) {
    medium.nor.bytes()[layout_.offset_of(at) + layout_.header_bytes + 100] ^= 4;
  }

  Medium medium_{GetParam()};
  const Layout& layout_ = medium_.layout;
  Ftl layer_{medium_.nor, layout_};
};

INSTANTIATE_TEST_SUITE_P(Shapes, DamagedMap, testing::ValuesIn(shapes()),
                         [](const auto& test) { return test.param.name; });

// More than the record's own block may be beyond it.
TEST_P(DamagedMap, ReadsRightOrNotAtAllAndCanBeWritten) {
  for (uint32_t block = 0; block < layout_.block_count; block += layout_.block_count / 10 + 1) {
    SCOPED_TRACE("the record of block " + std::to_string(block));
    Medium medium(GetParam(), medium_);
    Location at = kNowhere;
    Record record;
    if (!find(block, at, record)) continue;
    damage_header(medium, at);
    Ftl layer(medium.nor, layout_);
    ASSERT_NO_FATAL_FAILURE(mount(layer));
    uint32_t lost = 0;
    Bytes data(kBlockBytes);
    for (uint32_t other = 0; other < layout_.block_count; ++other) {
      const Status status = layer.read(other, data);
      if (status.ok()) {
        EXPECT_TRUE(std::equal(data.begin(), data.end(), medium.content.block(other).begin())) << other;
      } else {
        EXPECT_EQ(status, Status(Error::kIo));
        ++lost;
        medium.write(layer, other);
      }
    }
    EXPECT_GE(lost, 1u);
    medium.use(layer, 2 * layout_.location_count(), 1);
    EXPECT_FALSE(medium.has_given_up);
    EXPECT_EQ(content_of(layer), medium.content);
    medium.expect_all_there_after_a_mount();
  }
}

// Nobody writes them again, but the log goes over them: they stay lost, and do not read as never written.
TEST_P(DamagedMap, WhatIsLostStaysLostWhenItsSegmentIsCollected) {
  Location at = kNowhere;
  Record record;
  find_any(at, record);
  damage_header(medium_, at);
  std::vector<uint32_t> lost, sound;
  Bytes data(kBlockBytes);
  for (uint32_t block = 0; block < layout_.block_count; ++block) {
    (layer_.read(block, data).ok() ? sound : lost).push_back(block);
  }
  for (uint32_t i = 0; i < 2 * layout_.location_count(); ++i) {
    medium_.write(layer_, sound[i % sound.size()]);
    ASSERT_TRUE(layer_.sync().ok());
  }
  for (const uint32_t block : lost) EXPECT_EQ(layer_.read(block, data), Status(Error::kIo)) << block;
  ASSERT_TRUE(layer_.trim(0, layout_.block_count).ok());
  EXPECT_EQ(content_of(layer_), Content(layout_.block_count)) << "nothing is needed, so nothing is lost";
}

// One block's header is damaged, another's data, and what lies beside them is trimmed again and again:
// neither goes with it, nor comes back with what is moved or written over the place of a record.
TEST_P(DamagedMap, TrimsNothingButWhatIsAskedFor) {
  Record record;
  std::array<Location, 2> at = {};
  for (uint16_t i = 0; i < 2; ++i) {
    if (!find(i * (layout_.block_count / 2), at[i], record)) return;
  }
  damage_header(medium_, at[0]);
  damage_data(medium_, at[1]);
  std::vector<bool> is_lost(layout_.block_count);
  Bytes data(kBlockBytes);
  for (uint32_t block = 0; block < is_lost.size(); ++block) is_lost[block] = !layer_.read(block, data).ok();
  uint32_t trims = 0;
  for (uint32_t i = 0; i < 3 * layout_.location_count(); ++i) {
    const uint32_t block = medium_.any_block();
    const uint32_t count = std::min(1 + i % 4, layout_.block_count - block);
    const auto first = is_lost.begin() + block;
    if (std::find(first, first + count, true) != first + count) continue;
    if (i % 2 == 0) medium_.write(layer_, block);
    if (i % 2 != 0 && layer_.trim(block, count).ok()) {
      ++trims;
      for (uint32_t n = 0; n < count; ++n) medium_.content.set(block + n, Bytes(kBlockBytes));
    }
    ASSERT_TRUE(layer_.sync().ok());
    for (uint32_t other = 0; other < is_lost.size(); ++other) {
      const Status status = layer_.read(other, data);
      ASSERT_EQ(status.ok(), !is_lost[other]) << i << ", block " << other;
      if (status.ok())
        ASSERT_TRUE(std::ranges::equal(data, medium_.content.block(other))) << i << " " << other;
    }
  }
  EXPECT_GT(trims, 0u);
}

// What is beside a trimmed block in the map takes over its place there, with its own data or none.
TEST_P(DamagedMap, DataThatIsDamagedStaysSoWhenItsNeighbourIsTrimmed) {
  Location at = kNowhere;
  Record record;
  ASSERT_TRUE(find(2, at, record));
  damage_data(medium_, at);
  ASSERT_TRUE(layer_.trim(3, 1).ok() && layer_.sync().ok());
  Bytes data(kBlockBytes);
  EXPECT_EQ(layer_.read(2, data), Status(Error::kIo));
  EXPECT_TRUE(layer_.read(3, data).ok());
  EXPECT_EQ(data, Bytes(kBlockBytes));
}

// The place of a damaged record is used anew, and the power goes before the commit.
TEST_P(DamagedMap, ARecordThatCameAfterTheRootIsNoNodeOfIt) {
  Location at = kNowhere;
  Record record;
  find_any(at, record);
  record.sequence = layer_.tree().root().sequence + 1;
  encode(record, layout_, at, std::span(medium_.nor.bytes()).subspan(layout_.offset_of(at)));
  Bytes data(kBlockBytes);
  EXPECT_EQ(layer_.read(record.block, data), Status(Error::kIo));
}

// Left by an erase that did not do all that it reported, behind a header that went well.
TEST_P(DamagedMap, OldRecordsInANewSegmentAreNoCommits) {
  const uint32_t head = layer_.log().head();
  Bytes before;
  while (layer_.log().head() == head) {
    before = medium_.nor.bytes();
    medium_.use(layer_, 1, 1);
  }
  const uint32_t begin = layout_.offset_of(layer_.log().head(), layout_.slots / 2 + 1);
  const uint32_t end = layout_.segment_offset(layer_.log().head()) + layout_.segment_bytes;
  if (layer_.log().room_in_head() < layout_.slots / 2) return;  // filled with what was moved
  std::copy(before.begin() + begin, before.begin() + end, medium_.nor.bytes().begin() + begin);
  Ftl found(medium_.nor, layout_);
  ASSERT_NO_FATAL_FAILURE(mount(found));
  EXPECT_EQ(content_of(found), medium_.content);
}

// The map of a commit needs the segments down to its tail. Without them it was not the last one.
TEST_P(DamagedMap, ACommitWhoseTailIsGoneIsNoState) {
  const uint32_t tail = layer_.log().tail();
  if (tail == layer_.log().head()) return;  // of two segments, one may hold all of it
  const auto expect_damaged = [&](auto change) {
    Medium medium(GetParam(), medium_);
    change(std::span(medium.nor.bytes()).subspan(layout_.segment_offset(tail), layout_.segment_bytes));
    Ftl found(medium.nor, layout_);
    Finding finding = Finding::kForeign;
    EXPECT_TRUE(found.mount(finding).ok());
    EXPECT_EQ(finding, Finding::kDamaged);
  };
  expect_damaged([](std::span<uint8_t> bytes) { std::fill(bytes.begin(), bytes.end(), uint8_t{0xFF}); });
  expect_damaged([&](std::span<uint8_t> bytes) { encode({tail, 1'000'000, 1}, layout_, bytes); });
  expect_damaged([&](std::span<uint8_t> bytes) { encode({tail + 1, 1, 1}, layout_, bytes); });
}

// A few bytes at the start of the oldest segment: its header, and maybe a record.
TEST(BlankHeader, OfTheTailIsNotTheEndOfTheLog) {
  CellsNor nor({.name = "Nor", .sector_size_bytes = 16384, .sector_count = 5});
  Ftl layer(nor, layout_of(nor));
  std::mt19937 random(3);
  ASSERT_TRUE(layer.format().ok());
  for (uint32_t i = 0; i < 40; ++i)
    ASSERT_TRUE(layer.write(i, random_block(random)).ok() && layer.sync().ok());
  const Content content = content_of(layer);
  std::fill_n(nor.bytes().begin() + layer.log().layout().segment_offset(layer.log().tail()), 32,
              uint8_t{0xFF});
  Finding finding = Finding::kForeign;
  ASSERT_TRUE(layer.mount(finding).ok());
  ASSERT_EQ(finding, Finding::kSound);
  EXPECT_EQ(content_of(layer), content);
}

}  // namespace
}  // namespace ftl
