#include <algorithm>
#include <array>
#include <string>

#include "bench/check.h"
#include "bench/volume.h"

extern "C" {
#include "lfs2.h"
}

namespace bench {
namespace {

lfs2_size_t check(lfs2_soff_t result, const char* what) {
  if (result < 0) fail(std::string("littlefs: ") + what + ": error " + std::to_string(-result));
  return static_cast<lfs2_size_t>(result);
}

lfs2_size_t size_of(size_t size) {
  return static_cast<lfs2_size_t>(size);
}

TracedDevice& device_of(const lfs2_config* config) {
  return *static_cast<TracedDevice*>(config->context);
}

int read_block(const lfs2_config* config, lfs2_block_t block, lfs2_off_t offset, void* out,
               lfs2_size_t size) {
  device_of(config).read_bytes(block, offset, {static_cast<uint8_t*>(out), size});
  return 0;
}

int program_block(const lfs2_config* config, lfs2_block_t block, lfs2_off_t offset, const void* data,
                  lfs2_size_t size) {
  device_of(config).program_bytes(block, offset, {static_cast<const uint8_t*>(data), size});
  return 0;
}

int erase_block(const lfs2_config* config, lfs2_block_t block) {
  device_of(config).erase_block(block);
  return 0;
}

int sync_device(const lfs2_config* config) {
  device_of(config).sync();
  return 0;
}

// With the parameters that MicroPython's VfsLfs2 has by default.
class LittlefsVolume final : public Volume {
 public:
  explicit LittlefsVolume(TracedDevice& device) {
    config_.context = &device;
    config_.read = read_block;
    config_.prog = program_block;
    config_.erase = erase_block;
    config_.sync = sync_device;
    config_.read_size = config_.prog_size = 32;
    config_.block_size = device.board().native_block_bytes;
    config_.block_count = device.board().storage().size_bytes / config_.block_size;
    config_.block_cycles = 100;
    config_.cache_size = kCacheBytes;
    config_.lookahead_size = size_of(lookahead_buffer_.size());
    config_.read_buffer = read_buffer_.data();
    config_.prog_buffer = program_buffer_.data();
    config_.lookahead_buffer = lookahead_buffer_.data();
  }

  void format() override { check(lfs2_format(&fs_, &config_), "format"); }
  void mount() override { check(lfs2_mount(&fs_, &config_), "mount"); }

  void append(const std::string& name, std::span<const uint8_t> data) override {
    write_file(name, LFS2_O_WRONLY | LFS2_O_CREAT | LFS2_O_APPEND, data, data.size());
  }
  void write(const std::string& name, std::span<const uint8_t> data, size_t piece_bytes) override {
    write_file(name, LFS2_O_WRONLY | LFS2_O_CREAT | LFS2_O_TRUNC, data, piece_bytes);
  }
  void overwrite(const std::string& name, std::span<const uint8_t> data) override {
    write_file(name, LFS2_O_RDWR, data, data.size());
  }

  std::vector<uint8_t> read(const std::string& name) override {
    lfs2_file_t file;
    open(file, name, LFS2_O_RDONLY);
    std::vector<uint8_t> data(check(lfs2_file_size(&fs_, &file), "size"));
    check(lfs2_file_read(&fs_, &file, data.data(), size_of(data.size())), "read");
    check(lfs2_file_close(&fs_, &file), "close");
    return data;
  }

 private:
  static constexpr size_t kCacheBytes = 128;

  // With the time of the last change, as VfsLfs2 keeps it.
  void open(lfs2_file_t& file, const std::string& name, int flags) {
    const uint64_t now_ns = device_of(&config_).now_ms() * 1'000'000;
    for (unsigned i = 0; i < time_.size(); ++i) time_[i] = static_cast<uint8_t>(now_ns >> (8 * i));
    attribute_ = {.type = 1, .buffer = time_.data(), .size = size_of(time_.size())};
    file_config_ = {.buffer = file_buffer_.data(), .attrs = &attribute_, .attr_count = 1};
    check(lfs2_file_opencfg(&fs_, &file, name.c_str(), flags, &file_config_), "open");
  }

  void write_file(const std::string& name, int flags, std::span<const uint8_t> data, size_t piece_bytes) {
    lfs2_file_t file;
    open(file, name, flags);
    while (!data.empty()) {
      const auto piece = data.first(std::min(piece_bytes, data.size()));
      check(lfs2_file_write(&fs_, &file, piece.data(), size_of(piece.size())), "write");
      data = data.subspan(piece.size());
    }
    check(lfs2_file_close(&fs_, &file), "close");
  }

  lfs2_t fs_ = {};
  lfs2_config config_ = {};
  lfs2_file_config file_config_ = {};
  lfs2_attr attribute_ = {};
  std::array<uint8_t, 8> time_ = {};
  std::array<uint8_t, kCacheBytes> read_buffer_ = {};
  std::array<uint8_t, kCacheBytes> program_buffer_ = {};
  std::array<uint8_t, kCacheBytes> file_buffer_ = {};
  std::array<uint8_t, 32> lookahead_buffer_ = {};
};

}  // namespace

std::unique_ptr<Volume> make_littlefs_volume(TracedDevice& device) {
  return std::make_unique<LittlefsVolume>(device);
}

}  // namespace bench
