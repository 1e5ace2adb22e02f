// A program for the emulated CPU: the driver of one family, callable from outside.
#include "drivers/arm/guest_port.h"
#include "drivers/arm/stm32_flash_family.h"

namespace drivers::arm {
namespace {

using Port = VolatileMmio;

uint64_t now_us(void*) {
  const uint64_t low = Port::read32(kPortBase + kPortNowLow);
  return low | uint64_t{Port::read32(kPortBase + kPortNowHigh)} << 32;
}

void yield(void*) {
  Port::write32(kPortBase + kPortYield, 0);
}

void memory_changed(void*, uint32_t address, uint32_t) {
  Port::write32(kPortBase + kPortChanged, address);
}

Flash& the_flash() {
  static Flash flash(FlashConfig{
      .register_base = kRegisterBase,
      .array_address = kArrayAddress,
      .geometry = kGeometry,
      .platform = {.context = nullptr, .now_us = now_us, .yield = yield, .memory_changed = memory_changed}});
  return flash;
}

}  // namespace
}  // namespace drivers::arm

extern "C" {

int guest_read(uint32_t offset, uint8_t* out, uint32_t size_bytes) {
  return drivers::arm::the_flash().read(offset, {out, size_bytes}).value();
}

int guest_program(uint32_t offset, const uint8_t* data, uint32_t size_bytes) {
  return drivers::arm::the_flash().program(offset, {data, size_bytes}).value();
}

int guest_erase(uint32_t offset, uint32_t size_bytes) {
  return drivers::arm::the_flash().erase(offset, size_bytes).value();
}

// For the test's own data; the test looks the address up.
alignas(32) uint8_t guest_buffer[0x8000];
}
