#include "chipmap/littlefs_superblock.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "chipmap/testing.h"

namespace chipmap {
namespace {

constexpr uint32_t kBlock = 4096;
constexpr uint32_t kBlocks = 64;
using Head = std::vector<uint8_t>;

Head superblock(uint32_t version, uint32_t blocks = kBlocks) {
  Head head(kLittlefsHeadBytes, 0xA5);
  const size_t magic_at = version == 2 ? 8 : 40, shape_at = version == 2 ? 24 : 28;
  std::memcpy(&head[magic_at], "littlefs", 8);
  put_le(&head[shape_at], kBlock, 4);
  put_le(&head[shape_at + 4], blocks, 4);
  return head;
}
const Head kBlank(kLittlefsHeadBytes, 0xFF), kZeros(kLittlefsHeadBytes, 0),
    kData(kLittlefsHeadBytes, 'm'), kNone;
// Cut while it was programmed: behind its first tag, or, of version 1, within its magic.
Head begun(uint32_t version) {
  Head head = kBlank;
  const uint8_t tag[] = {0xF0, 0x0F, 0xFF, 0xF7};
  if (version == 2) std::memcpy(&head[4], tag, sizeof tag);
  if (version == 1) std::memcpy(&head[40], "little", 6);
  return head;
}

// `room` in blocks. What is found is as long as `blocks` says; 0: nothing begins here.
struct Case {
  const char* name;
  Head first, second, third;
  uint32_t place, room, blocks;
  bool follows_volume = false;
};

class EveryVersion : public testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Littlefs, EveryVersion, testing::Values(1u, 2u));

TEST_P(EveryVersion, BeginsWhereItsSuperblocksSay) {
  const Head sound = superblock(GetParam()), longer = superblock(GetParam(), 200),
             other = superblock(GetParam(), 30);
  constexpr uint32_t kRound = 64 * kBlock, kOdd = 63 * kBlock;
  for (const Case& c : {
           Case{"both", sound, sound, kData, kOdd, kBlocks, kBlocks},
           Case{"the first alone", sound, kBlank, kData, kOdd, kBlocks, kBlocks},
           Case{"too long", longer, longer, kData, 0, kBlocks, 0},
           Case{"the first one's length is damaged", longer, sound, kData, kOdd, kBlocks, kBlocks},
           Case{"the same, with remains behind", longer, sound, sound, kOdd, kBlocks + 1, kBlocks},
           Case{"none", kBlank, kData, sound, 0, kBlocks, 0},
           Case{"unreadable, and a copy", kNone, sound, kBlank, 0, kBlocks, kBlocks},
           Case{"the first one is torn", begun(GetParam()), sound, kData, kOdd, kBlocks, kBlocks},
           Case{"the first one is blank", kBlank, sound, kData, kOdd, kBlocks, kBlocks},
           Case{"data, and a volume behind them", kData, sound, sound, kRound, kBlocks + 1, 0},
           Case{"at the start of the storage, too", kData, sound, sound, 0, kBlocks + 1, 0},
           Case{"data, and a torn volume behind them", kData, sound, kBlank, kRound, kBlocks + 1, 0},
           Case{"remains of another one in the third", kZeros, sound, other, kRound, kBlocks + 1, 0},
           Case{"the same, where all storage begins", kZeros, sound, other, 0, kBlocks + 1, kBlocks},
           Case{"a torn erase", kZeros, sound, kData, kOdd, kBlocks + 1, kBlocks},
           Case{"a volume behind data, which ends too late to be one", kData, sound, sound, kRound, kBlocks,
                0},
           Case{"blank on both sides, behind a volume", kBlank, sound, kBlank, kOdd, kBlocks + 1, kBlocks,
                true},
           Case{"data behind a volume", kData, sound, kBlank, kRound, kBlocks + 1, 0, true},
           Case{"data at the start of the storage", kData, sound, kBlank, 0, kBlocks + 1, kBlocks},
           Case{"a pair that would end too late", kData, sound, sound, 0, kBlocks, kBlocks},
           Case{"blank on both sides, round here", kBlank, sound, kBlank, kRound, kBlocks + 1, kBlocks},
           Case{"blank on both sides, round there", kBlank, sound, kBlank, kOdd, kBlocks + 1, 0},
       }) {
    SCOPED_TRACE(c.name);
    const auto found = littlefs_at({c.first, c.second, c.third},
                                   {c.place, kBlock, uint64_t{c.room} * kBlock, c.follows_volume});
    ASSERT_EQ(found.has_value(), c.blocks != 0);
    if (!found) continue;
    EXPECT_EQ(found->block_count, c.blocks);
    EXPECT_EQ(found->version, GetParam());
    EXPECT_EQ(found->size_bytes(), c.blocks * kBlock);
  }
}

TEST_P(EveryVersion, KnowsABlockThatIsNoneOfIts) {
  for (const Head& head : {superblock(GetParam()), kBlank, kZeros, begun(GetParam()), kNone}) {
    EXPECT_FALSE(is_foreign_to_littlefs(head));
  }
  EXPECT_TRUE(is_foreign_to_littlefs(kData));
}

}  // namespace
}  // namespace chipmap
