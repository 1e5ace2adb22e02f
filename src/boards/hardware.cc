#include "boards/hardware.h"

#include <cstdlib>

#include "drivers/octal_nor.h"
#include "drivers/stm32_f4_flash.h"
#include "drivers/stm32_h7_flash.h"
#include "drivers/stm32_quadspi.h"
#include "drivers/stm32_xspi.h"
#include "sim/mmio.h"
#include "sim/nor_chip.h"
#include "sim/nor_chip_parts.h"
#include "sim/quadspi.h"
#include "sim/stm32f4_flash_controller.h"
#include "sim/stm32h7_flash_controller.h"
#include "sim/xspi.h"

namespace boards {

namespace {

// A flash inside an MCU: `Model` behind its registers and its array, `Driver` on the bus before them.
template <class Model, class Driver, class Config>
class InternalFlash final : public Hardware {
 public:
  template <class Variant>
  InternalFlash(const Board& board, uint32_t register_base, Variant&& variant, sim::Cells& cells,
                sim::Clock& clock)
      : Hardware(clock),
        model_(cells, variant, clock, violations_),
        driver_(Config{.register_base = register_base,
                       .array_address = board.address,
                       .geometry = board.part->geometry,
                       .platform = platform_of(clock)},
                sim::ModelMmio(space_)) {
    space_.map(register_base, Model::kRegisterBytes, model_.registers());
    space_.map(board.address, cells.size_bytes(), model_.array());
  }

  flash::NorFlash& nor() override { return driver_; }
  flash::Status init() override { return {}; }
  void set_stuck_busy(bool stuck) override { model_.set_stuck_busy(stuck); }
  void power_cycle() override { model_.reset(); }

 private:
  Model model_;
  Driver driver_;
};

template <class Family>
using F4Hardware = InternalFlash<sim::Stm32F4FlashController, drivers::Stm32F4Flash<sim::ModelMmio, Family>,
                                 drivers::Stm32F4FlashConfig>;
using H7Hardware = InternalFlash<sim::Stm32H7FlashController, drivers::Stm32H7Flash<sim::ModelMmio>,
                                 drivers::Stm32H7FlashConfig>;

constexpr uint32_t kF4RegisterBase = 0x40023C00;
constexpr uint32_t kH7RegisterBase = 0x52002000;

// DS12110, table 43.
constexpr sim::Stm32H7FlashTimes kH7Times = {
    .erase_sector_ns = {2'000'000'000, 1'800'000'000, 1'100'000'000, 1'000'000'000},
    .program_word_ns = {290'000, 180'000, 130'000, 100'000}};

// How a board is wired to its serial chip. Both kernel clocks are 200 MHz.
struct QuadWiring {
  using Model = sim::QuadSpi;
  using Bus = drivers::Stm32QuadSpi<sim::ModelMmio>;
  using Driver = drivers::SpiNor;
  static constexpr uint32_t kRegisterBase = 0x52005000;
  static constexpr uint8_t kPrescaler = 1;
  static constexpr bool kFourLines = true;
};
struct OctalWiring {
  using Model = sim::Xspi;
  using Bus = drivers::Stm32Xspi<sim::ModelMmio>;
  using Driver = drivers::OctalNor;
  static constexpr uint32_t kRegisterBase = 0x5802A000;  // XSPI2
  static constexpr uint8_t kPrescaler = 0;
  static constexpr bool kFourLines = false;
};

template <class Wiring>
class SerialFlash final : public Hardware {
 public:
  SerialFlash(const Board& board, sim::Cells& cells, sim::Clock& clock)
      : Hardware(clock),
        chip_(chip_of(*board.part), cells, clock, violations_),
        controller_(chip_, clock, violations_, kKernelHz),
        bus_({.register_base = Wiring::kRegisterBase,
              .window_address = board.address,
              .prescaler = Wiring::kPrescaler,
              .cs_high_cycles = 2,
              .platform = platform_of(clock)},
             sim::ModelMmio(space_)),
        driver_(bus_, {.platform = platform_of(clock),
                       .expected_size_bytes = board.part->geometry.size_bytes(),
                       .four_lines = Wiring::kFourLines,
                       .mapped_reads = true}) {
    space_.map(Wiring::kRegisterBase, Wiring::Model::kRegisterBytes, controller_);
    space_.map(board.address, Wiring::Model::kWindowBytes, controller_.window());
  }

  flash::NorFlash& nor() override { return driver_; }
  flash::Status init() override { return driver_.init(); }
  void set_stuck_busy(bool stuck) override { chip_.options().stuck_busy = stuck; }
  void power_cycle() override {
    chip_.power_cycle();  // first: without supply it does not see chip select rise
    controller_.reset();
  }

 private:
  static constexpr uint64_t kKernelHz = 200'000'000;

  sim::NorChip chip_;
  typename Wiring::Model controller_;
  typename Wiring::Bus bus_;
  typename Wiring::Driver driver_;
};

}  // namespace

drivers::Platform platform_of(sim::Clock& clock) {
  constexpr uint64_t kLongestWaitNs = 1'000'000;
  return {.context = &clock,
          .now_us = [](void* context) { return static_cast<sim::Clock*>(context)->now_us(); },
          .yield = [](void* context) { static_cast<sim::Clock*>(context)->wait_ns(kLongestWaitNs); },
          .memory_changed = [](void*, uint32_t, uint32_t) {}};
}

sim::CellPhysics physics_of(const FlashPart& part) {
  sim::CellPhysics physics;
  for (const flash::Region& region : part.geometry.regions) {
    physics.sectors.push_back({region.sector_size_bytes, region.sector_count});
  }
  // Cells are programmed one by one, by whatever width a driver has chosen, unless they share a code.
  physics.ecc = !part.geometry.reprogrammable;
  physics.word_bytes = physics.ecc ? part.geometry.program_unit_bytes : 1;
  return physics;
}

const sim::NorChipPart& chip_of(const FlashPart& part) {
  for (const sim::NorChipPart* chip :
       {&sim::w25q256jv(), &sim::mx25um25645g(), &sim::at25sf128a(), &sim::mx25l12833f()}) {
    const auto& id = chip->jedec_id;
    if ((uint32_t{id[0]} << 16 | uint32_t{id[1]} << 8 | id[2]) == part.jedec_id) return *chip;
  }
  std::abort();  // a part in parts.h that has no model
}

std::unique_ptr<Hardware> make_hardware(const Board& board, sim::Cells& cells, sim::Clock& clock) {
  switch (board.part->controller) {
    case Controller::kF4:
      return std::make_unique<F4Hardware<drivers::Stm32F42x>>(board, kF4RegisterBase,
                                                              sim::Stm32F4FlashVariant::f42x(), cells, clock);
    case Controller::kF7:
      return std::make_unique<F4Hardware<drivers::Stm32F76x>>(board, kF4RegisterBase,
                                                              sim::Stm32F4FlashVariant::f76x(), cells, clock);
    case Controller::kH7:
      return std::make_unique<H7Hardware>(board, kH7RegisterBase, kH7Times, cells, clock);
    case Controller::kQuadSpi:
      return std::make_unique<SerialFlash<QuadWiring>>(board, cells, clock);
    case Controller::kXspi:
      return std::make_unique<SerialFlash<OctalWiring>>(board, cells, clock);
  }
  std::abort();
}

}  // namespace boards
