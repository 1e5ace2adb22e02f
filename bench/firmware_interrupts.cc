#include "bench/firmware_interrupts.h"

#include <algorithm>
#include <utility>

namespace bench {
namespace {

// The driver calls plain C functions; this is the one that they speak for.
FirmwareInterrupts* present = nullptr;

}  // namespace

FirmwareInterrupts::FirmwareInterrupts(const firmware_driver_t& driver, sim::Clock& clock)
    : driver_(driver), clock_(clock) {
  present = this;
}

FirmwareInterrupts::~FirmwareInterrupts() {
  present = nullptr;
}

// SysTick has a higher priority than what BASEPRI masks, and only marks the flash interrupt as pending, so
// it can be made up for later.
void FirmwareInterrupts::tick_until_now() {
  while (ticked_ms_ < now_ms()) driver_.tick(++ticked_ms_);
}

void FirmwareInterrupts::take_due() {
  if (masked_ || in_handler_) return;
  for (tick_until_now(); firmware_nvic.STIR != 0; tick_until_now()) {
    firmware_nvic.STIR = 0;
    begin_stretch();
    in_handler_ = true;
    driver_.flash_interrupt();
    in_handler_ = false;
  }
  end_stretch();
}

bool FirmwareInterrupts::raise_priority() {
  begin_stretch();
  return std::exchange(masked_, true);
}

void FirmwareInterrupts::restore_priority(bool masked) {
  masked_ = masked;
  take_due();
}

void FirmwareInterrupts::begin_stretch() {
  if (!std::exchange(in_stretch_, true)) stretch_begin_ns_ = clock_.now_ns();
}

void FirmwareInterrupts::end_stretch() {
  if (!std::exchange(in_stretch_, false)) return;
  longest_masked_ns_ = std::max(longest_masked_ns_, clock_.now_ns() - stretch_begin_ns_);
}

}  // namespace bench

extern "C" {

firmware_nvic_t firmware_nvic;

uint32_t firmware_now_ms() {
  return bench::present->now_ms();
}

uint32_t firmware_raise_priority() {
  return bench::present->raise_priority() ? 1 : 0;
}

void firmware_restore_priority(uint32_t basepri) {
  bench::present->restore_priority(basepri != 0);
}

}  // extern "C"
