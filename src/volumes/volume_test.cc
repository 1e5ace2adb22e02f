// Both filesystems, on the whole stack, on every board.
#include "volumes/volume.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "boards/board_table.h"
#include "boards/camera.h"
#include "volumes/storage_device.h"

namespace volumes {
namespace {

using Bytes = std::vector<uint8_t>;

enum class Kind { kFat, kLittlefs };

std::unique_ptr<Volume> make(Kind kind, BlockDevice& device) {
  return kind == Kind::kFat ? make_fat(device, "LABEL") : make_littlefs(device);
}

Bytes noise(uint32_t seed, size_t size) {
  std::mt19937 random(seed);
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

flash::Status write_file(Volume& volume, const std::string& path, OpenMode mode, const Bytes& content,
                         size_t piece_bytes = SIZE_MAX) {
  std::unique_ptr<File> file;
  FLASH_TRY(volume.open(path, mode, file));
  for (size_t at = 0; at < content.size();) {
    const size_t size = std::min(piece_bytes, content.size() - at);
    FLASH_TRY(file->write(std::span(content).subspan(at, size)));
    at += size;
  }
  return file->close();
}

Bytes read_file(Volume& volume, const std::string& path, size_t piece_bytes = 700) {
  std::unique_ptr<File> file;
  EXPECT_TRUE(volume.open(path, OpenMode::kRead, file).ok()) << path;
  if (!file) return {};
  Bytes content;
  Bytes piece(piece_bytes);
  size_t done = 0;
  do {
    EXPECT_TRUE(file->read(piece, done).ok());
    content.insert(content.end(), piece.begin(), piece.begin() + static_cast<ptrdiff_t>(done));
  } while (done == piece.size());
  EXPECT_EQ(content.size(), file->size_bytes());
  EXPECT_TRUE(file->close().ok());
  return content;
}

std::vector<std::string> names_in(Volume& volume, const std::string& path) {
  std::vector<Entry> entries;
  EXPECT_TRUE(volume.list(path, entries).ok());
  std::vector<std::string> names;
  for (const Entry& entry : entries) names.push_back(entry.name + (entry.is_directory ? "/" : ""));
  std::sort(names.begin(), names.end());
  return names;
}

class OnEveryBoard : public testing::TestWithParam<std::tuple<boards::Board, Kind>> {
 protected:
  OnEveryBoard() : camera_(open_camera(std::get<0>(GetParam()))), device_(camera_->storage()) {
    volume_ = make(kind(), device_);
  }

  ~OnEveryBoard() override { EXPECT_TRUE(camera_->hardware().violations().list().empty()); }

  static std::unique_ptr<boards::Camera> open_camera(const boards::Board& board) {
    return std::get<std::unique_ptr<boards::Camera>>(boards::Camera::open(board, {}));
  }

  static Kind kind() { return std::get<1>(GetParam()); }
  Volume& volume() { return *volume_; }

  void format_and_mount() {
    ASSERT_TRUE(volume().format().ok());
    ASSERT_TRUE(volume().mount().ok());
  }

  void remount() {
    volume().unmount();
    volume_ = make(kind(), device_);
    ASSERT_TRUE(volume().mount().ok());
  }

  std::unique_ptr<boards::Camera> camera_;
  StorageDevice device_;
  std::unique_ptr<Volume> volume_;
};

INSTANTIATE_TEST_SUITE_P(Boards, OnEveryBoard,
                         testing::Combine(testing::ValuesIn(boards::all_boards().begin(),
                                                            boards::all_boards().end()),
                                          testing::Values(Kind::kFat, Kind::kLittlefs)),
                         [](const auto& param) {
                           const Kind kind = std::get<1>(param.param);
                           return std::string(std::get<0>(param.param).name) +
                                  (kind == Kind::kFat ? "_fat" : "_littlefs");
                         });

TEST_P(OnEveryBoard, BlankDoesNotMount) {
  EXPECT_EQ(volume().mount(), kind() == Kind::kFat ? kNoFilesystem : kCorrupt);
}

TEST_P(OnEveryBoard, WhatIsWrittenIsReadInPiecesOfAnySize) {
  format_and_mount();
  for (const size_t size : {0, 1, 511, 512, 513, 4095, 4096, 4097}) {
    const Bytes content = noise(static_cast<uint32_t>(size), size);
    const std::string path = "/file" + std::to_string(size);
    ASSERT_TRUE(write_file(volume(), path, OpenMode::kCreate, content, 100).ok());
    EXPECT_EQ(read_file(volume(), path), content);
    ASSERT_TRUE(volume().remove(path).ok());
  }
}

TEST_P(OnEveryBoard, EveryModeDoesWhatPythonsModeDoes) {
  format_and_mount();
  const Bytes head = noise(1, 600), tail = noise(2, 500);
  ASSERT_TRUE(write_file(volume(), "/f", OpenMode::kCreateNew, head).ok());
  EXPECT_EQ(write_file(volume(), "/f", OpenMode::kCreateNew, tail), kExists);
  ASSERT_TRUE(write_file(volume(), "/f", OpenMode::kAppend, tail).ok());
  Bytes expected = head;
  expected.insert(expected.end(), tail.begin(), tail.end());
  EXPECT_EQ(read_file(volume(), "/f"), expected);

  std::unique_ptr<File> file;
  ASSERT_TRUE(volume().open("/f", OpenMode::kUpdate, file).ok());
  ASSERT_TRUE(file->seek(100).ok());
  ASSERT_TRUE(file->write(tail).ok());
  ASSERT_TRUE(file->close().ok());
  std::copy(tail.begin(), tail.end(), expected.begin() + 100);
  EXPECT_EQ(read_file(volume(), "/f"), expected);

  ASSERT_TRUE(write_file(volume(), "/f", OpenMode::kCreate, tail).ok());
  EXPECT_EQ(read_file(volume(), "/f"), tail);
  EXPECT_EQ(volume().open("/none", OpenMode::kUpdate, file), kNotFound);
  EXPECT_EQ(volume().open("/none", OpenMode::kRead, file), kNotFound);
}

TEST_P(OnEveryBoard, FoldersAreListedAndFilesRenamed) {
  format_and_mount();
  ASSERT_TRUE(volume().make_directory("/lib").ok());
  EXPECT_EQ(volume().make_directory("/lib"), kExists);
  ASSERT_TRUE(write_file(volume(), "/lib/a", OpenMode::kCreate, noise(1, 10)).ok());
  ASSERT_TRUE(write_file(volume(), "/b", OpenMode::kCreate, noise(2, 20)).ok());
  EXPECT_EQ(names_in(volume(), "/"), (std::vector<std::string>{"b", "lib/"}));
  EXPECT_EQ(volume().remove("/lib"), kind() == Kind::kFat ? kDenied : kNotEmpty);
  ASSERT_TRUE(volume().rename("/b", "/lib/a").ok()) << "a file in the way makes way";
  EXPECT_EQ(read_file(volume(), "/lib/a"), noise(2, 20));
  EXPECT_EQ(names_in(volume(), "/lib"), std::vector<std::string>{"a"});
  std::vector<Entry> entries;
  EXPECT_EQ(volume().list("/none", entries), kNotFound);
  ASSERT_TRUE(volume().remove("/lib/a").ok());
  ASSERT_TRUE(volume().remove("/lib").ok());
  EXPECT_EQ(volume().remove("/lib"), kNotFound);
}

TEST_P(OnEveryBoard, EachFolderBeginsInAPlaceOfItsOwn) {
  format_and_mount();
  std::set<uint32_t> places;
  for (const char* path : {"/", "/a", "/a/b", "/c"}) {
    if (std::string_view(path) != "/") ASSERT_TRUE(volume().make_directory(path).ok());
    uint32_t place = 0, again = 0;
    ASSERT_TRUE(volume().place_of_folder(path, place).ok());
    ASSERT_TRUE(volume().place_of_folder(path, again).ok());
    EXPECT_EQ(place, again);
    EXPECT_TRUE(places.insert(place).second) << path;
  }
  uint32_t place = 0;
  EXPECT_EQ(volume().place_of_folder("/none", place), kNotFound);
}

TEST_P(OnEveryBoard, StatTellsSizeKindAndTime) {
  format_and_mount();
  constexpr uint64_t kEvenSecond = 1'800'000'000;
  volume().set_time(kEvenSecond);
  ASSERT_TRUE(write_file(volume(), "/f", OpenMode::kCreate, noise(1, 10)).ok());
  ASSERT_TRUE(volume().make_directory("/d").ok());
  Entry entry;
  ASSERT_TRUE(volume().stat("/f", entry).ok());
  EXPECT_EQ(entry.name, "f");
  EXPECT_EQ(entry.size_bytes, 10u);
  EXPECT_FALSE(entry.is_directory);
  EXPECT_EQ(entry.modified_s, kEvenSecond);
  for (const char* path : {"/", "/d"}) {
    ASSERT_TRUE(volume().stat(path, entry).ok());
    EXPECT_TRUE(entry.is_directory);
  }
}

TEST_P(OnEveryBoard, ClosedFilesAreThereAfterTheCacheIsLost) {
  format_and_mount();
  ASSERT_TRUE(write_file(volume(), "/f", OpenMode::kCreate, noise(1, 5000)).ok());
  volume().unmount();
  camera_->power_off();
  ASSERT_TRUE(camera_->power_on().ok());
  remount();
  EXPECT_EQ(read_file(volume(), "/f"), noise(1, 5000));
}

TEST_P(OnEveryBoard, AFileThatIsNotClosedIsForgotten) {
  format_and_mount();
  ASSERT_TRUE(write_file(volume(), "/f", OpenMode::kCreate, noise(1, 5000)).ok());
  std::unique_ptr<File> file;
  ASSERT_TRUE(volume().open("/g", OpenMode::kCreate, file).ok());
  ASSERT_TRUE(file->write(noise(2, 300)).ok());
  camera_->power_off();
  file.reset();
  volume().unmount();
  ASSERT_TRUE(camera_->power_on().ok());
  remount();
  EXPECT_EQ(read_file(volume(), "/f"), noise(1, 5000));
  ASSERT_TRUE(write_file(volume(), "/g", OpenMode::kCreate, noise(3, 300)).ok());
  EXPECT_EQ(read_file(volume(), "/g"), noise(3, 300));
}

TEST_P(OnEveryBoard, AFileThatOutlivesItsMountDoesNoHarm) {
  format_and_mount();
  std::unique_ptr<File> file;
  ASSERT_TRUE(volume().open("/f", OpenMode::kCreate, file).ok());
  volume().unmount();
  ASSERT_TRUE(volume().mount().ok());
  file.reset();
  ASSERT_TRUE(write_file(volume(), "/f", OpenMode::kCreate, noise(1, 100)).ok());
  EXPECT_EQ(read_file(volume(), "/f"), noise(1, 100));
}

TEST_P(OnEveryBoard, AFullVolumeSaysSoAndKeepsWhatItHas) {
  const uint32_t len = std::min<uint32_t>(device_.size_bytes(), 128 * 1024);
  StorageDevice part(camera_->storage(), 0, len);
  const auto small = make(kind(), part);
  ASSERT_TRUE(small->format().ok());
  ASSERT_TRUE(small->mount().ok());
  ASSERT_TRUE(write_file(*small, "/kept", OpenMode::kCreate, noise(1, 2000)).ok());
  Space space;
  ASSERT_TRUE(small->space(space).ok());
  const uint64_t free = uint64_t{space.free_blocks} * space.block_bytes;
  EXPECT_GT(free, len / 4);
  EXPECT_LT(free, len);
  EXPECT_EQ(write_file(*small, "/large", OpenMode::kCreate, noise(2, len), 4096), kNoSpace);
  EXPECT_EQ(read_file(*small, "/kept"), noise(1, 2000));
}

TEST_P(OnEveryBoard, VolumesLiveSideBySide) {
  const uint32_t border = device_.size_bytes() / 8;
  StorageDevice small_part(camera_->storage(), 0, border);
  StorageDevice large_part(camera_->storage(), border, device_.size_bytes() - border);
  const auto first = make(Kind::kLittlefs, small_part);
  const auto second = make(Kind::kFat, large_part);  // FAT does not fit into half of the smallest storage
  const auto other_camera = open_camera(camera_->board());
  StorageDevice other_device(other_camera->storage());
  const auto third = make(kind(), other_device);
  const std::array<Volume*, 3> volumes = {first.get(), second.get(), third.get()};
  for (Volume* each : volumes) {
    ASSERT_TRUE(each->format().ok());
    ASSERT_TRUE(each->mount().ok());
  }
  for (uint32_t round = 0; round < 3; ++round) {
    for (uint32_t i = 0; i < volumes.size(); ++i) {
      ASSERT_TRUE(write_file(*volumes[i], "/f", OpenMode::kAppend, noise(i, 300)).ok());
    }
  }
  for (uint32_t i = 0; i < volumes.size(); ++i) {
    const Bytes content = read_file(*volumes[i], "/f");
    ASSERT_EQ(content.size(), 900u);
    EXPECT_EQ(Bytes(content.begin() + 600, content.end()), noise(i, 300));
  }
}

TEST_P(OnEveryBoard, ErrorsOfTheFlashComeThrough) {
  format_and_mount();
  ASSERT_TRUE(write_file(volume(), "/f", OpenMode::kCreate, noise(1, 100)).ok());
  volume().unmount();
  camera_->power_off();  // what the cache holds needs no flash
  ASSERT_TRUE(camera_->power_on().ok());
  // Not once: the driver of a flash with ECC tries word by word, and the cache what was asked for alone.
  for (uint64_t n = 1; n <= 100; ++n) camera_->fail_nth(sim::Operation::kRead, n);
  EXPECT_EQ(volume().mount(), flash::Error::kIo);
}

TEST_P(OnEveryBoard, NamesThatAreAcceptedComeBackAndOthersDoNot) {
  format_and_mount();
  const std::string long_name(255, 'x');
  const std::vector<std::string> names = {
      "a",       "naïve.txt", "日本語",        ".hidden", "two words", "UPPER lower.TXT",
      "a.b.c.d", long_name,   long_name + "x", "dot.",    "space ",    "a:b",
      "a?b",     "a\\b",      "tab\tulator",   "del\x7F"};
  for (const std::string& name : names) {
    const bool made = write_file(volume(), "/" + name, OpenMode::kCreateNew, {}).ok();
    const bool found = made && names_in(volume(), "/") == std::vector<std::string>{name};
    EXPECT_EQ(volume().accepts_name(name), found) << name;
    if (made) ASSERT_TRUE(volume().remove("/" + name).ok()) << name;
  }
}

TEST_P(OnEveryBoard, NamesThatDifferInCaseAreOneWhereCaseIsIgnored) {
  format_and_mount();
  ASSERT_TRUE(write_file(volume(), "/a", OpenMode::kCreateNew, {}).ok());
  Entry entry;
  EXPECT_EQ(volume().stat("/A", entry).ok(), volume().ignores_case());
}

// The bytes A4 and A5 are one letter of code page 437, small and large; here they are halves of others.
TEST_P(OnEveryBoard, StatTellsTheNameThatTheFolderHas) {
  format_and_mount();
  const std::vector<std::pair<std::string, std::string>> names = {
      {"README", "readme"}, {"Long name.txt", "long NAME.txt"}, {"\xC3\xA4.txt", "\xC3\xA5.txt"}};
  ASSERT_TRUE(volume().make_directory("/d").ok());
  for (const std::string folder : {"/", "/d/"}) {
    for (const auto& [name, other] : names) {
      ASSERT_TRUE(write_file(volume(), folder + name, OpenMode::kCreateNew, {}).ok());
      Entry entry;
      ASSERT_TRUE(volume().stat(folder + name, entry).ok());
      EXPECT_EQ(entry.name, name);
      const bool is_found = volume().stat(folder + other, entry).ok();
      EXPECT_EQ(is_found, volume().ignores_case()) << other;
      if (is_found) EXPECT_EQ(entry.name, name);
    }
  }
}

TEST(Littlefs, TheDiskIsTheOneThatVfsLfs2Makes) {
  // Version 2.1 on the disk, 512-byte blocks of 32 KiB, and the limits that littlefs has by default.
  const auto camera =
      std::get<std::unique_ptr<boards::Camera>>(boards::Camera::open(*boards::find_board("OPENMV2"), {}));
  StorageDevice device(camera->storage());
  ASSERT_TRUE(make_littlefs(device)->format().ok());
  Bytes superblock(48);
  ASSERT_TRUE(device.read(0, superblock).ok());
  const Bytes expected = {'l', 'i', 't', 't', 'l', 'e', 'f', 's'};
  EXPECT_EQ(Bytes(superblock.begin() + 8, superblock.begin() + 16), expected);
  const Bytes shape = {1, 0, 2, 0, 0, 2, 0, 0, 64, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 127};
  EXPECT_EQ(Bytes(superblock.begin() + 20, superblock.begin() + 40), shape);
}

}  // namespace
}  // namespace volumes
