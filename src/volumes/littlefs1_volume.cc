// littlefs v1, to be looked at: MicroPython reads it, and no camera has made one for years.
#include <algorithm>
#include <array>

#include "volumes/volume.h"

extern "C" {
#include "lfs1.h"
}

namespace volumes {

namespace {

using flash::Status;

// extmod/vfs_lfsx.c: as littlefs v2, but that the lookahead counts bits.
constexpr uint32_t kReadBytes = 32;
constexpr uint32_t kLookaheadBits = 32;

Status status_of(int64_t result) {
  return result >= 0 ? Status{} : Status{flash::Error{static_cast<int>(-result)}};
}

class Littlefs1File final : public File {
 public:
  explicit Littlefs1File(lfs1_t& fs) : fs_(fs) {}
  Littlefs1File(const Littlefs1File&) = delete;
  Littlefs1File& operator=(const Littlefs1File&) = delete;
  ~Littlefs1File() override {
    if (is_open_) close().ignore();
  }

  Status open(const std::string& path) {
    const Status status = status_of(lfs1_file_opencfg(&fs_, &file_, path.c_str(), LFS1_O_RDONLY, &config_));
    is_open_ = status.ok();
    return status;
  }

  Status read(std::span<uint8_t> out, size_t& done) override {
    const lfs1_ssize_t result =
        lfs1_file_read(&fs_, &file_, out.data(), static_cast<lfs1_size_t>(out.size()));
    done = static_cast<size_t>(std::max<lfs1_ssize_t>(result, 0));
    return status_of(result);
  }

  Status write(std::span<const uint8_t>) override { return kReadOnly; }
  Status seek(uint32_t offset) override {
    return status_of(lfs1_file_seek(&fs_, &file_, static_cast<lfs1_soff_t>(offset), LFS1_SEEK_SET));
  }
  uint32_t size_bytes() override { return static_cast<uint32_t>(lfs1_file_size(&fs_, &file_)); }
  Status sync() override { return {}; }
  Status close() override {
    is_open_ = false;
    return status_of(lfs1_file_close(&fs_, &file_));
  }

 private:
  lfs1_t& fs_;
  bool is_open_ = false;
  lfs1_file_t file_ = {};
  std::array<uint8_t, kReadBytes> buffer_ = {};
  lfs1_file_config config_ = {.buffer = buffer_.data()};
};

Entry entry_of(const lfs1_info& info) {
  return {.name = info.name, .is_directory = info.type == LFS1_TYPE_DIR, .size_bytes = info.size};
}

class Littlefs1Volume final : public Volume {
 public:
  explicit Littlefs1Volume(BlockDevice& device) {
    config_.context = &device;
    config_.read = [](const lfs1_config* config, lfs1_block_t block, lfs1_off_t offset, void* buffer,
                      lfs1_size_t size) {
      const std::span out(static_cast<uint8_t*>(buffer), size);
      auto& blocks = *static_cast<BlockDevice*>(config->context);
      return blocks.read(block * config->block_size + offset, out).value();
    };
    config_.prog = [](const lfs1_config*, lfs1_block_t, lfs1_off_t, const void*, lfs1_size_t) {
      return Status(kReadOnly).value();
    };
    config_.erase = [](const lfs1_config*, lfs1_block_t) { return Status(kReadOnly).value(); };
    config_.sync = [](const lfs1_config*) { return 0; };
    config_.read_size = config_.prog_size = kReadBytes;
    config_.block_size = device.native_block_bytes();
    config_.block_count = device.size_bytes() / config_.block_size;
    config_.lookahead = kLookaheadBits;
    config_.read_buffer = read_buffer_.data();
    config_.prog_buffer = program_buffer_.data();
    config_.lookahead_buffer = lookahead_buffer_.data();
  }

  Status format() override { return kReadOnly; }
  Status mount() override { return status_of(lfs1_mount(&fs_, &config_)); }
  void unmount() override { lfs1_unmount(&fs_); }

  Status open(const std::string& path, OpenMode mode, std::unique_ptr<File>& file) override {
    if (mode != OpenMode::kRead) return kReadOnly;
    auto opened = std::make_unique<Littlefs1File>(fs_);
    FLASH_TRY(opened->open(path));
    file = std::move(opened);
    return {};
  }

  Status list(const std::string& path, std::vector<Entry>& entries) override {
    lfs1_dir_t directory;
    FLASH_TRY(status_of(lfs1_dir_open(&fs_, &directory, path.c_str())));
    lfs1_info info;
    int result;
    while ((result = lfs1_dir_read(&fs_, &directory, &info)) > 0) {
      const std::string_view name = info.name;
      if (name != "." && name != "..") entries.push_back(entry_of(info));
    }
    lfs1_dir_close(&fs_, &directory);
    return status_of(result);
  }

  Status stat(const std::string& path, Entry& entry) override {
    lfs1_info info;
    FLASH_TRY(status_of(lfs1_stat(&fs_, path.c_str(), &info)));
    entry = entry_of(info);
    return {};
  }

  Status place_of_folder(const std::string& path, uint32_t& place) override {
    lfs1_dir_t directory;
    FLASH_TRY(status_of(lfs1_dir_open(&fs_, &directory, path.c_str())));
    place = std::min(directory.head[0], directory.head[1]);  // of a pair, in either order
    return status_of(lfs1_dir_close(&fs_, &directory));
  }

  Status make_directory(const std::string&) override { return kReadOnly; }
  Status remove(const std::string&) override { return kReadOnly; }
  Status rename(const std::string&, const std::string&) override { return kReadOnly; }

  Status space(Space& space) override {
    uint32_t used = 0;
    const auto count = [](void* counter, lfs1_block_t) { return ++*static_cast<uint32_t*>(counter), 0; };
    FLASH_TRY(status_of(lfs1_traverse(&fs_, count, &used)));
    const uint32_t total = config_.block_count;
    space = {config_.block_size, total, total - std::min<uint32_t>(used, total)};
    return {};
  }

  bool accepts_name(std::string_view) const override { return false; }
  bool ignores_case() const override { return false; }

 private:
  lfs1_t fs_ = {};
  lfs1_config config_ = {};
  std::array<uint8_t, kReadBytes> read_buffer_ = {}, program_buffer_ = {};
  alignas(4) std::array<uint8_t, kLookaheadBits / 8> lookahead_buffer_ = {};
};

}  // namespace

std::unique_ptr<Volume> make_littlefs1(BlockDevice& device) {
  return std::make_unique<Littlefs1Volume>(device);
}

}  // namespace volumes
