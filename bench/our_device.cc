// Our stack, as every simulated camera has it.
#include <string>

#include "bench/camera_device.h"
#include "bench/check.h"

namespace bench {

namespace {

void check(flash::Status status) {
  if (!status.ok()) fail("our storage reports error " + std::to_string(-status.value()));
}

class OurDevice final : public CameraDevice {
 public:
  using CameraDevice::CameraDevice;

  void read(uint32_t offset, std::span<uint8_t> out) override { check(camera().storage().read(offset, out)); }
  void write(uint32_t offset, std::span<const uint8_t> data) override {
    check(camera().storage().write(offset, data));
  }
  void read_raw(uint32_t offset, std::span<uint8_t> out) override { read(offset, out); }
  void program(uint32_t offset, std::span<const uint8_t> data) override {
    check(camera().storage().program(offset, data));
  }
  void erase_block(uint32_t offset) override {
    check(camera().storage().erase(offset, native_block_bytes()));
  }
  void sync() override { check(camera().storage().sync()); }
  void pass_ms(uint32_t ms) override { camera().pass_ms(ms); }
  void power_cycle() override {
    camera().power_off();
    check(camera().power_on());
  }

 private:
  uint64_t longest_masked_ns() const override { return camera().hardware().longest_masked_ns(); }
};

}  // namespace

std::unique_ptr<Device> make_our_device(const boards::Board& board, std::span<const uint8_t> content) {
  return std::make_unique<OurDevice>(board, content);
}

}  // namespace bench
