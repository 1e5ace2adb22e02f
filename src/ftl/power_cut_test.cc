// The power goes at every program and erase, before, after and within it; then the layer must read as of the
// last sync that returned, or of the one that was under way. And it must go on: writing, and being cut again.
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "ftl/ftl_testing.h"

namespace ftl {
namespace {

using sim::Operation;
using sim::Tear;

// Random transactions. The state after each sync is kept.
class User {
 public:
  User(uint32_t block_count, Content before, uint32_t seed)
      : random_(seed), hot_(std::max(block_count / 4, 1u)), count_(block_count), states_{std::move(before)} {}

  // False when a call fails: the power has gone.
  bool transact(Ftl& layer, uint32_t blocks) {
    Content next = states_.back();
    for (uint32_t i = 0; i < blocks; ++i) {
      const uint32_t block = static_cast<uint32_t>(random_()) % (random_() % 4 == 0 ? count_ : hot_);
      const Bytes data = random_block(random_);
      next.set(block, data);
      if (!layer.write(block, data).ok()) return false;
    }
    coming_ = next;
    if (!layer.sync().ok()) return false;
    states_.push_back(std::move(next));
    coming_.reset();
    return true;
  }

  void finish() { has_finished_ = true; }
  bool has_finished() const { return has_finished_; }

  bool is_possible(const Content& content) const {
    return content == states_.back() || (coming_ && content == *coming_);
  }

 private:
  std::mt19937 random_;
  uint32_t hot_;
  uint32_t count_;
  std::vector<Content> states_;
  std::optional<Content> coming_;
  bool has_finished_ = false;
};

class PowerCut : public testing::TestWithParam<Shape> {
 protected:
  static constexpr uint32_t kTransactions = 12;
  static constexpr uint64_t kNever = UINT64_MAX;
  static constexpr unsigned kTearsOfAKind = 6;

  // Every cut instead of some.
  static bool is_long() {
    const char* value = std::getenv("PYBFLASH_POWERCUT");
    return value != nullptr && std::string_view(value) == "long";
  }

  static Tear tear_of(Operation kind, unsigned choice) {
    static constexpr Tear kOfPrograms[kTearsOfAKind] = {Tear::kBefore, Tear::kAfter, Tear::kPrefix,
                                                        Tear::kBits,   Tear::kFaint, Tear::kFaint};
    static constexpr Tear kOfErases[kTearsOfAKind] = {Tear::kBefore,  Tear::kAfter, Tear::kZeroing,
                                                      Tear::kErasing, Tear::kWeak,  Tear::kWeak};
    return (kind == Operation::kProgram ? kOfPrograms : kOfErases)[choice % kTearsOfAKind];
  }

  // A medium that has been full and rewritten for a while, so that there is something to collect.
  void prepare(CellsNor& nor, Content& content) {
    const Layout layout = layout_of(nor);
    Ftl layer(nor, layout);
    ASSERT_TRUE(layer.format().ok());
    std::mt19937 random(7);
    content = Content(layout.block_count);
    for (uint32_t i = 0; i < layout.block_count + 2 * layout.location_count(); ++i) {
      const uint32_t block =
          i < layout.block_count ? i : static_cast<uint32_t>(random()) % layout.block_count;
      const Bytes data = random_block(random);
      content.set(block, data);
      ASSERT_TRUE(layer.write(block, data).ok());
    }
    ASSERT_TRUE(layer.sync().ok());
  }

  static std::unique_ptr<CellsNor> copy_of(const CellsNor& other) { return ftl::copy_of(GetParam(), other); }

  // Runs the user until the power goes in the operation `cut`. How it goes is chosen then.
  std::vector<Operation> run(CellsNor& nor, User& user, uint64_t cut, unsigned choice) {
    std::vector<Operation> operations;
    nor.supply().set_watcher([&](const sim::FlashOperation& operation) {
      if (operations.size() == cut) nor.supply().cut_at({0, tear_of(operation.kind, choice), choice});
      operations.push_back(operation.kind);
    });
    const Layout layout = layout_of(nor);
    Ftl layer(nor, layout);
    Finding finding = Finding::kForeign;
    bool is_on = layer.mount(finding).ok();
    EXPECT_TRUE(!is_on || finding == Finding::kSound);
    for (uint32_t i = 0; i < kTransactions && is_on; ++i) {
      is_on = user.transact(layer, 1 + i % layout.atomic_blocks);
    }
    if (is_on) user.finish();
    nor.supply().set_watcher(nullptr);
    nor.supply().switch_on();
    return operations;
  }

  Content mounted_content(CellsNor& nor, bool& is_sound) {
    const Layout layout = layout_of(nor);
    Ftl layer(nor, layout);
    Finding finding = Finding::kForeign;
    EXPECT_TRUE(layer.mount(finding).ok());
    EXPECT_EQ(finding, Finding::kSound);
    is_sound = finding == Finding::kSound;
    // From here on, somebody relies on what is there.
    EXPECT_TRUE(!is_sound || layer.sync().ok());
    return is_sound ? content_of(layer) : Content(layout.block_count);
  }
};

INSTANTIATE_TEST_SUITE_P(Shapes, PowerCut, testing::ValuesIn(shapes()),
                         [](const auto& test) { return test.param.name; });

TEST_P(PowerCut, LosesNothingAndMixesNothing) {
  CellsNor original(GetParam());
  Content before(1);
  prepare(original, before);
  const uint32_t block_count = layout_of(original).block_count;
  User undisturbed(block_count, before, 3);
  const std::vector<Operation> operations = run(*copy_of(original), undisturbed, kNever, 0);
  std::mt19937 random(5);
  const auto stride = static_cast<unsigned>(is_long() ? 1 : std::max<size_t>(operations.size() / 20, 1));
  for (size_t at = 0; at < operations.size(); at += 1 + random() % (2 * stride - 1)) {
    for (unsigned choice = 0; choice < kTearsOfAKind; ++choice) {
      auto nor = copy_of(original);
      User user(block_count, before, 3);
      run(*nor, user, at, choice);
      bool is_sound = false;
      const Content after = mounted_content(*nor, is_sound);
      ASSERT_TRUE(is_sound && user.is_possible(after)) << "cut " << at << ", " << choice;
      // On from there, and again.
      User next(block_count, after, 11);
      run(*nor, next, random() % (operations.size() / 4 + 1), static_cast<unsigned>(random()));
      const Content later = mounted_content(*nor, is_sound);
      ASSERT_TRUE(is_sound && next.is_possible(later)) << "second cut after " << at << ", " << choice;
      ASSERT_EQ(nor->misuses(), 0u) << "cut " << at << ", " << choice;
    }
  }
}

// Writes far more blocks than have room, and never syncs: what is there must be as of the end of some write.
class EndlessTransaction {
 public:
  EndlessTransaction(uint32_t block_count, uint32_t writes) {
    std::mt19937 random(13);
    for (uint32_t i = 0; i < writes; ++i) {
      writes_.push_back({static_cast<uint32_t>(random()) % block_count, random_block(random)});
    }
  }

  void run(Ftl& layer) const {
    for (const auto& [block, data] : writes_) {
      if (!layer.write(block, data).ok()) return;
    }
  }

  bool is_possible(const Content& found, Content content) const {
    if (found == content) return true;
    for (const auto& [block, data] : writes_) {
      content.set(block, data);
      if (found == content) return true;
    }
    return false;
  }

 private:
  std::vector<std::pair<uint32_t, Bytes>> writes_;
};

TEST_P(PowerCut, DividesATransactionThatIsTooLongBetweenTwoWrites) {
  CellsNor original(GetParam());
  Content before(1);
  prepare(original, before);
  const Layout layout = layout_of(original);
  const EndlessTransaction endless(layout.block_count, 2 * layout.location_count());
  const auto write = [&](CellsNor& nor) {
    Ftl layer(nor, layout);
    Finding finding = Finding::kForeign;
    if (layer.mount(finding).ok()) endless.run(layer);
  };
  uint64_t operations = 0;
  const auto undisturbed = copy_of(original);
  undisturbed->supply().set_watcher([&](const sim::FlashOperation&) { ++operations; });
  write(*undisturbed);
  std::mt19937 random(17);
  for (int i = 0; i < (is_long() ? 2000 : 40); ++i) {
    auto nor = copy_of(original);
    const uint64_t cut = random() % operations;
    nor->supply().cut_at({cut, Tear::kBefore, 0});
    write(*nor);
    nor->supply().switch_on();
    bool is_sound = false;
    const Content after = mounted_content(*nor, is_sound);
    ASSERT_TRUE(is_sound && endless.is_possible(after, before)) << "cut " << cut;
  }
}

// What a cut left after the last record may be a program that had just begun, and shows nothing yet.
TEST_P(PowerCut, LeavesOutTheSlotThatACutMayHaveTouched) {
  CellsNor nor(GetParam());
  const Layout layout = layout_of(nor);
  const Bytes data(kBlockBytes, 0x5A);
  {
    Ftl layer(nor, layout);
    ASSERT_TRUE(layer.format().ok());
    ASSERT_TRUE(layer.write(0, data).ok() && layer.sync().ok());
  }
  Ftl layer(nor, layout);
  Finding finding = Finding::kForeign;
  ASSERT_TRUE(layer.mount(finding).ok());
  ASSERT_TRUE(layer.write(1, data).ok() && layer.sync().ok());
  // Slot 0 is the format's, 1 the first write's.
  const auto is_blank = [&](uint32_t slot) {
    const auto bytes = nor.cells().bytes().subspan(layout.offset_of(0, slot), layout.record_bytes());
    return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0xFF; });
  };
  EXPECT_FALSE(is_blank(1));
  EXPECT_TRUE(is_blank(2));
  EXPECT_FALSE(is_blank(3));
}

// A camera that never gets further than a few operations, boot after boot, and one day does.
TEST_P(PowerCut, SurvivesAStormOfCuts) {
  CellsNor nor(GetParam());
  Content content(1);
  prepare(nor, content);
  const uint32_t block_count = layout_of(nor).block_count;
  std::mt19937 random(9);
  for (int boot = 0; boot < (is_long() ? 3000 : 100); ++boot) {
    User user(block_count, content, static_cast<uint32_t>(boot));
    run(nor, user, random() % (boot % 10 == 9 ? 4000 : 200), static_cast<unsigned>(random()));
    bool is_sound = false;
    content = mounted_content(nor, is_sound);
    ASSERT_TRUE(is_sound && user.is_possible(content)) << "boot " << boot;
  }
  User user(block_count, content, 1);
  run(nor, user, kNever, 0);
  EXPECT_TRUE(user.has_finished());
  EXPECT_EQ(nor.misuses(), 0u);
}

}  // namespace
}  // namespace ftl
