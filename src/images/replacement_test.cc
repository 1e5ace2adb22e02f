#include "images/replacement.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <variant>

#include "sim/image.h"

namespace {

// What another program does between the opening of a file and its lock.
std::function<void()> meanwhile;

}  // namespace

// Takes the place of the C library's.
extern "C" int flock(int file, int operation) noexcept {
  if (const auto act = std::exchange(meanwhile, nullptr)) act();
  return static_cast<int>(syscall(SYS_flock, file, operation));
}

namespace images {
namespace {

namespace fs = std::filesystem;

class Claim : public testing::Test {
 protected:
  Claim() {
    fs::create_directories(folder_);
    std::ofstream(file_) << "old";
    std::ofstream(newer_) << "new";
  }
  ~Claim() override { fs::remove_all(folder_); }

  static FileDescriptor locked(const fs::path& path) {
    FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return flock(file.get(), LOCK_EX | LOCK_NB) == 0 ? std::move(file) : FileDescriptor();
  }

  const fs::path folder_ = fs::temp_directory_path() / ("pybflash_claim" + std::to_string(getpid()));
  const fs::path file_ = folder_ / "cam.bin", newer_ = folder_ / "newer";
  Replacement replacement_{file_.string()};
};

TEST_F(Claim, IsOfTheFileThatIsThereAndNotOfTheOneThatWas) {
  meanwhile = [&] { fs::rename(newer_, file_); };
  EXPECT_EQ(replacement_.claim(), "");
  EXPECT_LT(locked(file_).get(), 0) << "another program may still have it";
}

TEST_F(Claim, IsRefusedIfTheOtherProgramHasTheNewFile) {
  const FileDescriptor others = locked(newer_);
  meanwhile = [&] { fs::rename(newer_, file_); };
  EXPECT_NE(replacement_.claim().find("in use"), std::string::npos);
}

TEST_F(Claim, EndsWhereTheFileHasGone) {
  meanwhile = [&] { fs::remove(file_); };
  EXPECT_EQ(replacement_.claim(), "");
}

TEST_F(Claim, HasATemporaryNameOfItsOwnThatFitsAsLongAsTheOtherDoes) {
  const fs::path longest = folder_ / std::string(NAME_MAX, 'n');
  Replacement first(longest.string()), second(longest.string());
  EXPECT_NE(first.path(), second.path());
  for (Replacement* each : {&first, &second}) {
    EXPECT_EQ(fs::path(each->path()).parent_path(), folder_);
    std::ofstream(each->path()) << "content";
    EXPECT_EQ(each->commit(), "");
  }
  EXPECT_TRUE(fs::exists(longest));
}

TEST_F(Claim, ANewNameIsNotTakenFromAnotherFile) {
  const fs::path wanted = folder_ / "wanted";
  std::string temporary;
  {
    Replacement late(wanted.string());
    temporary = late.path();
    EXPECT_EQ(late.claim(), "");
    std::ofstream(temporary) << "late";
    fs::rename(newer_, wanted);  // another program was faster
    EXPECT_EQ(late.commit(Name::kNew), name_is_taken(wanted.string()));
  }
  EXPECT_EQ(fs::file_size(wanted), 3u) << "its content is gone";
  EXPECT_FALSE(fs::exists(temporary));
  fs::remove(wanted);
  Replacement alone(wanted.string());
  std::ofstream(alone.path()) << "alone";
  EXPECT_EQ(alone.commit(Name::kNew), "");
  EXPECT_EQ(fs::file_size(wanted), 5u);
  EXPECT_FALSE(fs::exists(alone.path()));
}

// The other side of it: what a camera would write to the old file would be gone with it.
TEST_F(Claim, AnImageIsNotOpenedWhileItIsReplaced) {
  meanwhile = [&] { fs::rename(newer_, file_); };
  const auto image = sim::Image::open(file_.string(), {.sectors = {{4096, 2}}});
  ASSERT_TRUE(std::holds_alternative<std::string>(image));
  EXPECT_EQ(std::get<std::string>(image),
            file_.string() + ": another program has just replaced it; try again");
}

}  // namespace
}  // namespace images
