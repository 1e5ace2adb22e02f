#include <algorithm>
#include <array>
#include <vector>

#include "bench/check.h"
#include "bench/firmware_flash.h"
#include "bench/upstream/firmware.h"
#include "boards/hardware.h"
#include "sim/nor_chip.h"

namespace bench {
namespace {

constexpr uint8_t kReadStatus = 0x05;
constexpr uint8_t kBusy = 0x01;
constexpr uint64_t kNsPerMs = 1'000'000;

// Chip select, the pauses around it, and the CPU that writes the registers: as the controllers' models.
constexpr uint64_t kCommandNs = 300;

class SerialFlash;
SerialFlash* present = nullptr;

// The bus takes spiflash.c's commands; how they are framed on the wire is the board's.
class SerialFlash : public FirmwareFlash {
 public:
  SerialFlash(const boards::Board& board, sim::Clock& clock, sim::Violations& violations, uint64_t cycle_ns)
      : clock_(clock),
        cycle_ns_(cycle_ns),
        storage_offset_(board.storage().offset),
        content_(board.part->geometry.size_bytes(), 0xFF),
        cells_(boards::physics_of(*board.part), content_),
        chip_(boards::chip_of(*board.part), cells_, clock, violations) {
    present = this;
  }
  ~SerialFlash() override { present = nullptr; }

  sim::Cells& cells() override { return cells_; }
  void power_cycle() override { chip_.power_cycle(); }

  virtual void command(uint8_t opcode, std::span<const uint8_t> data) = 0;
  virtual void query(uint8_t opcode, std::span<uint8_t> out) = 0;
  virtual void write(uint8_t opcode, uint32_t address, bool wide, std::span<const uint8_t> data) = 0;
  virtual void read(uint8_t opcode, uint32_t address, bool wide, unsigned dummy_cycles,
                    std::span<uint8_t> out) = 0;

 protected:
  uint32_t chip_address(uint32_t address) const { return storage_offset_ + address; }

  void send(sim::WireCommand wire, std::span<const uint8_t> data) {
    if (!data.empty()) wire.data = sim::Direction::kToChip;
    chip_.select(wire);
    take_time(wire, data.size());
    if (!data.empty()) chip_.write(data);
    chip_.deselect();
  }

  void receive(sim::WireCommand wire, std::span<uint8_t> out) {
    wire.data = sim::Direction::kFromChip;
    chip_.select(wire);
    take_time(wire, out.size());
    chip_.read(out);
    chip_.deselect();
  }

  // spiflash.c asks again at once, a hundred thousand times an erase. The time that this takes is the
  // chip's.
  void skip_polls(uint8_t opcode, uint8_t status) {
    if (opcode == kReadStatus && (status & kBusy) != 0) clock_.wait_ns(kNsPerMs);
  }

 private:
  void take_time(const sim::WireCommand& wire, size_t data_bytes) {
    const uint64_t cycles = sim::cycles_of(wire.instruction_bytes, wire.instruction_lanes) +
                            sim::cycles_before_data(wire) +
                            sim::cycles_of(static_cast<uint32_t>(data_bytes), wire.data_lanes);
    clock_.work_ns(kCommandNs + cycles * cycle_ns_);
  }

  sim::Clock& clock_;
  uint64_t cycle_ns_;
  uint32_t storage_offset_;
  std::vector<uint8_t> content_;
  sim::Cells cells_;
  sim::NorChip chip_;
};

// qspi.c at 100 MHz: reads on four lines, everything else on one.
class QuadFlash final : public SerialFlash {
 public:
  QuadFlash(const boards::Board& board, sim::Clock& clock, sim::Violations& violations)
      : SerialFlash(board, clock, violations, 10) {}

  void command(uint8_t opcode, std::span<const uint8_t> data) override { send(frame(opcode), data); }

  void query(uint8_t opcode, std::span<uint8_t> out) override {
    receive(frame(opcode), out);
    skip_polls(opcode, out[0]);
  }

  void write(uint8_t opcode, uint32_t address, bool wide, std::span<const uint8_t> data) override {
    send(frame(opcode, address, wide), data);
  }

  void read(uint8_t opcode, uint32_t address, bool wide, unsigned dummy_cycles,
            std::span<uint8_t> out) override {
    sim::WireCommand wire = frame(opcode, address, wide);
    wire.address_lanes = wire.alternate_lanes = wire.data_lanes = {4, false};
    wire.alternate_bytes = 1;
    wire.dummy_cycles = static_cast<uint8_t>(dummy_cycles);
    receive(wire, out);
  }

 private:
  static sim::WireCommand frame(uint8_t opcode) {
    sim::WireCommand wire;
    wire.instruction = opcode;
    wire.instruction_bytes = 1;
    wire.instruction_lanes = wire.data_lanes = {1, false};
    return wire;
  }

  sim::WireCommand frame(uint8_t opcode, uint32_t address, bool wide) const {
    sim::WireCommand wire = frame(opcode);
    wire.address = chip_address(address);
    wire.address_bytes = wide ? 4 : 3;
    wire.address_lanes = {1, false};
    return wire;
  }
};

// The N6: eight lines, both edges, 200 MHz, as the boot loader leaves chip and controller.
class OctalFlash final : public SerialFlash {
 public:
  OctalFlash(const boards::Board& board, sim::Clock& clock, sim::Violations& violations)
      : SerialFlash(board, clock, violations, 5) {
    enter_octal();
  }

  void power_cycle() override {
    SerialFlash::power_cycle();
    enter_octal();
  }

  void command(uint8_t opcode, std::span<const uint8_t> data) override { send(frame(opcode), data); }

  // Registers have addresses, here always 0, and each byte is sent twice.
  void query(uint8_t opcode, std::span<uint8_t> out) override {
    if (opcode == kReadConfig) {
      out[0] = kQuadEnable;
      return;
    }
    sim::WireCommand wire = frame(opcode);
    wire.address_bytes = 4;
    wire.dummy_cycles = 4;
    std::array<uint8_t, 2> twice;
    receive(wire, twice);
    out[0] = twice[0];
    skip_polls(opcode, out[0]);
  }

  void write(uint8_t opcode, uint32_t address, bool, std::span<const uint8_t> data) override {
    // 02h and 20h, but for the address's width.
    const uint8_t wide_opcode = opcode == 0x02 ? 0x12 : opcode == 0x20 ? 0x21 : opcode;
    send(frame(wide_opcode, address), swapped({data.begin(), data.end()}));
  }

  void read(uint8_t, uint32_t address, bool, unsigned, std::span<uint8_t> out) override {
    sim::WireCommand wire = frame(kReadOctal, address);
    wire.dummy_cycles = 20;
    std::vector<uint8_t> pairs(out.size());
    receive(wire, pairs);
    std::ranges::copy(swapped(std::move(pairs)), out.begin());
  }

 private:
  static constexpr uint8_t kReadOctal = 0xEE;

  // spiflash.c would set a bit that this chip does not have: it is told that it is set.
  static constexpr uint8_t kReadConfig = 0x35;
  static constexpr uint8_t kQuadEnable = 0x02;

  static sim::WireCommand frame(uint8_t opcode) {
    sim::WireCommand wire;
    wire.instruction = static_cast<uint16_t>(opcode << 8 | (~opcode & 0xFF));
    wire.instruction_bytes = 2;
    wire.instruction_lanes = wire.address_lanes = wire.data_lanes = {8, true};
    wire.strobed = true;
    return wire;
  }

  sim::WireCommand frame(uint8_t opcode, uint32_t address) const {
    sim::WireCommand wire = frame(opcode);
    wire.address = chip_address(address);
    wire.address_bytes = 4;
    return wire;
  }

  // The chip sends and takes the bytes of a word in the other order; XSPI undoes that.
  static std::vector<uint8_t> swapped(std::vector<uint8_t> bytes) {
    demand(bytes.size() % 2 == 0, "half a word for a chip that takes both edges");
    for (size_t i = 0; i < bytes.size(); i += 2) std::swap(bytes[i], bytes[i + 1]);
    return bytes;
  }

  // MX25UM25645G: CR2[0] = 2.
  void enter_octal() {
    constexpr std::array<uint8_t, 1> kOctalDtr = {2};
    sim::WireCommand wire;
    wire.instruction = 0x06;
    wire.instruction_bytes = 1;
    wire.instruction_lanes = wire.address_lanes = wire.data_lanes = {1, false};
    send(wire, {});
    wire.instruction = 0x72;
    wire.address_bytes = 4;
    send(wire, kOctalDtr);
  }
};

}  // namespace

std::unique_ptr<FirmwareFlash> make_firmware_serial_flash(const boards::Board& board, sim::Clock& clock,
                                                          sim::Violations& violations) {
  if (board.part->controller == boards::Controller::kXspi) {
    return std::make_unique<OctalFlash>(board, clock, violations);
  }
  return std::make_unique<QuadFlash>(board, clock, violations);
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
