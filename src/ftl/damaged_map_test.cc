// A record's header is a node of the map, and bits of it have changed: what reads is right, the rest is an
// error, and everything can be written again.
#include <array>

#include "ftl/medium_testing.h"

namespace ftl {
namespace {

using flash::Error;
using flash::Status;

class DamagedMap : public testing::TestWithParam<Shape> {};

INSTANTIATE_TEST_SUITE_P(Shapes, DamagedMap, testing::ValuesIn(shapes()),
                         [](const auto& test) { return test.param.name; });

// More than the record's own block may be beyond it.
TEST_P(DamagedMap, ReadsRightOrNotAtAllAndCanBeWritten) {
  Medium original(GetParam());
  Ftl looked_at(original.nor, original.layout);
  Finding finding = Finding::kForeign;
  ASSERT_TRUE(looked_at.mount(finding).ok());
  for (uint32_t block = 0; block < original.layout.block_count;
       block += original.layout.block_count / 10 + 1) {
    SCOPED_TRACE("the record of block " + std::to_string(block));
    Medium medium(GetParam(), original);
    Location at = kNowhere;
    Record record;
    ASSERT_TRUE(looked_at.tree().find(static_cast<uint16_t>(block), at, record).ok());
    if (at == looked_at.tree().root_at()) continue;  // then the state before it is what there is
    medium.nor.bytes()[original.layout.offset_of(at) + 9] ^= 4;
    Ftl layer(medium.nor, medium.layout);
    ASSERT_TRUE(layer.mount(finding).ok());
    ASSERT_EQ(finding, Finding::kSound);
    uint32_t lost = 0;
    Bytes data(kBlockBytes);
    for (uint32_t other = 0; other < medium.layout.block_count; ++other) {
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
    medium.use(layer, 2 * medium.layout.location_count(), 1);
    EXPECT_FALSE(medium.has_given_up);
    EXPECT_EQ(content_of(layer), medium.content);
    medium.expect_all_there_after_a_mount();
  }
}

// Nobody writes them again, but the log goes over them: they stay lost, and do not read as never written.
TEST_P(DamagedMap, WhatIsLostStaysLostWhenItsSegmentIsCollected) {
  Medium medium(GetParam());
  Ftl layer(medium.nor, medium.layout);
  Finding finding = Finding::kForeign;
  ASSERT_TRUE(layer.mount(finding).ok());
  Location at = kNowhere;
  Record record;
  for (uint16_t block = 0; at == kNowhere || at == layer.tree().root_at(); ++block) {
    ASSERT_TRUE(layer.tree().find(block, at, record).ok());
  }
  medium.nor.bytes()[medium.layout.offset_of(at) + 9] ^= 4;
  std::vector<uint32_t> lost, sound;
  Bytes data(kBlockBytes);
  for (uint32_t block = 0; block < medium.layout.block_count; ++block) {
    (layer.read(block, data).ok() ? sound : lost).push_back(block);
  }
  for (uint32_t i = 0; i < 2 * medium.layout.location_count(); ++i) {
    medium.write(layer, sound[i % sound.size()]);
    ASSERT_TRUE(layer.sync().ok());
  }
  for (const uint32_t block : lost) EXPECT_EQ(layer.read(block, data), Status(Error::kIo)) << block;
  ASSERT_TRUE(layer.trim(0, medium.layout.block_count).ok());
  EXPECT_EQ(content_of(layer), Content(medium.layout.block_count)) << "nothing is needed, so nothing is lost";
}

// One block's header is damaged, another's data, and what lies beside them is trimmed again and again:
// neither goes with it, nor comes back with what is moved or written over the place of a record.
TEST_P(DamagedMap, TrimsNothingButWhatIsAskedFor) {
  Medium medium(GetParam());
  Ftl layer(medium.nor, medium.layout);
  Finding finding = Finding::kForeign;
  ASSERT_TRUE(layer.mount(finding).ok());
  Record record;
  std::array<Location, 2> at = {};
  for (uint16_t i = 0; i < 2; ++i) {
    const auto block = static_cast<uint16_t>(i * (medium.layout.block_count / 2));
    ASSERT_TRUE(layer.tree().find(block, at[i], record).ok());
    if (at[i] == layer.tree().root_at()) return;
  }
  medium.nor.bytes()[medium.layout.offset_of(at[0]) + 9] ^= 4;
  medium.nor.bytes()[medium.layout.offset_of(at[1]) + medium.layout.header_bytes + 100] ^= 4;
  std::vector<bool> is_lost(medium.layout.block_count);
  Bytes data(kBlockBytes);
  for (uint32_t block = 0; block < is_lost.size(); ++block) is_lost[block] = !layer.read(block, data).ok();
  for (uint32_t i = 0; i < 3 * medium.layout.location_count(); ++i) {
    const uint32_t block = medium.any_block();
    const uint32_t count = std::min(1 + i % 4, medium.layout.block_count - block);
    const auto first = is_lost.begin() + block;
    if (std::find(first, first + count, true) != first + count) continue;
    if (i % 2 == 0) medium.write(layer, block);
    if (i % 2 != 0 && layer.trim(block, count).ok()) {
      for (uint32_t n = 0; n < count; ++n) medium.content.set(block + n, Bytes(kBlockBytes));
    }
    ASSERT_TRUE(layer.sync().ok());
    for (uint32_t other = 0; other < is_lost.size(); ++other) {
      const Status status = layer.read(other, data);
      ASSERT_EQ(status.ok(), !is_lost[other]) << i << ", block " << other;
      if (status.ok())
        ASSERT_TRUE(std::ranges::equal(data, medium.content.block(other))) << i << " " << other;
    }
  }
}

// What is beside a trimmed block in the map takes over its place there, with its own data or none.
TEST_P(DamagedMap, DataThatIsDamagedStaysSoWhenItsNeighbourIsTrimmed) {
  Medium medium(GetParam());
  Ftl layer(medium.nor, medium.layout);
  Finding finding = Finding::kForeign;
  ASSERT_TRUE(layer.mount(finding).ok());
  Location at = kNowhere;
  Record record;
  ASSERT_TRUE(layer.tree().find(2, at, record).ok());
  medium.nor.bytes()[medium.layout.offset_of(at) + medium.layout.header_bytes + 100] ^= 4;
  ASSERT_TRUE(layer.trim(3, 1).ok() && layer.sync().ok());
  Bytes data(kBlockBytes);
  EXPECT_EQ(layer.read(2, data), Status(Error::kIo));
  EXPECT_TRUE(layer.read(3, data).ok());
  EXPECT_EQ(data, Bytes(kBlockBytes));
}

// The place of a damaged record is used anew, and the power goes before the commit.
TEST_P(DamagedMap, ARecordThatCameAfterTheRootIsNoNodeOfIt) {
  Medium medium(GetParam());
  Ftl layer(medium.nor, medium.layout);
  Finding finding = Finding::kForeign;
  ASSERT_TRUE(layer.mount(finding).ok());
  Location at = kNowhere;
  Record record;
  for (uint16_t block = 0; at == kNowhere || at == layer.tree().root_at(); ++block) {
    ASSERT_TRUE(layer.tree().find(block, at, record).ok());
  }
  record.sequence = layer.tree().root().sequence + 1;
  encode(record, medium.layout, at, std::span(medium.nor.bytes()).subspan(medium.layout.offset_of(at)));
  Bytes data(kBlockBytes);
  EXPECT_EQ(layer.read(record.block, data), Status(Error::kIo));
}

// Left by an erase that did not do all that it reported, behind a header that went well.
TEST_P(DamagedMap, OldRecordsInANewSegmentAreNoCommits) {
  Medium medium(GetParam());
  Ftl layer(medium.nor, medium.layout);
  Finding finding = Finding::kForeign;
  ASSERT_TRUE(layer.mount(finding).ok());
  const uint32_t head = layer.log().head();
  Bytes before;
  while (layer.log().head() == head) {
    before = medium.nor.bytes();
    medium.use(layer, 1, 1);
  }
  const uint32_t begin = medium.layout.offset_of(layer.log().head(), medium.layout.slots / 2 + 1);
  const uint32_t end = medium.layout.segment_offset(layer.log().head()) + medium.layout.segment_bytes;
  if (layer.log().room_in_head() < medium.layout.slots / 2) return;  // filled with what was moved
  std::copy(before.begin() + begin, before.begin() + end, medium.nor.bytes().begin() + begin);
  Ftl found(medium.nor, medium.layout);
  ASSERT_TRUE(found.mount(finding).ok());
  EXPECT_EQ(finding, Finding::kSound);
  EXPECT_EQ(content_of(found), medium.content);
}

// The map of a commit needs the segments down to its tail. Without them it was not the last one.
TEST_P(DamagedMap, ACommitWhoseTailIsGoneIsNoState) {
  Medium original(GetParam());
  Ftl layer(original.nor, original.layout);
  Finding finding = Finding::kForeign;
  ASSERT_TRUE(layer.mount(finding).ok());
  const uint32_t tail = layer.log().tail();
  if (tail == layer.log().head()) return;  // of two segments, one may hold all of it
  const auto expect_damaged = [&](auto change) {
    Medium medium(GetParam(), original);
    change(std::span(medium.nor.bytes())
               .subspan(medium.layout.segment_offset(tail), medium.layout.segment_bytes));
    Ftl found(medium.nor, medium.layout);
    EXPECT_TRUE(found.mount(finding).ok());
    EXPECT_EQ(finding, Finding::kDamaged);
  };
  expect_damaged([](std::span<uint8_t> bytes) { std::fill(bytes.begin(), bytes.end(), uint8_t{0xFF}); });
  expect_damaged([&](std::span<uint8_t> bytes) { encode({tail, 1'000'000, 1}, original.layout, bytes); });
}

}  // namespace
}  // namespace ftl
