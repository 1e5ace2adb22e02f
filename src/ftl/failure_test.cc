// A flash that fails once, at any moment: the call says so or gets over it, the same call again goes on, and
// what was synced is there. And slots that are worn out.
#include <cstdlib>
#include <string_view>
#include <tuple>

#include "ftl/medium_testing.h"

namespace ftl {
namespace {

using flash::Error;
using flash::Status;

enum class Failure { kRead, kMisread, kProgram, kIgnoredProgram, kErase };

uint64_t count(CellsNor& nor, Failure failure) {
  const sim::Stats& stats = nor.cells().stats();
  if (failure == Failure::kErase) return stats.erases;
  return failure == Failure::kRead || failure == Failure::kMisread ? stats.reads : stats.programs;
}

// The n-th operation from now on, from 0, and those after it.
void arm(CellsNor& nor, Failure failure, uint64_t n, uint64_t times = 1) {
  if (failure == Failure::kMisread) return nor.misread_nth(n + 1);
  if (failure == Failure::kIgnoredProgram) return nor.ignore_nth_program(n + 1);
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
  constexpr const char* kNames[] = {"Read", "Misread", "Program", "IgnoredProgram", "Erase"};
  return std::get<0>(test.param).name + kNames[static_cast<int>(std::get<1>(test.param))];
}

INSTANTIATE_TEST_SUITE_P(Shapes, FailingOnce,
                         testing::Combine(testing::ValuesIn(shapes()),
                                          testing::Values(Failure::kRead, Failure::kMisread,
                                                          Failure::kProgram, Failure::kIgnoredProgram,
                                                          Failure::kErase)),
                         name_of);

TEST_P(FailingOnce, InUseLosesNothingAndTheNextCallGoesOn) {
  Medium original(shape());
  // Short transactions, and those that are longer than the room there is.
  const uint32_t lengths[] = {1, original.layout.atomic_blocks, original.layout.location_count() / 2};
  for (const uint32_t blocks : lengths) {
    const uint32_t transactions = std::max(original.layout.location_count() / 4 / blocks, 1u);
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
      medium.use(layer, 100, 1);
      EXPECT_FALSE(medium.has_given_up) << n;
      EXPECT_EQ(content_of(layer), medium.content);
    }
  }
}

// More often than a call tries. Where the commit that has to make room finds no slot any more, only a mount
// goes on.
TEST_P(FailingOnce, AndAgainLosesNothingEither) {
  if (failure() == Failure::kMisread || failure() == Failure::kIgnoredProgram) return;
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

TEST_P(FailingOnce, InAMountIsGotOver) {
  if (failure() != Failure::kRead && failure() != Failure::kMisread) return;  // a mount only reads
  Medium original(shape());
  uint64_t operations = 1;
  for (uint64_t n = 0; n < operations; ++n) {
    SCOPED_TRACE("read " + std::to_string(n));
    Medium medium(shape(), original);
    Ftl layer(medium.nor, medium.layout);
    Finding finding = Finding::kForeign;
    arm(medium.nor, failure(), n);
    ASSERT_TRUE(layer.mount(finding).ok());
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

class WornSlot : public testing::TestWithParam<Shape> {};

INSTANTIATE_TEST_SUITE_P(Shapes, WornSlot, testing::ValuesIn(shapes()),
                         [](const auto& test) { return test.param.name; });

// It is passed over, round after round; also in the segment that all of a full tail has to move into.
TEST_P(WornSlot, NeverEndsTheWriting) {
  Medium original(GetParam());
  const Layout& layout = original.layout;
  for (uint64_t location = 0; location < layout.location_count(); location += stride_of(150)) {
    const auto slot = static_cast<uint32_t>(location % layout.slots);
    if (slot == layout.usable_slots()) continue;  // that of the commit
    SCOPED_TRACE("slot " + std::to_string(slot) + " of segment " + std::to_string(location / layout.slots));
    Medium medium(GetParam(), original);
    const uint32_t worn = layout.offset_of(static_cast<Location>(location));
    medium.nor.cells().set_fault_hook([&](sim::Operation operation, uint64_t, uint32_t offset) {
      return operation == sim::Operation::kProgram && offset - worn < layout.record_bytes();
    });
    Ftl layer(medium.nor, medium.layout);
    Finding finding = Finding::kForeign;
    ASSERT_TRUE(layer.mount(finding).ok());
    medium.tries = 4;
    medium.use(layer, 2 * layout.location_count(), 1);
    EXPECT_FALSE(medium.has_given_up);
    EXPECT_EQ(content_of(layer), medium.content);
    if (HasFailure()) return;
  }
}

// Is the head full, and the tail so full that it just fits into the last free segment?
bool is_tight(Ftl& layer) {
  const Log& log = layer.log();
  if (log.free_segments() != 1 || log.room_in_head() != 0) return false;
  uint32_t live = 0;
  for (uint16_t block = 0; block < layer.block_count(); ++block) {
    Location at = kNowhere;
    Record record;
    EXPECT_TRUE(layer.tree().find(block, at, record).ok());
    live += at / log.layout().slots == log.tail() ? 1 : 0;
  }
  return live == log.layout().usable_slots();
}

// One slot of that segment takes nothing: the last record to be moved is the commit then. Two are too many;
// that is an error, and costs nothing.
TEST(WornSlot, IsNotInTheWayOfAFullTail) {
  Medium medium(shapes()[1]);
  const Layout& layout = medium.layout;
  Ftl layer(medium.nor, layout);
  Finding finding = Finding::kForeign;
  ASSERT_TRUE(layer.mount(finding).ok());
  uint32_t found = 0;
  for (uint32_t i = 0; i < 20'000 && found < 20; ++i) {
    medium.write(layer, medium.any_block());
    if (i % 23 == 0) ASSERT_TRUE(layer.sync().ok());
    if (i % 23 == 0 || !is_tight(layer)) continue;
    const uint32_t worn_slots = 1 + found++ % 2;
    const uint32_t next = (layer.log().head() + 1) % layout.segment_count;
    const uint32_t worn = layout.offset_of(next, i % (layout.usable_slots() - 1));
    medium.nor.cells().set_fault_hook([&](sim::Operation operation, uint64_t, uint32_t offset) {
      return operation == sim::Operation::kProgram && offset - worn < worn_slots * layout.record_bytes();
    });
    // The block that was written last still waits.
    EXPECT_EQ(layer.sync(), worn_slots == 1 ? Status() : Status(Error::kIo));
    EXPECT_EQ(content_of(layer), medium.content);
    medium.nor.cells().set_fault_hook(nullptr);
    ASSERT_TRUE(layer.sync().ok());
    ASSERT_NO_FATAL_FAILURE(medium.expect_all_there_after_a_mount());
    ASSERT_TRUE(layer.mount(finding).ok());
  }
  EXPECT_EQ(found, 20u) << "the case has not come about";
}

}  // namespace
}  // namespace ftl
