// What the tests of the contract share: a camera with every kind of object over its first blocks.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "boards/board_table.h"
#include "boards/camera.h"

namespace boards {

using Bytes = std::vector<uint8_t>;

// The commands of ioctl.
inline constexpr int kInit = 1, kDeinit = 2, kSync = 3, kBlockCount = 4, kBlockSize = 5, kErase = 6;

// Numbers whose products with a block leave 32 or 64 bits, and those that no storage has.
inline constexpr int64_t kFarBlocks[] = {int64_t{1} << 20,
                                         int64_t{1} << 23,
                                         (int64_t{1} << 23) + 1,
                                         int64_t{1} << 31,
                                         int64_t{1} << 32,
                                         int64_t{1} << 52,
                                         int64_t{1} << 55,
                                         INT64_MAX,
                                         -1,
                                         -2,
                                         -256,
                                         INT64_MIN};

class OnABoard : public testing::TestWithParam<Board> {
 protected:
  static constexpr uint32_t kBlocks = 4;  // native ones, of the partition that most tests use

  OnABoard()
      : camera(open_camera(GetParam())),
        native(GetParam().native_block_bytes),
        simple(GetParam().simple_block_bytes),
        storage_bytes(GetParam().storage().size_bytes),
        part(camera->storage(), native, kBlocks * native),
        around(camera->storage(), 0, (kBlocks + 2) * native),
        drive(camera->storage()) {}

  // Whatever a test does, the driver does nothing that the manual forbids.
  ~OnABoard() override {
    for (const sim::Violation& violation : camera->hardware().violations().list()) {
      ADD_FAILURE() << "at " << violation.at_ns << " ns, " << violation.where << ": " << violation.what;
    }
  }

  static std::unique_ptr<Camera> open_camera(const Board& board) {
    return std::get<std::unique_ptr<Camera>>(Camera::open(board, {}));
  }

  static Bytes pattern(size_t length, uint32_t seed) {
    Bytes bytes(length);
    for (size_t i = 0; i < length; ++i) bytes[i] = static_cast<uint8_t>(i * 7 + i / 251 + seed * 31);
    return bytes;
  }

  // `part` erased, between two native blocks of 0x5A.
  void surround() {
    ASSERT_TRUE(around.write_blocks(0, Bytes((kBlocks + 2) * native, 0x5A)).ok());
    for (uint32_t n = 0; n < kBlocks; ++n) ASSERT_EQ(value(part, kErase, n), 0);
  }
  void expect_surrounded(const Bytes& content) {
    Bytes expected((kBlocks + 2) * native, 0x5A);
    std::copy(content.begin(), content.end(), expected.begin() + native);
    EXPECT_TRUE(in_storage(0, (kBlocks + 2) * native) == expected);
  }

  // Through the cache, and past it.
  Bytes in_storage(uint32_t offset, uint32_t length) {
    Bytes out(length);
    EXPECT_TRUE(camera->storage().read(offset, out).ok());
    return out;
  }
  Bytes in_cells(uint32_t offset, uint32_t length) {
    const auto cells = camera->cells().bytes().subspan(GetParam().storage().offset + offset, length);
    return {cells.begin(), cells.end()};
  }

  template <class Device>
  static int32_t value(Device& device, int64_t command, int64_t argument = 0) {
    const flash::IoctlAnswer answer = device.ioctl(command, argument);
    EXPECT_TRUE(answer.known && answer.status.ok()) << "ioctl " << command;
    return answer.value;
  }

  uint64_t flash_work() const { return camera->totals().programs + camera->totals().erases; }

  std::unique_ptr<Camera> camera;
  const uint32_t native, simple, storage_bytes;
  flash::Partition part;    // kBlocks from the second native block on
  flash::Partition around;  // it, and a native block on either side
  flash::Drive drive;
};

inline std::string name_of(const testing::TestParamInfo<Board>& info) {
  return std::string(info.param.name);
}

}  // namespace boards
