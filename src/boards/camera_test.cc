// The whole stack on every board there is.
#include "boards/camera.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <utility>
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

// Objects that overlap in one stretch of the storage, and a plain array that says what it has to hold.
class OverlappingObjects {
 public:
  OverlappingObjects(Camera& camera, uint32_t native, uint32_t base, uint32_t seed)
      : camera_(camera),
        native_(native),
        random_(seed),
        model_(std::min<uint32_t>(camera.storage().size_bytes(), 12 * native), 0xFF) {
    const auto window = static_cast<uint32_t>(model_.size());
    for (int i = 0; i < 4; ++i) {
      const uint32_t start = below(window / native - 1) * native;
      const auto len = static_cast<uint32_t>(1 + random_() % (window - start) / native) * native;
      const uint32_t fitting = std::min(len, window - start);
      objects_.push_back({Partition(camera.storage(), base + start, fitting), start, fitting});
    }
  }

  const std::vector<uint8_t>& model() const { return model_; }

  void do_anything() {
    Call call = any_call();
    switch (random_() % 7) {
      case 0:
        return write(call);
      case 1:
        return read(call);
      case 2:
        return program(call);
      case 3:
        return erase(call);
      case 4:
        ASSERT_TRUE(call.object.partition.ioctl(1, random_() % 2).status.ok());
        break;
      case 5:
        if (random_() % 2 == 0) ASSERT_TRUE(call.object.partition.ioctl(3, 0).status.ok());
        break;
      default:
        camera_.pass_ms(random_() % 3000);
    }
  }

 private:
  struct Object {
    Partition partition;
    uint32_t start, len;
  };
  // What a call may take; `at` and `native_at` are the places of its blocks in the array.
  struct Call {
    Object& object;
    uint32_t block;
    std::vector<uint8_t> data;
    std::vector<uint8_t>::iterator at;
    uint32_t native_block;
    std::vector<uint8_t>::iterator native_at;
  };

  uint32_t below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }

  Call any_call() {
    Object& object = objects_[random_() % objects_.size()];
    const uint32_t unit = object.partition.block_bytes();
    const uint32_t blocks = below(object.len / unit + 1);
    const uint32_t block = below(object.len / unit - blocks + 1);
    std::vector<uint8_t> data(blocks * unit);
    for (uint8_t& byte : data) byte = static_cast<uint8_t>(random_());
    const uint32_t native_block = below(object.len / native_);
    const auto begin = model_.begin() + object.start;
    return {
        object, block, std::move(data), begin + block * unit, native_block, begin + native_block * native_};
  }

  void write(const Call& call) {
    ASSERT_TRUE(call.object.partition.write_blocks(call.block, call.data).ok());
    std::ranges::copy(call.data, call.at);
  }

  void read(Call& call) {
    ASSERT_TRUE(call.object.partition.read_blocks(call.block, call.data).ok());
    ASSERT_TRUE(std::equal(call.data.begin(), call.data.end(), call.at));
  }

  // Mostly of what needs no erase; all else is refused.
  void program(Call& call) {
    const uint32_t offset = below(native_);
    const auto at = call.native_at + offset;
    call.data.resize(below(call.object.len - call.native_block * native_ - offset + 1));
    bool legal = true;
    for (size_t i = 0; i < call.data.size(); ++i) {
      const uint8_t present = at[static_cast<ptrdiff_t>(i)];
      if (random_() % 64 != 0) call.data[i] &= present;
      legal = legal && (call.data[i] & ~present) == 0;
    }
    const flash::Status status = call.object.partition.program_bytes(call.native_block, offset, call.data);
    ASSERT_EQ(status, legal ? flash::Status() : flash::Status(Error::kIo));
    if (legal) std::ranges::copy(call.data, at);
  }

  void erase(const Call& call) {
    ASSERT_TRUE(call.object.partition.ioctl(6, call.native_block).status.ok());
    std::fill_n(call.native_at, native_, uint8_t{0xFF});
  }

  Camera& camera_;
  uint32_t native_;
  std::mt19937 random_;
  std::vector<uint8_t> model_;
  std::vector<Object> objects_;
};

// Any sequence of calls over overlapping objects is that of a plain array, on every board: at the start of
// the storage, and across 16 MiB of the chip, where 24 bits of address end.
TEST_P(OnEveryBoard, OverlappingObjectsAgreeWithAPlainArray) {
  constexpr uint32_t kSeeds = 6;
  const uint32_t native = board().native_block_bytes;
  for (uint32_t seed = 1; seed <= (crosses_16mib() ? 2 : 1) * kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const uint32_t base = seed > kSeeds ? k16MiB - board().storage().offset - 6 * native : 0;
    auto camera = open(board());
    OverlappingObjects objects(*camera, native, base, seed);
    for (int step = 0; step < 200; ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      ASSERT_NO_FATAL_FAILURE(objects.do_anything());
    }
    ASSERT_TRUE(camera->storage().sync().ok());
    const std::vector<uint8_t>& model = objects.model();
    const auto chip = camera->cells().bytes().subspan(board().storage().offset + base, model.size());
    EXPECT_TRUE(std::ranges::equal(model, chip));
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
