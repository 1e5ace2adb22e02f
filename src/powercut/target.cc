#include "powercut/target.h"

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <variant>

#include "boards/camera.h"

namespace powercut {

namespace {

class CameraTarget final : public Target {
 public:
  explicit CameraTarget(std::unique_ptr<boards::Camera> camera) : camera_(std::move(camera)) {}

  const boards::Board& board() const override { return camera_->board(); }
  sim::Cells& cells() override { return camera_->cells(); }
  sim::PowerSupply& supply() override { return camera_->supply(); }
  flash::Storage& storage() override { return camera_->storage(); }
  void power_off() override { camera_->power_off(); }
  flash::Status power_on() override { return camera_->power_on(); }
  uint64_t now_us() const override { return camera_->clock().now_us(); }

  std::string misuse() const override {
    const auto& list = camera_->hardware().violations().list();
    return list.empty() ? "" : list.front().where + ": " + list.front().what;
  }

 private:
  std::unique_ptr<boards::Camera> camera_;
};

}  // namespace

std::unique_ptr<Target> make_camera(const boards::Board& board) {
  auto camera = boards::Camera::open(board, "");
  if (const auto* error = std::get_if<std::string>(&camera)) {
    std::fprintf(stderr, "%s\n", error->c_str());
    std::abort();
  }
  return std::make_unique<CameraTarget>(std::get<std::unique_ptr<boards::Camera>>(std::move(camera)));
}

}  // namespace powercut
