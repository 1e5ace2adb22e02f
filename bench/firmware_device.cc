// The contender that people have today: MicroPython's own driver, unmodified, on the same cameras. Which
// files it consists of depends on the board (see CMakeLists.txt); upstream/firmware.h is the seam.
#include <sys/mman.h>

#include <string>

#include "bench/camera_device.h"
#include "bench/check.h"
#include "bench/firmware_flash.h"
#include "bench/firmware_interrupts.h"
#include "bench/upstream/firmware.h"
#include "flash/block_device.h"

namespace bench {

namespace {

class FirmwareDevice;
FirmwareDevice* present = nullptr;

const firmware_driver_t& driver_for(boards::Controller controller) {
  switch (controller) {
    case boards::Controller::kF4:
      return firmware_f4;
    case boards::Controller::kF7:
      return firmware_f7;
    case boards::Controller::kH7:
      return firmware_h7;
    case boards::Controller::kQuadSpi:
      return firmware_qspi;
    case boards::Controller::kXspi:
      return firmware_xspi;
  }
  fail("no driver of MicroPython's for this controller");
}

bool is_serial(const boards::Board& board) {
  return board.part->jedec_id != 0;
}

class FirmwareDevice final : public CameraDevice {
 public:
  FirmwareDevice(const boards::Board& board, std::span<const uint8_t> content)
      : CameraDevice(board, content),
        driver_(driver_for(board.part->controller)),
        flash_(is_serial(board) ? make_firmware_bus(camera()) : make_firmware_hal(camera())),
        interrupts_(driver_, camera().clock()) {
    present = this;
    power_cycle();
  }
  ~FirmwareDevice() override { present = nullptr; }

  void read(uint32_t offset, std::span<uint8_t> out) override {
    check(driver_.read_blocks(out.data(), drive_block(offset), blocks_in(out.size())));
  }
  void write(uint32_t offset, std::span<const uint8_t> data) override {
    check(driver_.write_blocks(data.data(), drive_block(offset), blocks_in(data.size())));
  }
  void read_raw(uint32_t offset, std::span<uint8_t> out) override {
    check(driver_.read_bytes(native_block(offset), offset % native_block_bytes(), out.data(),
                             static_cast<uint32_t>(out.size())));
  }
  void program(uint32_t offset, std::span<const uint8_t> data) override {
    check(driver_.program_bytes(native_block(offset), offset % native_block_bytes(), data.data(),
                                static_cast<uint32_t>(data.size())));
  }
  void erase_block(uint32_t offset) override { ioctl(flash::Ioctl::kEraseBlock, native_block(offset)); }
  bool erases_blocks() const override { return is_serial(board()); }
  void sync() override { ioctl(flash::Ioctl::kSync, 0); }

  void pass_ms(uint32_t ms) override {
    constexpr uint64_t kNsPerMs = 1'000'000;
    for (uint32_t i = 0; i < ms; ++i) {
      camera().clock().pass_ns(kNsPerMs);
      interrupts_.take_due();
    }
  }

  void power_cycle() override {
    flash_->power_up();
    driver_.power_up();
    // What littlefs sends before anything else: the native block serves every form from now on.
    ioctl(flash::Ioctl::kInit, 1);
  }

 private:
  uint64_t longest_masked_ns() const override { return interrupts_.longest_masked_ns(); }

  uint32_t drive_block(uint32_t offset) const {
    return flash::Drive::kFirstStorageBlock + offset / board().simple_block_bytes;
  }
  uint32_t native_block(uint32_t offset) const { return offset / native_block_bytes(); }
  uint32_t blocks_in(size_t length) const {
    return static_cast<uint32_t>(length) / board().simple_block_bytes;
  }

  void ioctl(flash::Ioctl command, uint32_t argument) {
    check(driver_.ioctl(static_cast<int>(command), static_cast<int>(argument)));
  }

  void check(int result) {
    if (result != 0) fail("the firmware's driver reports error " + std::to_string(-result));
    interrupts_.take_due();
  }

  const firmware_driver_t& driver_;
  std::unique_ptr<FirmwareFlash> flash_;
  FirmwareInterrupts interrupts_;
};

}  // namespace

bool has_firmware(const boards::Board& board) {
  constexpr uint32_t kMacronix = 0xC2;
  return board.part->controller != boards::Controller::kQuadSpi || board.part->jedec_id >> 16 != kMacronix;
}

std::unique_ptr<Device> make_firmware_device(const boards::Board& board, std::span<const uint8_t> content) {
  return std::make_unique<FirmwareDevice>(board, content);
}

}  // namespace bench

extern "C" {

void* firmware_ram() {
  static void* const memory = mmap(nullptr, FIRMWARE_RAM_BYTES, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (memory == MAP_FAILED) bench::fail("no memory with an address of 32 bits");
  return memory;
}

uint32_t firmware_storage_address() {
  return bench::present->board().address + bench::present->board().storage().offset;
}

uint32_t firmware_storage_bytes() {
  return bench::present->size_bytes();
}

uint32_t firmware_largest_sector_bytes() {
  const boards::Board& board = bench::present->board();
  return board.part->geometry.sector_bytes_at(board.storage().offset);
}

}  // extern "C"
