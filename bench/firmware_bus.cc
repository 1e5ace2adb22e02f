// The serial bus that spiflash.c of MicroPython speaks to, on the models of the controllers. How its commands
// are framed on the wire is the board's.
#include <string>

#include "bench/check.h"
#include "bench/firmware_flash.h"
#include "bench/upstream/firmware.h"
#include "drivers/stm32_quadspi.h"
#include "drivers/stm32_xspi.h"
#include "sim/mmio.h"

namespace bench {

namespace {

using drivers::NorCommand;
using drivers::NorFrame;

constexpr uint8_t kReadStatus = 0x05;
constexpr uint8_t kBusy = 0x01;

class Bus;
Bus* present = nullptr;

class Bus : public FirmwareFlash {
 public:
  Bus(boards::Camera& camera, drivers::NorBus& controller) : camera_(camera), controller_(controller) {
    present = this;
  }
  ~Bus() override { present = nullptr; }

  void power_up() override {
    camera_.hardware().power_cycle();
    check(controller_.open());
  }

  virtual void command(uint8_t opcode, std::span<const uint8_t> data) = 0;
  virtual void query(uint8_t opcode, std::span<uint8_t> out) = 0;
  virtual void write(uint8_t opcode, uint32_t address, bool wide, std::span<const uint8_t> data) = 0;
  virtual void read(uint8_t opcode, uint32_t address, bool wide, unsigned dummy_cycles,
                    std::span<uint8_t> out) = 0;

 protected:
  boards::Camera& camera() { return camera_; }
  uint32_t chip_address(uint32_t address) const { return camera_.board().storage().offset + address; }

  void check(flash::Status status) {
    if (!status.ok()) fail("the firmware's bus reports error " + std::to_string(-status.value()));
  }
  void send(NorFrame frame, uint32_t address, std::span<const uint8_t> data) {
    if (!data.empty()) frame = frame.with_data();
    check(controller_.execute(NorCommand::writing(frame, address, data)));
  }
  void fetch(NorFrame frame, uint32_t address, std::span<uint8_t> out) {
    check(controller_.execute(NorCommand::reading(frame, address, out)));
  }

  // spiflash.c asks again at once, a hundred thousand times an erase. What it sees is the same if time jumps
  // to the moment when the answer changes.
  void skip_polls(uint8_t opcode, uint8_t status) {
    constexpr uint64_t kNsPerMs = 1'000'000;
    if (opcode == kReadStatus && (status & kBusy) != 0) camera_.clock().wait_ns(kNsPerMs);
  }

 private:
  boards::Camera& camera_;
  drivers::NorBus& controller_;
};

// As qspi.c: reads on four lines, everything else on one.
class QuadBus final : public Bus {
 public:
  explicit QuadBus(boards::Camera& camera)
      : Bus(camera, controller_),
        controller_({.register_base = 0x52005000,
                     .window_address = camera.board().address,
                     .prescaler = 1,
                     .cs_high_cycles = 2,
                     .platform = boards::platform_of(camera.clock())},
                    sim::ModelMmio(camera.hardware().space())) {}

  void command(uint8_t opcode, std::span<const uint8_t> data) override { send(NorFrame(opcode), 0, data); }

  void query(uint8_t opcode, std::span<uint8_t> out) override {
    fetch(NorFrame(opcode).with_read(), 0, out);
    skip_polls(opcode, out[0]);
  }

  void write(uint8_t opcode, uint32_t address, bool wide, std::span<const uint8_t> data) override {
    send(NorFrame(opcode).with_address(wide ? 4 : 3), chip_address(address), data);
  }

  void read(uint8_t opcode, uint32_t address, bool wide, unsigned dummy_cycles,
            std::span<uint8_t> out) override {
    const NorFrame frame = NorFrame(opcode).with_address(wide ? 4 : 3, drivers::kFourLines).with_mode(1);
    fetch(frame.with_dummies(dummy_cycles).with_read(drivers::kFourLines), chip_address(address), out);
  }

 private:
  drivers::Stm32QuadSpi<sim::ModelMmio> controller_;
};

// The N6: the boot loader leaves the chip with eight lines and both edges, and nobody goes back. Commands
// have their inverse behind them, registers have addresses (here always 0).
class OctalBus final : public Bus {
 public:
  explicit OctalBus(boards::Camera& camera)
      : Bus(camera, controller_),
        controller_({.register_base = 0x5802A000,
                     .window_address = camera.board().address,
                     .prescaler = 0,
                     .cs_high_cycles = 2,
                     .platform = boards::platform_of(camera.clock())},
                    sim::ModelMmio(camera.hardware().space())) {}

  void power_up() override {
    camera().hardware().power_cycle();
    check(camera().hardware().init());  // the boot loader
    check(controller_.open());
  }

  void command(uint8_t opcode, std::span<const uint8_t> data) override { send(octal(opcode), 0, data); }

  void query(uint8_t opcode, std::span<uint8_t> out) override {
    if (opcode == kReadConfig) {
      out[0] = kQuadEnable;
      return;
    }
    fetch(octal(opcode).with_address(4).with_dummies(4).with_read(), 0, out);
    skip_polls(opcode, out[0]);
  }

  void write(uint8_t opcode, uint32_t address, bool, std::span<const uint8_t> data) override {
    send(octal(four_byte_opcode(opcode)).with_address(4), chip_address(address), data);
  }

  void read(uint8_t, uint32_t address, bool, unsigned, std::span<uint8_t> out) override {
    fetch(octal(kOctalRead).with_address(4).with_dummies(20).with_read(), chip_address(address), out);
  }

 private:
  static constexpr uint8_t kOctalRead = 0xEE;

  // spiflash.c would set a bit that this chip does not have: it is told that it is set.
  static constexpr uint8_t kReadConfig = 0x35;
  static constexpr uint8_t kQuadEnable = 0x02;

  static uint8_t four_byte_opcode(uint8_t opcode) {
    if (opcode == 0x02) return 0x12;  // program a page
    if (opcode == 0x20) return 0x21;  // erase 4 KiB
    return opcode;
  }

  static NorFrame octal(uint8_t opcode) { return NorFrame(opcode).in_octal_dtr(); }

  drivers::Stm32Xspi<sim::ModelMmio> controller_;
};

}  // namespace

std::unique_ptr<FirmwareFlash> make_firmware_bus(boards::Camera& camera) {
  if (camera.board().part->controller == boards::Controller::kXspi) return std::make_unique<OctalBus>(camera);
  return std::make_unique<QuadBus>(camera);
}

}  // namespace bench

extern "C" {

int firmware_bus_command(uint8_t opcode, const uint8_t* data, size_t length) {
  bench::present->command(opcode, {data, length});
  return 0;
}

int firmware_bus_query(uint8_t opcode, uint8_t* out, size_t length) {
  bench::present->query(opcode, {out, length});
  return 0;
}

int firmware_bus_write(uint8_t opcode, uint32_t address, bool wide_address, const uint8_t* data,
                       size_t length) {
  bench::present->write(opcode, address, wide_address, {data, length});
  return 0;
}

int firmware_bus_read(uint8_t opcode, uint32_t address, bool wide_address, unsigned dummy_cycles,
                      uint8_t* out, size_t length) {
  bench::present->read(opcode, address, wide_address, dummy_cycles, {out, length});
  return 0;
}

}  // extern "C"
