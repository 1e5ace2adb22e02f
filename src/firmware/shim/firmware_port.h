// What MicroPython's flash drivers for the STM32 want from around them: registers at their true addresses, by
// the names that they use, and a HAL. Everything here is from the reference manuals (RM0090, RM0410, RM0433).
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MP_EIO (5)
#define MP_ENODEV (19)
#define MP_ETIMEDOUT (110)
#define MP_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define REG(base, offset) (*(volatile uint32_t*)((base) + (offset)))
#define READ_BIT(reg, bit) ((reg) & (bit))

// ---- Time: that of the test around the emulated CPU.

uint32_t HAL_GetTick(void);  // ms
void mp_hal_delay_ms(uint32_t ms);

// ---- Caches and memory protection: the emulated CPU has none, the test counts that it was asked.

void firmware_memory_changed(uint32_t address);
#define SCB_InvalidateICache_by_Addr(address, size) ((void)(size))
#define SCB_InvalidateDCache_by_Addr(address, size) firmware_memory_changed((uint32_t)(uintptr_t)(address))
#define mpu_config_start() (0)
#define mpu_config_region(region, base, attributes) ((void)0)
#define mpu_config_end(state) ((void)(state))

// ---- Pins, clocks: those of the camera are set up.

typedef int mp_hal_pin_obj_t;
#define mp_hal_pin_config_alt_static_speed(...) ((void)0)
#define mp_hal_pin_output(pin) ((void)0)
#define mp_hal_pin_write(pin, value) ((void)0)
#define __HAL_RCC_QSPI_CLK_ENABLE() ((void)0)
#define __HAL_RCC_QSPI_FORCE_RESET() ((void)0)
#define __HAL_RCC_QSPI_RELEASE_RESET() ((void)0)
#define __HAL_RCC_OSPI1_CLK_ENABLE() ((void)0)
#define __HAL_RCC_OSPI1_FORCE_RESET() ((void)0)
#define __HAL_RCC_OSPI1_RELEASE_RESET() ((void)0)

#define MICROPY_HW_SPIFLASH_SOFT_RESET (1)
#define MICROPY_HW_SPIFLASH_ENABLE_CACHE (1)

#include "firmware_flash.h"
#include "firmware_serial.h"
