#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "boards/board_table.h"
#include "chipmap/little_endian.h"
#include "images/board_of.h"
#include "images/dfu.h"
#include "images/image.h"
#include "images/words.h"

namespace images {
namespace {

namespace fs = std::filesystem;

using chipmap::get_le16;
using chipmap::get_le32;

class Folder : public testing::Test {
 protected:
  Folder() {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~Folder() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  // A blank flash, with a filesystem if `option` names one.
  std::string make_image(const boards::Board& board, const std::string& option) {
    std::string file = path(std::string(board.name) + option);
    auto opened = boards::Camera::open(board, file);
    auto& camera = *std::get<std::unique_ptr<boards::Camera>>(opened);
    volumes::StorageDevice device(camera.storage());
    if (!option.empty()) {
      EXPECT_TRUE(filesystem_of_option(option)->make(device, board)->format().ok());
      EXPECT_TRUE(camera.storage().sync().ok());
    }
    return file;
  }

  std::string bytes_of(const std::string& file) const {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  const fs::path folder_ = fs::temp_directory_path() / ("pybflash_images_" + std::to_string(getpid()));
};

bool reads_as(const boards::Board& a, const boards::Board& b) {
  return a.storage().offset == b.storage().offset && a.storage().size_bytes == b.storage().size_bytes;
}

TEST_F(Folder, TheBoardIsSeenByAFilesystemInItsPlace) {
  for (const boards::Board& board : boards::all_boards()) {
    for (const char* option : {"fat", "littlefs"}) {
      std::string error;
      const boards::Board* found = board_of(make_image(board, option), {}, error);
      ASSERT_NE(found, nullptr) << board.name << error;
      EXPECT_TRUE(reads_as(*found, board)) << board.name << " taken for " << found->name;
    }
  }
}

TEST_F(Folder, WhereTheContentLeavesAChoiceTheBoardIsAskedFor) {
  for (const char* name : {"OPENMV3", "OPENMV4", "OPENMV4P", "OPENMV_N6"}) {
    std::string error;
    const std::string file = make_image(*boards::find_board(name), "");
    EXPECT_EQ(board_of(file, {}, error), nullptr);
    EXPECT_NE(error.find("--board"), error.npos) << error;
    EXPECT_EQ(board_of(file, name, error), boards::find_board(name));
  }
}

TEST_F(Folder, ABoardWithoutAFilesystemGivesWayToOneThatHasOne) {
  const boards::Board& h7_plus = *boards::find_board("OPENMV4P");
  const boards::Board& n6 = *boards::find_board("OPENMV_N6");
  const std::string file = make_image(h7_plus, "fat");
  EXPECT_EQ(other_board_of(file, n6), &h7_plus);
  EXPECT_EQ(other_board_of(file, h7_plus), nullptr);
  EXPECT_EQ(other_board_of(file, *boards::find_board("OPENMVPT")), nullptr);
  EXPECT_EQ(other_board_of(file, *boards::find_board("OPENMV4")), nullptr) << "the size speaks for itself";
  EXPECT_EQ(other_board_of(make_image(n6, "littlefs"), h7_plus), &n6);
  EXPECT_EQ(other_board_of(make_image(n6, ""), h7_plus), nullptr);
  EXPECT_EQ(other_board_of(path("none"), h7_plus), nullptr);
}

TEST_F(Folder, AFileOfNoBoardsSizeIsRefused) {
  std::ofstream(path("short")) << "short";
  std::string error;
  EXPECT_EQ(board_of(path("short"), {}, error), nullptr);
  EXPECT_NE(error.find("cut short"), error.npos) << error;
  EXPECT_EQ(board_of("", {}, error), nullptr) << "which is no chip in RAM";
  EXPECT_NE(error.find("No such file"), error.npos) << error;
  EXPECT_EQ(board_of(path("none"), {}, error), nullptr);
  EXPECT_EQ(board_of(path("short"), "OPENMV9", error), nullptr);
}

TEST_F(Folder, ContentIsNamed) {
  const boards::Board& board = *boards::find_board("OPENMV4P");
  struct Case {
    size_t at;
    std::string bytes;
    std::string words;
  };
  const std::vector<Case> cases = {
      {0, "", "a blank storage"},
      {5000, "x", "unknown data"},
      {3, "EXFAT   ", "exFAT"},
      {1080, "\x53\xEF", "ext filesystem"},
      {8, "litt", "half-written littlefs"},
      {510, "\x55\xAA", "damaged FAT"},
  };
  for (const Case& each : cases) {
    const std::string file = make_image(board, "");
    std::fstream(file, std::ios::in | std::ios::out | std::ios::binary)
        .seekp(static_cast<std::streamoff>(each.at))
        .write(each.bytes.data(), static_cast<std::streamsize>(each.bytes.size()));
    Image image;
    ASSERT_EQ(image.open(file, std::string(board.name), Use::kLook), "");
    EXPECT_NE(image.content().description.find(each.words), std::string::npos) << image.content().description;
    EXPECT_NE(image.mount(), "");
    fs::remove(file);
  }
}

TEST_F(Folder, AChangeIsThereWhenItIsSavedAndNotBefore) {
  const std::string file = make_image(*boards::find_board("OPENMV2"), "fat");
  const std::string before = bytes_of(file);
  for (const bool saves : {false, true}) {
    Image image;
    ASSERT_EQ(image.open(file, {}, Use::kChange), "");
    ASSERT_EQ(image.mount(), "");
    ASSERT_TRUE(image.volume().make_directory("/new").ok());
    EXPECT_EQ(bytes_of(file), before);
    if (saves) EXPECT_EQ(image.save(), "");
  }
  EXPECT_NE(bytes_of(file), before);
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(fs::path(file).parent_path())) ++files;
  EXPECT_EQ(files, 2u) << "the image and its wear, and no temporary file";
}

TEST_F(Folder, TwoProgramsDoNotChangeAnImageAtOnce) {
  const std::string file = make_image(*boards::find_board("OPENMV2"), "fat");
  Image first, second;
  ASSERT_EQ(first.open(file, {}, Use::kChange), "");
  EXPECT_NE(second.open(file, {}, Use::kChange).find("in use"), std::string::npos);
}

// DFU 1.1, appendix B: the suffix, from its end.
TEST(Dfu, EveryBoardsFileEndsWithItsSuffix) {
  for (const boards::Board& board : boards::all_boards()) {
    const std::vector<uint8_t> storage(board.storage().size_bytes, 0xA5);
    const std::vector<uint8_t> file = make_dfu(board, storage);
    const size_t suffix = file.size() - 16;
    EXPECT_EQ(get_le16(&file[suffix + 2]), board.dfu.product_id);
    EXPECT_EQ(get_le16(&file[suffix + 4]), board.dfu.vendor_id);
    EXPECT_EQ(std::string(file.begin() + static_cast<ptrdiff_t>(suffix + 8),
                          file.begin() + static_cast<ptrdiff_t>(suffix + 11)),
              "UFD");
    EXPECT_EQ(file[suffix + 11], 16);
    const bool is_dfuse = std::equal(file.begin(), file.begin() + 5, "DfuSe");
    EXPECT_EQ(is_dfuse, board.dfu.is_addressed) << board.name;
    EXPECT_EQ(get_le16(&file[suffix + 6]), is_dfuse ? 0x011Au : 0x0100u);
    if (is_dfuse) {
      EXPECT_EQ(get_le32(&file[6]), suffix);
      EXPECT_EQ(get_le32(&file[285]), board.address + board.storage().offset);
      EXPECT_EQ(get_le32(&file[289]), storage.size());
    } else {
      EXPECT_EQ(suffix, storage.size());
    }
  }
}

TEST(Dfu, TheChecksumIsCrc32WithoutTheLastInversion) {
  // CRC-32 of "123456789" is 0xCBF43926 (its usual check value); a suffix over other bytes is checked by
  // running the CRC over the whole file, which leaves the same remainder for every content.
  const boards::Board& board = *boards::find_board("OPENMV2");
  const auto remainder = [&](uint8_t content) {
    uint32_t crc = 0xFFFFFFFF;
    for (const uint8_t byte : make_dfu(board, std::vector<uint8_t>(64, content))) {
      crc ^= byte;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
    }
    return crc;
  };
  EXPECT_EQ(remainder(0), 0u);
  EXPECT_EQ(remainder(0x5A), 0u);
}

TEST(Words, NamesCannotSpeakToTheTerminal) {
  EXPECT_EQ(printable("naïve 日本.txt"), "naïve 日本.txt");
  EXPECT_EQ(printable("a\x1b[2Jb\n"), "a\\x1b[2Jb\\x0a");
  EXPECT_EQ(printable("a\u202Eb\u2066\u200F"), "a\\xe2\\x80\\xaeb\\xe2\\x81\\xa6\\xe2\\x80\\x8f");
  EXPECT_EQ(printable("\u009B2J\u2028\uFEFF"), "\\xc2\\x9b2J\\xe2\\x80\\xa8\\xef\\xbb\\xbf");
  EXPECT_EQ(printable("\u200D\u00A0\u2014"), "\u200D\u00A0\u2014");
  EXPECT_EQ(printable("\x82t\xC3"), "\\x82t\\xc3");
  EXPECT_EQ(printable("\xE0\x80\xAF"), "\\xe0\\x80\\xaf");  // a slash that is no slash
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80");  // half a pair of UTF-16
}

TEST(Words, AWordOfACommandIsOneWordInAShell) {
  EXPECT_EQ(shell_quoted("/tmp/cam-1.dfu"), "/tmp/cam-1.dfu");
  EXPECT_EQ(shell_quoted("my cam.dfu"), "'my cam.dfu'");
  EXPECT_EQ(shell_quoted("Ann's & $x"), "'Ann'\\''s & $x'");
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_NE(dfu_command(*boards::find_board("OPENMV2"), "my cam.dfu").find(" -D 'my cam.dfu'"),
            std::string::npos);
}

TEST(Words, SizesAreRounded) {
  EXPECT_EQ(human_size(1), "1 byte");
  EXPECT_EQ(human_size(511), "511 bytes");
  EXPECT_EQ(human_size(1024), "1 KiB");
  EXPECT_EQ(human_size(1536), "1.5 KiB");
  EXPECT_EQ(human_size(24 << 20), "24 MiB");
}

}  // namespace
}  // namespace images
