// The drive on every board, as an NBD server sees it.
#include "nbd/drive_export.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <numeric>

#include "boards/board_table.h"

namespace nbd {
namespace {

std::unique_ptr<DriveExport> open(const ExportOptions& options) {
  auto drive = DriveExport::open(options);
  if (const auto* error = std::get_if<std::string>(&drive)) {
    ADD_FAILURE() << *error;
    return nullptr;
  }
  return std::get<std::unique_ptr<DriveExport>>(std::move(drive));
}

class OnEveryBoard : public testing::TestWithParam<boards::Board> {
 protected:
  std::unique_ptr<DriveExport> open_drive(std::vector<Fault> faults = {}) const {
    return open({.board = std::string(GetParam().name), .faults = std::move(faults)});
  }

  static uint64_t storage_start(const DriveExport& drive) {
    return uint64_t{flash::Drive::kFirstStorageBlock} * drive.block_bytes();
  }
};

INSTANTIATE_TEST_SUITE_P(Boards, OnEveryBoard,
                         testing::ValuesIn(boards::all_boards().begin(), boards::all_boards().end()),
                         [](const auto& board) { return std::string(board.param.name); });

TEST_P(OnEveryBoard, ShowsThePartitionTableAndTheStorageBehindIt) {
  const auto drive = open_drive();
  EXPECT_EQ(drive->block_bytes(), GetParam().simple_block_bytes);
  EXPECT_EQ(drive->size_bytes(), storage_start(*drive) + GetParam().storage().size_bytes);
  std::vector<uint8_t> table(drive->block_bytes());
  ASSERT_EQ(drive->read(0, table), 0);
  EXPECT_EQ(table[510], 0x55);
  EXPECT_EQ(table[511], 0xAA);
}

TEST_P(OnEveryBoard, ReadsBackWhatWasWritten) {
  const auto drive = open_drive();
  std::vector<uint8_t> data(2 * drive->block_bytes()), back(data.size());
  std::iota(data.begin(), data.end(), uint8_t{1});
  const uint64_t last = drive->size_bytes() - data.size();
  for (const uint64_t offset : {storage_start(*drive), last}) {
    ASSERT_EQ(drive->write(offset, data), 0);
    ASSERT_EQ(drive->flush(), 0);
    ASSERT_EQ(drive->read(offset, back), 0);
    EXPECT_EQ(back, data);
  }
}

TEST_P(OnEveryBoard, RefusesWhatLeavesTheDriveOrIsNoWholeBlock) {
  const auto drive = open_drive();
  const uint32_t block = drive->block_bytes();
  std::vector<uint8_t> data(2 * block);
  const std::span<uint8_t> all(data);
  for (const uint64_t offset : {drive->size_bytes() - block, drive->size_bytes(), uint64_t{1} << 63}) {
    EXPECT_EQ(drive->write(offset, data), EINVAL) << offset;
    EXPECT_EQ(drive->read(offset, data), EINVAL) << offset;
  }
  EXPECT_EQ(drive->write(1, all.first(block)), EINVAL);
  EXPECT_EQ(drive->read(0, all.first(block - 1)), EINVAL);
  EXPECT_EQ(drive->read(drive->size_bytes(), {}), 0);
}

TEST_P(OnEveryBoard, AFailureOfTheHardwareReachesTheFlushAndTheNextOneIsASuccess) {
  const auto drive = open_drive({{sim::Operation::kProgram, 1}});
  const std::vector<uint8_t> data(drive->block_bytes(), 0x5A);
  ASSERT_EQ(drive->write(storage_start(*drive), data), 0);
  EXPECT_EQ(drive->flush(), EIO);
  EXPECT_EQ(drive->flush(), 0);
  std::vector<uint8_t> back(data.size());
  ASSERT_EQ(drive->read(storage_start(*drive), back), 0);
  EXPECT_EQ(back, data);
}

TEST_P(OnEveryBoard, WhatHasWaitedLongEnoughReachesTheFlash) {
  const auto drive = open_drive({{sim::Operation::kProgram, 1}});
  const std::vector<uint8_t> data(drive->block_bytes(), 0x5A);
  const uint32_t idle_ms = GetParam().idle_flush_ms;
  ASSERT_EQ(drive->write(storage_start(*drive), data), 0);
  EXPECT_EQ(drive->pass_ms(idle_ms - 1), 0) << "nothing is programmed yet";
  EXPECT_EQ(drive->pass_ms(1), EIO) << "the first program fails";
  EXPECT_EQ(drive->pass_ms(idle_ms - 1), 0);
  EXPECT_EQ(drive->pass_ms(1), 0);
}

TEST(DriveExport, TellsWhatIsWrong) {
  for (const ExportOptions& options : {ExportOptions{.board = "OPENMV9"},
                                       ExportOptions{.board = "OPENMV4P", .image = "/no/such/folder/x"}}) {
    EXPECT_TRUE(std::holds_alternative<std::string>(DriveExport::open(options)));
  }
}

TEST(ParseFault, KnowsItsThreeForms) {
  const auto fault = parse_fault("program:12");
  ASSERT_TRUE(fault.has_value());
  EXPECT_EQ(fault->operation, sim::Operation::kProgram);
  EXPECT_EQ(fault->n, 12u);
  EXPECT_TRUE(parse_fault("read:1") && parse_fault("erase:1"));
  for (const char* text : {"", "program", "program:", "program:0", "program:-1", "program:1x", "melt:1",
                           "program:99999999999999999999"}) {
    EXPECT_FALSE(parse_fault(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace nbd
