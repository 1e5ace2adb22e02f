#include "boards/hardware.h"

#include "boards/array_flash.h"
#include "drivers/stm32_f4_flash.h"
#include "drivers/stm32_h7_flash.h"
#include "sim/bus.h"
#include "sim/mmio.h"
#include "sim/stm32f4_flash_controller.h"
#include "sim/stm32h7_flash_controller.h"

namespace boards {

namespace {

// While a driver waits, time jumps to the moment the hardware is done.
drivers::Platform platform_of(sim::Clock& clock) {
  constexpr uint64_t kLongestWaitNs = 1'000'000;
  return {.context = &clock,
          .now_us = [](void* context) { return static_cast<sim::Clock*>(context)->now_us(); },
          .yield = [](void* context) { static_cast<sim::Clock*>(context)->wait_ns(kLongestWaitNs); },
          .memory_changed = [](void*, uint32_t, uint32_t) {}};
}

// A flash inside an MCU: `Model` behind its registers and its array, `Driver` on the bus before them.
template <class Model, class Driver, class Config>
class InternalFlash final : public Hardware {
 public:
  template <class Variant>
  InternalFlash(const Board& board, uint32_t register_base, Variant&& variant, sim::Cells& cells,
                sim::Clock& clock)
      : space_(clock, violations_),
        model_(cells, variant, clock, violations_),
        driver_(Config{.register_base = register_base,
                       .array_address = kArrayAddress,
                       .geometry = board.part->geometry,
                       .platform = platform_of(clock)},
                sim::ModelMmio(space_)) {
    space_.map(register_base, Model::kRegisterBytes, model_.registers());
    space_.map(kArrayAddress, cells.size_bytes(), model_.array());
  }

  flash::NorFlash& nor() override { return driver_; }
  flash::Status init() override { return {}; }
  void power_cycle() override { model_.reset(); }

 private:
  static constexpr uint32_t kArrayAddress = 0x08000000;

  sim::AddressSpace space_;
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

class ArrayHardware final : public Hardware {
 public:
  ArrayHardware(const Board& board, sim::Cells& cells, sim::Clock& clock) : nor_(*board.part, cells, clock) {}
  flash::NorFlash& nor() override { return nor_; }
  flash::Status init() override { return {}; }
  void power_cycle() override {}

 private:
  ArrayFlash nor_;
};

}  // namespace

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
    case Controller::kXspi:
      break;
  }
  return std::make_unique<ArrayHardware>(board, cells, clock);
}

}  // namespace boards
