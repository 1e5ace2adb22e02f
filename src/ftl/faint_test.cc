// The last commit was cut near its end: some of its bits read now as 0, now as 1. Taken or not by the next
// mount, it must be so for ever once somebody has relied on it.
#include <memory>

#include "ftl/ftl_testing.h"

namespace ftl {
namespace {

using sim::Tear;

class Faint : public testing::TestWithParam<Shape> {
 protected:
  static constexpr int kMountsAfter = 60;

  // A full medium, and `writes` more single commits.
  std::unique_ptr<CellsNor> full_medium(uint32_t writes) {
    auto nor = std::make_unique<CellsNor>(GetParam());
    fill(*nor, writes);
    const auto undisturbed = copy_of(*nor);
    operations_ = 0;
    undisturbed->supply().set_watcher([&](const sim::FlashOperation&) { ++operations_; });
    transact(*undisturbed);
    return nor;
  }

  // The same after one more transaction, whose last program is cut.
  std::unique_ptr<CellsNor> cut_copy_of(CellsNor& whole, uint32_t seed) {
    auto nor = copy_of(whole);
    nor->supply().cut_at({operations_ - 1, Tear::kFaint, seed});
    transact(*nor);
    nor->supply().switch_on();
    return nor;
  }

  static std::unique_ptr<CellsNor> copy_of(const CellsNor& other) { return ftl::copy_of(GetParam(), other); }

  // With one bit that is half way, half of the reads are as they should be; with more of them, a mount hardly
  // ever takes the commit.
  static bool reads_well_often(CellsNor& nor) {
    uint32_t well = 0;
    for (uint32_t i = 0; i < 40; ++i) {
      Bytes all(nor.size_bytes());
      EXPECT_TRUE(nor.read(0, all).ok());
      well += all == nor.bytes();
    }
    return well > 12;
  }

  // Reads that fall out otherwise each time.
  static void read_otherwise(CellsNor& nor, uint32_t seed) { nor.cells().seed_unstable_reads(seed); }

  enum class Seen { kBefore, kAfter, kNeither };

  Seen look(CellsNor& nor) {
    Ftl layer(nor, layout_of(nor));
    Finding finding = Finding::kForeign;
    if (!layer.mount(finding).ok() || finding != Finding::kSound) return Seen::kNeither;
    return seen_by(layer);
  }

  Seen seen_by(Ftl& layer) {
    Content content(layer.block_count());
    Bytes data(kBlockBytes);
    for (uint32_t block = 0; block < layer.block_count(); ++block) {
      if (!layer.read(block, data).ok()) return Seen::kNeither;
      content.set(block, data);
    }
    if (content == before_) return Seen::kBefore;
    return content == after_ ? Seen::kAfter : Seen::kNeither;
  }

  // Relies on what a mount sees, if it is `wanted`; then it must stay so. False if it sees something else.
  template <typename Rely>
  bool stays(CellsNor& nor, uint32_t seed, Seen wanted, Rely rely) {
    read_otherwise(nor, seed);
    Ftl layer(nor, layout_of(nor));
    Finding finding = Finding::kForeign;
    EXPECT_TRUE(layer.mount(finding).ok());
    EXPECT_EQ(finding, Finding::kSound);
    if (seen_by(layer) != wanted) return false;
    rely(layer);
    for (uint32_t i = 0; i < kMountsAfter; ++i) {
      read_otherwise(nor, 1000 * seed + i);
      EXPECT_EQ(look(nor), wanted) << "mount " << i;
      if (HasFailure()) break;
    }
    return true;
  }

  uint32_t transaction_blocks_ = 1;
  Content before_{1};
  Content after_{1};

 private:
  uint64_t operations_ = 0;  // of a transaction

  void fill(CellsNor& nor, uint32_t writes) {
    const Layout layout = layout_of(nor);
    Ftl layer(nor, layout);
    ASSERT_TRUE(layer.format().ok());
    std::mt19937 random(7);
    before_ = Content(layout.block_count);
    for (uint32_t i = 0; i < layout.block_count + layout.location_count() + writes; ++i) {
      const uint32_t block =
          i < layout.block_count ? i : static_cast<uint32_t>(random()) % layout.block_count;
      const Bytes data = random_block(random);
      before_.set(block, data);
      ASSERT_TRUE(layer.write(block, data).ok() && layer.sync().ok());
    }
    after_ = before_;
  }

  void transact(CellsNor& nor) {
    const Layout layout = layout_of(nor);
    Ftl layer(nor, layout);
    Finding finding = Finding::kForeign;
    ASSERT_TRUE(layer.mount(finding).ok());
    std::mt19937 random(23);
    for (uint32_t i = 0; i < std::min(transaction_blocks_, layout.atomic_blocks); ++i) {
      const Bytes data = random_block(random);
      after_.set(i, data);
      if (!layer.write(i, data).ok()) return;
    }
    layer.sync().ignore();
  }
};

std::vector<Shape> shapes_without_ecc() {
  std::vector<Shape> some;
  for (const Shape& shape : shapes()) {
    if (!shape.ecc && shape.sector_size_bytes * shape.sector_count <= 32 * 1024) some.push_back(shape);
  }
  return some;
}

INSTANTIATE_TEST_SUITE_P(Shapes, Faint, testing::ValuesIn(shapes_without_ecc()),
                         [](const auto& test) { return test.param.name; });

constexpr uint32_t kCuts = 12;

TEST_P(Faint, ACommitThatIsTakenStays) {
  uint32_t taken = 0;
  // Wherever in a segment it lies.
  for (uint32_t writes = 0; writes < 9; ++writes) {
    const auto whole = full_medium(writes);
    for (uint32_t cut = 0; cut < kCuts; ++cut) {
      const auto nor = cut_copy_of(*whole, cut);
      if (!reads_well_often(*nor)) continue;
      for (uint32_t seed = 0; seed < 50; ++seed) {
        const auto copy = copy_of(*nor);
        taken += stays(*copy, seed, Seen::kAfter, [&copy, seed](Ftl& layer) {
          bool is_done = false;
          // What fails is not done; the next call does it.
          const bool fails = seed % 3 == 0;
          if (fails)
            copy->cells().set_fault_hook(
                [](sim::Operation op, auto, auto) { return op == sim::Operation::kProgram; });
          EXPECT_EQ((seed % 2 == 0 ? layer.poll(is_done) : layer.sync()).ok(), !fails);
          copy->cells().set_fault_hook(nullptr);
          EXPECT_TRUE((seed % 2 == 0 ? layer.poll(is_done) : layer.sync()).ok());
        });
        ASSERT_FALSE(HasFailure()) << writes << " writes, cut " << cut << ", reads " << seed;
      }
    }
  }
  EXPECT_GT(taken, 0u) << "there was nothing to see";
}

TEST_P(Faint, OneThatIsNotTakenNeverComesBack) {
  transaction_blocks_ = 5;  // longer than what is left of some segments
  uint32_t refused = 0;
  for (uint32_t writes = 0; writes < 9; ++writes) {
    const auto whole = full_medium(writes);
    for (uint32_t cut = 0; cut < kCuts; ++cut) {
      const auto nor = cut_copy_of(*whole, cut);
      refused += stays(*nor, cut, Seen::kBefore, [](Ftl& layer) {
        bool is_done = false;
        EXPECT_TRUE(layer.poll(is_done).ok());
      });
      ASSERT_FALSE(HasFailure()) << writes << " writes, cut " << cut;
    }
  }
  EXPECT_GT(refused, 0u) << "there was nothing to see";
}

// Somebody has written there who knows nothing of the layer.
TEST_P(Faint, WhatIsNotTheLayersAnyMoreIsLeftAlone) {
  const auto whole = full_medium(0);
  const auto nor = cut_copy_of(*whole, 1);
  Ftl layer(*nor, layout_of(*nor));
  Finding finding = Finding::kForeign;
  ASSERT_TRUE(layer.mount(finding).ok());
  std::mt19937 random(3);
  for (uint8_t& byte : nor->bytes()) byte = static_cast<uint8_t>(random());
  const Bytes theirs = nor->bytes();
  EXPECT_EQ(layer.sync(), flash::Status(flash::Error::kIo));
  EXPECT_EQ(nor->bytes(), theirs);
}

}  // namespace
}  // namespace ftl
