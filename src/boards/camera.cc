#include "boards/camera.h"

#include <algorithm>
#include <utility>

namespace boards {

namespace {

uint64_t clock_now_us(void* clock) {
  return static_cast<sim::Clock*>(clock)->now_us();
}

}  // namespace

std::variant<std::unique_ptr<Camera>, std::string> Camera::open(const Board& board,
                                                                const std::string& image_path,
                                                                sim::ImageUse use) {
  auto image = sim::Image::open(image_path, physics_of(*board.part), use);
  if (auto* error = std::get_if<std::string>(&image)) return std::move(*error);
  std::unique_ptr<Camera> camera(new Camera(board, std::get<std::unique_ptr<sim::Image>>(std::move(image))));
  if (const flash::Status status = camera->hardware_status_; !status.ok()) {
    return "the flash of " + std::string(board.name) + " does not come up: error " +
           std::to_string(-status.value());
  }
  return camera;
}

Camera::Camera(const Board& board, std::unique_ptr<sim::Image> image)
    : board_(board),
      image_(std::move(image)),
      cells_(physics_of(*board.part), image_->memory()),
      hardware_(make_hardware(board, cells_, clock_)),
      hardware_status_(hardware_->init()),
      cache_slots_(board.cache_bytes / flash::kCacheBlockBytes),
      cache_blocks_(board.cache_bytes),
      storage_(hardware_->nor(),
               {.offset = board.storage().offset,
                .size_bytes = board.storage().size_bytes,
                .simple_block_bytes = board.simple_block_bytes,
                .native_block_bytes = board.native_block_bytes,
                .idle_flush_us = board.idle_flush_ms * 1000},
               {cache_slots_, cache_blocks_}, clock_now_us, &clock_),
      drive_(storage_) {
  cells_.connect(&supply_);
}

Camera::Totals Camera::totals() const {
  const sim::Stats& stats = cells_.stats();
  return {
      stats.erases,     stats.programs, stats.bytes_programmed, stats.bytes_read, clock_.device_ns() / 1000,
      cells_.max_wear()};
}

void Camera::pass_ms(uint64_t ms) {
  // The firmware looks about every half second; the idle flush is never later than that.
  constexpr uint64_t kTickMs = 512;
  while (ms > 0) {
    const uint64_t step = storage_.is_dirty() ? std::min(ms, kTickMs) : ms;
    clock_.pass_ns(step * 1'000'000);
    ms -= step;
    storage_.poll().ignore();  // it stays dirty, and the next sync reports it
  }
}

void Camera::fail_nth(sim::Operation operation, uint64_t n) {
  faults_.push_back({operation, n});
  cells_.set_fault_hook([this](sim::Operation kind, uint64_t, uint32_t) {
    bool fails = false;
    for (Fault& fault : faults_) {
      if (fault.operation == kind && --fault.countdown == 0) fails = true;
    }
    std::erase_if(faults_, [](const Fault& fault) { return fault.countdown == 0; });
    return fails;
  });
}

void Camera::fail_none() {
  faults_.clear();
  hardware_->set_stuck_busy(false);
}

void Camera::power_off() {
  supply_.switch_off();  // first: nothing that the others do now may reach the cells
  storage_.discard();
  hardware_->power_cycle();
}

flash::Status Camera::power_on() {
  supply_.switch_on();
  return hardware_->init();
}

}  // namespace boards
