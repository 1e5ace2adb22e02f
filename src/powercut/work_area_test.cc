#include "powercut/work_area.h"

#include <gtest/gtest.h>

#include <array>

namespace powercut {
namespace {

using sim::Operation;
using sim::Tear;

constexpr uint32_t kSector = 4096;

class Record {
 public:
  void erase(uint32_t sector, uint32_t rest, uint64_t call, bool fails = false) {
    journal_.add({.kind = Operation::kErase,
                  .offset = sector * kSector,
                  .length = rest * kSector,
                  .data = {},
                  .fails = fails},
                 call);
  }
  void program(uint32_t sector, uint64_t call, bool fails = false) {
    journal_.add({.kind = Operation::kProgram,
                  .offset = sector * kSector,
                  .length = kData.size(),
                  .data = kData,
                  .fails = fails},
                 call);
  }
  Moment at(size_t operation, Tear tear = Tear::kBefore) const {
    return {journal_, {.operation = operation, .tear = tear}, 0, 1};
  }

 private:
  static constexpr std::array<uint8_t, 2> kData = {1, 2};
  sim::Journal journal_;
};

using Extents = std::vector<Extent>;

TEST(WorkArea, IsOfTheEraseUntilAnotherSectorsTurn) {
  Record record;
  record.erase(1, 1, 7);
  record.program(1, 7);
  record.program(1, 7);
  record.program(2, 7);
  record.program(1, 7);
  const Extents first = {{kSector, 2 * kSector}};
  EXPECT_EQ(rewritten_at(record.at(0)), Extents{});
  EXPECT_EQ(rewritten_at(record.at(0, Tear::kErasing)), first);
  EXPECT_EQ(rewritten_at(record.at(1)), first);
  EXPECT_EQ(rewritten_at(record.at(2, Tear::kBits)), first);
  EXPECT_EQ(rewritten_at(record.at(3)), Extents{});
  EXPECT_EQ(rewritten_at(record.at(4)), Extents{});
  EXPECT_EQ(rewritten_at(record.at(5)), Extents{});
}

TEST(WorkArea, IsOfAllSectorsOfACommand) {
  Record record;
  record.erase(4, 3, 7);
  record.erase(5, 2, 7);
  record.erase(6, 1, 7);
  record.program(4, 7);
  const Extents all = {{4 * kSector, 7 * kSector}};
  EXPECT_EQ(rewritten_at(record.at(0)), Extents{});
  EXPECT_EQ(rewritten_at(record.at(1)), all);
  EXPECT_EQ(rewritten_at(record.at(2, Tear::kWeak)), all);
  EXPECT_EQ(rewritten_at(record.at(3)).back(), all.front());
}

TEST(WorkArea, DoesNotOutlastTheCall) {
  Record record;
  record.erase(1, 1, 7);
  record.program(1, 8);
  EXPECT_EQ(rewritten_at(record.at(1)), Extents{});
}

TEST(WorkArea, IsAllThatWasErasedOnceSomethingFailed) {
  Record record;
  record.erase(1, 1, 7);
  record.program(1, 7, true);
  record.erase(2, 1, 7);
  record.program(2, 7);
  record.program(1, 7);
  const Extents both = {{kSector, 2 * kSector}, {2 * kSector, 3 * kSector}};
  EXPECT_EQ(rewritten_at(record.at(3)), both);
  EXPECT_EQ(rewritten_at(record.at(4)), both);
}

TEST(WorkArea, TornBytesAreThoseOfTheProgram) {
  Record record;
  record.program(3, 7);
  record.erase(3, 1, 7);
  EXPECT_EQ(programmed_at(record.at(0)), Extent{});
  EXPECT_EQ(programmed_at(record.at(0, Tear::kPrefix)), (Extent{3 * kSector, 3 * kSector + 2}));
  EXPECT_EQ(programmed_at(record.at(1, Tear::kErasing)), Extent{});
}

}  // namespace
}  // namespace powercut
