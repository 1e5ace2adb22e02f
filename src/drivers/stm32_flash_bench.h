// The three STM32 flash controllers as models, each with clock, cells and bus: what the tests of the drivers
// run on. The families differ in data only.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "drivers/stm32_flash_geometry.h"
#include "sim/bus.h"
#include "sim/cells.h"
#include "sim/clock.h"
#include "sim/stm32f4_flash_controller.h"
#include "sim/stm32h7_flash_controller.h"
#include "sim/violations.h"

namespace drivers {

enum class Controller { kF42x, kF76x, kH74x };

struct Family {
  Controller controller;
  std::string_view name;
  const flash::Geometry* geometry;
  uint32_t register_base;
  uint32_t access_control;  // what the firmware's clock set-up leaves in ACR
  uint32_t control_offset;  // CR
  uint32_t status_offset;   // SR
  uint32_t lock;            // CR.LOCK
  uint32_t program;         // CR.PG
  uint32_t start;           // CR.STRT, CR.START
  uint32_t bank_count;      // sets of registers
  bool has_l1_cache;        // of data, in the CPU

  uint32_t unit_bytes() const { return geometry->program_unit_bytes; }
};

inline constexpr uint32_t kArrayAddress = 0x08000000;
inline constexpr uint32_t kBankStride = 0x100;
inline constexpr uint32_t kKeyOffset = 0x04;

inline constexpr std::array<Family, 3> kFamilies = {{
    {.controller = Controller::kF42x,
     .name = "F42x",
     .geometry = &kStm32F427Geometry,
     .register_base = 0x40023C00,
     .access_control = 0x705,  // 5 wait states, prefetch, both caches
     .control_offset = 0x10,
     .status_offset = 0x0C,
     .lock = 1u << 31,
     .program = 1u << 0,
     .start = 1u << 16,
     .bank_count = 1,
     .has_l1_cache = false},
    {.controller = Controller::kF76x,
     .name = "F76x",
     .geometry = &kStm32F765Geometry,
     .register_base = 0x40023C00,
     .access_control = 0x307,  // 7 wait states, prefetch, accelerator
     .control_offset = 0x10,
     .status_offset = 0x0C,
     .lock = 1u << 31,
     .program = 1u << 0,
     .start = 1u << 16,
     .bank_count = 1,
     .has_l1_cache = true},
    {.controller = Controller::kH74x,
     .name = "H74x",
     .geometry = &kStm32H743Geometry,
     .register_base = 0x52002000,
     .access_control = 0x24,  // 4 wait states, WRHIGHFREQ 2
     .control_offset = 0x0C,
     .status_offset = 0x10,
     .lock = 1u << 0,
     .program = 1u << 1,
     .start = 1u << 7,
     .bank_count = 2,
     .has_l1_cache = true},
}};

class Bench {
 public:
  explicit Bench(const Family& family);
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  const Family& family() const { return family_; }
  sim::Clock& clock() { return clock_; }
  sim::Violations& violations() { return violations_; }
  sim::AddressSpace& space() { return space_; }
  sim::Cells& cells() { return cells_; }
  std::vector<uint8_t>& bytes() { return bytes_; }

  uint32_t load_register(uint32_t offset);
  void store_register(uint32_t offset, uint32_t value);

  uint32_t control(uint32_t bank) { return load_register(bank * kBankStride + family_.control_offset); }
  uint32_t status(uint32_t bank) { return load_register(bank * kBankStride + family_.status_offset); }
  bool is_locked();

  // The keys, right or wrong; a bus error is survived.
  void unlock(uint32_t bank, uint32_t second_key);

  void reset();
  void set_stuck_busy(bool stuck);
  void set_error(uint32_t status_bits);  // in every bank
  void protect_sector(uint32_t offset, bool on);
  void weaken_word(uint32_t offset);  // H74x only

  // A word as a power failure leaves it: its ECC does not hold. H74x only.
  void tear_word(uint32_t offset);

 private:
  const Family& family_;
  sim::Clock clock_;
  sim::Violations violations_;
  sim::AddressSpace space_{clock_, violations_};
  std::vector<uint8_t> bytes_;
  sim::Cells cells_;
  std::unique_ptr<sim::Stm32F4FlashController> f4_;
  std::unique_ptr<sim::Stm32H7FlashController> h7_;
};

}  // namespace drivers
