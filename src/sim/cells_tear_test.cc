// What a cut of power leaves in the cells.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "sim/cells.h"
#include "sim/power_supply.h"

namespace sim {
namespace {

constexpr uint32_t kSeeds = 200;

using Bytes = std::vector<uint8_t>;

const CellPhysics kPlain = {.sectors = {{256, 4}}, .word_bytes = 1, .ecc = false};
const CellPhysics kEcc = {.sectors = {{256, 4}}, .word_bytes = 32, .ecc = true};

// Cells filled with noise that is not blank anywhere, and a cut in the first operation.
struct Bench {
  Bench(const CellPhysics& physics, Tear tear, uint32_t seed) : bytes(1024, 0xFF), cells(physics, bytes) {
    cells.connect(&supply);
    Bytes content(1024);
    for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<uint8_t>(i * 37 + 11);
    EXPECT_EQ(cells.program(0, content), CellResult::kOk);
    supply.cut_at({1, tear, seed});
    EXPECT_EQ(cells.erase(0, 256), CellResult::kOk);  // room for a program
    before = bytes;
  }
  void program(const Bytes& data) {
    EXPECT_EQ(cells.program(0, data), CellResult::kFailed);
    supply.switch_on();
  }
  void erase(uint32_t offset, uint32_t length) {
    EXPECT_EQ(cells.erase(offset, length), CellResult::kFailed);
    supply.switch_on();
  }
  Bytes read(uint32_t offset, size_t length) {
    Bytes out(length);
    EXPECT_EQ(cells.read(offset, out), CellResult::kOk);
    return out;
  }
  bool reads_differ(uint32_t offset, size_t length) {
    const Bytes first = read(offset, length);
    for (int i = 0; i < 30; ++i) {
      if (read(offset, length) != first) return true;
    }
    return false;
  }

  Bytes bytes;
  PowerSupply supply;
  Cells cells;
  Bytes before;
};

Bytes some_data() {
  Bytes data(64);
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<uint8_t>(0xA5 ^ (i * 3));
  return data;
}

TEST(TornProgram, LeavesAPrefixOfItsBytes) {
  const Bytes data = some_data();
  std::set<size_t> lengths;
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    Bench bench(kPlain, Tear::kPrefix, seed);
    bench.program(data);
    const auto end = std::mismatch(data.begin(), data.end(), bench.bytes.begin()).first;
    lengths.insert(static_cast<size_t>(end - data.begin()));
    EXPECT_TRUE(std::all_of(bench.bytes.begin() + (end - data.begin()), bench.bytes.begin() + 256,
                            [](uint8_t byte) { return byte == 0xFF; }));
    EXPECT_TRUE(std::equal(bench.before.begin() + 256, bench.before.end(), bench.bytes.begin() + 256));
  }
  EXPECT_GT(lengths.size(), 50u) << "every length occurs";
  EXPECT_EQ(*lengths.begin(), 1u);
  EXPECT_EQ(*lengths.rbegin(), data.size() - 1);
}

TEST(TornProgram, LeavesASubsetOfItsBits) {
  const Bytes data = some_data();
  std::set<std::string> results;
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    Bench bench(kPlain, Tear::kBits, seed);
    bench.program(data);
    for (size_t i = 0; i < data.size(); ++i) EXPECT_EQ(data[i] & ~bench.bytes[i], 0) << "only wanted zeros";
    EXPECT_TRUE(std::equal(bench.before.begin() + 64, bench.before.end(), bench.bytes.begin() + 64));
    EXPECT_FALSE(bench.reads_differ(0, 64));
    results.emplace(bench.bytes.begin(), bench.bytes.end());
  }
  EXPECT_GT(results.size(), kSeeds * 9 / 10);
}

TEST(TornProgram, NearItsEndReadsAsWantedNowAndThen) {
  const Bytes data = some_data();
  uint32_t well = 0;
  constexpr int kReads = 30;
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    Bench bench(kPlain, Tear::kFaint, seed);
    bench.program(data);
    EXPECT_TRUE(std::equal(data.begin(), data.end(), bench.bytes.begin()));
    EXPECT_TRUE(std::equal(bench.before.begin() + 64, bench.before.end(), bench.bytes.begin() + 64));
    for (int i = 0; i < kReads; ++i) {
      const Bytes read = bench.read(0, 64);
      for (size_t at = 0; at < data.size(); ++at) EXPECT_EQ(data[at] & ~read[at], 0) << "only wanted zeros";
      well += read == data;
    }
    EXPECT_TRUE(bench.reads_differ(0, 64));
    EXPECT_FALSE(bench.reads_differ(64, 192));
  }
  EXPECT_GT(well, 0u);
  EXPECT_LT(well, kSeeds * kReads / 2);
}

TEST(TornProgram, NearItsEndWithNothingToChangeIsHarmless) {
  const Bytes data = some_data();
  Bench bench(kPlain, Tear::kBefore, 1);
  bench.supply.cancel_cut();
  ASSERT_EQ(bench.cells.program(0, data), CellResult::kOk);
  bench.supply.cut_at({0, Tear::kFaint, 1});
  bench.program(data);
  EXPECT_FALSE(bench.reads_differ(0, 64));
}

TEST(TornErase, MixesOldNewAndUnstableBitsInItsSectorOnly) {
  struct Case {
    Tear tear;
    uint8_t target;
  };
  for (const Case& c : {Case{Tear::kZeroing, 0x00}, Case{Tear::kErasing, 0xFF}}) {
    uint32_t unstable = 0;
    for (uint32_t seed = 0; seed < kSeeds; ++seed) {
      Bench bench(kPlain, c.tear, seed);
      bench.erase(256, 256);
      uint32_t old_bits = 0;
      uint32_t new_bits = 0;
      for (size_t i = 256; i < 512; ++i) {
        EXPECT_EQ((bench.bytes[i] ^ bench.before[i]) & (bench.bytes[i] ^ c.target), 0);
        old_bits += bench.bytes[i] != c.target;
        new_bits += bench.bytes[i] != bench.before[i];
      }
      EXPECT_GT(old_bits, 0u);
      EXPECT_GT(new_bits, 0u);
      unstable += bench.reads_differ(256, 256);
      EXPECT_TRUE(std::equal(bench.before.begin() + 512, bench.before.end(), bench.bytes.begin() + 512));
      EXPECT_TRUE(std::equal(bench.before.begin(), bench.before.begin() + 256, bench.bytes.begin()));
      EXPECT_FALSE(bench.reads_differ(0, 256) || bench.reads_differ(512, 512));
    }
    EXPECT_EQ(unstable, kSeeds);
  }
}

TEST(TornErase, NearItsEndLooksErasedAndIsNot) {
  uint32_t looked_erased = 0;
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    Bench bench(kPlain, Tear::kWeak, seed);
    bench.erase(256, 256);
    const Bytes blank(256, 0xFF);
    for (int i = 0; i < 30; ++i) looked_erased += bench.read(256, 256) == blank;
    EXPECT_TRUE(bench.reads_differ(256, 256));
  }
  EXPECT_GT(looked_erased, 0u);
}

TEST(TornErase, OfABlankSectorNearItsEndIsHarmless) {
  Bench bench(kPlain, Tear::kWeak, 1);
  bench.erase(0, 256);
  EXPECT_FALSE(bench.reads_differ(0, 256));
}

TEST(TornErase, ReachesAllSectorsOfItsCommandThatWereNotErasedYet) {
  Bench bench(kPlain, Tear::kErasing, 1);
  bench.supply.cancel_cut();
  bench.supply.cut_at({1, Tear::kErasing, 1});
  bench.erase(0, 768);
  EXPECT_TRUE(
      std::all_of(bench.bytes.begin(), bench.bytes.begin() + 256, [](uint8_t b) { return b == 0xFF; }));
  for (const uint32_t sector : {256u, 512u}) {
    EXPECT_FALSE(std::equal(bench.before.begin() + sector, bench.before.begin() + sector + 256,
                            bench.bytes.begin() + sector));
    EXPECT_TRUE(bench.reads_differ(sector, 256));
  }
  EXPECT_TRUE(std::equal(bench.before.begin() + 768, bench.before.end(), bench.bytes.begin() + 768));
}

TEST(UnstableBits, AreFirmAgainAfterAnErase) {
  for (const Tear tear : {Tear::kZeroing, Tear::kErasing, Tear::kWeak}) {
    Bench bench(kPlain, tear, 5);
    bench.erase(256, 256);
    ASSERT_TRUE(bench.reads_differ(256, 256));
    ASSERT_EQ(bench.cells.erase(256, 256), CellResult::kOk);
    EXPECT_EQ(bench.read(256, 256), Bytes(256, 0xFF));
    EXPECT_FALSE(bench.reads_differ(256, 256));
  }
}

TEST(UnstableBits, AreFirmZerosOnceProgrammed) {
  Bench bench(kPlain, Tear::kErasing, 5);
  bench.erase(256, 256);
  ASSERT_EQ(bench.cells.program(256, Bytes(256, 0x0F)), CellResult::kOk);
  const Bytes first = bench.read(256, 256);
  for (const uint8_t byte : first) EXPECT_EQ(byte & 0xF0, 0);
  EXPECT_TRUE(bench.reads_differ(256, 256)) << "the others are as unstable as before";
  ASSERT_EQ(bench.cells.program(256, Bytes(256, 0x00)), CellResult::kOk);
  EXPECT_EQ(bench.read(256, 256), Bytes(256, 0x00));
}

TEST(UnstableBits, AreKeptInTheMemoryThatTheCellsAreGiven) {
  Bytes bytes(1024, 0x00);
  UnstableBits unstable;
  PowerSupply supply;
  {
    Cells cells(kPlain, CellMemory{bytes, {}, {}, &unstable});
    cells.connect(&supply);
    supply.cut_at({0, Tear::kErasing, 3});
    ASSERT_EQ(cells.erase(512, 256), CellResult::kFailed);
  }
  Cells again(kPlain, CellMemory{bytes, {}, {}, &unstable});
  Bytes first(256), second(256);
  ASSERT_EQ(again.read(512, first), CellResult::kOk);
  ASSERT_EQ(again.read(512, second), CellResult::kOk);
  EXPECT_NE(first, second);
}

TEST(TornProgramWithEcc, BreaksTheWordItHits) {
  const Bytes data = some_data();
  uint32_t broken = 0;
  for (const Tear tear : {Tear::kPrefix, Tear::kBits}) {
    for (uint32_t seed = 0; seed < kSeeds; ++seed) {
      Bench bench(kEcc, tear, seed);
      bench.program(data);
      for (uint32_t word = 0; word < 64; word += 32) {
        const bool is_old = std::equal(bench.before.begin() + word, bench.before.begin() + word + 32,
                                       bench.bytes.begin() + word);
        const bool is_new =
            std::equal(data.begin() + word, data.begin() + word + 32, bench.bytes.begin() + word);
        EXPECT_EQ(bench.cells.has_ecc_error(word), !is_old && !is_new) << to_string(Cut{1, tear, seed});
        broken += bench.cells.has_ecc_error(word);
      }
      EXPECT_FALSE(bench.cells.has_ecc_error(64));
    }
  }
  EXPECT_GT(broken, kSeeds);
}

TEST(TornProgramWithEcc, BreaksAWordNearItsEnd) {
  const Bytes data = some_data();
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    Bench bench(kEcc, Tear::kFaint, seed);
    bench.program(data);
    EXPECT_TRUE(std::equal(data.begin(), data.end(), bench.bytes.begin()));
    EXPECT_TRUE(bench.cells.has_ecc_error(0) || bench.cells.has_ecc_error(32));
    EXPECT_FALSE(bench.cells.has_ecc_error(64));
  }
}

TEST(TornEraseWithEcc, LeavesWordsOldOrNewOrBroken) {
  for (const Tear tear : {Tear::kZeroing, Tear::kErasing, Tear::kWeak}) {
    const uint8_t target = tear == Tear::kZeroing ? 0x00 : 0xFF;
    uint32_t old_words = 0;
    uint32_t new_words = 0;
    uint32_t broken = 0;
    for (uint32_t seed = 0; seed < kSeeds; ++seed) {
      Bench bench(kEcc, tear, seed);
      bench.erase(256, 256);
      for (uint32_t word = 256; word < 512; word += 32) {
        Bytes out(32);
        if (bench.cells.read(word, out) == CellResult::kEccError) {
          ++broken;
          continue;
        }
        const bool is_new = out == Bytes(32, target);
        EXPECT_TRUE(is_new || std::equal(out.begin(), out.end(), bench.before.begin() + word));
        ++(is_new ? new_words : old_words);
      }
      EXPECT_EQ(bench.read(512, 512).size(), 512u) << "the other sectors can be read";
      ASSERT_EQ(bench.cells.erase(256, 256), CellResult::kOk);
      EXPECT_EQ(bench.read(256, 256), Bytes(256, 0xFF));
    }
    EXPECT_GT(new_words, 0u);
    EXPECT_GT(broken, 0u);
    EXPECT_EQ(old_words > 0, tear != Tear::kWeak);
  }
}

TEST(ATear, IsTheSameAgainWithTheSameSeed) {
  for (const CellPhysics& physics : {kPlain, kEcc}) {
    for (const Tear tear : {Tear::kZeroing, Tear::kErasing, Tear::kWeak}) {
      const auto run = [&](uint32_t seed) {
        Bench bench(physics, tear, seed);
        bench.erase(256, 256);
        Bytes all = bench.bytes;
        for (int i = 0; i < 3; ++i) {
          Bytes out(256);
          static_cast<void>(bench.cells.read(256, out));
          all.insert(all.end(), out.begin(), out.end());
        }
        return all;
      };
      EXPECT_EQ(run(7), run(7));
      EXPECT_NE(run(7), run(8));
    }
  }
}

TEST(CopyOfASector, IsAsGoodAndAsBadAsTheOriginal) {
  for (const CellPhysics& physics : {kPlain, kEcc}) {
    Bench torn(physics, Tear::kErasing, 9);
    torn.erase(256, 256);
    Bytes bytes(1024, 0xFF);
    Cells copy(physics, bytes);
    copy.copy_sector(torn.cells, 1);
    EXPECT_TRUE(std::equal(bytes.begin() + 256, bytes.begin() + 512, torn.bytes.begin() + 256));
    EXPECT_EQ(bytes[0], 0xFF);
    EXPECT_EQ(copy.wear()[1], 1u);
    Bytes first(256), second(256);
    const CellResult result = copy.read(256, first);
    EXPECT_EQ(copy.read(256, second), result);
    EXPECT_EQ(result, physics.ecc ? CellResult::kEccError : CellResult::kOk);
    if (!physics.ecc) EXPECT_NE(first, second);
    ASSERT_EQ(torn.cells.erase(256, 256), CellResult::kOk);
    copy.copy_sector(torn.cells, 1);
    EXPECT_EQ(copy.read(256, first), CellResult::kOk);
    EXPECT_EQ(first, Bytes(256, 0xFF));
  }
}

}  // namespace
}  // namespace sim
