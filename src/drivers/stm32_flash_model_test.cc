// The drivers at work on the modelled controllers: one suite over the three families.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "drivers/stm32_flash_fixture.h"

namespace drivers {
namespace {

using flash::Error;
using flash::Status;

TEST_P(Stm32FlashTest, EachSectorIsErasedAlone) {
  for (uint32_t sector = 0; sector < bench_.cells().sector_count(); ++sector) {
    std::fill(bench_.bytes().begin(), bench_.bytes().end(), uint8_t{0});
    wires_.lines.clear();
    const uint32_t offset = bench_.cells().sector_offset(sector);
    const uint32_t size = bench_.cells().sector_size_bytes(sector);
    std::vector<uint8_t> expected(bench_.bytes().size(), 0);
    std::fill_n(expected.begin() + offset, size, uint8_t{0xFF});
    ASSERT_TRUE(nor().erase(offset, size).ok()) << sector;
    ASSERT_TRUE(std::equal(expected.begin(), expected.end(), bench_.bytes().begin())) << sector;
  }
  EXPECT_EQ(bench_.cells().stats().erases, bench_.cells().sector_count());
}

TEST_P(Stm32FlashTest, ARunOfSectorsIsErasedOverEveryBoundary) {
  std::fill(bench_.bytes().begin(), bench_.bytes().end(), uint8_t{0});
  const uint32_t begin = bench_.cells().sector_offset(2);
  const uint32_t end = bench_.cells().sector_offset(10);
  ASSERT_TRUE(nor().erase(begin, end - begin).ok());
  for (uint32_t offset = 0; offset < bench_.bytes().size(); ++offset) {
    ASSERT_EQ(bench_.bytes()[offset], offset >= begin && offset < end ? 0xFF : 0) << offset;
  }
  EXPECT_EQ(bench_.cells().stats().erases, 8u);
}

TEST_P(Stm32FlashTest, ProgramsOfManyLengthsReadBack) {
  const uint32_t middle = nor().size_bytes() / 2;  // between the banks of an H74x
  uint32_t offset = middle - 40 * unit();
  for (uint32_t units : {1u, 2u, 3u, 7u, 16u, 33u}) {
    const auto data = pattern(units * unit());
    ASSERT_TRUE(nor().program(offset, data).ok());
    EXPECT_EQ(cells_at(offset, data.size()), data);
    std::vector<uint8_t> odd(data.size() - 2);
    ASSERT_TRUE(nor().read(offset + 1, odd).ok());
    EXPECT_TRUE(std::equal(odd.begin(), odd.end(), data.begin() + 1));
    offset += units * unit();
  }
}

// Whoever reads twice, to see whether the cells say the same twice, is not told by the data cache.
TEST_P(Stm32FlashTest, EveryReadIsOneOfTheCells) {
  if (!family().has_l1_cache) GTEST_SKIP();  // an F42x keeps 128 bytes: less than who looks twice looks at
  std::vector<uint8_t> out(unit());
  ASSERT_TRUE(nor().read(0, out).ok());
  const auto content = pattern(unit());
  std::copy(content.begin(), content.end(), bench_.bytes().begin());
  ASSERT_TRUE(nor().read(0, out).ok());
  EXPECT_EQ(out, content);
}

TEST_P(Stm32FlashTest, TheWholeArrayReads) {
  const auto content = pattern(bench_.bytes().size());
  std::copy(content.begin(), content.end(), bench_.bytes().begin());
  std::vector<uint8_t> all(nor().size_bytes());
  ASSERT_TRUE(nor().read(0, all).ok());
  EXPECT_TRUE(all == content);
}

TEST_P(Stm32FlashTest, BlankUnitsCostNothing) {
  std::vector<uint8_t> data(unit() * 8, 0xFF);
  data[unit() * 3] = 0;
  ASSERT_TRUE(nor().program(sector_offset(), data).ok());
  EXPECT_EQ(bench_.cells().stats().programs, 1u);
  EXPECT_EQ(cells_at(sector_offset(), data.size()), data);
}

// What a cache held before is not what is read after: neither an erase nor a second program is seen by it.
TEST_P(Stm32FlashTest, ReadsSeeThroughTheCaches) {
  std::vector<uint8_t> first(unit(), 0xA5);
  std::vector<uint8_t> second(unit(), 0x5A);
  std::vector<uint8_t> back(unit());
  ASSERT_TRUE(nor().program(sector_offset(), first).ok());
  ASSERT_TRUE(nor().read(sector_offset(), back).ok());
  EXPECT_EQ(back, first);
  if (nor().geometry().reprogrammable) {
    ASSERT_TRUE(nor().program(sector_offset(), second).ok());
    ASSERT_TRUE(nor().read(sector_offset(), back).ok());
    EXPECT_EQ(back, std::vector<uint8_t>(unit(), 0xA5 & 0x5A));
  }
  ASSERT_TRUE(nor().erase(sector_offset(), sector_size()).ok());
  ASSERT_TRUE(nor().read(sector_offset(), back).ok());
  EXPECT_EQ(back, std::vector<uint8_t>(unit(), 0xFF));
}

TEST_P(Stm32FlashTest, AUnitWithEccIsNotProgrammedTwice) {
  if (nor().geometry().reprogrammable) GTEST_SKIP() << "its units carry no ECC";
  const auto first = pattern(unit());
  ASSERT_TRUE(nor().program(sector_offset(), first).ok());
  EXPECT_EQ(nor().program(sector_offset(), std::vector<uint8_t>(unit(), 0)), Status(Error::kIo));
  EXPECT_EQ(cells_at(sector_offset(), unit()), first);
  EXPECT_TRUE(nor().program(sector_offset(), std::vector<uint8_t>(unit(), 0xFF)).ok());  // nothing to do
  expect_usable();
}

TEST_P(Stm32FlashTest, OperationsTakeTheTimeOfTheCells) {
  const uint64_t before_erase_us = bench_.clock().now_us();
  ASSERT_TRUE(nor().erase(sector_offset(), sector_size()).ok());
  const uint64_t erase_us = bench_.clock().now_us() - before_erase_us;
  const uint64_t typical_us = is_h7()                                    ? 1'100'000
                              : family().controller == Controller::kF42x ? 250'000
                                                                         : 200'000;
  EXPECT_GE(erase_us, typical_us);
  EXPECT_LE(erase_us, typical_us + typical_us / 100);

  const uint64_t before_program_us = bench_.clock().now_us();
  ASSERT_TRUE(nor().program(sector_offset(), std::vector<uint8_t>(unit() * 100, 0)).ok());
  const uint64_t program_us = bench_.clock().now_us() - before_program_us;
  const uint64_t unit_us = is_h7() ? 130 : 16;
  EXPECT_GE(program_us, unit_us * 100);
  EXPECT_LE(program_us, unit_us * 106);
}

INSTANTIATE_TEST_SUITE_P(AllFamilies, Stm32FlashTest, ::testing::ValuesIn(kFamilies), family_name);

}  // namespace
}  // namespace drivers
