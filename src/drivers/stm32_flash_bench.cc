#include "drivers/stm32_flash_bench.h"

#include <algorithm>

namespace drivers {

namespace {

constexpr uint32_t kFirstKey = 0x45670123;

// DS12110, table 43.
constexpr sim::Stm32H7FlashTimes kH7Times = {
    .erase_sector_ns = {2'000'000'000, 1'800'000'000, 1'100'000'000, 1'000'000'000},
    .program_word_ns = {290'000, 180'000, 130'000, 100'000}};

sim::CellPhysics physics_of(const Family& family) {
  const bool ecc = !family.geometry->reprogrammable;
  sim::CellPhysics physics{.sectors = {}, .word_bytes = ecc ? family.unit_bytes() : 1, .ecc = ecc};
  for (const flash::Region& region : family.geometry->regions) {
    physics.sectors.push_back({region.sector_size_bytes, region.sector_count});
  }
  return physics;
}

}  // namespace

Bench::Bench(const Family& family)
    : family_(family), bytes_(family.geometry->size_bytes(), 0xFF), cells_(physics_of(family), bytes_) {
  if (family.controller == Controller::kH74x) {
    h7_ = std::make_unique<sim::Stm32H7FlashController>(cells_, kH7Times, clock_, violations_);
    space_.map(family.register_base, sim::Stm32H7FlashController::kRegisterBytes, h7_->registers());
    space_.map(kArrayAddress, cells_.size_bytes(), h7_->array());
  } else {
    auto variant = family.controller == Controller::kF42x ? sim::Stm32F4FlashVariant::f42x()
                                                          : sim::Stm32F4FlashVariant::f76x();
    f4_ = std::make_unique<sim::Stm32F4FlashController>(cells_, std::move(variant), clock_, violations_);
    space_.map(family.register_base, sim::Stm32F4FlashController::kRegisterBytes, f4_->registers());
    space_.map(kArrayAddress, cells_.size_bytes(), f4_->array());
  }
  store_register(0, family.access_control);
}

uint32_t Bench::load_register(uint32_t offset) {
  return static_cast<uint32_t>(space_.load(family_.register_base + offset, 4));
}

void Bench::store_register(uint32_t offset, uint32_t value) {
  space_.store(family_.register_base + offset, value, 4);
}

bool Bench::is_locked() {
  for (uint32_t bank = 0; bank < family_.bank_count; ++bank) {
    if ((control(bank) & family_.lock) == 0) return false;
  }
  return true;
}

void Bench::unlock(uint32_t bank, uint32_t second_key) {
  space_.begin_guard();
  store_register(bank * kBankStride + kKeyOffset, kFirstKey);
  store_register(bank * kBankStride + kKeyOffset, second_key);
  space_.end_guard();
}

void Bench::reset() {
  if (h7_) h7_->reset();
  if (f4_) f4_->reset();
  store_register(0, family_.access_control);
}

void Bench::set_stuck_busy(bool stuck) {
  if (h7_) h7_->set_stuck_busy(stuck);
  if (f4_) f4_->set_stuck_busy(stuck);
}

void Bench::set_error(uint32_t status_bits) {
  if (f4_) f4_->set_error(status_bits);
  for (uint32_t bank = 0; h7_ && bank < family_.bank_count; ++bank) h7_->set_error(bank, status_bits);
}

void Bench::protect_sector(uint32_t offset, bool on) {
  const uint32_t sector = cells_.sector_index(offset);
  if (h7_) h7_->protect_sector(sector / 8, sector % 8, on);
  if (f4_) f4_->protect_sector(sector, on);
}

void Bench::weaken_word(uint32_t offset) {
  h7_->weaken_word(offset);
}

void Bench::tear_word(uint32_t offset) {
  std::vector<uint8_t> half(family_.unit_bytes(), 0x5A);
  static_cast<void>(cells_.program(offset, half));
  std::fill(half.begin(), half.end(), uint8_t{0xA5});
  static_cast<void>(cells_.program(offset, half));
}

}  // namespace drivers
