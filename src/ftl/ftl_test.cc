#include "ftl/ftl.h"

#include <memory>

#include "ftl/ftl_testing.h"

namespace ftl {
namespace {

using flash::Error;
using flash::Status;

class FtlTest : public testing::TestWithParam<Shape> {
 protected:
  FtlTest() : nor_(GetParam()), layout_(layout_of(nor_)), layer_(std::make_unique<Ftl>(nor_, layout_)) {
    EXPECT_TRUE(layer_->format().ok());
  }

  void TearDown() override { EXPECT_EQ(nor_.misuses(), 0u) << "programmed what was not blank"; }

  void power_cycle() {
    layer_ = std::make_unique<Ftl>(nor_, layout_);
    Finding finding = Finding::kForeign;
    ASSERT_TRUE(layer_->mount(finding).ok());
    ASSERT_EQ(finding, Finding::kSound);
  }

  CellsNor nor_;
  Layout layout_;
  std::unique_ptr<Ftl> layer_;
  std::mt19937 random_{1};
};

INSTANTIATE_TEST_SUITE_P(Shapes, FtlTest, testing::ValuesIn(shapes()),
                         [](const auto& test) { return test.param.name; });

TEST_P(FtlTest, FreshLayerReadsAsZeros) {
  EXPECT_EQ(content_of(*layer_), Content(layer_->block_count()));
  power_cycle();
  EXPECT_EQ(content_of(*layer_), Content(layer_->block_count()));
}

TEST_P(FtlTest, RefusesWhatLiesOutside) {
  Bytes two(2 * kBlockBytes);
  const uint32_t last = layer_->block_count() - 1;
  EXPECT_EQ(layer_->read(last, two), Status(Error::kInvalid));
  EXPECT_EQ(layer_->write(last, two), Status(Error::kInvalid));
  EXPECT_EQ(layer_->trim(last, 2), Status(Error::kInvalid));
  EXPECT_EQ(layer_->write(UINT32_MAX, two), Status(Error::kInvalid));
  EXPECT_EQ(layer_->read(0, std::span(two).first(100)), Status(Error::kBadShape));
  EXPECT_EQ(layer_->write(0, std::span(two).first(100)), Status(Error::kBadShape));
  EXPECT_TRUE(layer_->read(last + 1, {}).ok());
  EXPECT_TRUE(layer_->write(last + 1, {}).ok());
  EXPECT_EQ(layer_->write(last + 2, {}), Status(Error::kInvalid));
}

TEST_P(FtlTest, UnsyncedWritesAreReadAndLostWithThePower) {
  Content wanted(layer_->block_count());
  const Bytes first = random_block(random_);
  ASSERT_TRUE(layer_->write(0, first).ok());
  ASSERT_TRUE(layer_->sync().ok());
  wanted.set(0, first);
  Content unsynced = wanted;
  unsynced.set(0, random_block(random_));
  unsynced.set(1, random_block(random_));
  ASSERT_TRUE(layer_->write(0, unsynced.block(0)).ok());
  ASSERT_TRUE(layer_->write(1, unsynced.block(1)).ok());
  EXPECT_EQ(content_of(*layer_), unsynced);
  power_cycle();
  EXPECT_EQ(content_of(*layer_), wanted);
}

// Full to the last block, written over and over: always possible, always right.
TEST_P(FtlTest, EveryBlockCanBeWrittenAnyNumberOfTimes) {
  Content wanted(layer_->block_count());
  for (uint32_t block = 0; block < layer_->block_count(); ++block) {
    const Bytes data = random_block(random_);
    wanted.set(block, data);
    ASSERT_TRUE(layer_->write(block, data).ok()) << block;
  }
  ASSERT_TRUE(layer_->sync().ok());
  for (uint32_t i = 0; i < 4 * layout_.location_count(); ++i) {
    const uint32_t block = static_cast<uint32_t>(random_()) % layer_->block_count();
    const Bytes data = random_block(random_);
    wanted.set(block, data);
    ASSERT_TRUE(layer_->write(block, data).ok()) << i;
    if (i % 3 == 0) ASSERT_TRUE(layer_->sync().ok()) << i;
    if (i % 97 == 0) {
      ASSERT_TRUE(layer_->sync().ok()) << i;
      power_cycle();
    }
  }
  EXPECT_EQ(content_of(*layer_), wanted);
  ASSERT_TRUE(layer_->sync().ok());
  power_cycle();
  EXPECT_EQ(content_of(*layer_), wanted);
}

TEST_P(FtlTest, OneTransactionMayBeLongerThanTheMedium) {
  Content wanted(layer_->block_count());
  for (uint32_t i = 0; i < 3 * layout_.location_count(); ++i) {
    const uint32_t block = i % layer_->block_count();
    const Bytes data = random_block(random_);
    wanted.set(block, data);
    ASSERT_TRUE(layer_->write(block, data).ok()) << i;
  }
  ASSERT_TRUE(layer_->sync().ok());
  power_cycle();
  EXPECT_EQ(content_of(*layer_), wanted);
}

// Full, and garbage wherever it may be: a mount at any moment before the sync finds nothing of it.
TEST_P(FtlTest, ATransactionOfWhatIsPromisedIsNeverDivided) {
  Content wanted(layer_->block_count());
  const auto write = [&](uint32_t block) {
    const Bytes data = random_block(random_);
    wanted.set(block, data);
    ASSERT_TRUE(layer_->write(block, data).ok());
  };
  for (uint32_t block = 0; block < layer_->block_count(); ++block) write(block);
  ASSERT_TRUE(layer_->sync().ok());
  for (int round = 0; round < 30; ++round) {
    const Content synced = wanted;
    const uint32_t first = static_cast<uint32_t>(random_()) % layer_->block_count();
    for (uint32_t i = 0; i < layout_.atomic_blocks; ++i) {
      write((first + i * (round % 3 + 1)) % layer_->block_count());
      bool is_done = false;
      ASSERT_TRUE(layer_->poll(is_done).ok());
      if (i % 3 != 0 && i + 1 < layout_.atomic_blocks) continue;
      Ftl after_a_cut(nor_, layout_);
      Finding finding = Finding::kForeign;
      ASSERT_TRUE(after_a_cut.mount(finding).ok());
      ASSERT_EQ(content_of(after_a_cut), synced) << round << ", block " << i;
    }
    ASSERT_TRUE(layer_->sync().ok());
  }
}

TEST_P(FtlTest, TrimmedBlocksReadAsZeros) {
  Content wanted(layer_->block_count());
  const uint32_t count = layer_->block_count();
  for (int round = 0; round < 30; ++round) {
    for (int i = 0; i < 10; ++i) {
      const uint32_t block = static_cast<uint32_t>(random_()) % count;
      const Bytes data = random_block(random_);
      wanted.set(block, data);
      ASSERT_TRUE(layer_->write(block, data).ok());
    }
    const uint32_t first = static_cast<uint32_t>(random_()) % count;
    const uint32_t length = static_cast<uint32_t>(random_()) % (count - first + 1);
    ASSERT_TRUE(layer_->trim(first, length).ok());
    for (uint32_t block = first; block < first + length; ++block) wanted.set(block, Bytes(kBlockBytes));
    ASSERT_EQ(content_of(*layer_), wanted) << round;
    ASSERT_TRUE(layer_->sync().ok());
    if (round % 3 == 0) power_cycle();
    ASSERT_EQ(content_of(*layer_), wanted) << round;
  }
  ASSERT_TRUE(layer_->trim(0, count).ok());
  ASSERT_TRUE(layer_->sync().ok());
  power_cycle();
  EXPECT_EQ(content_of(*layer_), Content(count));
}

TEST_P(FtlTest, WhatHasNotChangedIsNotWritten) {
  const Bytes data = random_block(random_);
  for (uint32_t block = 0; block < 3; ++block) ASSERT_TRUE(layer_->write(block, data).ok());
  ASSERT_TRUE(layer_->sync().ok());
  const uint64_t before = nor_.cells().stats().programs;
  for (uint32_t block = 0; block < 3; ++block) ASSERT_TRUE(layer_->write(block, data).ok());
  ASSERT_TRUE(layer_->sync().ok());
  ASSERT_TRUE(layer_->sync().ok());
  EXPECT_EQ(nor_.cells().stats().programs, before);
}

TEST_P(FtlTest, ASyncOfNothingCostsNothing) {
  for (uint32_t i = 0; i < 3 * layout_.location_count(); ++i) {
    ASSERT_TRUE(layer_->write(i % 3, random_block(random_)).ok() && layer_->sync().ok());
  }
  const sim::Stats before = nor_.cells().stats();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(layer_->sync().ok());
  EXPECT_EQ(nor_.cells().stats().reads, before.reads);
  EXPECT_EQ(nor_.cells().stats().programs, before.programs);
  EXPECT_EQ(nor_.cells().stats().erases, before.erases);
}

// Data that never changes moves as well, or its segments would stay young while the others wear out.
TEST_P(FtlTest, WearIsEvenUnderAHotSpot) {
  for (uint32_t block = 0; block < layer_->block_count(); ++block) {
    ASSERT_TRUE(layer_->write(block, random_block(random_)).ok());
  }
  for (uint32_t i = 0; i < 3000; ++i) {
    ASSERT_TRUE(layer_->write(i % 2, random_block(random_)).ok());
    ASSERT_TRUE(layer_->sync().ok());
  }
  const auto [fewest, most] = std::minmax_element(nor_.cells().wear().begin(), nor_.cells().wear().end());
  EXPECT_GT(*fewest, 5u);
  EXPECT_LE(*most - *fewest, 8u);
}

TEST_P(FtlTest, IdleTimeMakesTheNextWritesCheap) {
  for (uint32_t i = 0; i < 3 * layout_.location_count(); ++i) {
    ASSERT_TRUE(layer_->write(i % 3, random_block(random_)).ok());
    ASSERT_TRUE(layer_->sync().ok());
  }
  bool is_done = false;
  for (int i = 0; i < 10'000 && !is_done; ++i) ASSERT_TRUE(layer_->poll(is_done).ok());
  EXPECT_TRUE(is_done);
  const uint64_t before = nor_.cells().stats().erases;
  ASSERT_TRUE(layer_->write(0, random_block(random_)).ok());
  ASSERT_TRUE(layer_->sync().ok());
  EXPECT_EQ(nor_.cells().stats().erases, before);

  // What was erased ahead is used once.
  Content wanted = content_of(*layer_);
  for (uint32_t i = 0; i < 3 * layout_.location_count(); ++i) {
    const Bytes data = random_block(random_);
    wanted.set(i % 3, data);
    ASSERT_TRUE(layer_->write(i % 3, data).ok() && layer_->sync().ok());
    if (i % 20 == 0) ASSERT_TRUE(layer_->poll(is_done).ok());
  }
  EXPECT_EQ(content_of(*layer_), wanted);
}

TEST_P(FtlTest, IdleTimeIsNotForATransaction) {
  for (uint32_t i = 0; i < 3 * layout_.location_count(); ++i) {
    ASSERT_TRUE(layer_->write(i % 3, random_block(random_)).ok());
    ASSERT_TRUE(layer_->sync().ok());
  }
  const Content synced = content_of(*layer_);
  ASSERT_TRUE(layer_->write(0, random_block(random_)).ok());
  ASSERT_TRUE(layer_->write(1, random_block(random_)).ok());
  bool is_done = false;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(layer_->poll(is_done).ok());
  power_cycle();
  EXPECT_EQ(content_of(*layer_), synced);
}

TEST_P(FtlTest, FailuresAreReportedOrGotOver) {
  for (const sim::Operation kind : {sim::Operation::kProgram, sim::Operation::kErase}) {
    Content wanted = content_of(*layer_);
    uint64_t seen = 0;
    const uint64_t programs = layout_.record_bytes() / nor_.geometry().program_page_bytes + 1;
    const uint64_t period = kind == sim::Operation::kErase ? 5 : 60 * programs + 1;
    nor_.cells().set_fault_hook([&](sim::Operation operation, uint64_t, uint32_t) {
      return operation == kind && ++seen % period == 0;
    });
    for (uint32_t i = 0; i < 4 * layout_.location_count(); ++i) {
      const uint32_t block = static_cast<uint32_t>(random_()) % layer_->block_count();
      const Bytes data = random_block(random_);
      ASSERT_TRUE(layer_->write(block, data).ok()) << i;
      wanted.set(block, data);
      ASSERT_TRUE(layer_->sync().ok()) << i << " of kind " << static_cast<int>(kind);
    }
    nor_.cells().set_fault_hook(nullptr);
    EXPECT_EQ(content_of(*layer_), wanted);
    power_cycle();
    EXPECT_EQ(content_of(*layer_), wanted);
  }
}

// The log goes on behind the head, or not at all.
TEST_P(FtlTest, ASegmentThatCannotBeErasedEndsTheWritingAndNothingElse) {
  const uint32_t worn_out = layout_.segment_offset(layout_.segment_count / 2);
  nor_.cells().set_fault_hook([&](sim::Operation operation, uint64_t, uint32_t offset) {
    return operation == sim::Operation::kErase && offset - worn_out < layout_.segment_bytes;
  });
  Content synced = content_of(*layer_);
  const auto write_until_it_fails = [&] {
    for (uint32_t i = 0; i < 2 * layout_.location_count(); ++i) {
      const uint32_t block = i % 3;
      const Bytes data = random_block(random_);
      Status status = layer_->write(block, data);
      if (status.ok()) status = layer_->sync();
      if (!status.ok()) return status;
      synced.set(block, data);
    }
    return Status();
  };
  ASSERT_EQ(write_until_it_fails(), Status(Error::kIo));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(layer_->sync(), Status(Error::kIo));
  Bytes present(kBlockBytes);
  for (uint32_t block = 3; block < layer_->block_count(); ++block) {
    ASSERT_TRUE(layer_->read(block, present).ok());
  }
  power_cycle();
  EXPECT_EQ(content_of(*layer_), synced);
  EXPECT_EQ(write_until_it_fails(), Status(Error::kIo));
  power_cycle();
  EXPECT_EQ(content_of(*layer_), synced);

  nor_.cells().set_fault_hook(nullptr);
  EXPECT_TRUE(write_until_it_fails().ok()) << "when it can be erased after all";
  power_cycle();
  EXPECT_EQ(content_of(*layer_), synced);
}

TEST_P(FtlTest, FormatKeepsCountingAndForgetsTheRest) {
  ASSERT_TRUE(layer_->write(0, random_block(random_)).ok());
  ASSERT_TRUE(layer_->sync().ok());
  ASSERT_TRUE(layer_->format().ok());
  EXPECT_EQ(content_of(*layer_), Content(layer_->block_count()));
  power_cycle();
  EXPECT_EQ(content_of(*layer_), Content(layer_->block_count()));
}

TEST(FtlMount, SaysWhatItFinds) {
  CellsNor nor(shapes()[1]);
  const Layout layout = layout_of(nor);
  Ftl layer(nor, layout);
  Finding finding = Finding::kSound;
  ASSERT_TRUE(layer.mount(finding).ok());
  EXPECT_EQ(finding, Finding::kBlank);
  std::fill(nor.bytes().begin(), nor.bytes().end(), uint8_t{0x5A});
  ASSERT_TRUE(layer.mount(finding).ok());
  EXPECT_EQ(finding, Finding::kForeign);
  ASSERT_TRUE(layer.format().ok());
  ASSERT_TRUE(layer.mount(finding).ok());
  EXPECT_EQ(finding, Finding::kSound);
  Layout smaller = layout;
  ASSERT_TRUE(make_layout(nor.geometry(), 0, nor.size_bytes() - 4096, smaller).ok());
  Ftl other(nor, smaller);
  ASSERT_TRUE(other.mount(finding).ok());
  EXPECT_EQ(finding, Finding::kOtherLayout);
}

// Records of the old log fit where the new one has not come to yet, and their segment's header may go first.
TEST(FtlMount, ANewLogOfAnotherSizeIsNewerThanTheOld) {
  for (const uint32_t old_segments : {12u, 10u}) {
    CellsNor nor({"Nor", 4096, 14});
    Layout before, now;
    ASSERT_TRUE(make_layout(nor.geometry(), 0, old_segments * 4096, before).ok());
    ASSERT_TRUE(make_layout(nor.geometry(), 0, 14 * 4096, now).ok());
    ASSERT_EQ(before.header_bytes, now.header_bytes);
    Ftl old(nor, before), layer(nor, now);
    std::mt19937 random(3);
    ASSERT_TRUE(old.format().ok());
    for (uint32_t i = 0; i < 300; ++i)
      ASSERT_TRUE(old.write(i % 8, random_block(random)).ok() && old.sync().ok());
    ASSERT_TRUE(layer.format().ok());
    for (uint32_t i = 0; i < 9; ++i)
      ASSERT_TRUE(layer.write(i, random_block(random)).ok() && layer.sync().ok());
    const Content content = content_of(layer);
    for (uint32_t segment = layer.log().head() + 1; segment < old_segments; ++segment) {
      nor.bytes()[now.segment_offset(segment)] ^= 1;
    }
    Finding finding = Finding::kForeign;
    ASSERT_TRUE(layer.mount(finding).ok());
    ASSERT_EQ(finding, Finding::kSound);
    EXPECT_EQ(content_of(layer), content);
  }
}

// Slices that overlap: both have whole segments of the one log, as many as it has.
TEST(FtlMount, ASliceThatStartsElsewhereIsAnotherOne) {
  CellsNor nor(shapes()[1]);
  const uint32_t segment_bytes = 4096, size_bytes = nor.size_bytes() - segment_bytes;
  Layout layout, shifted;
  ASSERT_TRUE(make_layout(nor.geometry(), 0, size_bytes, layout).ok());
  ASSERT_TRUE(make_layout(nor.geometry(), segment_bytes, size_bytes, shifted).ok());
  Ftl layer(nor, layout), other(nor, shifted);
  ASSERT_TRUE(layer.format().ok());
  std::mt19937 random(3);
  for (uint32_t i = 0; i < 40; ++i) ASSERT_TRUE(layer.write(i % 8, random_block(random)).ok());
  ASSERT_TRUE(layer.sync().ok());
  const Content before = content_of(layer);
  Finding finding = Finding::kSound;
  ASSERT_TRUE(other.mount(finding).ok());
  EXPECT_EQ(finding, Finding::kOtherLayout);
  ASSERT_TRUE(layer.mount(finding).ok());
  EXPECT_EQ(finding, Finding::kSound);
  EXPECT_EQ(content_of(layer), before);

  // The records alone do not pass for the other's, either.
  for (uint32_t at = 0; at < nor.size_bytes(); at += segment_bytes) nor.bytes()[at] ^= 1;
  ASSERT_TRUE(other.mount(finding).ok());
  EXPECT_EQ(finding, Finding::kForeign);
  ASSERT_TRUE(layer.mount(finding).ok());
  EXPECT_EQ(finding, Finding::kSound);
  EXPECT_EQ(content_of(layer), before);
}

}  // namespace
}  // namespace ftl
