// MicroPython's own driver on the models: the table of upstream/firmware.h with the hardware below it.
#include <string>

#include "bench/check.h"
#include "bench/device.h"
#include "bench/firmware_flash.h"
#include "bench/firmware_interrupts.h"
#include "bench/firmware_memory.h"
#include "bench/upstream/firmware.h"
#include "flash/block_device.h"

namespace bench {
namespace {

constexpr uint64_t kNsPerMs = 1'000'000;
constexpr uintptr_t kRamAddress = 0x20000000;

class FirmwareDevice;
const FirmwareDevice* present = nullptr;

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

std::unique_ptr<FirmwareFlash> flash_for(const boards::Board& board, sim::Clock& clock,
                                         sim::Violations& violations) {
  return is_serial(board) ? make_firmware_serial_flash(board, clock, violations)
                          : make_firmware_internal_flash(board, clock);
}

class FirmwareDevice final : public Device {
 public:
  FirmwareDevice(const boards::Board& board, std::span<const uint8_t> content)
      : board_(board),
        driver_(driver_for(board.part->controller)),
        ram_(kRamAddress, FIRMWARE_RAM_BYTES),
        flash_(flash_for(board, clock_, violations_)),
        interrupts_(driver_, clock_) {
    demand(present == nullptr, "a second firmware in one process");
    present = this;
    demand(flash_->cells().program(board.storage().offset, content) == sim::CellResult::kOk, "no content");
    power_up();
  }
  ~FirmwareDevice() override { present = nullptr; }

  const boards::Board& board() const override { return board_; }

  void read_blocks(uint32_t block, std::span<uint8_t> out) override {
    check(driver_.read_blocks(out.data(), block, blocks_of(out.size())));
  }
  void write_blocks(uint32_t block, std::span<const uint8_t> data) override {
    check(driver_.write_blocks(data.data(), block, blocks_of(data.size())));
  }
  void read_bytes(uint32_t block, uint32_t offset, std::span<uint8_t> out) override {
    check(driver_.read_bytes(block, offset, out.data(), static_cast<uint32_t>(out.size())));
  }
  void program_bytes(uint32_t block, uint32_t offset, std::span<const uint8_t> data) override {
    check(driver_.program_bytes(block, offset, data.data(), static_cast<uint32_t>(data.size())));
  }
  void erase_block(uint32_t block) override { ioctl(flash::Ioctl::kEraseBlock, block); }
  bool erases_blocks() const override { return is_serial(board_); }
  void sync() override { ioctl(flash::Ioctl::kSync, 0); }

  void pass_ms(uint32_t ms) override {
    for (uint32_t i = 0; i < ms; ++i) {
      clock_.pass_ns(kNsPerMs);
      interrupts_.take_due();
    }
  }

  void power_cycle() override {
    flash_->power_cycle();
    power_up();
  }

  const sim::Cells& cells() const override { return flash_->cells(); }
  const sim::Clock& clock() const override { return clock_; }
  const sim::Violations& violations() const override { return violations_; }
  uint64_t take_longest_masked_ns() override { return interrupts_.take_longest_masked_ns(); }

  std::span<uint8_t> ram() const { return ram_.bytes(); }

 private:
  void power_up() {
    driver_.power_up();
    // What littlefs sends before anything else: the native block serves every form from now on.
    ioctl(flash::Ioctl::kInit, 1);
  }

  void ioctl(flash::Ioctl command, uint32_t argument) {
    check(driver_.ioctl(static_cast<int>(command), static_cast<int>(argument)));
  }

  void check(int result) {
    if (result != 0) fail("the firmware's driver reports error " + std::to_string(-result));
    interrupts_.take_due();
  }

  uint32_t blocks_of(size_t length) const {
    return static_cast<uint32_t>(length) / board_.simple_block_bytes;
  }

  const boards::Board& board_;
  const firmware_driver_t& driver_;
  sim::Clock clock_;
  sim::Violations violations_;
  FixedMemory ram_;
  std::unique_ptr<FirmwareFlash> flash_;
  FirmwareInterrupts interrupts_;
};

}  // namespace

std::unique_ptr<Device> make_firmware_device(const boards::Board& board, std::span<const uint8_t> content) {
  return std::make_unique<FirmwareDevice>(board, content);
}

}  // namespace bench

extern "C" {

void* firmware_ram() {
  return bench::present->ram().data();
}

uint32_t firmware_storage_address() {
  return bench::present->board().address + bench::present->board().storage().offset;
}

uint32_t firmware_storage_bytes() {
  return bench::present->board().storage().size_bytes;
}

uint32_t firmware_largest_sector_bytes() {
  return bench::present->board()
      .part->geometry.sector_at(bench::present->board().storage().offset)
      .size_bytes;
}

}  // extern "C"
