// The drivers when something is wrong: locks, time limits, error bits, torn words, failing cells.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "drivers/stm32_flash_fixture.h"

namespace drivers {
namespace {

using flash::Error;
using flash::Status;

constexpr uint32_t kH7ClearOffset = 0x14;  // CCR

std::vector<unsigned> write_error_bits(const Family& family) {
  switch (family.controller) {
    case Controller::kF42x:
      return {1, 4, 5, 6, 7, 8};  // OPERR, WRPERR, PGAERR, PGPERR, PGSERR, RDERR
    case Controller::kF76x:
      return {1, 4, 5, 6, 7};  // OPERR, WRPERR, PGAERR, PGPERR, ERSERR
    case Controller::kH74x:
      return {17, 18, 19, 21, 22};  // WRPERR, PGSERR, STRBERR, INCERR, OPERR
  }
  return {};
}

std::vector<unsigned> read_error_bits(const Family& family) {
  switch (family.controller) {
    case Controller::kF42x:
      return {8};  // RDERR
    case Controller::kF76x:
      return {};
    case Controller::kH74x:
      return {23, 24, 26};  // RDPERR, RDSERR, DBECCERR
  }
  return {};
}

// ---- Locks ------------------------------------------------------------------------------------------

TEST_P(Stm32FlashTest, AControllerFoundOpenIsLockedAfterwards) {
  for (const bool erases : {true, false}) {
    bench_.unlock(0, kSecondKey);
    ASSERT_FALSE(bench_.is_locked());
    const std::vector<uint8_t> data(unit(), 0);
    ASSERT_TRUE(erases ? nor().erase(sector_offset(), sector_size()).ok()
                       : nor().program(sector_offset(), data).ok());
    EXPECT_TRUE(bench_.is_locked());
  }
}

TEST_P(Stm32FlashTest, LockedUntilResetIsAnErrorUntilReset) {
  for (uint32_t bank = 0; bank < family().bank_count; ++bank) bench_.unlock(bank, 0xDEADBEEF);
  bench_.bytes()[sector_offset()] = 0x11;
  EXPECT_EQ(nor().erase(sector_offset(), sector_size()), Status(Error::kIo));
  EXPECT_EQ(nor().program(sector_offset() + unit(), pattern(unit())), Status(Error::kIo));
  std::vector<uint8_t> back(1);
  EXPECT_TRUE(nor().read(sector_offset(), back).ok());
  EXPECT_EQ(back[0], 0x11);
  bench_.reset();
  expect_usable();
}

// ---- Time limits ------------------------------------------------------------------------------------

TEST_P(Stm32FlashTest, HardwareThatNeverEndsIsGivenUpAfterItsMaximum) {
  for (const bool erases : {true, false}) {
    SCOPED_TRACE(erases ? "erase" : "program");
    const uint64_t erase_limit_us = is_h7() ? 2'200'000 : 800'000;
    const uint64_t limit_us = erases ? erase_limit_us : is_h7() ? 260 : 100;
    meddle_once([&](uint32_t address, uint32_t value) {
      bench_.set_stuck_busy(true);
      bench_.space().store(address, value, 4);
    });
    const uint64_t yield_us = limit_us / 100;
    wires_.longest_yield_ns = yield_us * 1000;
    const uint64_t before_us = bench_.clock().now_us();
    EXPECT_EQ(erases ? erase_the_sector() : program_a_unit(), Status(Error::kTimedOut));
    EXPECT_GT(bench_.clock().now_us() - before_us, limit_us);
    EXPECT_LE(bench_.clock().now_us() - before_us, limit_us + 2 * yield_us + 2);

    std::vector<uint8_t> out(1);
    EXPECT_EQ(nor().read(sector_offset(), out), Status(Error::kTimedOut));  // instead of a stalled bus
    bench_.set_stuck_busy(false);
    expect_usable();
  }
}

// At x8, the slowest: DS8626, table 40; DS12110, table 43, with some more. For the F7, what programmers of
// the part use.
TEST_P(Stm32FlashTest, EverySizeOfSectorHasItsOwnLimit) {
  const std::vector<uint64_t> limits_us =
      is_h7() ? std::vector<uint64_t>{2'200'000} : std::vector<uint64_t>{800'000, 2'400'000, 4'000'000};
  const auto regions = family().geometry->regions;
  ASSERT_EQ(regions.size(), limits_us.size());
  uint32_t offset = 0;
  for (size_t i = 0; i < regions.size(); ++i) {
    const uint64_t yield_us = limits_us[i] / 100;
    wires_.longest_yield_ns = yield_us * 1000;
    bench_.set_stuck_busy(true);
    const uint64_t before_us = bench_.clock().now_us();
    EXPECT_EQ(nor().erase(offset, regions[i].sector_size_bytes), Status(Error::kTimedOut));
    EXPECT_GT(bench_.clock().now_us() - before_us, limits_us[i]);
    EXPECT_LE(bench_.clock().now_us() - before_us, limits_us[i] + 2 * yield_us + 2);
    bench_.set_stuck_busy(false);
    expect_usable();
    offset += regions[i].sector_size_bytes * regions[i].sector_count;
  }
}

// ---- Errors -----------------------------------------------------------------------------------------

TEST_P(Stm32FlashTest, StaleFlagsHarmNobody) {
  const uint32_t all = is_h7() ? 0x07EF0000 : 0x1F3;
  bench_.set_error(all);
  EXPECT_TRUE(erase_the_sector().ok());
  bench_.set_error(all);
  EXPECT_TRUE(program_a_unit().ok());
  bench_.set_error(all);
  std::vector<uint8_t> back(unit());
  EXPECT_TRUE(nor().read(sector_offset(), back).ok());
  bench_.store_register(is_h7() ? kH7ClearOffset : family().status_offset, all);  // a read clears less
  clear_other_bank();
}

// Each error bit, raised by the hardware in the middle of the operation.
TEST_P(Stm32FlashTest, EachErrorBitOfAWriteEndsInAnErrorAndIsCleared) {
  for (const unsigned bit : write_error_bits(family())) {
    for (const bool erases : {true, false}) {
      SCOPED_TRACE(::testing::Message() << "bit " << bit << (erases ? " in an erase" : " in a program"));
      expect_usable();
      meddle_once([&](uint32_t address, uint32_t value) {
        bench_.space().store(address, value, 4);
        bench_.set_error(1u << bit);
      });
      EXPECT_EQ(erases ? erase_the_sector() : program_a_unit(), Status(Error::kIo));
      EXPECT_TRUE(bench_.is_locked());
      EXPECT_EQ(bench_.status(0), 0u);
      clear_other_bank();
      expect_usable();
    }
  }
}

TEST_P(Stm32FlashTest, EachErrorBitOfAReadEndsInAnErrorAndIsCleared) {
  for (const unsigned bit : read_error_bits(family())) {
    SCOPED_TRACE(::testing::Message() << "bit " << bit);
    wires_.on_read_memory = [&] { bench_.set_error(1u << bit); };
    std::vector<uint8_t> out(unit());
    EXPECT_EQ(nor().read(sector_offset(), out), Status(Error::kIo));
    EXPECT_EQ(bench_.status(0), 0u);
    wires_.on_read_memory = nullptr;
    clear_other_bank();
    EXPECT_TRUE(nor().read(sector_offset(), out).ok());
  }
}

// The same errors, made as drivers make them: by a wrong sequence of accesses.
TEST_P(Stm32FlashTest, ABrokenSequenceEndsInAnErrorAndTheNextOneWorks) {
  using Meddle = std::function<bool(uint32_t address, uint32_t value)>;
  struct Case {
    const char* name;
    bool applies;
    Meddle meddle;  // at every write, until it did something
  };
  const std::vector<Case> cases = {
      {"PG is not set", true,
       [&](uint32_t address, uint32_t value) {
         return is_control(address) && (value & family().program) != 0;
       }},
      {"a store is narrower than PSIZE", !is_h7(),
       [&](uint32_t address, uint32_t value) {
         if (is_array(address)) bench_.space().store(address, value & 0xFFFF, 2);
         return is_array(address);
       }},
      {"a byte is stored twice", is_h7(),
       [&](uint32_t address, uint32_t value) {
         if (is_array(address)) bench_.space().store(address, value, 4);
         return false;
       }},
      {"another word is stored in between", is_h7(),
       [&](uint32_t address, uint32_t) {
         if (is_array(address) && address % 32 == 8) bench_.space().store(address + 32, 0, 4);
         return false;
       }},
      {"a store is lost", is_h7(),
       [&](uint32_t address, uint32_t) { return is_array(address) && address % 32 == 28; }},
  };
  for (const Case& c : cases) {
    if (!c.applies) continue;
    SCOPED_TRACE(c.name);
    expect_usable();
    wires_.on_write = c.meddle;
    EXPECT_EQ(program_a_unit(), Status(Error::kIo));
    EXPECT_TRUE(bench_.is_locked());
    expect_usable();
  }
}

TEST_P(Stm32FlashTest, AProtectedSectorIsAnErrorAndKeepsItsBytes) {
  const auto data = pattern(unit());
  ASSERT_TRUE(nor().program(sector_offset(), data).ok());
  bench_.protect_sector(sector_offset(), true);
  EXPECT_EQ(erase_the_sector(), Status(Error::kIo));
  EXPECT_EQ(program_a_unit(), Status(Error::kIo));
  EXPECT_EQ(cells_at(sector_offset(), unit()), data);
  bench_.protect_sector(sector_offset(), false);
  expect_usable();
}

// ---- Cells ------------------------------------------------------------------------------------------

TEST_P(Stm32FlashTest, CellsThatFailEndInAnErrorAndCanBeTriedAgain) {
  for (const auto operation : {sim::Operation::kErase, sim::Operation::kProgram, sim::Operation::kRead}) {
    SCOPED_TRACE(static_cast<int>(operation));
    expect_usable();
    if (operation == sim::Operation::kErase) {
      ASSERT_TRUE(program_a_unit().ok());  // a failing erase leaves the second half as it was
    }
    wires_.lines.clear();
    bench_.cells().set_fault_hook(
        [operation](sim::Operation now, uint64_t, uint32_t) { return now == operation; });
    std::vector<uint8_t> out(unit());
    const Status status = operation == sim::Operation::kErase     ? erase_the_sector()
                          : operation == sim::Operation::kProgram ? program_a_unit()
                                                                  : nor().read(sector_offset(), out);
    EXPECT_EQ(status, Status(Error::kIo));
    expect_usable();
  }
}

// What was programmed before stays programmed. Only an H74x says which one failed.
TEST_P(Stm32FlashTest, AFailingUnitDoesNotHarmThoseBefore) {
  bench_.cells().set_fault_hook([](sim::Operation now, uint64_t index, uint32_t) {
    return now == sim::Operation::kProgram && index == 2;
  });
  const auto data = pattern(unit() * 5);
  EXPECT_EQ(nor().program(sector_offset(), data), Status(Error::kIo));
  EXPECT_EQ(bench_.cells().stats().programs, is_h7() ? 3u : 5u);
  EXPECT_TRUE(
      std::equal(data.begin(), data.begin() + 2 * unit(), cells_at(sector_offset(), unit() * 2).begin()));
  expect_usable();
}

// F4 and F7 have no flag for an erase that left a 0 behind.
TEST_P(Stm32FlashTest, BitsThatStayAreNoticed) {
  if (is_h7()) GTEST_SKIP() << "OPERR tells";
  meddle_once([&](uint32_t address, uint32_t value) {
    bench_.space().store(address, value, 4);
    bench_.bytes()[sector_offset() + sector_size() - 1] = 0xFE;
  });
  EXPECT_EQ(erase_the_sector(), Status(Error::kIo));
  meddle_once([&](uint32_t address, uint32_t value) {
    bench_.space().store(address, value, 4);
    bench_.bytes()[sector_offset() + sector_size() / 2] = 0xFF;
  });
  EXPECT_EQ(nor().program(sector_offset() + sector_size() / 2, std::vector<uint8_t>(unit(), 0)),
            Status(Error::kIo));
  expect_usable();
}

TEST_P(Stm32FlashTest, ATornWordIsAnErrorWhereItLiesAndNowhereElse) {
  if (!is_h7()) GTEST_SKIP() << "no ECC";
  const uint32_t torn = sector_offset() + 4096;
  bench_.tear_word(torn);
  std::vector<uint8_t> out(sector_size());
  EXPECT_EQ(nor().read(sector_offset(), out), Status(Error::kIo));
  EXPECT_EQ(nor().read(torn + 31, std::span(out).first(1)), Status(Error::kIo));
  EXPECT_EQ(nor().read(torn - 1, std::span(out).first(2)), Status(Error::kIo));
  EXPECT_TRUE(nor().read(sector_offset(), std::span(out).first(4096)).ok());
  EXPECT_TRUE(nor().read(torn + 32, std::span(out).first(sector_size() - 4096 - 32)).ok());
  EXPECT_EQ(nor().program(torn, pattern(32)), Status(Error::kIo));
  EXPECT_TRUE(erase_the_sector().ok());
  EXPECT_TRUE(nor().read(sector_offset(), out).ok());
}

TEST_P(Stm32FlashTest, ATornWordReadsAsErasedAndTheOthersAsTheyAre) {
  if (!is_h7()) GTEST_SKIP() << "no ECC";
  std::vector<uint8_t> expected = pattern(2048);
  ASSERT_TRUE(nor().program(sector_offset(), expected).ok());
  for (const uint32_t torn : {0u, 512u, 1024u - 32u}) {
    bench_.tear_word(sector_offset() + torn);
    std::fill_n(expected.begin() + torn, 32, uint8_t{0xFF});
  }
  std::vector<uint8_t> out(expected.size());
  EXPECT_EQ(nor().read(sector_offset(), out), Status(Error::kIo));
  EXPECT_EQ(out, expected);
  EXPECT_EQ(nor().read(sector_offset() + 530, std::span(out).first(100)), Status(Error::kIo));
  EXPECT_TRUE(std::equal(out.begin(), out.begin() + 100, expected.begin() + 530))
      << "from within the word on";
}

TEST_P(Stm32FlashTest, ACorrectedBitIsNoError) {
  if (!is_h7()) GTEST_SKIP() << "no ECC";
  const auto data = pattern(unit());
  ASSERT_TRUE(nor().program(sector_offset(), data).ok());
  bench_.weaken_word(sector_offset());
  std::vector<uint8_t> back(unit());
  ASSERT_TRUE(nor().read(sector_offset(), back).ok());
  EXPECT_EQ(back, data);
}

INSTANTIATE_TEST_SUITE_P(AllFamilies, Stm32FlashTest, ::testing::ValuesIn(kFamilies), family_name);

}  // namespace
}  // namespace drivers
