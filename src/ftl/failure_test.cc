// A flash that fails once, at any moment: the call says so or gets over it, the same call again goes on, and
// what was synced is there. And maps that are damaged: what reads is right, and everything can be written.
#include <cstdlib>
#include <string_view>
#include <tuple>

#include "ftl/ftl_testing.h"

namespace ftl {
namespace {

using flash::Error;
using flash::Status;

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

enum class Failure { kRead, kMisread, kProgram, kErase };

uint64_t count(CellsNor& nor, Failure failure) {
  const sim::Stats& stats = nor.cells().stats();
  return failure == Failure::kProgram ? stats.programs
         : failure == Failure::kErase ? stats.erases
                                      : stats.reads;
}

// The n-th operation from now on, from 0, and those after it.
void arm(CellsNor& nor, Failure failure, uint64_t n, uint64_t times = 1) {
  if (failure == Failure::kMisread) return nor.misread_nth(n + 1);
  const sim::Operation kind = failure == Failure::kRead      ? sim::Operation::kRead
                              : failure == Failure::kProgram ? sim::Operation::kProgram
                                                             : sim::Operation::kErase;
  uint64_t seen = 0;
  nor.cells().set_fault_hook([=](sim::Operation operation, uint64_t, uint32_t) mutable {
    return operation == kind && seen++ - n < times;
  });
}

// A few moments of so many, or all of them: PYBFLASH_POWERCUT says how thorough the campaigns are.
uint64_t stride_of(uint64_t operations) {
  const char* value = std::getenv("PYBFLASH_POWERCUT");
  const std::string_view scope = value != nullptr ? value : "";
  return scope == "long" ? 1 : operations / (scope == "quick" ? 5 : 15) + 1;
}

class FailingOnce : public testing::TestWithParam<std::tuple<Shape, Failure>> {
 protected:
  const Shape& shape() const { return std::get<0>(GetParam()); }
  Failure failure() const { return std::get<1>(GetParam()); }
};

std::string name_of(const testing::TestParamInfo<std::tuple<Shape, Failure>>& test) {
  constexpr const char* kNames[] = {"Read", "Misread", "Program", "Erase"};
  return std::get<0>(test.param).name + kNames[static_cast<int>(std::get<1>(test.param))];
}

INSTANTIATE_TEST_SUITE_P(Shapes, FailingOnce,
                         testing::Combine(testing::ValuesIn(shapes()),
                                          testing::Values(Failure::kRead, Failure::kMisread,
                                                          Failure::kProgram, Failure::kErase)),
                         name_of);

TEST_P(FailingOnce, InUseLosesNothingAndTheNextCallGoesOn) {
  Medium original(shape());
  // Short transactions, and those that are longer than the room there is.
  const uint32_t lengths[] = {1, original.layout.atomic_blocks, original.layout.location_count() / 2};
  for (const uint32_t blocks : lengths) {
    const uint32_t transactions = std::max(original.layout.location_count() / 2 / blocks, 1u);
    uint64_t operations = 0;  // not known before the first run, in which none fails
    for (uint64_t n = 0; n <= operations; n += stride_of(operations)) {
      SCOPED_TRACE("operation " + std::to_string(n) + ", transactions of " + std::to_string(blocks));
      Medium medium(shape(), original);
      Ftl layer(medium.nor, medium.layout);
      Finding finding = Finding::kForeign;
      ASSERT_TRUE(layer.mount(finding).ok());
      const uint64_t before = count(medium.nor, failure());
      if (operations > 0) arm(medium.nor, failure(), n);
      medium.use(layer, transactions, blocks);
      EXPECT_FALSE(medium.has_given_up);
      EXPECT_EQ(content_of(layer), medium.content);
      EXPECT_EQ(medium.nor.misuses(), 0u) << "programmed what was not blank";
      ASSERT_NO_FATAL_FAILURE(medium.expect_all_there_after_a_mount());
      if (HasFailure()) return;
      if (operations == 0) operations = count(medium.nor, failure()) - before;
    }
  }
}

// A call tries three times.
TEST(Failing, TwiceInARowIsGotOver) {
  const Shape& shape = shapes()[2];
  Medium original(shape);
  for (const Failure failure : {Failure::kProgram, Failure::kErase}) {
    for (uint64_t n = 0; n < 60; n += failure == Failure::kErase ? 3 : 13) {
      Medium medium(shape, original);
      medium.tries = 1;
      Ftl layer(medium.nor, medium.layout);
      Finding finding = Finding::kForeign;
      ASSERT_TRUE(layer.mount(finding).ok());
      arm(medium.nor, failure, n, 2);
      medium.use(layer, 200, 1);
      EXPECT_FALSE(medium.has_given_up) << n;
      EXPECT_EQ(content_of(layer), medium.content);
    }
  }
}

// More often than a call tries. Where the commit that has to make room finds no slot any more, only a mount
// goes on.
TEST_P(FailingOnce, AndAgainLosesNothingEither) {
  if (failure() == Failure::kMisread) return;
  if (failure() == Failure::kRead && shape().ecc) return;  // what does not read there is torn
  Medium original(shape());
  uint64_t given_up = 0;
  for (uint64_t n = 0; n < 2000; n += stride_of(600)) {
    SCOPED_TRACE("from operation " + std::to_string(n));
    Medium medium(shape(), original);
    medium.tries = 20;
    Ftl layer(medium.nor, medium.layout);
    Finding finding = Finding::kForeign;
    ASSERT_TRUE(layer.mount(finding).ok());
    arm(medium.nor, failure(), n, 4 + n % 7);
    for (int i = 0; i < 20 && !medium.has_given_up; ++i) {
      medium.use(layer, 1, static_cast<uint32_t>(i % 4 + 1));
    }
    EXPECT_EQ(medium.nor.misuses(), 0u) << "programmed what was not blank";
    medium.nor.cells().set_fault_hook(nullptr);
    given_up += medium.has_given_up ? 1u : 0u;
    if (medium.has_given_up) medium.take_what_is_synced_or_written();
    ASSERT_NO_FATAL_FAILURE(medium.expect_all_there_after_a_mount());
    if (HasFailure()) return;
  }
  EXPECT_LE(given_up, failure() == Failure::kProgram ? 2000 / stride_of(600) / 4 : 0);
}

TEST_P(FailingOnce, InAMountIsAnErrorOrGotOver) {
  if (failure() != Failure::kRead && failure() != Failure::kMisread) return;  // a mount only reads
  Medium original(shape());
  uint64_t operations = 1;
  for (uint64_t n = 0; n < operations; ++n) {
    SCOPED_TRACE("read " + std::to_string(n));
    Medium medium(shape(), original);
    Ftl layer(medium.nor, medium.layout);
    Finding finding = Finding::kForeign;
    arm(medium.nor, failure(), n);
    if (!layer.mount(finding).ok()) continue;
    operations = std::max(operations, medium.nor.cells().stats().reads);
    medium.nor.cells().set_fault_hook(nullptr);
    ASSERT_EQ(finding, Finding::kSound);
    ASSERT_EQ(content_of(layer), medium.content);
  }
}

TEST(Failing, ATrimThatFailsLeavesWhatWasWritten) {
  Medium medium(shapes()[1]);
  Ftl layer(medium.nor, medium.layout);
  Finding finding = Finding::kForeign;
  ASSERT_TRUE(layer.mount(finding).ok());
  medium.write(layer, 3);
  medium.nor.cells().set_fault_hook(
      [](sim::Operation operation, uint64_t, uint32_t) { return operation == sim::Operation::kProgram; });
  EXPECT_EQ(layer.trim(0, 8), Status(Error::kIo));
  EXPECT_EQ(content_of(layer), medium.content);
  medium.nor.cells().set_fault_hook(nullptr);
  EXPECT_TRUE(layer.sync().ok());
  medium.expect_all_there_after_a_mount();
}

class DamagedMap : public testing::TestWithParam<Shape> {};

INSTANTIATE_TEST_SUITE_P(Shapes, DamagedMap, testing::ValuesIn(shapes()),
                         [](const auto& test) { return test.param.name; });

// A record's header is a node of the map: more than its own block may be beyond it.
TEST_P(DamagedMap, ReadsRightOrNotAtAllAndCanBeWritten) {
  Medium original(GetParam());
  Ftl looked_at(original.nor, original.layout);
  Finding finding = Finding::kForeign;
  ASSERT_TRUE(looked_at.mount(finding).ok());
  for (uint32_t block = 0; block < original.layout.block_count;
       block += original.layout.block_count / 20 + 1) {
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
