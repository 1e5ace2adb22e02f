// FAT over the translation layer, on every board, and the power cut at every operation: each call of the user
// that synced has happened, the next one has happened as a whole or not at all, and the FAT is as it should
// be.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "boards/board_table.h"
#include "powercut/campaign.h"
#include "powercut/campaign_testing.h"
#include "powercut/fat_image.h"
#include "sim/noise.h"
#include "volumes/ftl_device.h"
#include "volumes/volume.h"

namespace powercut {
namespace {

using Bytes = std::vector<uint8_t>;
using Files = std::map<std::string, Bytes>;

// A megabyte is enough to go around in; what is larger only takes longer.
uint32_t slice_of(const boards::Board& board) {
  return std::min<uint32_t>(board.storage().size_bytes, 1024 * 1024);
}

class FatUser final : public Scenario {
 public:
  FatUser(const boards::Board& board, uint32_t seed) : board_(board), noise_(seed) {
    Files files;
    states_.push_back(files);
    for (int i = 0; i < kCalls; ++i) {
      calls_.push_back(make_call(files));
      apply(calls_.back(), files);
      states_.push_back(files);
    }
  }

  // The log has been around: there is something to collect.
  void prepare(Target& target) override {
    volumes::FtlDevice device(target.storage(), 0, slice_of(board_));
    check(device.format(), "format of the layer");
    const uint32_t records = device.layer().log().layout().location_count();
    Bytes block(ftl::kBlockBytes);
    for (uint32_t i = 0; i < 2 * records; ++i) {
      block[0] = static_cast<uint8_t>(i);
      block[1] = static_cast<uint8_t>(i >> 8);
      check(device.write(i % 7 * ftl::kBlockBytes, block), "write");
      if (i % 5 == 0) check(device.sync(), "sync");
    }
    const auto volume = volumes::make_fat(device);
    check(is_tiny(device) ? format_tiny_fat(device) : volume->format(), "format");
    check(volume->mount(), "mount");
    for (const auto& [name, content] : states_.front()) {
      check(write_file(*volume, name, volumes::OpenMode::kCreate, content), "write");
    }
  }

  std::string write(Target& target) override {
    volumes::FtlDevice device(target.storage(), 0, slice_of(board_));
    const auto volume = volumes::make_fat(device);
    if (!device.mount().ok() || !volume->mount().ok()) return "it cannot be mounted";
    for (const Call& call : calls_) {
      if (!perform(call, *volume).ok()) return "a call failed";
      ++done_;
    }
    return "";
  }

  uint64_t progress() const override { return done_; }

  std::string check(Target& target, const Moment& moment) override {
    volumes::FtlDevice device(target.storage(), 0, slice_of(board_));
    if (!device.mount().ok()) return "the layer cannot be mounted";
    const auto volume = volumes::make_fat(device);
    if (!volume->mount().ok()) return "the FAT cannot be mounted";
    if (std::string error = find_fat_errors(device); !error.empty()) return error;
    if (moment.cut.operation % 64 == 0) {
      if (std::string error = ask_fsck(device); !error.empty()) return error;
    }
    Files present;
    if (std::string error = read_all(*volume, present); !error.empty()) return error;
    if (present.contains(kMark) && present[kMark] != mark()) return "what a cut check wrote is not whole";
    present.erase(kMark);
    const size_t now = moment.progress;
    if (present != states_[now] && (now == calls_.size() || present != states_[now + 1])) {
      return "the files are neither those before call " + std::to_string(now) + " nor those after it";
    }
    return use(*volume, device);
  }

 private:
  static constexpr int kCalls = 24;

  enum class Kind { kWrite, kAppend, kRemove, kRename };
  struct Call {
    Kind kind;
    std::string name;
    Bytes content;
  };

  static void check(flash::Status status, const char* what) {
    if (status.ok()) return;
    std::fprintf(stderr, "%s: %d\n", what, status.value());
    std::abort();
  }

  static bool is_tiny(volumes::FtlDevice& device) { return device.layer().block_count() < 50; }

  Bytes make_content(size_t most) {
    Bytes content(1 + noise_.below(most));
    for (uint8_t& byte : content) byte = static_cast<uint8_t>(noise_.next());
    return content;
  }

  Call make_call(const Files& files) {
    const size_t most = board_.storage().size_bytes <= 64 * 1024 ? 1200 : 3000;
    const std::string name(1, static_cast<char>('A' + noise_.below(4)));
    if (!files.contains(name)) return {Kind::kWrite, name, make_content(most)};
    switch (noise_.below(8)) {
      case 0:
        return {Kind::kRemove, name, {}};
      case 1:
        return {Kind::kRename, name, {}};
      case 2:
      case 3:
        return {Kind::kWrite, name, make_content(most)};
      default:
        return files.at(name).size() > most ? Call{Kind::kWrite, name, make_content(100)}
                                            : Call{Kind::kAppend, name, make_content(100)};
    }
  }

  static std::string renamed(const std::string& name) { return name + "2"; }

  // A name that was given before makes way first: then the call is a removal only.
  static void apply(const Call& call, Files& files) {
    switch (call.kind) {
      case Kind::kWrite:
        files[call.name] = call.content;
        return;
      case Kind::kAppend:
        files[call.name].insert(files[call.name].end(), call.content.begin(), call.content.end());
        return;
      case Kind::kRemove:
        files.erase(call.name);
        return;
      case Kind::kRename:
        if (!files.contains(renamed(call.name))) {
          files[renamed(call.name)] = files.at(call.name);
          files.erase(call.name);
        } else {
          files.erase(renamed(call.name));
        }
        return;
    }
  }

  static flash::Status write_file(volumes::Volume& volume, const std::string& name, volumes::OpenMode mode,
                                  const Bytes& content) {
    std::unique_ptr<volumes::File> file;
    FLASH_TRY(volume.open("/" + name, mode, file));
    FLASH_TRY(file->write(content));
    return file->close();
  }

  static flash::Status perform(const Call& call, volumes::Volume& volume) {
    const std::string to = "/" + renamed(call.name);
    volumes::Entry entry;
    switch (call.kind) {
      case Kind::kWrite:
        return write_file(volume, call.name, volumes::OpenMode::kCreate, call.content);
      case Kind::kAppend:
        return write_file(volume, call.name, volumes::OpenMode::kAppend, call.content);
      case Kind::kRemove:
        return volume.remove("/" + call.name);
      case Kind::kRename:
        return volume.stat(to, entry).ok() ? volume.remove(to) : volume.rename("/" + call.name, to);
    }
    return {};
  }

  static std::string read_all(volumes::Volume& volume, Files& files) {
    std::vector<volumes::Entry> entries;
    if (!volume.list("/", entries).ok()) return "the root cannot be listed";
    for (const volumes::Entry& entry : entries) {
      Bytes content(entry.size_bytes);
      std::unique_ptr<volumes::File> file;
      size_t done = 0;
      if (!volume.open("/" + entry.name, volumes::OpenMode::kRead, file).ok() ||
          !file->read(content, done).ok() || done != content.size()) {
        return entry.name + " cannot be read";
      }
      files[entry.name] = content;
    }
    return "";
  }

  // And it is as good as new. (A check that was cut may have left its file.)
  static std::string use(volumes::Volume& volume, volumes::FtlDevice& device) {
    if (!write_file(volume, kMark, volumes::OpenMode::kCreate, mark()).ok())
      return "a file cannot be written";
    if (!device.mount().ok()) return "the layer cannot be mounted again";
    Files files;
    if (std::string error = read_all(volume, files); !error.empty()) return error;
    return files[kMark] == mark() ? "" : "what was written after the cut is gone";
  }

  static constexpr const char* kMark = "MARK";
  static Bytes mark() { return Bytes(300, 0x42); }

  const boards::Board& board_;
  sim::Noise noise_;
  std::vector<Call> calls_;
  std::vector<Files> states_;  // after so many calls
  uint64_t done_ = 0;
};

class FatOnFtl : public testing::TestWithParam<boards::Board> {};

std::vector<boards::Board> boards_with_sectors() {
  std::vector<boards::Board> found;
  for (const boards::Board& board : boards::all_boards()) {
    const boards::Area& storage = board.storage();
    if (board.part->geometry.sector_bytes_at(storage.offset) < storage.size_bytes) found.push_back(board);
  }
  return found;
}

INSTANTIATE_TEST_SUITE_P(Boards, FatOnFtl, testing::ValuesIn(boards_with_sectors()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(FatOnFtl, LosesNothingThatWasSynced) {
  const boards::Board& board = GetParam();
  const Options options = from_environment({.cuts = 120});
  FatUser user(board, options.seed);
  expect_no_loss(run([&board] { return make_camera(board); }, user, options), options);
}

TEST_P(FatOnFtl, IsCutAgainWhileItComesBack) {
  const boards::Board& board = GetParam();
  const Options options = from_environment({.depth = 2, .cuts = 10, .inner_cuts = 6});
  FatUser user(board, options.seed + 1);
  expect_no_loss(run([&board] { return make_camera(board); }, user, options), options);
}

}  // namespace
}  // namespace powercut
