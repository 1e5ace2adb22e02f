// Our stack, as every camera of boards::Camera has it.
#include <string>
#include <utility>
#include <variant>

#include "bench/check.h"
#include "bench/device.h"
#include "boards/camera.h"
#include "flash/block_device.h"

namespace bench {
namespace {

void check(flash::Status status) {
  if (!status.ok()) fail("our storage reports error " + std::to_string(-status.value()));
}

std::unique_ptr<boards::Camera> open_camera(const boards::Board& board, std::span<const uint8_t> content) {
  auto opened = boards::Camera::open(board, "");
  if (const auto* error = std::get_if<std::string>(&opened)) fail(*error);
  auto camera = std::get<std::unique_ptr<boards::Camera>>(std::move(opened));
  // Cells know no time: this is how the chip came to us.
  demand(camera->cells().program(board.storage().offset, content) == sim::CellResult::kOk, "no content");
  return camera;
}

class PybflashDevice final : public Device {
 public:
  PybflashDevice(const boards::Board& board, std::span<const uint8_t> content)
      : camera_(open_camera(board, content)),
        partition_(camera_->storage(), 0, camera_->storage().size_bytes()) {}

  const boards::Board& board() const override { return camera_->board(); }

  void read_blocks(uint32_t block, std::span<uint8_t> out) override {
    check(camera_->drive().read_blocks(block, out));
  }
  void write_blocks(uint32_t block, std::span<const uint8_t> data) override {
    check(camera_->drive().write_blocks(block, data));
  }
  void read_bytes(uint32_t block, uint32_t offset, std::span<uint8_t> out) override {
    check(partition_.read_bytes(block, offset, out));
  }
  void program_bytes(uint32_t block, uint32_t offset, std::span<const uint8_t> data) override {
    check(partition_.program_bytes(block, offset, data));
  }
  void erase_block(uint32_t block) override { ioctl(flash::Ioctl::kEraseBlock, block); }
  bool erases_blocks() const override { return true; }
  void sync() override { ioctl(flash::Ioctl::kSync, 0); }
  void pass_ms(uint32_t ms) override { camera_->pass_ms(ms); }

  void power_cycle() override {
    camera_->storage().discard();
    camera_->hardware().power_cycle();
    check(camera_->hardware().init());
  }

  const sim::Cells& cells() const override { return camera_->cells(); }
  const sim::Clock& clock() const override { return camera_->clock(); }
  const sim::Violations& violations() const override { return camera_->hardware().violations(); }
  // The longest since the camera was made: no less than what was asked for.
  uint64_t take_longest_masked_ns() override { return camera_->hardware().longest_masked_ns(); }

 private:
  void ioctl(flash::Ioctl command, int64_t argument) {
    check(partition_.ioctl(static_cast<int64_t>(command), argument).status);
  }

  std::unique_ptr<boards::Camera> camera_;
  flash::Partition partition_;
};

}  // namespace

std::unique_ptr<Device> make_pybflash_device(const boards::Board& board, std::span<const uint8_t> content) {
  return std::make_unique<PybflashDevice>(board, content);
}

}  // namespace bench
