#include "sim/journal.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "sim/noise.h"

namespace sim {
namespace {

using Bytes = std::vector<uint8_t>;

const CellPhysics kPlain = {.sectors = {{64, 4}, {256, 4}}, .word_bytes = 4, .ecc = false};
const CellPhysics kEcc = {.sectors = {{64, 4}, {256, 4}}, .word_bytes = 32, .ecc = true};

struct Bench {
  explicit Bench(const CellPhysics& physics) : bytes(1280, 0xFF), cells(physics, bytes) {
    cells.connect(&supply);
  }
  Bytes bytes;
  PowerSupply supply;
  Cells cells;
};

// Operations of all kinds at random; some fail.
void do_something(Bench& bench, uint32_t seed, int operations) {
  Noise noise(seed);
  for (int i = 0; i < operations; ++i) {
    const bool fails = noise.below(8) == 0;
    bench.cells.set_fault_hook([fails](Operation, uint64_t, uint32_t) { return fails; });
    if (noise.below(4) == 0) {
      const auto first = static_cast<uint32_t>(noise.below(8));
      const auto last = static_cast<uint32_t>(first + noise.below(8 - first));
      const uint32_t begin = bench.cells.sector_offset(first);
      const uint32_t end = bench.cells.sector_offset(last) + bench.cells.sector_size_bytes(last);
      static_cast<void>(bench.cells.erase(begin, end - begin));
    } else {
      Bytes data(32 * (1 + noise.below(3)));
      for (uint8_t& byte : data) byte = static_cast<uint8_t>(noise.next());
      const auto offset = static_cast<uint32_t>(32 * noise.below(37));
      static_cast<void>(bench.cells.program(offset, data));
    }
  }
  bench.cells.set_fault_hook(nullptr);
}

void record(
    Bench& bench, Journal& journal, const std::function<void()>& each = [] {}) {
  bench.supply.set_watcher([&journal, each](const FlashOperation& operation) {
    journal.add(operation, 1000 + journal.size());
    each();
  });
}

TEST(Journal, BringsOtherCellsToTheStateOfAnyMoment) {
  for (const CellPhysics& physics : {kPlain, kEcc}) {
    Bench bench(physics);
    Journal journal;
    std::vector<Bytes> before;
    record(bench, journal, [&] { before.push_back(bench.bytes); });
    do_something(bench, 1, 200);
    before.push_back(bench.bytes);
    ASSERT_GT(journal.size(), 200u) << "each sector of an erase is an operation";
    Bench other(physics);
    for (size_t i = 0; i < journal.size(); ++i) {
      ASSERT_EQ(other.bytes, before[i]);
      ASSERT_EQ(journal.mark(i), 1000 + i);
      carry_out(journal.operation(i), other.cells);
    }
    EXPECT_EQ(other.bytes, before.back());
    EXPECT_EQ(other.cells.stats(), bench.cells.stats());
    for (uint32_t at = 0; at < other.bytes.size(); at += 32)
      EXPECT_EQ(other.cells.has_ecc_error(at), bench.cells.has_ecc_error(at));
  }
}

TEST(Journal, ACutMadeFromItIsTheCutThatWouldHaveHappened) {
  for (const CellPhysics& physics : {kPlain, kEcc}) {
    Bench recorded(physics);
    Journal journal;
    record(recorded, journal);
    do_something(recorded, 2, 30);
    Bench mirror(physics);
    size_t done = 0;
    const std::vector<Cut> cuts = select_cuts(journal, {.torn = true, .seed = 3});
    for (const Cut& cut : cuts) {
      if (cut.operation == journal.size()) continue;
      SCOPED_TRACE(to_string(cut));
      Bench live(physics);
      live.supply.cut_at(cut);
      do_something(live, 2, 30);
      for (; done < cut.operation; ++done) carry_out(journal.operation(done), mirror.cells);
      Bench later(physics);
      for (uint32_t i = 0; i < 8; ++i) later.cells.copy_sector(mirror.cells, i);
      cut_within(journal.operation(done), cut, later.supply, later.cells);
      ASSERT_EQ(later.bytes, live.bytes);
      live.supply.switch_on();
      later.supply.switch_on();
      Bytes first(1280);
      Bytes second(1280);
      ASSERT_EQ(live.cells.read(0, first), later.cells.read(0, second));
      ASSERT_EQ(first, second) << "unstable bits, too";
    }
    EXPECT_GT(cuts.size(), 150u);
  }
}

// Nine programs and three erases in two commands.
Journal small_journal() {
  Bench bench(kPlain);
  Journal journal;
  record(bench, journal);
  const Bytes data(32, 0x11);
  for (int i = 0; i < 9; ++i) EXPECT_EQ(bench.cells.program(32, data), CellResult::kOk);
  EXPECT_EQ(bench.cells.erase(0, 128), CellResult::kOk);
  EXPECT_EQ(bench.cells.erase(0, 64), CellResult::kOk);
  return journal;
}

std::string names_of(const std::vector<Cut>& cuts) {
  std::string text;
  for (Cut cut : cuts) {
    cut.seed = 0;
    text += (text.empty() ? "" : " ") + to_string(cut);
  }
  return text;
}

TEST(SelectedCuts, AreAllOfThemWhereNothingElseIsSaid) {
  EXPECT_EQ(names_of(select_cuts(small_journal(), {})), "0 1 2 3 4 5 6 7 8 9 10 11 12");
  EXPECT_EQ(select_cuts(small_journal(), {.torn = true}).size(), 1u + 9 * 3 + 3 * 4);
  EXPECT_EQ(names_of(select_cuts(Journal(), {.torn = true})), "0") << "nothing happened";
}

TEST(SelectedCuts, PreferErases) {
  EXPECT_EQ(names_of(select_cuts(small_journal(), {.at_most = 6})), "0 4 9 10 11 12");
  EXPECT_EQ(names_of(select_cuts(small_journal(), {.at_most = 1})), "0");
  EXPECT_EQ(names_of(select_cuts(small_journal(), {.at_most = 12})), "0 1 2 3 4 5 6 7 9 10 11 12");
}

TEST(SelectedCuts, AreTornInAnotherWayEachTime) {
  std::set<uint32_t> seeds;
  for (const Cut& cut : select_cuts(small_journal(), {.torn = true, .seed = 1})) seeds.insert(cut.seed);
  EXPECT_GT(seeds.size(), 25u);
  EXPECT_EQ(select_cuts(small_journal(), {.torn = true, .seed = 1}),
            select_cuts(small_journal(), {.torn = true, .seed = 1}));
  EXPECT_NE(select_cuts(small_journal(), {.torn = true, .seed = 1}),
            select_cuts(small_journal(), {.torn = true, .seed = 2}));
}

}  // namespace
}  // namespace sim
