// The ground under the firmware on the emulated CPU: time comes from the test's port
// (drivers/arm/guest_port.h).
#include "firmware_port.h"

#define PORT_NOW_LOW_US REG(0x60000000u, 0x00)
#define PORT_NOW_HIGH_US REG(0x60000000u, 0x04)
#define PORT_CHANGED REG(0x60000000u, 0x0C)

uint32_t HAL_GetTick(void) {
  uint64_t low = PORT_NOW_LOW_US;
  return (low | (uint64_t)PORT_NOW_HIGH_US << 32) / 1000;
}

void mp_hal_delay_ms(uint32_t ms) {
  uint32_t begin = HAL_GetTick();
  while (HAL_GetTick() - begin <= ms) {
  }
}

void firmware_memory_changed(uint32_t address) {
  PORT_CHANGED = address;
}

int mp_hal_status_to_neg_errno(HAL_StatusTypeDef status) {
  return status == HAL_OK ? 0 : status == HAL_TIMEOUT ? -MP_ETIMEDOUT : -MP_EIO;
}

// For the test's own data; the test looks the address up.
uint8_t guest_buffer[0x10000] __attribute__((aligned(32)));
