// What the contenders have in common: a whole camera, its registers and its chip. They differ in the software
// on it.
#pragma once

#include <memory>

#include "bench/device.h"
#include "boards/camera.h"

namespace bench {

class CameraDevice : public Device {
 public:
  CameraDevice(const boards::Board& board, std::span<const uint8_t> content);

  const boards::Board& board() const override { return camera_->board(); }
  uint64_t now_ms() const override { return camera_->clock().now_us() / 1000; }
  Cost cost() const override;
  std::span<const uint32_t> wear() const override { return camera_->cells().wear(); }
  std::span<const uint8_t> cells() const override {
    return camera_->cells().bytes().subspan(board().storage().offset, size_bytes());
  }
  const sim::Violations& violations() const override { return camera_->hardware().violations(); }

 protected:
  boards::Camera& camera() const { return *camera_; }
  virtual uint64_t longest_masked_ns() const = 0;

 private:
  std::unique_ptr<boards::Camera> camera_;
  uint64_t start_ns_;
};

}  // namespace bench
