#include "sim/cells.h"

#include <gtest/gtest.h>

#include <tuple>
#include <vector>

namespace sim {
namespace {

// A mixed layout as inside an MCU, in small.
const CellPhysics kPlain = {.sectors = {{64, 4}, {256, 2}}, .word_bytes = 4, .ecc = false};
const CellPhysics kEcc = {.sectors = {{256, 3}}, .word_bytes = 32, .ecc = true};

struct Bench {
  explicit Bench(const CellPhysics& physics) : bytes(768, 0xFF), cells(physics, bytes) {}

  std::vector<uint8_t> read(uint32_t offset, size_t length) {
    std::vector<uint8_t> out(length, 0xEE);
    EXPECT_EQ(cells.read(offset, out), CellResult::kOk);
    return out;
  }
  CellResult program(uint32_t offset, size_t length, uint8_t value) {
    return cells.program(offset, std::vector<uint8_t>(length, value));
  }

  std::vector<uint8_t> bytes;
  Cells cells;
};

TEST(Cells, KnowTheirSectors) {
  Bench bench(kPlain);
  EXPECT_EQ(bench.cells.size_bytes(), 768u);
  EXPECT_EQ(bench.cells.sector_count(), 6u);
  struct Case {
    uint32_t offset, index, sector_offset, size;
  };
  for (const Case& c : {Case{0, 0, 0, 64}, Case{63, 0, 0, 64}, Case{64, 1, 64, 64}, Case{255, 3, 192, 64},
                        Case{256, 4, 256, 256}, Case{511, 4, 256, 256}, Case{767, 5, 512, 256}}) {
    EXPECT_EQ(bench.cells.sector_index(c.offset), c.index);
    EXPECT_EQ(bench.cells.sector_offset(c.index), c.sector_offset);
    EXPECT_EQ(bench.cells.sector_size_bytes(c.index), c.size);
  }
}

TEST(Cells, ProgrammingOnlyClearsBits) {
  Bench bench(kPlain);
  ASSERT_EQ(bench.program(4, 4, 0xF0), CellResult::kOk);
  ASSERT_EQ(bench.program(4, 4, 0x3F), CellResult::kOk);
  EXPECT_EQ(bench.read(3, 3), (std::vector<uint8_t>{0xFF, 0x30, 0x30}));
}

TEST(Cells, ErasingSetsWholeSectorsAndWearsThem) {
  Bench bench(kPlain);
  ASSERT_EQ(bench.program(0, 768, 0x00), CellResult::kOk);
  ASSERT_EQ(bench.cells.erase(192, 64 + 256), CellResult::kOk);
  EXPECT_EQ(bench.read(191, 2), (std::vector<uint8_t>{0x00, 0xFF}));
  EXPECT_EQ(bench.read(511, 2), (std::vector<uint8_t>{0xFF, 0x00}));
  EXPECT_EQ(std::vector<uint32_t>(bench.cells.wear().begin(), bench.cells.wear().end()),
            (std::vector<uint32_t>{0, 0, 0, 1, 1, 0}));
  ASSERT_EQ(bench.cells.erase(192, 64), CellResult::kOk);
  EXPECT_EQ(bench.cells.max_wear(), 2u);
}

TEST(Cells, CountWhatTheyGoThrough) {
  Bench bench(kPlain);
  const Stats before = bench.cells.stats();
  bench.read(0, 10);
  ASSERT_EQ(bench.program(0, 8, 0), CellResult::kOk);
  ASSERT_EQ(bench.program(8, 4, 0), CellResult::kOk);
  ASSERT_EQ(bench.cells.erase(0, 128), CellResult::kOk);
  EXPECT_EQ(bench.cells.stats() - before,
            (Stats{.reads = 1, .programs = 2, .erases = 2, .bytes_read = 10, .bytes_programmed = 12}));
}

TEST(Cells, ZeroLengthIsNothing) {
  Bench bench(kPlain);
  EXPECT_EQ(bench.cells.read(768, {}), CellResult::kOk);
  EXPECT_EQ(bench.cells.program(768, {}), CellResult::kOk);
  EXPECT_EQ(bench.cells.erase(768, 0), CellResult::kOk);
  EXPECT_EQ(bench.cells.stats().erases, 0u);
}

TEST(Cells, AnInjectedFaultStopsAnOperationHalfWay) {
  Bench bench(kPlain);
  ASSERT_EQ(bench.program(64, 64, 0x00), CellResult::kOk);
  std::vector<uint64_t> asked;
  bench.cells.set_fault_hook([&](Operation, uint64_t index, uint32_t) {
    asked.push_back(index);
    return true;
  });
  EXPECT_EQ(bench.program(0, 16, 0x11), CellResult::kFailed);
  EXPECT_EQ(bench.bytes[7], 0x11);
  EXPECT_EQ(bench.bytes[8], 0xFF);
  EXPECT_EQ(bench.program(16, 4, 0x11), CellResult::kFailed) << "within a word, too";
  EXPECT_EQ(bench.bytes[17], 0x11);
  EXPECT_EQ(bench.bytes[18], 0xFF);
  EXPECT_EQ(bench.cells.erase(64, 128), CellResult::kFailed);
  EXPECT_EQ(bench.bytes[95], 0xFF);
  EXPECT_EQ(bench.bytes[96], 0x00);
  std::vector<uint8_t> out(4, 0xEE);
  EXPECT_EQ(bench.cells.read(0, out), CellResult::kFailed);
  EXPECT_EQ(out, std::vector<uint8_t>(4, 0xEE));
  EXPECT_EQ(asked, (std::vector<uint64_t>{1, 2, 0, 0})) << "each kind is counted for itself";
}

TEST(CellsWithEcc, TakeOneProgramAWordBetweenErases) {
  Bench bench(kEcc);
  ASSERT_EQ(bench.program(32, 32, 0xF0), CellResult::kOk);
  EXPECT_FALSE(bench.cells.has_ecc_error(32));
  ASSERT_EQ(bench.program(32, 32, 0x30), CellResult::kOk);
  EXPECT_TRUE(bench.cells.has_ecc_error(32));
  EXPECT_TRUE(bench.cells.has_ecc_error(63));
  EXPECT_FALSE(bench.cells.has_ecc_error(64));
  std::vector<uint8_t> out(96);
  EXPECT_EQ(bench.cells.read(0, out), CellResult::kEccError);
  EXPECT_EQ(bench.cells.read(63, std::span(out).first(1)), CellResult::kEccError);
  EXPECT_EQ(bench.cells.read(0, std::span(out).first(32)), CellResult::kOk) << "its neighbours read on";
  EXPECT_EQ(bench.cells.read(64, std::span(out).first(32)), CellResult::kOk);
  ASSERT_EQ(bench.cells.erase(0, 256), CellResult::kOk);
  EXPECT_FALSE(bench.cells.has_ecc_error(32));
}

TEST(CellsWithEcc, AllZerosMayGoOverAnything) {
  Bench bench(kEcc);
  ASSERT_EQ(bench.program(0, 32, 0x5A), CellResult::kOk);
  ASSERT_EQ(bench.program(0, 32, 0x00), CellResult::kOk);
  EXPECT_FALSE(bench.cells.has_ecc_error(0));
  EXPECT_EQ(bench.read(0, 1)[0], 0x00);
}

TEST(CellsWithEcc, AnInjectedFaultTearsAWord) {
  for (const uint8_t value : {uint8_t{0x11}, uint8_t{0x00}}) {
    Bench bench(kEcc);
    bench.cells.set_fault_hook(
        [](Operation operation, uint64_t, uint32_t) { return operation == Operation::kProgram; });
    EXPECT_EQ(bench.program(0, 96, value), CellResult::kFailed);
    EXPECT_EQ(bench.bytes[47], value);
    EXPECT_EQ(bench.bytes[48], 0xFF);
    EXPECT_FALSE(bench.cells.has_ecc_error(0));
    EXPECT_TRUE(bench.cells.has_ecc_error(32));
    EXPECT_FALSE(bench.cells.has_ecc_error(64));
  }
}

TEST(CellsWithEcc, KeepTheirBrokenWordsInTheMemoryTheyAreGiven) {
  std::vector<uint8_t> bytes(768, 0xFF);
  std::vector<uint8_t> broken(3, 0);
  std::vector<uint32_t> wear(3, 7);
  {
    Cells cells(kEcc, CellMemory{bytes, wear, broken});
    ASSERT_EQ(cells.program(736, std::vector<uint8_t>(32, 1)), CellResult::kOk);
    ASSERT_EQ(cells.program(736, std::vector<uint8_t>(32, 2)), CellResult::kOk);
    ASSERT_EQ(cells.erase(0, 256), CellResult::kOk);
  }
  EXPECT_EQ(wear, (std::vector<uint32_t>{8, 7, 7}));
  EXPECT_EQ(broken, (std::vector<uint8_t>{0, 0, 0x80}));
  Cells again(kEcc, CellMemory{bytes, wear, broken});
  EXPECT_TRUE(again.has_ecc_error(736));
  EXPECT_EQ(again.max_wear(), 8u);
}

using CellsDeathTest = testing::Test;

TEST(CellsDeathTest, MisuseEndsTheProgramWhereItHappened) {
  Bench bench(kPlain);
  std::vector<uint8_t> buffer(16);
  const auto ignore = [](CellResult) {};
  EXPECT_DEATH(ignore(bench.cells.read(760, buffer)), "cells.cc:[0-9]+: read outside");
  EXPECT_DEATH(ignore(bench.cells.read(UINT32_MAX, buffer)), "read outside");
  EXPECT_DEATH(ignore(bench.cells.program(760, buffer)), "program outside");
  EXPECT_DEATH(ignore(bench.cells.program(2, std::span(buffer).first(4))), "part of a word");
  EXPECT_DEATH(ignore(bench.cells.program(0, std::span(buffer).first(6))), "part of a word");
  EXPECT_DEATH(ignore(bench.cells.erase(512, 512)), "erase outside");
  EXPECT_DEATH(ignore(bench.cells.erase(0, 32)), "part of a sector");
  EXPECT_DEATH(ignore(bench.cells.erase(32, 64)), "part of a sector");
  EXPECT_DEATH(std::ignore = bench.cells.sector_index(768), "no sector holds");
  EXPECT_DEATH(std::ignore = bench.cells.sector_offset(6), "no such sector");
  EXPECT_DEATH(std::ignore = bench.cells.sector_size_bytes(6), "no such sector");
  EXPECT_DEATH(std::ignore = bench.cells.has_ecc_error(768), "no word holds");
  EXPECT_DEATH(Cells(kPlain, std::span(buffer)), "another size");
}

}  // namespace
}  // namespace sim
