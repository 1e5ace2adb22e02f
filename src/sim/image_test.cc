#include "sim/image.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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
  EXPECT_EQ(fs::file_size(path), 0u);
  setrlimit(RLIMIT_FSIZE, &limit);
  signal(SIGXFSZ, old_handler);
  EXPECT_EQ(open()->memory().bytes[1023], 0xFF);
}

TEST_F(ImageFile, HasOneUserAtATime) {
  auto image = open();
  EXPECT_NE(error().find("in use by another program"), std::string::npos);
}

TEST_F(ImageFile, NamesWhatCannotBeOpened) {
  path = "/nowhere/at/all";
  EXPECT_EQ(error(), "/nowhere/at/all: No such file or directory");
}

TEST(Image, WithoutAPathIsBlankRam) {
  auto image = Image::open("", kPhysics);
  const auto& memory = std::get<std::unique_ptr<Image>>(image)->memory();
  EXPECT_EQ(memory.bytes.size(), 1024u);
  EXPECT_EQ(memory.bytes[0], 0xFF);
  EXPECT_TRUE(memory.wear.empty()) << "the cells keep their own";
}

}  // namespace
}  // namespace sim
