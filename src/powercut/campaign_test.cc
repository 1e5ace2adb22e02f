// The campaign itself: does it cut where it says, and does it see what is lost?
#include "powercut/campaign.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "boards/board_table.h"
#include "sim/cells.h"

namespace powercut {
namespace {

constexpr uint32_t kSectorBytes = 4096;

const boards::Board& serial_board() {
  return *boards::find_board("OPENMV4P");
}

std::unique_ptr<Target> make_serial_camera() {
  return make_camera(serial_board());
}

// A byte in each of some sectors, synced one after the other; what each byte is is left to the test.
class Bytes : public Scenario {
 public:
  static constexpr uint32_t kCount = 3;

  std::string write(Target& target) override {
    for (; done_ < kCount; ++done_) {
      const std::array data = {static_cast<uint8_t>(done_)};
      if (!target.storage().write(done_ * kSectorBytes, data).ok()) return "no write";
      if (!target.storage().sync().ok()) return "no sync";
    }
    return "";
  }

  uint64_t progress() const override { return done_; }

  std::string check(Target& target, const Moment& moment) override {
    for (uint32_t i = 0; i < moment.progress; ++i) {
      std::array<uint8_t, 1> byte;
      if (!target.storage().read(i * kSectorBytes, byte).ok() || byte[0] != i) {
        return "byte " + std::to_string(i) + " is lost";
      }
    }
    return "";
  }

 protected:
  uint32_t done_ = 0;
};

TEST(Campaign, CutsBeforeWithinAndAfterEveryOperation) {
  Bytes scenario;
  const Report report = run(make_serial_camera, scenario, {});
  // A program has one cut before it and two within it; and one is after everything.
  EXPECT_EQ(report.cuts, Bytes::kCount * 3 + 1);
  EXPECT_EQ(report.lost, 0u);
}

TEST(Campaign, TriesWholeOperationsOnlyIfAsked) {
  Bytes scenario;
  EXPECT_EQ(run(make_serial_camera, scenario, {.torn = false}).cuts, Bytes::kCount + 1);
}

// Says that it has come further than it has.
class Boasts final : public Bytes {
 public:
  uint64_t progress() const override { return std::min(done_ + 1, kCount); }
};

TEST(Campaign, SeesWhatIsLostAndPlaysItAgain) {
  Boasts scenario;
  const Report report = run(make_serial_camera, scenario, {});
  ASSERT_GT(report.lost, 0u);
  EXPECT_EQ(report.failures.front().replay, "0");
  EXPECT_EQ(report.failures.front().error, "byte 0 is lost");
  for (const Failure& failure : report.failures) {
    Boasts another;
    const Report again = run(make_serial_camera, another, {.replay = failure.replay});
    EXPECT_EQ(again.cuts, 1u);
    ASSERT_EQ(again.failures.size(), 1u) << failure.replay;
    EXPECT_EQ(again.failures.front().error, failure.error);
  }
}

TEST(Campaign, DoesNotPassOverACaseThatIsNotThere) {
  for (const char* replay : {"12345", "0/12345", "0w1"}) {
    Bytes scenario;
    const Report report = run(make_serial_camera, scenario, {.depth = 2, .replay = replay});
    ASSERT_EQ(report.failures.size(), 1u) << replay;
    EXPECT_EQ(report.failures.front().error, "there is no such case");
  }
}

// A check that writes, and fails when it finds that an earlier one was interrupted.
class WritesWhenItLooks final : public Bytes {
 public:
  std::string check(Target& target, const Moment& moment) override {
    if (std::string error = Bytes::check(target, moment); !error.empty()) return error;
    std::array<uint8_t, 2> mark;
    if (!target.storage().read(kMarkAt, mark).ok()) return "no read";
    if (mark[0] == 0 && mark[1] != 0) return "a check was interrupted";
    for (uint32_t i = 0; i < mark.size(); ++i) {
      if (!target.storage().write(kMarkAt + i, std::array<uint8_t, 1>{0}).ok()) return "no write";
      if (!target.storage().sync().ok()) return "no sync";
    }
    return "";
  }

 private:
  static constexpr uint32_t kMarkAt = 100 * kSectorBytes;
};

TEST(Campaign, CutsTheCheckToo) {
  WritesWhenItLooks once;
  EXPECT_EQ(run(make_serial_camera, once, {}).lost, 0u);
  WritesWhenItLooks twice;
  const Report report = run(make_serial_camera, twice, {.depth = 2});
  ASSERT_GT(report.lost, 0u);
  EXPECT_EQ(report.failures.front().replay, "0/1");
  EXPECT_EQ(report.failures.front().error, "a check was interrupted");
  WritesWhenItLooks another;
  const Report again = run(make_serial_camera, another, {.depth = 2, .replay = "0/1"});
  ASSERT_EQ(again.failures.size(), 1u);
  EXPECT_EQ(again.failures.front().error, "a check was interrupted");
}

class WritesBesideTheStorage final : public Bytes {
 public:
  std::string write(Target& target) override {
    const std::array<uint8_t, 1> data = {0};
    const boards::Area& storage = target.board().storage();
    return target.cells().program(storage.offset + storage.size_bytes, data) == sim::CellResult::kOk
               ? ""
               : "no program";
  }
};

TEST(Campaign, SeesOperationsOutsideTheStorage) {
  WritesBesideTheStorage scenario;
  const Report report = run(make_serial_camera, scenario, {});
  ASSERT_FALSE(report.failures.empty());
  EXPECT_EQ(report.failures.front().error, "operation 0 is outside the storage");
}

TEST(Campaign, TakesOptionsFromTheEnvironment) {
  setenv("PYBFLASH_POWERCUT", "quick", 1);
  setenv("PYBFLASH_POWERCUT_SEED", "7", 1);
  setenv("PYBFLASH_POWERCUT_REPLAY", "41b7/2", 1);
  const Options quick = from_environment({.cuts = 160});
  EXPECT_EQ(quick.cuts, 10u);
  EXPECT_EQ(quick.seed, 7u);
  EXPECT_EQ(quick.replay, "41b7/2");
  setenv("PYBFLASH_POWERCUT", "long", 1);
  unsetenv("PYBFLASH_POWERCUT_SEED");
  unsetenv("PYBFLASH_POWERCUT_REPLAY");
  const Options thorough = from_environment({.cuts = 160, .inner_cuts = 2});
  EXPECT_EQ(thorough.cuts, SIZE_MAX);
  EXPECT_EQ(thorough.inner_cuts, SIZE_MAX);
  EXPECT_EQ(thorough.seed, 1u);
  unsetenv("PYBFLASH_POWERCUT");
}

}  // namespace
}  // namespace powercut
