// The translation layer over our stack.
#include "volumes/ftl_device.h"

#include <algorithm>
#include <string>

#include "bench/camera_device.h"
#include "bench/check.h"

namespace bench {

namespace {

void check(flash::Status status) {
  if (!status.ok()) fail("the translation layer reports error " + std::to_string(-status.value()));
}

class FtlDevice final : public CameraDevice {
 public:
  FtlDevice(const boards::Board& board, std::span<const uint8_t> content)
      : CameraDevice(board, content), layer_(camera().storage(), 0, board.storage().size_bytes) {
    check(layer_.format());
  }

  uint32_t size_bytes() const override { return layer_.size_bytes(); }
  void read(uint32_t offset, std::span<uint8_t> out) override { check(layer_.read(offset, out)); }
  void write(uint32_t offset, std::span<const uint8_t> data) override {
    for (; !data.empty(); offset += ftl::kBlockBytes, data = data.subspan(ftl::kBlockBytes)) {
      timed([&] { check(layer_.write(offset, data.first(ftl::kBlockBytes))); });
    }
  }
  void read_raw(uint32_t offset, std::span<uint8_t> out) override { read(offset, out); }
  void program(uint32_t, std::span<const uint8_t>) override { check(flash::Error::kNotSupported); }
  void erase_block(uint32_t) override { check(flash::Error::kNotSupported); }
  bool erases_blocks() const override { return false; }
  void sync() override {
    timed([this] { check(layer_.sync()); });
  }
  void pass_ms(uint32_t ms) override { camera().pass_ms(ms); }

  void power_cycle() override {
    camera().power_off();
    check(camera().power_on());
    check(layer_.mount());
    content_.assign(board().storage().size_bytes, 0);  // zeros where the layer has no blocks
    check(layer_.read(0, std::span(content_).first(size_bytes())));
  }

  Cost cost() const override {
    Cost cost = CameraDevice::cost();
    cost.longest_write_us = longest_us_;
    return cost;
  }
  std::span<const uint8_t> cells() const override { return content_; }

 private:
  template <class Call>
  void timed(const Call& call) {
    const uint64_t before = camera().totals().device_us;
    call();
    longest_us_ = std::max(longest_us_, camera().totals().device_us - before);
  }
  uint64_t longest_masked_ns() const override { return camera().hardware().longest_masked_ns(); }

  volumes::FtlDevice layer_;
  std::vector<uint8_t> content_;
  uint64_t longest_us_ = 0;
};

}  // namespace

std::unique_ptr<Device> make_ftl_device(const boards::Board& board, std::span<const uint8_t> content) {
  return std::make_unique<FtlDevice>(board, content);
}

}  // namespace bench
