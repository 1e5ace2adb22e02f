#include <algorithm>
#include <array>

#include "volumes/volume.h"

extern "C" {
#include "lfs2.h"
}

namespace volumes {

namespace {

using flash::Status;

// extmod/vfs_lfsx.c: readsize and progsize are 32 where the script does not say otherwise.
constexpr uint32_t kProgramBytes = 32;
constexpr uint32_t kCacheBytes = 4 * kProgramBytes;
constexpr uint32_t kLookaheadBytes = 32;
constexpr int kBlockCycles = 100;
constexpr uint8_t kTimeAttribute = 1;  // LFS_ATTR_MTIME there: nanoseconds since 1970
constexpr uint64_t kNsPerSecond = 1'000'000'000;

// littlefs answers with negative errnos and counts.
Status status_of(int64_t result) {
  return result >= 0 ? Status{} : Status{flash::Error{static_cast<int>(-result)}};
}

using TimeBytes = std::array<uint8_t, 8>;

class LittlefsFile final : public File {
 public:
  explicit LittlefsFile(lfs2_t& fs) : fs_(fs) {}
  LittlefsFile(const LittlefsFile&) = delete;
  LittlefsFile& operator=(const LittlefsFile&) = delete;

  ~LittlefsFile() override {
    if (!is_open_) return;
    // littlefs writes nothing of a file that has failed, and only takes it from its list of open files.
    file_.flags |= LFS2_F_ERRED;
    close().ignore();
  }

  Status open(const std::string& path, int flags, uint64_t now_s) {
    for (unsigned i = 0; i < time_.size(); ++i)
      time_[i] = static_cast<uint8_t>(now_s * kNsPerSecond >> (8 * i));
    const Status status = status_of(lfs2_file_opencfg(&fs_, &file_, path.c_str(), flags, &config_));
    is_open_ = status.ok();
    return status;
  }

  Status read(std::span<uint8_t> out, size_t& done) override {
    const lfs2_ssize_t result =
        lfs2_file_read(&fs_, &file_, out.data(), static_cast<lfs2_size_t>(out.size()));
    done = static_cast<size_t>(std::max<lfs2_ssize_t>(result, 0));
    return status_of(result);
  }

  Status write(std::span<const uint8_t> data) override {
    return status_of(lfs2_file_write(&fs_, &file_, data.data(), static_cast<lfs2_size_t>(data.size())));
  }

  Status seek(uint32_t offset) override {
    return status_of(lfs2_file_seek(&fs_, &file_, static_cast<lfs2_soff_t>(offset), LFS2_SEEK_SET));
  }

  uint32_t size_bytes() override { return static_cast<uint32_t>(lfs2_file_size(&fs_, &file_)); }
  Status sync() override { return status_of(lfs2_file_sync(&fs_, &file_)); }

  Status close() override {
    is_open_ = false;
    return status_of(lfs2_file_close(&fs_, &file_));
  }

 private:
  lfs2_t& fs_;
  bool is_open_ = false;
  lfs2_file_t file_ = {};
  TimeBytes time_ = {};
  lfs2_attr attribute_ = {.type = kTimeAttribute, .buffer = time_.data(), .size = sizeof(TimeBytes)};
  std::array<uint8_t, kCacheBytes> buffer_ = {};
  lfs2_file_config config_ = {.buffer = buffer_.data(), .attrs = &attribute_, .attr_count = 1};
};

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::kCreate:
      return LFS2_O_WRONLY | LFS2_O_CREAT | LFS2_O_TRUNC;
    case OpenMode::kCreateNew:
      return LFS2_O_WRONLY | LFS2_O_CREAT | LFS2_O_EXCL;
    case OpenMode::kAppend:
      return LFS2_O_WRONLY | LFS2_O_CREAT | LFS2_O_APPEND;
    case OpenMode::kUpdate:
      return LFS2_O_RDWR;
    case OpenMode::kRead:
      break;
  }
  return LFS2_O_RDONLY;
}

class LittlefsVolume final : public Volume {
 public:
  explicit LittlefsVolume(BlockDevice& device) {
    config_.context = &device;
    connect();
    config_.read_size = config_.prog_size = kProgramBytes;
    config_.block_size = device.native_block_bytes();
    config_.block_count = device.size_bytes() / config_.block_size;
    config_.block_cycles = kBlockCycles;
    config_.cache_size = kCacheBytes;
    config_.lookahead_size = kLookaheadBytes;
    config_.read_buffer = read_buffer_.data();
    config_.prog_buffer = program_buffer_.data();
    config_.lookahead_buffer = lookahead_buffer_.data();
  }

  Status format() override { return status_of(lfs2_format(&fs_, &config_)); }
  Status mount() override { return status_of(lfs2_mount(&fs_, &config_)); }
  void unmount() override { lfs2_unmount(&fs_); }

  Status open(const std::string& path, OpenMode mode, std::unique_ptr<File>& file) override {
    auto opened = std::make_unique<LittlefsFile>(fs_);
    FLASH_TRY(opened->open(path, flags_of(mode), now_s_));
    file = std::move(opened);
    return {};
  }

  Status list(const std::string& path, std::vector<Entry>& entries) override;
  Status stat(const std::string& path, Entry& entry) override;
  Status place_of_folder(const std::string& path, uint32_t& place) override;

  Status make_directory(const std::string& path) override {
    return status_of(lfs2_mkdir(&fs_, path.c_str()));
  }
  Status remove(const std::string& path) override { return status_of(lfs2_remove(&fs_, path.c_str())); }
  Status rename(const std::string& from, const std::string& to) override {
    return status_of(lfs2_rename(&fs_, from.c_str(), to.c_str()));
  }

  Status space(Space& space) override {
    const lfs2_ssize_t used = lfs2_fs_size(&fs_);
    if (used < 0) return status_of(used);
    // A damaged one may count a block more than once.
    const auto free = std::max<int64_t>(int64_t{config_.block_count} - used, 0);
    space = {config_.block_size, config_.block_count, static_cast<uint32_t>(free)};
    return {};
  }

  bool accepts_name(std::string_view name) const override {
    return !name.empty() && name != "." && name != ".." && name.size() <= LFS2_NAME_MAX &&
           name.find('/') == name.npos && name.find('\0') == name.npos;
  }
  bool ignores_case() const override { return false; }

 private:
  static BlockDevice& device_of(const lfs2_config* config) {
    return *static_cast<BlockDevice*>(config->context);
  }

  void connect();
  Entry entry_of(const lfs2_info& info, const std::string& path);

  lfs2_t fs_ = {};
  lfs2_config config_ = {};
  std::array<uint8_t, kCacheBytes> read_buffer_ = {}, program_buffer_ = {};
  std::array<uint8_t, kLookaheadBytes> lookahead_buffer_ = {};
};

void LittlefsVolume::connect() {
  config_.read = [](const lfs2_config* config, lfs2_block_t block, lfs2_off_t offset, void* buffer,
                    lfs2_size_t size) {
    const std::span out(static_cast<uint8_t*>(buffer), size);
    return device_of(config).read(block * config->block_size + offset, out).value();
  };
  config_.prog = [](const lfs2_config* config, lfs2_block_t block, lfs2_off_t offset, const void* buffer,
                    lfs2_size_t size) {
    const std::span data(static_cast<const uint8_t*>(buffer), size);
    return device_of(config).program(block * config->block_size + offset, data).value();
  };
  config_.erase = [](const lfs2_config* config, lfs2_block_t block) {
    return device_of(config).erase_block(block * config->block_size).value();
  };
  config_.sync = [](const lfs2_config* config) { return device_of(config).sync().value(); };
}

Entry LittlefsVolume::entry_of(const lfs2_info& info, const std::string& path) {
  Entry entry;
  entry.name = info.name;
  entry.is_directory = info.type == LFS2_TYPE_DIR;
  entry.size_bytes = info.size;
  TimeBytes bytes;
  if (lfs2_getattr(&fs_, path.c_str(), kTimeAttribute, bytes.data(), bytes.size()) == bytes.size()) {
    uint64_t ns = 0;
    for (unsigned i = 0; i < bytes.size(); ++i) ns |= uint64_t{bytes[i]} << (8 * i);
    entry.modified_s = ns / kNsPerSecond;
  }
  return entry;
}

Status LittlefsVolume::list(const std::string& path, std::vector<Entry>& entries) {
  lfs2_dir_t directory;
  FLASH_TRY(status_of(lfs2_dir_open(&fs_, &directory, path.c_str())));
  lfs2_info info;
  int result;
  while ((result = lfs2_dir_read(&fs_, &directory, &info)) > 0) {
    const std::string_view name = info.name;
    if (name != "." && name != "..") entries.push_back(entry_of(info, path + "/" + info.name));
  }
  lfs2_dir_close(&fs_, &directory);
  return status_of(result);
}

Status LittlefsVolume::stat(const std::string& path, Entry& entry) {
  lfs2_info info;
  FLASH_TRY(status_of(lfs2_stat(&fs_, path.c_str(), &info)));
  entry = entry_of(info, path);
  return {};
}

Status LittlefsVolume::place_of_folder(const std::string& path, uint32_t& place) {
  lfs2_dir_t directory;
  FLASH_TRY(status_of(lfs2_dir_open(&fs_, &directory, path.c_str())));
  place = std::min(directory.head[0], directory.head[1]);  // of a pair, in either order
  return status_of(lfs2_dir_close(&fs_, &directory));
}

}  // namespace

std::unique_ptr<Volume> make_littlefs(BlockDevice& device) {
  return std::make_unique<LittlefsVolume>(device);
}

std::string littlefs_version() {
  return std::to_string(LFS2_VERSION_MAJOR) + "." + std::to_string(LFS2_VERSION_MINOR);
}

}  // namespace volumes
