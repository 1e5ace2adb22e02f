// The whole stack on every board there is.
#include "boards/camera.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "boards/board_table.h"

namespace boards {
namespace {

using flash::Error;
using flash::Partition;

// Whatever a test does, the driver under it must do nothing that the manual forbids.
struct NoViolations {
  void operator()(Camera* camera) const {
    for (const sim::Violation& violation : camera->hardware().violations().list()) {
      ADD_FAILURE() << "at " << violation.at_ns << " ns, " << violation.where << ": " << violation.what;
    }
    delete camera;
  }
};
using CheckedCamera = std::unique_ptr<Camera, NoViolations>;

CheckedCamera open(const Board& board, const std::string& path = {}) {
  auto camera = Camera::open(board, path);
  if (const auto* error = std::get_if<std::string>(&camera)) ADD_FAILURE() << *error;
  return CheckedCamera(std::get<std::unique_ptr<Camera>>(camera).release());
}

class OnEveryBoard : public testing::TestWithParam<Board> {
 protected:
  const Board& board() const { return GetParam(); }

  // Enough of the storage to be more than the cache holds.
  uint32_t used_bytes() const { return std::min<uint32_t>(board().storage().size_bytes, 256 * 1024); }

  static constexpr uint32_t k16MiB = 16u << 20;
  bool crosses_16mib() const {
    const auto& storage = board().storage();
    return storage.offset < k16MiB && k16MiB - storage.offset < storage.size_bytes;
  }

  static std::string temporary_file() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string(test->name()) + ".img";
    std::replace(name.begin(), name.end(), '/', '_');
    const auto path =
        std::filesystem::temp_directory_path() / ("pybflash_" + std::to_string(getpid()) + name);
    std::filesystem::remove(path);
    std::filesystem::remove(path.string() + ".wear");
    return path.string();
  }
};

INSTANTIATE_TEST_SUITE_P(Boards, OnEveryBoard, testing::ValuesIn(all_boards().begin(), all_boards().end()),
                         [](const auto& board) { return std::string(board.param.name); });

TEST_P(OnEveryBoard, StorageIsTheRightSliceOfTheFlash) {
  auto camera = open(board());
  const Area& area = board().storage();
  const uint32_t length = std::min<uint32_t>(area.size_bytes / 2, 64 * 1024);
  const std::vector<uint8_t> data(length, 0x6B);
  for (const uint32_t at : {0u, area.size_bytes - length})
    ASSERT_TRUE(camera->storage().write(at, data).ok());
  ASSERT_TRUE(camera->storage().sync().ok());
  std::vector<uint8_t> expected(camera->cells().size_bytes(), 0xFF);
  std::fill_n(expected.begin() + area.offset, length, uint8_t{0x6B});
  std::fill_n(expected.begin() + area.offset + area.size_bytes - length, length, uint8_t{0x6B});
  EXPECT_TRUE(std::ranges::equal(camera->cells().bytes(), expected));
}

TEST_P(OnEveryBoard, OneChangedBlockOfAUsedStorageCostsOneErase) {
  auto camera = open(board());
  const std::vector<uint8_t> zeros(used_bytes(), 0);
  ASSERT_TRUE(camera->storage().write(0, zeros).ok());
  ASSERT_TRUE(camera->storage().sync().ok());
  const Camera::Totals before = camera->totals();
  ASSERT_TRUE(camera->storage().write(0, std::vector<uint8_t>(512, 0x77)).ok());
  ASSERT_TRUE(camera->storage().sync().ok());
  const Camera::Totals after = camera->totals();
  EXPECT_EQ(after.erases - before.erases, 1u);
  EXPECT_GT(after.device_us, before.device_us);
  EXPECT_GE(after.max_wear, 1u);
}

TEST_P(OnEveryBoard, InterruptsAreKeptOutForMicrosecondsOnly) {
  auto camera = open(board());
  for (uint8_t value : {uint8_t{0}, uint8_t{0x55}}) {
    ASSERT_TRUE(camera->storage().write(0, std::vector<uint8_t>(used_bytes(), value)).ok());
    ASSERT_TRUE(camera->storage().sync().ok());
  }
  EXPECT_GT(camera->hardware().longest_masked_ns(), 0u);
  EXPECT_LE(camera->hardware().longest_masked_ns(), 50'000u);
}

TEST_P(OnEveryBoard, IdleStorageReachesTheFlashByItself) {
  auto camera = open(board());
  ASSERT_TRUE(camera->storage().write(0, std::vector<uint8_t>(512, 0x77)).ok());
  camera->pass_ms(board().idle_flush_ms - 1);
  EXPECT_TRUE(camera->storage().is_dirty());
  camera->pass_ms(1024);
  EXPECT_FALSE(camera->storage().is_dirty());
  EXPECT_EQ(camera->cells().bytes()[board().storage().offset], 0x77);
}

TEST_P(OnEveryBoard, InjectedFaultsEndInAnErrorAndTheNextSyncMendsThem) {
  for (sim::Operation operation : {sim::Operation::kProgram, sim::Operation::kErase}) {
    auto camera = open(board());
    std::vector<uint8_t> data(used_bytes(), 0x00);
    ASSERT_TRUE(camera->storage().write(0, data).ok());
    ASSERT_TRUE(camera->storage().sync().ok());
    // The last bytes of a sector, for an injected erase stops half way.
    const uint32_t sector = board().part->geometry.sector_bytes_at(board().storage().offset);
    std::fill_n(data.begin() + sector - 16, 16, uint8_t{0x55});
    ASSERT_TRUE(camera->storage().write(sector - 512, std::span(data).subspan(sector - 512, 512)).ok());
    camera->fail_nth(operation, 1);
    EXPECT_EQ(camera->storage().sync(), Error::kIo);
    EXPECT_TRUE(camera->storage().sync().ok());
    const auto chip = camera->cells().bytes().subspan(board().storage().offset, data.size());
    EXPECT_TRUE(std::equal(data.begin(), data.end(), chip.begin()));
  }
}

TEST_P(OnEveryBoard, InjectedFaultsCanBeTakenBack) {
  auto camera = open(board());
  for (sim::Operation operation : {sim::Operation::kRead, sim::Operation::kProgram, sim::Operation::kErase}) {
    camera->fail_nth(operation, 1);
    camera->fail_nth(operation, 2);
  }
  camera->fail_none();
  for (uint8_t value : {uint8_t{0}, uint8_t{0x55}}) {
    ASSERT_TRUE(camera->storage().write(0, std::vector<uint8_t>(used_bytes(), value)).ok());
    ASSERT_TRUE(camera->storage().sync().ok());
  }
  camera->fail_nth(sim::Operation::kProgram, 1);
  ASSERT_TRUE(camera->storage().write(0, std::vector<uint8_t>(512)).ok());
  EXPECT_EQ(camera->storage().sync(), Error::kIo) << "and armed again";
}

TEST_P(OnEveryBoard, APowerCutLosesWhatWaitsAndNothingElse) {
  auto camera = open(board());
  const std::vector<uint8_t> synced(1024, 0x00);
  ASSERT_TRUE(camera->storage().write(0, synced).ok());
  ASSERT_TRUE(camera->storage().sync().ok());
  ASSERT_TRUE(camera->storage().write(0, std::vector<uint8_t>(512, 0x77)).ok());
  camera->power_off();
  EXPECT_FALSE(camera->storage().is_dirty());
  std::vector<uint8_t> out(1024, 0xEE);
  EXPECT_FALSE(camera->storage().read(0, out).ok()) << "nobody answers";
  ASSERT_TRUE(camera->power_on().ok());
  ASSERT_TRUE(camera->storage().read(0, out).ok());
  EXPECT_EQ(out, synced);
  ASSERT_TRUE(camera->storage().write(0, std::vector<uint8_t>(512, 0x77)).ok());
  ASSERT_TRUE(camera->storage().sync().ok());
  EXPECT_EQ(camera->cells().bytes()[board().storage().offset], 0x77);
}

// Code that runs on after a cut meets errors, and can do no harm.
TEST_P(OnEveryBoard, AfterACutEverythingFailsUntilThePowerIsBack) {
  for (const sim::Tear tear : {sim::Tear::kBefore, sim::Tear::kErasing}) {
    auto camera = open(board());
    flash::Storage& storage = camera->storage();
    ASSERT_TRUE(storage.write(0, std::vector<uint8_t>(1024, 0x00)).ok());
    ASSERT_TRUE(storage.sync().ok());
    int cuts = 0;
    camera->supply().set_on_cut([&cuts] { ++cuts; });
    camera->supply().cut_at({0, tear, 1});
    ASSERT_TRUE(storage.write(0, std::vector<uint8_t>(512, 0x77)).ok());
    EXPECT_FALSE(storage.sync().ok());
    const std::vector<uint8_t> at_the_cut(camera->cells().bytes().begin(), camera->cells().bytes().end());
    EXPECT_FALSE(storage.sync().ok());
    storage.erase(0, storage.size_bytes()).ignore();  // as far as the cache reaches
    EXPECT_FALSE(storage.sync().ok());
    EXPECT_EQ(cuts, 1);
    camera->power_off();
    EXPECT_TRUE(std::ranges::equal(camera->cells().bytes(), at_the_cut));
    ASSERT_TRUE(camera->power_on().ok());
    ASSERT_TRUE(storage.write(0, std::vector<uint8_t>(512, 0x66)).ok());
    EXPECT_TRUE(storage.sync().ok());
    EXPECT_EQ(camera->cells().bytes()[board().storage().offset], 0x66);
  }
}

TEST_P(OnEveryBoard, AnImageKeepsContentAndWear) {
  const std::string path = temporary_file();
  uint32_t wear = 0;
  {
    auto camera = open(board(), path);
    for (uint8_t value : {uint8_t{0x00}, uint8_t{0x11}}) {
      ASSERT_TRUE(camera->storage().write(512, std::vector<uint8_t>(512, value)).ok());
      ASSERT_TRUE(camera->storage().sync().ok());
    }
    wear = camera->totals().max_wear;
    EXPECT_EQ(wear, 1u);
  }
  EXPECT_EQ(std::filesystem::file_size(path), board().part->geometry.size_bytes());
  auto camera = open(board(), path);
  EXPECT_EQ(camera->totals().max_wear, wear);
  std::vector<uint8_t> out(512);
  ASSERT_TRUE(camera->storage().read(512, out).ok());
  EXPECT_EQ(out, std::vector<uint8_t>(512, 0x11));
  std::filesystem::remove(path);
  std::filesystem::remove(path + ".wear");
}

// Any sequence of calls over overlapping objects is that of a plain array, on every board: at the start of
// the storage, and across 16 MiB of the chip, where 24 bits of address end.
TEST_P(OnEveryBoard, OverlappingObjectsAgreeWithAPlainArray) {
  constexpr uint32_t kSeeds = 6;
  const bool crosses = crosses_16mib();
  for (uint32_t seed = 1; seed <= (crosses ? 2 : 1) * kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const uint32_t base =
        seed > kSeeds ? k16MiB - board().storage().offset - 6 * board().native_block_bytes : 0;
    std::mt19937 random(seed);
    auto camera = open(board());
    flash::Storage& storage = camera->storage();
    const uint32_t native = board().native_block_bytes;
    const uint32_t window = std::min<uint32_t>(storage.size_bytes(), 12 * native);
    std::vector<uint8_t> model(window, 0xFF);
    struct Object {
      Partition partition;
      uint32_t start, len;
    };
    std::vector<Object> objects;
    for (int i = 0; i < 4; ++i) {
      const auto start = static_cast<uint32_t>(random() % (window / native - 1)) * native;
      const auto len = static_cast<uint32_t>(1 + random() % (window - start) / native) * native;
      const uint32_t fitting = std::min(len, window - start);
      objects.push_back({Partition(storage, base + start, fitting), start, fitting});
    }
    for (int step = 0; step < 200; ++step) {
      Object& object = objects[random() % objects.size()];
      const uint32_t unit = object.partition.block_bytes();
      const auto blocks = static_cast<uint32_t>(random() % (object.len / unit + 1));
      const auto block = static_cast<uint32_t>(random() % (object.len / unit - blocks + 1));
      std::vector<uint8_t> data(blocks * unit);
      for (uint8_t& byte : data) byte = static_cast<uint8_t>(random());
      const auto at = model.begin() + object.start + block * unit;
      const auto native_block = static_cast<uint32_t>(random() % (object.len / native));
      const auto native_at = model.begin() + object.start + native_block * native;
      switch (random() % 7) {
        case 0:
          ASSERT_TRUE(object.partition.write_blocks(block, data).ok());
          std::copy(data.begin(), data.end(), at);
          break;
        case 1:
          ASSERT_TRUE(object.partition.read_blocks(block, data).ok());
          ASSERT_TRUE(std::equal(data.begin(), data.end(), at)) << "step " << step;
          break;
        case 2: {
          const auto offset = static_cast<uint32_t>(random() % native);
          data.resize(random() % (object.len - native_block * native - offset + 1));
          bool legal = true;
          for (size_t i = 0; i < data.size(); ++i) {
            if (random() % 64 != 0) data[i] &= native_at[offset + static_cast<ptrdiff_t>(i)];
            legal = legal && (data[i] & ~native_at[offset + static_cast<ptrdiff_t>(i)]) == 0;
          }
          const flash::Status status = object.partition.program_bytes(native_block, offset, data);
          ASSERT_EQ(status, legal ? flash::Status() : flash::Status(Error::kIo));
          if (legal) std::copy(data.begin(), data.end(), native_at + offset);
          break;
        }
        case 3:
          ASSERT_TRUE(object.partition.ioctl(6, native_block).status.ok());
          std::fill_n(native_at, native, uint8_t{0xFF});
          break;
        case 4:
          ASSERT_TRUE(object.partition.ioctl(1, random() % 2).status.ok());
          break;
        case 5:
          if (random() % 2 == 0) ASSERT_TRUE(object.partition.ioctl(3, 0).status.ok());
          break;
        default:
          camera->pass_ms(random() % 3000);
      }
    }
    ASSERT_TRUE(storage.sync().ok());
    const auto chip = camera->cells().bytes().subspan(board().storage().offset + base, window);
    EXPECT_TRUE(std::equal(model.begin(), model.end(), chip.begin()));
  }
}

TEST(Camera, RefusesAnImageOfAnotherBoard) {
  const auto path =
      (std::filesystem::temp_directory_path() / ("pybflash_other_" + std::to_string(getpid()))).string();
  std::ofstream(path) << "too short";
  const auto camera = Camera::open(all_boards().front(), path);
  ASSERT_TRUE(std::holds_alternative<std::string>(camera));
  EXPECT_NE(std::get<std::string>(camera).find("holds 9 bytes"), std::string::npos)
      << std::get<std::string>(camera);
  std::filesystem::remove(path);
}

TEST(Camera, AnImageHasOneUserAtATime) {
  const auto path =
      (std::filesystem::temp_directory_path() / ("pybflash_busy_" + std::to_string(getpid()))).string();
  const Board& board = all_boards().front();
  {
    auto camera = open(board, path);
    const auto second = Camera::open(board, path);
    ASSERT_TRUE(std::holds_alternative<std::string>(second));
    EXPECT_NE(std::get<std::string>(second).find("in use"), std::string::npos);
  }
  EXPECT_TRUE(std::holds_alternative<std::unique_ptr<Camera>>(Camera::open(board, path)));
  std::filesystem::remove(path);
  std::filesystem::remove(path + ".wear");
}

}  // namespace
}  // namespace boards
