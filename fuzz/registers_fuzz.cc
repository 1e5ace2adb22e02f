// Any accesses to the registers and the memory of the modelled hardware: a model may complain, but it
// neither breaks nor hangs, and after a power cycle our driver gets along with it again.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdint>
#include <memory>
#include <set>
#include <variant>

#include "boards/board_table.h"
#include "boards/hardware.h"
#include "fuzz/check.h"
#include "sim/cells.h"
#include "sim/clock.h"
#include "sim/image.h"
#include "sim/power_supply.h"

namespace {

// One board of each kind, and where its processor finds the flash.
struct Kind {
  const char* board;
  uint32_t registers;
  uint32_t register_bytes;
  uint32_t memory;
};
constexpr Kind kKinds[] = {
    {"OPENMV2", 0x40023C00, 0x1C, 0x08000000},      {"OPENMV3", 0x40023C00, 0x1C, 0x08000000},
    {"OPENMV4", 0x52002000, 0x200, 0x08000000},     {"OPENMV4P", 0x52005000, 0x34, 0x90000000},
    {"ARDUINO_GIGA", 0x52005000, 0x34, 0x90000000}, {"ARDUINO_PORTENTA_H7", 0x52005000, 0x34, 0x90000000},
    {"OPENMV_N6", 0x5802A000, 0x400, 0x70000000},
};

// Cells that are blank again, without their whole size being written, when a run is over.
class Cells {
 public:
  explicit Cells(const boards::Board& board)
      : image_(std::get<std::unique_ptr<sim::Image>>(sim::Image::open("", boards::physics_of(*board.part)))),
        cells_(boards::physics_of(*board.part), image_->memory()) {
    supply_.set_watcher([this](const sim::FlashOperation& operation) {
      used_.insert(cells_.sector_index(operation.offset));
    });
    cells_.connect(&supply_);
  }

  sim::Cells& get() { return cells_; }
  void blank() {
    for (const uint32_t sector : std::set(used_)) {
      FUZZ_CHECK(cells_.erase(cells_.sector_offset(sector), cells_.sector_size_bytes(sector)) ==
                 sim::CellResult::kOk);
    }
    used_.clear();
  }

 private:
  std::unique_ptr<sim::Image> image_;
  sim::Cells cells_;
  sim::PowerSupply supply_;
  std::set<uint32_t> used_;
};

class Session {
 public:
  Session(FuzzedDataProvider& input, const Kind& kind, Cells& cells)
      : input_(input),
        kind_(kind),
        cells_(cells),
        hardware_(boards::make_hardware(*boards::find_board(kind.board), cells.get(), clock_)) {}

  void run() {
    if (input_.ConsumeBool()) FUZZ_CHECK(hardware_->init().ok());
    while (input_.remaining_bytes() > 0) step();
    clock_.pass_ns(600'000'000'000);  // whatever was begun is over
    hardware_->power_cycle();
    FUZZ_CHECK(hardware_->init().ok());
    uint8_t byte = 0;
    FUZZ_CHECK(hardware_->nor().size_bytes() == cells_.get().size_bytes());
    hardware_->nor().read(0, {&byte, 1}).ignore();
    cells_.blank();
  }

 private:
  void step() {
    const unsigned width = input_.PickValueInArray({4u, 4u, 2u, 1u});
    const bool is_register = input_.ConsumeIntegralInRange(0, 3) != 0;
    const uint32_t address = is_register ? kind_.registers + register_offset(width) : memory_address(width);
    switch (input_.ConsumeIntegralInRange(0, 7)) {
      case 0:
        return clock_.pass_ns(input_.ConsumeIntegral<uint32_t>());
      case 1:
      case 2:
        hardware_->space().load(address, width);
        return;
      case 3:
        hardware_->space().load_block(memory_address(1), buffer_);
        return;
      default:
        return hardware_->space().store(address, value(), width);
    }
  }

  uint32_t register_offset(unsigned width) {
    return input_.ConsumeIntegralInRange(0u, kind_.register_bytes / width - 1) * width;
  }
  uint32_t memory_address(unsigned width) {
    const uint32_t last = cells_.get().size_bytes() - uint32_t{sizeof buffer_};
    return kind_.memory + input_.ConsumeIntegralInRange(0u, last) / width * width;
  }

  // Keys of the flash controllers, or anything.
  uint32_t value() {
    constexpr uint32_t kKeys[] = {0x45670123, 0xCDEF89AB, 0x08192A3B, 0x4C5D6E7F};
    const auto choice = input_.ConsumeIntegralInRange<size_t>(0, 7);
    return choice < std::size(kKeys) ? kKeys[choice] : input_.ConsumeIntegral<uint32_t>();
  }

  FuzzedDataProvider& input_;
  const Kind& kind_;
  Cells& cells_;
  sim::Clock clock_;
  std::unique_ptr<boards::Hardware> hardware_;
  uint8_t buffer_[64] = {};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static std::unique_ptr<Cells> cells[std::size(kKinds)];
  FuzzedDataProvider input(data, size);
  const auto index = input.ConsumeIntegralInRange<size_t>(0, std::size(kKinds) - 1);
  if (!cells[index]) cells[index] = std::make_unique<Cells>(*boards::find_board(kKinds[index].board));
  Session(input, kKinds[index], *cells[index]).run();
  return 0;
}
