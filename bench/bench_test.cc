// The bench itself: both contenders keep their data, the bound is a bound, and ours is at it.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <span>
#include <sstream>
#include <variant>
#include <vector>

#include "bench/ideal.h"
#include "bench/instruction_counts.h"
#include "bench/limits.h"
#include "bench/report.h"
#include "bench/workloads.h"
#include "boards/board_table.h"
#include "boards/camera.h"
#include "boards/hardware.h"

namespace bench {
namespace {

const boards::Board& plus() {
  return *boards::find_board("OPENMV4P");
}

TEST(Ideal, ErasesOnlyWhereABitMustBeSetAndOnlyAtASync) {
  std::vector<uint8_t> content(plus().storage().size_bytes, 0xFF);
  std::fill_n(content.begin(), 4096, uint8_t{0x00});
  Ideal ideal(plus(), content);
  ideal.write(0, std::vector<uint8_t>(10, 0x00));
  ideal.sync();
  EXPECT_EQ(ideal.device_ns(), 0u) << "bytes already there cost nothing";
  ideal.write(8192, std::vector<uint8_t>(10, 0x55));
  ideal.sync();
  EXPECT_EQ(ideal.erases(), 0u) << "a blank place needs no erase";
  ideal.write(0, std::vector<uint8_t>(10, 0x01));
  EXPECT_EQ(ideal.erases(), 0u);
  ideal.sync();
  EXPECT_EQ(ideal.erases(), 1u);
  EXPECT_TRUE(std::ranges::equal(ideal.wanted(), ideal.synced()));
}

TEST(Ideal, TakesTheLargestErase) {
  const std::vector<uint8_t> content(plus().storage().size_bytes, 0x00);
  Ideal aligned(plus(), content), crooked(plus(), content);
  aligned.write(65536, std::vector<uint8_t>(65536, 0xFF));
  crooked.write(65536 + 4096, std::vector<uint8_t>(65536, 0xFF));
  aligned.sync();
  crooked.sync();
  EXPECT_EQ(aligned.erases(), 16u);
  EXPECT_EQ(crooked.erases(), 16u);
  EXPECT_LT(aligned.device_ns(), crooked.device_ns() / 2);
}

// The ideal is made from the board's description; the contenders run on the models.
TEST(Ideal, ReckonsWithTheTimesOfTheModels) {
  for (const boards::Board& board : boards::all_boards()) {
    if (board.part->jedec_id == 0) continue;
    const sim::NorChipPart& chip = boards::chip_of(*board.part);
    EXPECT_NEAR(board.part->program_first_byte_ns, static_cast<double>(chip.program_first_byte_ns), 100)
        << board.name;
    EXPECT_NEAR(board.part->program_next_byte_ns, static_cast<double>(chip.program_next_byte_ns), 10)
        << board.name;
    for (const boards::EraseTime& erase : board.part->erase_times) {
      const auto same_size = [&](const auto& time) { return time.size_bytes == erase.size_bytes; };
      const auto found = std::find_if(chip.erase_times.begin(), chip.erase_times.end(), same_size);
      ASSERT_NE(found, chip.erase_times.end()) << board.name;
      EXPECT_EQ(erase.typical_us * uint64_t{1000}, found->time.typical_ns) << board.name;
    }
  }
}

struct Case {
  const char* board;
  Filesystem filesystem;
  const char* workload;
  double scale;
};
const Case kCases[] = {
    {"OPENMV4P", Filesystem::kFat, "W1", 0.1},
    {"OPENMV4P", Filesystem::kFat, "W2", 0.2},
    {"OPENMV4P", Filesystem::kFat, "W3", 0.2},
    {"OPENMV4P", Filesystem::kFat, "W4", 0.5},
    {"OPENMV4P", Filesystem::kLittlefs, "W1", 0.1},
    {"OPENMV4P", Filesystem::kLittlefs, "W4", 0.5},
    {"OPENMV4P", Filesystem::kRaw, "W5", 0.1},
    {"OPENMV4P", Filesystem::kFat, "W6b", 0.2},
    {"OPENMV4P", Filesystem::kLittlefs, "W2", 0.3},
    {"OPENMV_N6", Filesystem::kFat, "W4", 0.3},
    {"OPENMV_N6", Filesystem::kFat, "W2", 0.2},
    {"OPENMV_N6", Filesystem::kLittlefs, "W3", 0.1},
    {"OPENMV2", Filesystem::kFat, "W4", 1},
    {"OPENMV2", Filesystem::kLittlefs, "W2", 1},
    {"OPENMV3", Filesystem::kFat, "W4", 1},
    {"OPENMV3", Filesystem::kRaw, "W5", 0.05},
    {"OPENMV4", Filesystem::kFat, "W2", 0.2},
    {"OPENMV4", Filesystem::kLittlefs, "W6", 0.2},
    // Little of everything, where a single look or access weighs.
    {"OPENMV4P", Filesystem::kLittlefs, "W2", 0.15},
    {"OPENMV2", Filesystem::kLittlefs, "W7", 0.1},
    {"OPENMV3", Filesystem::kFat, "W7", 0.02},
    {"OPENMV4", Filesystem::kFat, "W7", 0.02},
    // More than the storage holds.
    {"OPENMV2", Filesystem::kFat, "W1", 4},
    {"OPENMV2", Filesystem::kRaw, "W8", 4},
};

class AtTheBound : public testing::TestWithParam<std::tuple<Case, bool>> {};
INSTANTIATE_TEST_SUITE_P(Rows, AtTheBound, testing::Combine(testing::ValuesIn(kCases), testing::Bool()));

TEST_P(AtTheBound, OursIsNearTheIdealAndNeverSlowerThanTheFirmware) {
  const Case& c = std::get<0>(GetParam());
  const bool used = std::get<1>(GetParam());
  const boards::Board* board = boards::find_board(c.board);
  const auto run = [&](Contender contender) {
    return measure({board, c.filesystem, c.workload, used, contender, 11, c.scale});
  };
  const Row ours = run(Contender::kPybflash);
  EXPECT_LE(ours.cost.masked_us_max, 50u);
  const Row firmware = run(Contender::kFirmware);
  EXPECT_EQ(beyond_limits(ours, &firmware), "");
  EXPECT_GE(static_cast<double>(firmware.cost.device_ns), 0.99 * static_cast<double>(firmware.ideal_ns));
}

// Counted, not timed: the same on every run. A twentieth more than what it is now is allowed.
struct Budget {
  const char* operation;
  uint64_t above_memcpy;
};
constexpr Budget kBudgets[] = {
    {"read", 2'200}, {"peek", 0}, {"same", 8'100}, {"rewrite", 205'000}, {"append", 229'000}};

TEST(Instructions, OnACortexM7OursStayWithinTheBudget) {
  const auto counts = count_on_m7(PROGRAMS);
  ASSERT_TRUE(counts) << "no compiler for ARM, or no QEMU";
  const uint64_t memcpy_count = counts->at("memcpy").ours;
  for (const Budget& budget : kBudgets) {
    EXPECT_LE(counts->at(budget.operation).ours, memcpy_count + budget.above_memcpy) << budget.operation;
    EXPECT_GT(counts->at(budget.operation).firmware, 0u) << budget.operation;
  }
}

TEST(Instructions, ThisComputerCountsTheSameOperations) {
  const auto counts = count_on_host(PROGRAMS);
  ASSERT_TRUE(counts) << "no valgrind";
  EXPECT_LE(counts->at("read").ours, counts->at("memcpy").ours + 1'200);
  EXPECT_LT(counts->at("same").ours, counts->at("same").firmware);
}

// The models must be quick: 32 MiB through registers and chip commands, as a program sees it.
TEST(Models, AWholeChipIsReadInUnderASecond) {
  for (const char* name : {"OPENMV4P", "OPENMV_N6"}) {
    auto opened = boards::Camera::open(*boards::find_board(name), {});
    boards::Camera& camera = *std::get<std::unique_ptr<boards::Camera>>(opened);
    std::vector<uint8_t> out(camera.nor().size_bytes());
    ASSERT_EQ(out.size(), 32u << 20);
    for (const size_t piece : {out.size(), size_t{4096}, size_t{512}}) {
      const std::clock_t begin = std::clock();
      for (size_t at = 0; at < out.size(); at += piece) {
        ASSERT_TRUE(camera.nor().read(static_cast<uint32_t>(at), std::span(out).subspan(at, piece)).ok());
      }
      const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
      EXPECT_LT(seconds, 1.0) << name << " in pieces of " << piece;
    }
  }
}

TEST(Limits, SayWhatIsBeyondThem) {
  const Row firmware{{&plus(), Filesystem::kFat, "W1", true, Contender::kFirmware}, {.device_ns = 1'000}};
  Row ours{{&plus(), Filesystem::kFat, "W1", true, Contender::kPybflash},
           {.device_ns = 1'010, .erases = 105}};
  ours.ideal_ns = 902;
  ours.ideal_erases = 100;
  EXPECT_EQ(beyond_limits(ours, &firmware), "");
  ours.cost.device_ns = 1'011;
  EXPECT_EQ(beyond_limits(ours, &firmware), "1.121 times the ideal's time; 1.011 times the firmware's time");
  ours.cost.erases = 106;
  ours.ideal_ns = 1'000;
  EXPECT_EQ(beyond_limits(ours, nullptr), "106 erases, the ideal 100");
  ours.run.workload = "W8";
  EXPECT_EQ(beyond_limits(ours, &firmware), "");
}

TEST(Report, JsonHasEveryField) {
  std::ostringstream out;
  write_json(
      out, {{{&plus(), Filesystem::kFat, "W1", true, Contender::kFirmware}, {1'234, 2, 3, 4, 5}, 6'000, 7}});
  EXPECT_EQ(out.str(),
            "[\n  {\"board\": \"OPENMV4P\", \"fs\": \"FAT\", \"workload\": \"W1\", \"medium\": \"used\", "
            "\"contender\": "
            "\"firmware\", \"device_us\": 1.234, \"erases\": 2, \"worst_sector_erases\": 3, "
            "\"bytes_programmed\": 4, "
            "\"masked_us_max\": 5, \"ideal_us\": 6.000, \"ideal_erases\": 7}\n]\n");
}

}  // namespace
}  // namespace bench
