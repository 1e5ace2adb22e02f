#include "bench/workloads.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "bench/check.h"
#include "bench/volume.h"

namespace bench {
namespace {

constexpr uint32_t kKiB = 1024;

constexpr uint32_t kLineBytes = 64;  // of the log
constexpr uint32_t kSmallFileBytes = 1024;
constexpr uint32_t kConfigBytes = 4096;
constexpr uint32_t kStreamPieceBytes = 4096;
constexpr uint32_t kPauseMs = 100;
constexpr uint32_t kLongPauseMs = 7000;  // longer than any background flush waits

// Streams of random numbers: none is to repeat another, nor the medium's.
enum class Stream : uint32_t { kMedium, kPayload, kChoice };

std::mt19937 make_random(uint32_t seed, Stream stream, uint32_t number = 0) {
  std::seed_seq sequence{seed, static_cast<uint32_t>(stream), number};
  return std::mt19937(sequence);
}

std::vector<uint8_t> make_bytes(size_t length, uint32_t seed, Stream stream, uint32_t number = 0) {
  std::mt19937 random = make_random(seed, stream, number);
  std::vector<uint8_t> bytes(length);
  std::ranges::generate(bytes, [&random] { return static_cast<uint8_t>(random()); });
  return bytes;
}

// How often at scale 1, and how much of it there is room for.
struct Count {
  uint32_t usual;
  uint32_t most;
};

struct Sizes {
  Count appends;
  Count files;
  Count stream_bytes;
};

// FAT takes half of the smallest storage for itself: its root directory has 512 entries.
Sizes sizes_for(const boards::Board& board) {
  const uint32_t storage = board.storage().size_bytes;
  if (storage <= 32 * kKiB) return {{100, 200}, {8, 12}, {8 * kKiB, 12 * kKiB}};
  if (storage <= 96 * kKiB) return {{500, 1000}, {30, 60}, {48 * kKiB, 64 * kKiB}};
  if (storage <= 128 * kKiB) return {{500, 1000}, {50, 80}, {64 * kKiB, 96 * kKiB}};
  return {{500, 20'000}, {100, 400}, {1024 * kKiB, 3072 * kKiB}};
}

// ---- On filesystems -------------------------------------------------------------------------------

class FileWork : public Work {
 public:
  FileWork(Filesystem filesystem, TracedDevice& device, Effort effort)
      : device_(device),
        effort_(effort),
        sizes_(sizes_for(device.board())),
        volume_(filesystem == Filesystem::kFat ? make_fat_volume(device) : make_littlefs_volume(device)) {}

  void prepare() override {
    volume_->format();
    volume_->mount();
  }

  void verify() override {
    volume_->mount();
    for (const auto& [name, bytes] : files_)
      demand(volume_->read(name) == bytes, name + " is not what was written");
  }

 protected:
  TracedDevice& device() { return device_; }
  const Sizes& sizes() const { return sizes_; }

  uint32_t scaled(Count count) const {
    const auto wanted = static_cast<uint32_t>(static_cast<double>(count.usual) * effort_.scale);
    return std::clamp<uint32_t>(wanted, 1, count.most);
  }

  std::vector<uint8_t> payload(size_t length, uint32_t number) const {
    return make_bytes(length, effort_.seed, Stream::kPayload, number);
  }
  std::mt19937 choices() const { return make_random(effort_.seed, Stream::kChoice); }

  void append(const std::string& name, const std::vector<uint8_t>& bytes) {
    volume_->append(name, bytes);
    std::ranges::copy(bytes, std::back_inserter(files_[name]));
  }
  void write(const std::string& name, std::vector<uint8_t> bytes, size_t piece_bytes) {
    volume_->write(name, bytes, piece_bytes);
    files_[name] = std::move(bytes);
  }
  void overwrite(const std::string& name, std::vector<uint8_t> bytes) {
    volume_->overwrite(name, bytes);
    files_[name] = std::move(bytes);
  }
  void read(const std::string& name) {
    demand(volume_->read(name) == files_[name], name + " reads back wrong");
  }

  // The files of W2, W6, W6b and W7.
  template <class Do>
  void for_each_small_file(Do what) {
    for (uint32_t i = 0; i < scaled(sizes().files); ++i) {
      what("file" + std::to_string(i) + ".bin", payload(kSmallFileBytes, i));
    }
  }
  void write_small_files() {
    for_each_small_file([this](const std::string& name, std::vector<uint8_t> bytes) {
      write(name, std::move(bytes), kSmallFileBytes);
    });
  }

  // Nothing is left in RAM that would make reading cheaper than it is in the morning.
  void restart() {
    device().device().power_cycle();
    volume_->mount();
  }

 private:
  TracedDevice& device_;
  Effort effort_;
  Sizes sizes_;
  std::unique_ptr<Volume> volume_;
  std::map<std::string, std::vector<uint8_t>> files_;
};

class AppendToLog final : public FileWork {
 public:
  using FileWork::FileWork;
  void run() override {
    for (uint32_t i = 0; i < scaled(sizes().appends); ++i) {
      append("log.txt", payload(kLineBytes, i));
      device().pass_ms(kPauseMs);
    }
  }
};

class CreateSmallFiles final : public FileWork {
 public:
  using FileWork::FileWork;
  void run() override { write_small_files(); }
};

class RewriteConfig final : public FileWork {
 public:
  using FileWork::FileWork;
  void run() override {
    std::mt19937 random = choices();
    std::vector<uint8_t> config = payload(kConfigBytes, 0);
    for (uint32_t i = 0; i < scaled({100, 10'000}); ++i) {
      for (int value = 0; value < 4; ++value)
        config[random() % config.size()] = static_cast<uint8_t>(random());
      write("config.txt", config, kConfigBytes);
      device().pass_ms(kPauseMs);
    }
  }
};

class WriteStream final : public FileWork {
 public:
  using FileWork::FileWork;
  void run() override { write("stream.bin", payload(scaled(sizes().stream_bytes), 0), kStreamPieceBytes); }
};

class RewriteSmallFiles final : public FileWork {
 public:
  using FileWork::FileWork;
  void prepare() override {
    FileWork::prepare();
    write_small_files();
  }
  void run() override { write_small_files(); }
};

class OverwriteSmallFiles final : public FileWork {
 public:
  using FileWork::FileWork;
  void prepare() override {
    FileWork::prepare();
    write_small_files();
  }
  void run() override {
    for_each_small_file(
        [this](const std::string& name, std::vector<uint8_t> bytes) { overwrite(name, std::move(bytes)); });
  }
};

class ReadSmallFiles final : public FileWork {
 public:
  using FileWork::FileWork;
  void prepare() override {
    FileWork::prepare();
    write_small_files();
    restart();
  }
  void run() override {
    for_each_small_file([this](const std::string& name, const std::vector<uint8_t>&) { read(name); });
  }
};

// ---- On raw blocks --------------------------------------------------------------------------------

class BlockWork : public Work {
 public:
  BlockWork(TracedDevice& device, Effort effort) : device_(device), effort_(effort) {}

  void prepare() override {}

  void verify() override {
    for (const auto& [block, bytes] : blocks_) {
      std::vector<uint8_t> present(block_bytes());
      device_.read_blocks(block, present);
      demand(present == bytes, "block " + std::to_string(block) + " is not what was written");
    }
  }

 protected:
  TracedDevice& device() { return device_; }
  uint32_t block_bytes() const { return device_.board().simple_block_bytes; }
  uint32_t block_count() const { return device_.board().storage().size_bytes / block_bytes(); }
  uint32_t scaled(uint32_t usual) const {
    return std::max<uint32_t>(1, static_cast<uint32_t>(static_cast<double>(usual) * effort_.scale));
  }
  std::mt19937 choices() const { return make_random(effort_.seed, Stream::kChoice); }

  void write(uint32_t block_of_storage, uint32_t number) {
    const uint32_t block = flash::Drive::kFirstStorageBlock + block_of_storage;
    std::vector<uint8_t> bytes = make_bytes(block_bytes(), effort_.seed, Stream::kPayload, number);
    device_.write_blocks(block, bytes);
    blocks_[block] = std::move(bytes);
  }

 private:
  TracedDevice& device_;
  Effort effort_;
  std::map<uint32_t, std::vector<uint8_t>> blocks_;
};

class WriteRandomBlocks final : public BlockWork {
 public:
  using BlockWork::BlockWork;
  void run() override {
    std::mt19937 random = choices();
    const uint32_t range = std::min(block_count(), 1024 * kKiB / block_bytes());
    for (uint32_t i = 0; i < scaled(2000); ++i) {
      write(static_cast<uint32_t>(random() % range), i);
      if (i % 20 == 19) device().sync();
    }
    device().sync();
  }
};

class Trickle final : public BlockWork {
 public:
  using BlockWork::BlockWork;
  void run() override {
    for (uint32_t i = 0; i < scaled(30); ++i) {
      write(i % block_count(), i);
      device().pass_ms(kLongPauseMs);
    }
  }
};

// ---- The table ------------------------------------------------------------------------------------

constexpr std::array kWorkloads = {
    Workload{"W1", "append 64 bytes to a log and close it", true},
    Workload{"W2", "create small files of 1 KiB", true},
    Workload{"W3", "rewrite a config file of 4 KiB, a few values change", true},
    Workload{"W4", "write one large file", true},
    Workload{"W5", "write random blocks, sync every 20", false},
    Workload{"W6", "rewrite the small files with the same bytes", true},
    Workload{"W6b", "the same in place", true},
    Workload{"W7", "read the small files after a restart", true},
    Workload{"W8", "write a block every 7 s, never sync", false, false},
};
constexpr std::array kFilesystems = {Filesystem::kFat, Filesystem::kLittlefs, Filesystem::kRaw};

}  // namespace

std::span<const Workload> workloads() {
  return kWorkloads;
}

std::span<const Filesystem> filesystems() {
  return kFilesystems;
}

std::string_view name_of(Filesystem filesystem) {
  constexpr std::array<std::string_view, kFilesystems.size()> kNames = {"FAT", "LFS2", "raw"};
  return kNames[static_cast<size_t>(filesystem)];
}

std::vector<uint8_t> make_medium(const boards::Board& board, bool used, uint32_t seed) {
  const size_t size = board.storage().size_bytes;
  return used ? make_bytes(size, seed, Stream::kMedium) : std::vector<uint8_t>(size, 0xFF);
}

std::unique_ptr<Work> make_work(const Workload& workload, Filesystem filesystem, TracedDevice& device,
                                Effort effort) {
  const std::string_view name = workload.name;
  if (name == "W1") return std::make_unique<AppendToLog>(filesystem, device, effort);
  if (name == "W2") return std::make_unique<CreateSmallFiles>(filesystem, device, effort);
  if (name == "W3") return std::make_unique<RewriteConfig>(filesystem, device, effort);
  if (name == "W4") return std::make_unique<WriteStream>(filesystem, device, effort);
  if (name == "W5") return std::make_unique<WriteRandomBlocks>(device, effort);
  if (name == "W6") return std::make_unique<RewriteSmallFiles>(filesystem, device, effort);
  if (name == "W6b") return std::make_unique<OverwriteSmallFiles>(filesystem, device, effort);
  if (name == "W7") return std::make_unique<ReadSmallFiles>(filesystem, device, effort);
  if (name == "W8") return std::make_unique<Trickle>(device, effort);
  fail("there is no workload " + std::string(name));
}

}  // namespace bench
