#include "sim/power_supply.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/cells.h"

namespace sim {
namespace {

const CellPhysics kPlain = {.sectors = {{256, 4}}, .word_bytes = 1, .ecc = false};

struct Bench {
  explicit Bench(const CellPhysics& physics = kPlain) : bytes(1024, 0xFF), cells(physics, bytes) {
    cells.connect(&supply);
  }
  CellResult program(uint32_t offset, size_t length, uint8_t value) {
    return cells.program(offset, std::vector<uint8_t>(length, value));
  }
  CellResult read() { return cells.read(0, out); }

  std::vector<uint8_t> bytes;
  std::vector<uint8_t> out = std::vector<uint8_t>(1024, 0xEE);
  PowerSupply supply;
  Cells cells;
};

TEST(Cut, IsWrittenAsAShortStringAndReadBack) {
  struct Case {
    Cut cut;
    std::string text;
  };
  for (const Case& c : {Case{{0, Tear::kBefore, 0}, "0"}, Case{{41, Tear::kBefore, 0}, "41"},
                        Case{{41, Tear::kAfter, 0}, "41a"}, Case{{7, Tear::kPrefix, 0}, "7p0"},
                        Case{{7, Tear::kBits, 12}, "7b12"}, Case{{7, Tear::kZeroing, 3}, "7z3"},
                        Case{{7, Tear::kErasing, UINT32_MAX}, "7e4294967295"},
                        Case{{UINT64_MAX, Tear::kWeak, 1}, "18446744073709551615w1"}}) {
    EXPECT_EQ(to_string(c.cut), c.text);
    EXPECT_EQ(parse_cut(c.text), c.cut) << c.text;
  }
}

TEST(Cut, IsNoOtherString) {
  for (const char* text : {"", "a", "-1", "1x", "1b", "1bb", "1a0", "1b4294967296", "18446744073709551616",
                           " 1", "1 ", "1b1 ", "1.", "0x1"}) {
    EXPECT_EQ(parse_cut(text), std::nullopt) << '"' << text << '"';
  }
}

TEST(PowerSupply, IsOnUntilItIsSwitchedOff) {
  Bench bench;
  EXPECT_EQ(bench.program(0, 4, 0x11), CellResult::kOk);
  bench.supply.switch_off();
  EXPECT_EQ(bench.program(4, 4, 0x22), CellResult::kFailed);
  EXPECT_EQ(bench.cells.erase(0, 256), CellResult::kFailed);
  EXPECT_EQ(bench.read(), CellResult::kFailed);
  EXPECT_EQ(bench.out[0], 0xEE) << "nothing was read";
  bench.supply.switch_on();
  EXPECT_EQ(bench.read(), CellResult::kOk);
  EXPECT_EQ(bench.out[3], 0x11);
  EXPECT_EQ(bench.out[4], 0xFF);
  EXPECT_EQ(bench.cells.stats(),
            (Stats{.reads = 1, .programs = 1, .bytes_read = 1024, .bytes_programmed = 4}))
      << "what meets no power does not count";
}

TEST(PowerSupply, FailsOnceBeforeOrAfterTheOperationItIsTold) {
  for (const Tear tear : {Tear::kBefore, Tear::kAfter}) {
    for (uint64_t n = 0; n < 4; ++n) {
      SCOPED_TRACE(to_string(Cut{n, tear, 0}));
      Bench bench;
      bench.supply.cut_at({n, tear, 0});
      const std::vector<CellResult> results = {bench.program(0, 4, 0x11), bench.program(4, 4, 0x22),
                                               bench.cells.erase(0, 256), bench.program(8, 4, 0x33)};
      for (uint64_t i = 0; i < 4; ++i)
        EXPECT_EQ(results[i], i < n ? CellResult::kOk : CellResult::kFailed) << i;
      EXPECT_FALSE(bench.supply.is_on());
      const uint64_t done = n + (tear == Tear::kAfter ? 1 : 0);
      EXPECT_EQ(bench.bytes[0], done == 1 || done == 2 ? 0x11 : 0xFF);
      EXPECT_EQ(bench.bytes[4], done == 2 ? 0x22 : 0xFF);
      EXPECT_EQ(bench.bytes[8], done == 4 ? 0x33 : 0xFF);
      bench.supply.switch_on();
      EXPECT_EQ(bench.program(12, 4, 0x44), CellResult::kOk) << "the cut was the only one";
    }
  }
}

TEST(PowerSupply, ACutCanBeTakenBack) {
  Bench bench;
  bench.supply.cut_at({});
  bench.supply.cancel_cut();
  EXPECT_EQ(bench.program(0, 4, 0x11), CellResult::kOk);
}

TEST(PowerSupply, TheOwnerIsToldOnceTheTracesAreThere) {
  Bench bench;
  int told = 0;
  bench.supply.set_on_cut([&] {
    ++told;
    EXPECT_FALSE(bench.supply.is_on());
    EXPECT_EQ(bench.bytes[0], 0x11);
  });
  bench.supply.cut_at({0, Tear::kAfter, 0});
  EXPECT_EQ(bench.program(0, 4, 0x11), CellResult::kFailed);
  EXPECT_EQ(bench.program(4, 4, 0x11), CellResult::kFailed);
  EXPECT_EQ(told, 1);
}

TEST(PowerSupply, TheWatcherSeesEveryOperationBeforeItHappens) {
  Bench bench;
  std::vector<std::string> seen;
  bench.supply.set_watcher([&](const FlashOperation& operation) {
    std::string text = operation.kind == Operation::kErase ? "erase" : "program";
    text += " " + std::to_string(operation.offset) + "+" + std::to_string(operation.length);
    if (!operation.data.empty()) text += " of " + std::to_string(operation.data[0]);
    if (operation.fails) text += " fails";
    seen.push_back(text);
    if (operation.kind == Operation::kProgram) EXPECT_EQ(bench.bytes[operation.offset], 0xFF);
  });
  ASSERT_EQ(bench.program(256, 4, 0x11), CellResult::kOk);
  ASSERT_EQ(bench.cells.erase(0, 768), CellResult::kOk);
  bench.cells.set_fault_hook([](Operation, uint64_t, uint32_t) { return true; });
  ASSERT_EQ(bench.program(256, 4, 0x11), CellResult::kFailed);
  bench.supply.switch_off();
  ASSERT_EQ(bench.program(256, 4, 0x11), CellResult::kFailed);
  EXPECT_EQ(seen, (std::vector<std::string>{"program 256+4 of 17", "erase 0+768", "erase 256+512",
                                            "erase 512+256", "program 256+4 of 17 fails"}))
      << "what one command still has to erase is known at each of its sectors";
}

using PowerSupplyDeathTest = testing::Test;

TEST(PowerSupplyDeathTest, ATearMustFitTheOperation) {
  Bench bench;
  bench.supply.cut_at({0, Tear::kErasing, 0});
  EXPECT_DEATH(static_cast<void>(bench.program(0, 4, 0x11)), "tear of the other kind");
}

}  // namespace
}  // namespace sim
