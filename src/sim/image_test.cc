#include "sim/image.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

namespace sim {
namespace {

namespace fs = std::filesystem;

const CellPhysics kPhysics = {.sectors = {{256, 4}}, .word_bytes = 32, .ecc = true};

class ImageFile : public testing::Test {
 protected:
  ImageFile() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path = fs::temp_directory_path() / ("pybflash_" + std::string(test->name()) + std::to_string(getpid()));
  }
  ~ImageFile() override {
    fs::remove(path);
    fs::remove(path.string() + ".wear");
  }
  std::unique_ptr<Image> open() {
    auto image = Image::open(path, kPhysics);
    if (const auto* error = std::get_if<std::string>(&image)) ADD_FAILURE() << *error;
    return std::move(std::get<std::unique_ptr<Image>>(image));
  }
  std::string error(const CellPhysics& physics = kPhysics) {
    auto image = Image::open(path, physics);
    return std::holds_alternative<std::string>(image) ? std::get<std::string>(image) : "no error";
  }

  fs::path path;
};

TEST_F(ImageFile, IsBlankWhenNewAndARawDumpAfterwards) {
  {
    auto image = open();
    EXPECT_EQ(image->memory().bytes.size(), 1024u);
    EXPECT_EQ(image->memory().bytes[1023], 0xFF);
    image->memory().bytes[5] = 0x42;
    image->memory().wear[3] = 9;
    image->memory().broken_words[1] = 0x80;
  }
  EXPECT_EQ(fs::file_size(path), 1024u);
  std::ifstream file(path, std::ios::binary);
  std::string content(1024, '\0');
  file.read(content.data(), 1024);
  EXPECT_EQ(content[5], 0x42);
  EXPECT_EQ(static_cast<uint8_t>(content[6]), 0xFF);
  auto image = open();
  EXPECT_EQ(image->memory().wear[3], 9u);
  EXPECT_EQ(image->memory().broken_words[1], 0x80);
}

TEST_F(ImageFile, SurvivesAKilledProgram) {
  const pid_t child = fork();
  if (child == 0) {
    auto image = Image::open(path, kPhysics);
    const auto& memory = std::get<std::unique_ptr<Image>>(image)->memory();
    memory.bytes[700] = 0x17;
    memory.wear[2] = 5;
    raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  auto image = open();
  EXPECT_EQ(image->memory().bytes[700], 0x17);
  EXPECT_EQ(image->memory().wear[2], 5u);
}

TEST_F(ImageFile, RefusesADumpOfAnotherSize) {
  std::ofstream(path) << "nine byte";
  EXPECT_EQ(error(), path.string() +
                         ": holds 9 bytes, but this board's flash has 1024; name the board it was made "
                         "for, or another file");
  EXPECT_EQ(fs::file_size(path), 9u);
}

TEST_F(ImageFile, RefusesWearOfAnotherFlash) {
  open();
  CellPhysics other = kPhysics;
  other.sectors = {{512, 2}};
  EXPECT_NE(error(other).find(".wear"), std::string::npos) << error(other);
  std::ofstream(path.string() + ".wear", std::ios::in | std::ios::binary) << "X";
  EXPECT_NE(error().find("not the wear counters"), std::string::npos) << error();
}

TEST_F(ImageFile, StartsWearAnewWhereTheSidecarIsMissing) {
  open()->memory().wear[0] = 3;
  fs::remove(path.string() + ".wear");
  EXPECT_EQ(open()->memory().wear[0], 0u);
}

TEST_F(ImageFile, ANewImageHasNoWearLeftBehindByAnother) {
  {
    auto image = open();
    image->memory().wear[0] = 3;
    image->memory().broken_words[0] = 1;
  }
  fs::remove(path);
  auto image = open();
  EXPECT_EQ(image->memory().wear[0], 0u);
  EXPECT_EQ(image->memory().broken_words[0], 0);
}

TEST_F(ImageFile, LeavesNothingHalfMadeWhereThereIsNoRoom) {
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit small = {.rlim_cur = 512, .rlim_max = limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_EQ(error(), path.string() + ": File too large");
  EXPECT_FALSE(fs::exists(path));
  std::ofstream(path).flush();
  EXPECT_EQ(error(), path.string() + ": File too large");
  EXPECT_EQ(fs::file_size(path), 0u) << "it was there before";
  setrlimit(RLIMIT_FSIZE, &limit);
  signal(SIGXFSZ, old_handler);
  EXPECT_EQ(open()->memory().bytes[1023], 0xFF);
}

TEST_F(ImageFile, IsNotMadeWithoutItsWearCounters) {
  const std::string sidecar = path.string() + ".wear";
  fs::create_directory(sidecar);
  EXPECT_EQ(error(), sidecar + ": Is a directory (the image's wear counters are kept there)");
  EXPECT_FALSE(fs::exists(path));
  fs::remove(sidecar);
  std::ofstream(sidecar) << "junk";
  EXPECT_EQ(error(), sidecar + ": not the wear counters of this board's flash; delete it to start them anew");
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(fs::file_size(sidecar), 4u) << "and that is not ours to delete";
}

// Writing to a pipe that nobody reads would never end.
TEST_F(ImageFile, IsARegularFile) {
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(error(), path.string() + ": no regular file, and an image is one");
}

// Root may write anything: as root, the test becomes somebody else for a moment.
TEST_F(ImageFile, ThatMayNotBeWrittenIsNamed) {
  open();
  fs::permissions(path, fs::perms::owner_read | fs::perms::others_read);
  const bool is_root = geteuid() == 0;
  if (is_root) ASSERT_EQ(seteuid(65534), 0);
  const std::string said = error();
  if (is_root) ASSERT_EQ(seteuid(0), 0);
  EXPECT_EQ(said, path.string() +
                      ": Permission denied; what the camera writes is kept there, so use a file "
                      "that you may write");
}

TEST_F(ImageFile, HasNoHolesOnceItIsOpenForWriting) {
  open()->memory().bytes[1023] = 0x42;
  const CellPhysics large = {.sectors = {{4096, 64}}};
  fs::remove(path.string() + ".wear");
  fs::resize_file(path, uint64_t{4096} * 64);
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  if (info.st_blocks * 512 >= info.st_size) GTEST_SKIP() << "a disk without sparse files";
  auto image = Image::open(path, large);
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_GE(info.st_blocks * 512, info.st_size) << "writing could end with SIGBUS";
  const CellMemory& memory = std::get<std::unique_ptr<Image>>(image)->memory();
  EXPECT_EQ(memory.bytes[1023], 0x42);
  EXPECT_EQ(memory.bytes[1024], 0);
}

// A file in RAM, as on a tmpfs: there a hole that was mapped and read takes room, or ends with SIGBUS.
TEST(Image, OfWhichAScratchCopyIsUsedKeepsItsHoles) {
  constexpr off_t kSize = 4096 * 64, kPlace = 4096 * 20 + 5;
  const int file = memfd_create("sparse image", MFD_CLOEXEC);
  ASSERT_EQ(ftruncate(file, kSize), 0);
  ASSERT_EQ(pwrite(file, "text", 4, kPlace), 4);
  struct stat before, after;
  ASSERT_EQ(fstat(file, &before), 0);
  const CellPhysics large = {.sectors = {{4096, 64}}};
  auto image = Image::open("/proc/self/fd/" + std::to_string(file), large, ImageUse::kScratch);
  ASSERT_TRUE(std::holds_alternative<std::unique_ptr<Image>>(image)) << std::get<std::string>(image);
  const auto bytes = std::get<std::unique_ptr<Image>>(image)->memory().bytes;
  EXPECT_EQ(std::string(bytes.begin() + kPlace, bytes.begin() + kPlace + 4), "text");
  EXPECT_EQ(std::count(bytes.begin(), bytes.end(), 0), kSize - 4);
  ASSERT_EQ(fstat(file, &after), 0);
  EXPECT_EQ(after.st_blocks, before.st_blocks) << "who looks filled them";
  close(file);
}

TEST_F(ImageFile, HasOneUserAtATime) {
  auto image = open();
  EXPECT_NE(error().find("in use by another program"), std::string::npos);
}

TEST_F(ImageFile, NamesWhatCannotBeOpened) {
  path = "/nowhere/at/all";
  EXPECT_EQ(error(), "/nowhere/at/all: No such file or directory");
}

TEST_F(ImageFile, OfWhichAScratchCopyIsUsedStaysAsItIs) {
  {
    auto image = open();
    image->memory().bytes[5] = 0x42;
    image->memory().wear[3] = 9;
  }
  const auto open_scratch = [this] { return Image::open(path, kPhysics, ImageUse::kScratch); };
  {
    auto scratch = open_scratch();
    auto another = open_scratch();
    ASSERT_TRUE(std::holds_alternative<std::unique_ptr<Image>>(another)) << std::get<std::string>(another);
    const CellMemory& memory = std::get<std::unique_ptr<Image>>(scratch)->memory();
    EXPECT_EQ(memory.bytes[5], 0x42);
    EXPECT_EQ(memory.wear[3], 9u);
    memory.bytes[5] = 0;
    memory.wear[3] = 10;
    EXPECT_NE(error().find("in use by another program"), std::string::npos) << "nobody writes it meanwhile";
  }
  {
    auto image = open();
    EXPECT_EQ(image->memory().bytes[5], 0x42);
    EXPECT_EQ(image->memory().wear[3], 9u);
  }
  fs::remove(path.string() + ".wear");
  EXPECT_TRUE(std::holds_alternative<std::unique_ptr<Image>>(open_scratch()));
  EXPECT_FALSE(fs::exists(path.string() + ".wear"));
  fs::remove(path);
  EXPECT_EQ(std::get<std::string>(open_scratch()), path.string() + ": No such file or directory");
  EXPECT_FALSE(fs::exists(path)) << "nothing is made";
}

TEST(Image, OfBlankRamTakesNoRoomUntilItIsWritten) {
  const CellPhysics physics = {.sectors = {{4096, 8192}}};
  const auto image = std::get<std::unique_ptr<Image>>(Image::open("", physics));
  const auto bytes = image->memory().bytes;
  rusage before;
  rusage after;
  getrusage(RUSAGE_SELF, &before);
  bytes[0] = 0x11;
  bytes[bytes.size() - 1] = 0x22;
  getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_minflt - before.ru_minflt, 100);
  for (size_t at = 4096; at < bytes.size() - 1; at += 4095) ASSERT_EQ(bytes[at], 0xFF);
  const auto another = std::get<std::unique_ptr<Image>>(Image::open("", physics));
  EXPECT_EQ(another->memory().bytes[0], 0xFF) << "each has its own";
}

TEST(Image, KeepsUnstableBitsForTheNextCells) {
  const CellPhysics plain = {.sectors = {{256, 4}}};
  const auto image = std::get<std::unique_ptr<Image>>(Image::open("", plain));
  ASSERT_NE(image->memory().unstable_bits, nullptr);
  image->memory().unstable_bits->emplace(1, std::vector<uint8_t>(256, 0xFF));
  for (int i = 0; i < 2; ++i) {
    Cells cells(plain, image->memory());
    std::vector<uint8_t> first(256);
    std::vector<uint8_t> second(256);
    EXPECT_EQ(cells.read(256, first), CellResult::kOk);
    EXPECT_EQ(cells.read(256, second), CellResult::kOk);
    EXPECT_NE(first, second);
  }
}

TEST(Image, WithoutAPathIsBlankRam) {
  auto image = Image::open("", kPhysics);
  const auto& memory = std::get<std::unique_ptr<Image>>(image)->memory();
  EXPECT_EQ(memory.bytes.size(), 1024u);
  EXPECT_EQ(memory.bytes[0], 0xFF);
  Cells cells(kPhysics, memory);
  EXPECT_EQ(cells.erase(0, 256), CellResult::kOk);
  EXPECT_EQ(cells.program(0, std::vector<uint8_t>(32, 1)), CellResult::kOk);
  EXPECT_EQ(cells.program(0, std::vector<uint8_t>(32, 2)), CellResult::kOk);
  EXPECT_EQ(memory.wear[0], 1u) << "as of one in a file";
  EXPECT_EQ(memory.broken_words[0], 1u);
}

}  // namespace
}  // namespace sim
