#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "bench/device.h"
#include "boards/camera.h"

namespace bench {

namespace {

void check(flash::Status status) {
  if (status.ok()) return;
  std::fprintf(stderr, "pybflash: the storage failed in a benchmark: error %d\n", -status.value());
  std::abort();
}

// A camera whose chip holds the content from the start: made from an image, as one makes it for a real one.
std::unique_ptr<boards::Camera> camera_with(const boards::Board& board, std::span<const uint8_t> content) {
  const auto path = std::filesystem::temp_directory_path() / ("pybflash_bench_" + std::to_string(getpid()));
  std::vector<char> chip(board.part->geometry.size_bytes(), '\xFF');
  std::copy(content.begin(), content.end(), chip.begin() + board.storage().offset);
  std::ofstream(path, std::ios::binary).write(chip.data(), static_cast<std::streamsize>(chip.size()));
  auto camera = boards::Camera::open(board, path.string());
  std::filesystem::remove(path);
  std::filesystem::remove(path.string() + ".wear");
  if (const auto* error = std::get_if<std::string>(&camera)) {
    std::fprintf(stderr, "pybflash: %s\n", error->c_str());
    std::abort();
  }
  return std::move(std::get<std::unique_ptr<boards::Camera>>(camera));
}

class OurDevice final : public Device {
 public:
  OurDevice(const boards::Board& board, std::span<const uint8_t> content)
      : camera_(camera_with(board, content)), start_us_(camera_->totals().device_us) {}

  const boards::Board& board() const override { return camera_->board(); }
  void read(uint32_t offset, std::span<uint8_t> out) override { check(camera_->storage().read(offset, out)); }
  void write(uint32_t offset, std::span<const uint8_t> data) override {
    check(camera_->storage().write(offset, data));
  }
  void read_raw(uint32_t offset, std::span<uint8_t> out) override { read(offset, out); }
  void program(uint32_t offset, std::span<const uint8_t> data) override {
    check(camera_->storage().program(offset, data));
  }
  void erase_block(uint32_t offset) override {
    check(camera_->storage().erase(offset, native_block_bytes()));
  }
  void sync() override { check(camera_->storage().sync()); }
  void pass_ms(uint32_t ms) override { camera_->pass_ms(ms); }
  uint64_t now_ms() const override { return camera_->clock().now_us() / 1000; }

  void power_cycle() override {
    camera_->storage().discard();
    camera_->hardware().power_cycle();
    check(camera_->hardware().init());
  }

  Cost cost() const override {
    const boards::Camera::Totals totals = camera_->totals();
    return {.device_us = totals.device_us - start_us_,
            .erases = totals.erases,
            .worst_sector_erases = totals.max_wear,
            .bytes_programmed = totals.bytes_programmed,
            .masked_us_max = camera_->hardware().longest_masked_ns() / 1000};
  }

  std::span<const uint8_t> cells() const override {
    return camera_->cells().bytes().subspan(board().storage().offset, size_bytes());
  }

 private:
  std::unique_ptr<boards::Camera> camera_;
  uint64_t start_us_;
};

}  // namespace

std::vector<uint8_t> make_content(const boards::Board& board, bool used, uint32_t seed) {
  std::vector<uint8_t> content(board.storage().size_bytes, 0xFF);
  if (!used) return content;
  std::mt19937 random(seed);
  for (uint8_t& byte : content) byte = static_cast<uint8_t>(random());
  return content;
}

std::unique_ptr<Device> make_our_device(const boards::Board& board, std::span<const uint8_t> content) {
  return std::make_unique<OurDevice>(board, content);
}

}  // namespace bench
