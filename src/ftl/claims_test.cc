#include "ftl/claims.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace ftl {
namespace {

TEST(Claims, TheLastOneHasTheSlice) {
  Claims claims;
  const uint32_t first = claims.claim(0, 100), beside = claims.claim(100, 100);
  EXPECT_TRUE(claims.holds(first, 0, 100));
  EXPECT_TRUE(claims.holds(beside, 100, 100));
  const uint32_t again = claims.claim(0, 100);
  EXPECT_FALSE(claims.holds(first, 0, 100));
  EXPECT_TRUE(claims.holds(again, 0, 100));
  EXPECT_TRUE(claims.holds(beside, 100, 100));
  const uint32_t part = claims.claim(199, 1);
  EXPECT_FALSE(claims.holds(beside, 100, 100));
  EXPECT_TRUE(claims.holds(part, 199, 1));
  EXPECT_TRUE(claims.holds(again, 0, 100));
}

// Against a list of all that ever claimed something. It may err where it forgets, and only to the safe side.
TEST(Claims, NeverLetTwoHaveTheSameBytes) {
  struct Owner {
    uint32_t offset, size_bytes, ticket;
  };
  std::mt19937 random(1);
  for (const uint32_t slices : {3u, 32u, 80u}) {
    Claims claims;
    std::vector<Owner> owners, losers;
    for (int i = 0; i < 500; ++i) {
      // The first slices lie side by side, the others anywhere.
      const uint32_t slice = static_cast<uint32_t>(random()) % slices;
      const uint32_t offset = slice < 32 ? slice * 100 : static_cast<uint32_t>(random()) % 3000;
      const uint32_t size = slice < 32 ? 100 : 1 + static_cast<uint32_t>(random()) % 100;
      std::erase_if(owners, [&](const Owner& o) {
        const bool loses = o.offset < offset + size && offset < o.offset + o.size_bytes;
        if (loses) losers.push_back(o);
        return loses;
      });
      owners.push_back({offset, size, claims.claim(offset, size)});
      EXPECT_TRUE(claims.holds(owners.back().ticket, offset, size));
      for (const Owner& owner : owners) {
        if (slices <= 32) EXPECT_TRUE(claims.holds(owner.ticket, owner.offset, owner.size_bytes)) << i;
      }
      for (const Owner& loser : losers) {
        EXPECT_FALSE(claims.holds(loser.ticket, loser.offset, loser.size_bytes)) << i;
      }
    }
  }
}

}  // namespace
}  // namespace ftl
