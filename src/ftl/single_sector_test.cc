// A log in a single sector: it is replaced as a whole when it is full, through the cache of the storage. A
// cut in there loses everything, and says so; anywhere else it loses nothing.
#include <memory>

#include "flash/storage.h"
#include "flash/storage_nor.h"
#include "ftl/ftl_testing.h"
#include "ftl/rewriter.h"

namespace ftl {
namespace {

const Shape kShape = {
    .name = "H7", .sector_size_bytes = 16384, .sector_count = 1, .program_unit_bytes = 32, .ecc = true};

struct Bench {
  Bench() { EXPECT_TRUE(make_layout(slice.geometry(), 0, slice.size_bytes(), layout).ok()); }

  std::unique_ptr<Ftl> mounted(Finding& finding) {
    auto layer = std::make_unique<Ftl>(slice, layout, &rewriter);
    EXPECT_TRUE(layer->mount(finding).ok());
    return layer;
  }

  // As after a cut.
  void expect_after_a_mount(const Content& content) {
    storage.discard();
    Finding finding = Finding::kForeign;
    const auto layer = mounted(finding);
    ASSERT_EQ(finding, Finding::kSound);
    EXPECT_EQ(content_of(*layer), content);
    EXPECT_EQ(nor.misuses(), 0u);
  }

  CellsNor nor{kShape};
  std::vector<flash::CacheSlot> slots{32};
  std::vector<uint8_t> blocks = std::vector<uint8_t>(32 * flash::kCacheBlockBytes);
  flash::Storage storage{nor,
                         {.offset = 0,
                          .size_bytes = kShape.sector_size_bytes,
                          .simple_block_bytes = 512,
                          .native_block_bytes = 512,
                          .idle_flush_us = 1000},
                         {slots, blocks},
                         [](void*) { return uint64_t{0}; },
                         nullptr};
  flash::StorageNor slice{storage};
  StorageRewriter rewriter{storage};
  Layout layout;
};

TEST(SingleSector, CanAlwaysBeWritten) {
  Bench bench;
  Ftl layer(bench.slice, bench.layout, &bench.rewriter);
  ASSERT_TRUE(layer.format().ok());
  Content wanted(layer.block_count());
  std::mt19937 random(1);
  for (uint32_t i = 0; i < 1000; ++i) {
    const uint32_t block =
        i < layer.block_count() ? i : static_cast<uint32_t>(random()) % layer.block_count();
    const Bytes data = random_block(random);
    wanted.set(block, data);
    ASSERT_TRUE(layer.write(block, data).ok()) << i;
    if (i % 3 == 0) ASSERT_TRUE(layer.sync().ok()) << i;
  }
  EXPECT_EQ(content_of(layer), wanted);
  ASSERT_TRUE(layer.sync().ok());
  bench.expect_after_a_mount(wanted);
}

TEST(SingleSector, IsErasedRarely) {
  Bench bench;
  Ftl layer(bench.slice, bench.layout, &bench.rewriter);
  ASSERT_TRUE(layer.format().ok());
  std::mt19937 random(1);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(layer.write(0, random_block(random)).ok());
    ASSERT_TRUE(layer.sync().ok());
  }
  const uint32_t usable = bench.layout.usable_slots() - bench.layout.atomic_blocks;
  EXPECT_LE(bench.nor.cells().stats().erases, 1000 / usable + 2);
}

TEST(SingleSector, ARewriteThatFailsIsTriedAgain) {
  Bench bench;
  Ftl layer(bench.slice, bench.layout, &bench.rewriter);
  ASSERT_TRUE(layer.format().ok());
  std::mt19937 random(1);
  Bytes last;
  int failures = 0;
  for (int i = 0; i < 200; ++i) {
    bool fails = i % 2 == 0;
    bench.nor.cells().set_fault_hook([&fails](sim::Operation operation, uint64_t, uint32_t) {
      return operation == sim::Operation::kErase && std::exchange(fails, false);
    });
    last = random_block(random);
    ASSERT_TRUE(layer.write(0, last).ok());
    if (!layer.sync().ok()) {
      ++failures;
      ASSERT_TRUE(layer.sync().ok()) << i;
    }
  }
  EXPECT_GT(failures, 1);
  bench.storage.discard();
  Finding finding = Finding::kForeign;
  Bytes present(kBlockBytes);
  ASSERT_TRUE(bench.mounted(finding)->read(0, present).ok());
  EXPECT_EQ(present, last);
}

TEST(SingleSector, IfItCannotBeErasedReadingGoesOnUntilThePowerGoes) {
  Bench bench;
  Ftl layer(bench.slice, bench.layout, &bench.rewriter);
  ASSERT_TRUE(layer.format().ok());
  std::mt19937 random(1);
  const Bytes synced = random_block(random);
  ASSERT_TRUE(layer.write(1, synced).ok());
  ASSERT_TRUE(layer.sync().ok());
  bench.nor.cells().set_fault_hook(
      [](sim::Operation operation, uint64_t, uint32_t) { return operation == sim::Operation::kErase; });
  flash::Status status;
  for (uint32_t i = 0; i < 2 * bench.layout.slots && status.ok(); ++i) {
    status = layer.write(0, random_block(random));
    if (status.ok()) status = layer.sync();
  }
  EXPECT_EQ(status, flash::Status(flash::Error::kIo));
  EXPECT_EQ(layer.sync(), flash::Status(flash::Error::kIo));
  Bytes present(kBlockBytes);
  ASSERT_TRUE(layer.read(1, present).ok());
  EXPECT_EQ(present, synced);
  bench.nor.cells().set_fault_hook(nullptr);
  EXPECT_TRUE(layer.sync().ok()) << "when it can be erased after all";
}

TEST(SingleSector, WhatFailsOnceIsGotOverOrGoesWhenItIsDoneAgain) {
  for (const auto kind : {sim::Operation::kProgram, sim::Operation::kErase}) {
    for (uint64_t n = 0; n < (kind == sim::Operation::kErase ? 4u : 1500u); n += n / 8 + 1) {
      SCOPED_TRACE(n);
      Bench bench;
      Ftl layer(bench.slice, bench.layout, &bench.rewriter);
      ASSERT_TRUE(layer.format().ok());
      uint64_t seen = 0;
      bench.nor.cells().set_fault_hook(
          [&](sim::Operation operation, uint64_t, uint32_t) { return operation == kind && seen++ == n; });
      Content wanted(layer.block_count());
      std::mt19937 random(static_cast<uint32_t>(n));
      for (uint32_t i = 0; i < 120; ++i) {
        const uint32_t block = static_cast<uint32_t>(random()) % layer.block_count();
        const Bytes data = random_block(random);
        wanted.set(block, data);
        ASSERT_TRUE(layer.write(block, data).ok() || layer.write(block, data).ok());
        if (i % 5 == 0) ASSERT_TRUE(layer.sync().ok() || layer.sync().ok());
        if (i % 7 == 0) ASSERT_EQ(content_of(layer), wanted) << i;
      }
      ASSERT_TRUE(layer.sync().ok() || layer.sync().ok());
      bench.nor.cells().set_fault_hook(nullptr);
      bench.expect_after_a_mount(wanted);
    }
  }
}

// The sector is erased, and what has to go there waits: until that has happened, no sync is a success.
TEST(SingleSector, ARewriteForATrimThatFailsIsStillToBeSynced) {
  Bench bench;
  Ftl layer(bench.slice, bench.layout, &bench.rewriter);
  ASSERT_TRUE(layer.format().ok());
  std::mt19937 random(1);
  while (layer.log().room() >= bench.layout.atomic_blocks) {
    ASSERT_TRUE(layer.write(static_cast<uint32_t>(random()) % 5, random_block(random)).ok() &&
                layer.sync().ok());
  }
  const Content content = content_of(layer);
  bench.nor.cells().set_fault_hook(
      [](sim::Operation operation, uint64_t, uint32_t) { return operation == sim::Operation::kProgram; });
  EXPECT_EQ(layer.trim(0, 1), flash::Status(flash::Error::kIo));
  EXPECT_EQ(layer.sync(), flash::Status(flash::Error::kIo));
  bench.nor.cells().set_fault_hook(nullptr);
  ASSERT_TRUE(layer.sync().ok());
  bench.expect_after_a_mount(content);
}

// The map is made anew by a rewrite: what it had beyond a damaged node must not read as never written.
TEST(SingleSector, WhatIsLostStaysLostInARewriteUntilItIsWritten) {
  Bench bench;
  Ftl layer(bench.slice, bench.layout, &bench.rewriter);
  ASSERT_TRUE(layer.format().ok());
  const uint32_t blocks = layer.block_count() - 1;  // the last one is never written
  Content wanted(layer.block_count());
  std::mt19937 random(5);
  const auto write = [&](uint32_t block) {
    const Bytes data = random_block(random);
    wanted.set(block, data);
    EXPECT_TRUE(layer.write(block, data).ok() && layer.sync().ok());
  };
  for (uint32_t block = 0; block < blocks; ++block) write(block);
  Location at = kNowhere;
  Record record;
  ASSERT_TRUE(layer.tree().find(static_cast<uint16_t>(blocks / 2 - 1), at, record).ok());
  bench.nor.bytes()[bench.layout.offset_of(at) + 9] ^= 4;
  std::vector<uint32_t> lost, sound;
  Bytes data(kBlockBytes);
  for (uint32_t block = 0; block < layer.block_count(); ++block) {
    (layer.read(block, data).ok() ? sound : lost).push_back(block);
  }
  ASSERT_GT(lost.size(), 1u);
  const uint64_t before = bench.nor.cells().stats().erases;
  for (uint32_t i = 0; bench.nor.cells().stats().erases < before + 3; ++i)
    write(sound[i % (sound.size() - 1)]);
  for (const uint32_t block : lost)
    EXPECT_EQ(layer.read(block, data), flash::Status(flash::Error::kIo)) << block;
  for (const uint32_t block : lost) write(block);
  EXPECT_EQ(content_of(layer), wanted);
}

TEST(SingleSector, LosesNothingOutsideOfARewriteAndAdmitsWhatItLost) {
  constexpr uint32_t kWrites = 60;
  int losses = 0;
  for (uint64_t at = 0; at < 1600; at += 7) {
    Bench bench;
    Ftl layer(bench.slice, bench.layout, &bench.rewriter);
    ASSERT_TRUE(layer.format().ok());
    uint64_t operations = 0;
    uint64_t last_erase = 0;
    bench.nor.supply().set_watcher([&](const sim::FlashOperation& operation) {
      if (operation.kind == sim::Operation::kErase) last_erase = operations;
      if (operations++ != at) return;
      const bool is_erase = operation.kind == sim::Operation::kErase;
      bench.nor.supply().cut_at(
          {0, is_erase ? sim::Tear::kErasing : sim::Tear::kBits, static_cast<uint32_t>(at)});
    });
    uint8_t synced = 0;
    for (uint8_t i = 1; i <= kWrites && layer.write(0, Bytes(kBlockBytes, i)).ok() && layer.sync().ok(); ++i)
      synced = i;
    bench.nor.supply().switch_on();
    bench.storage.discard();
    Finding finding = Finding::kForeign;
    const auto again = bench.mounted(finding);
    Bytes present(kBlockBytes);
    const bool is_there = finding == Finding::kSound && again->read(0, present).ok();
    if (is_there) EXPECT_TRUE(present[0] == synced || present[0] == synced + 1) << "cut " << at;
    // One live record: an erase, and a few dozen words of header and record.
    const bool in_rewrite = last_erase > 0 && at - last_erase < 64;
    EXPECT_TRUE(is_there || in_rewrite) << "cut " << at;
    losses += is_there ? 0 : 1;
  }
  EXPECT_GT(losses, 0) << "the unsafe moment was never hit";
}

}  // namespace
}  // namespace ftl
