#include "bench/camera_device.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <variant>

#include "bench/check.h"

namespace bench {

namespace {

// A camera whose chip holds the content from the start: made from an image, as one makes it for a real one.
std::unique_ptr<boards::Camera> camera_with(const boards::Board& board, std::span<const uint8_t> content) {
  const auto path = std::filesystem::temp_directory_path() / ("pybflash_bench_" + std::to_string(getpid()));
  std::vector<char> chip(board.part->geometry.size_bytes(), '\xFF');
  std::copy(content.begin(), content.end(), chip.begin() + board.storage().offset);
  std::ofstream(path, std::ios::binary).write(chip.data(), static_cast<std::streamsize>(chip.size()));
  auto camera = boards::Camera::open(board, path.string());
  std::filesystem::remove(path);
  std::filesystem::remove(path.string() + ".wear");
  if (const auto* error = std::get_if<std::string>(&camera)) fail(*error);
  return std::move(std::get<std::unique_ptr<boards::Camera>>(camera));
}

}  // namespace

CameraDevice::CameraDevice(const boards::Board& board, std::span<const uint8_t> content)
    : camera_(camera_with(board, content)), start_ns_(camera_->clock().device_ns()) {}

Cost CameraDevice::cost() const {
  const boards::Camera::Totals totals = camera_->totals();
  return {.device_ns = camera_->clock().device_ns() - start_ns_,
          .erases = totals.erases,
          .worst_sector_erases = totals.max_wear,
          .bytes_programmed = totals.bytes_programmed,
          .masked_us_max = longest_masked_ns() / 1000};
}

}  // namespace bench
