#include "flash/nor_flash.h"

#include <gtest/gtest.h>

#include <vector>

#include "flash/fake_nor.h"

namespace flash {
namespace {

const FakeNor::Shape kShape = {
    .name = "words", .sector_size_bytes = 64, .sector_count = 4, .program_unit_bytes = 4};

TEST(NorFlash, RefusesWhatLeavesTheDevice) {
  FakeNor nor(kShape);
  std::vector<uint8_t> buffer(512);
  struct Case {
    uint32_t offset;
    size_t length;
  };
  for (const Case& c :
       {Case{0, 257}, Case{256, 1}, Case{255, 2}, Case{UINT32_MAX, 1}, Case{UINT32_MAX - 3, 8}}) {
    EXPECT_EQ(nor.read(c.offset, std::span(buffer).first(c.length)), Error::kInvalid) << c.offset;
  }
  EXPECT_EQ(nor.program(252, std::span(buffer).first(8)), Error::kInvalid);
  EXPECT_EQ(nor.program(UINT32_MAX - 3, std::span(buffer).first(4)), Error::kInvalid);
  EXPECT_EQ(nor.erase(192, 128), Error::kInvalid);
  EXPECT_EQ(nor.erase(UINT32_MAX - 63, 64), Error::kInvalid);
  EXPECT_TRUE(nor.log.empty());
}

TEST(NorFlash, RefusesWhatIsNotAligned) {
  FakeNor nor(kShape);
  std::vector<uint8_t> buffer(64);
  EXPECT_EQ(nor.program(2, std::span(buffer).first(4)), Error::kInvalid);
  EXPECT_EQ(nor.program(0, std::span(buffer).first(6)), Error::kInvalid);
  EXPECT_EQ(nor.erase(32, 64), Error::kInvalid);
  EXPECT_EQ(nor.erase(0, 65), Error::kInvalid);
  EXPECT_TRUE(nor.log.empty());
}

TEST(NorFlash, ZeroLengthSucceedsInRangeAndTouchesNothing) {
  FakeNor nor(kShape);
  for (uint32_t offset : {0u, 64u, 256u}) {
    EXPECT_TRUE(nor.read(offset, {}).ok());
    EXPECT_TRUE(nor.program(offset, {}).ok());
    EXPECT_TRUE(nor.erase(offset, 0).ok());
  }
  EXPECT_EQ(nor.read(257, {}), Error::kInvalid);
  EXPECT_TRUE(nor.log.empty());
}

TEST(NorFlash, HandsOnWhatIsInRange) {
  FakeNor nor(kShape);
  std::vector<uint8_t> buffer(256, 0);
  EXPECT_TRUE(nor.program(0, buffer).ok());
  EXPECT_TRUE(nor.erase(64, 128).ok());
  EXPECT_TRUE(nor.read(0, buffer).ok());
  EXPECT_EQ(buffer[63], 0x00);
  EXPECT_EQ(buffer[64], 0xFF);
  EXPECT_EQ(buffer[191], 0xFF);
  EXPECT_EQ(buffer[192], 0x00);
}

}  // namespace
}  // namespace flash
