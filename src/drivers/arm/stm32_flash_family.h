// The driver of one family at the addresses of its camera (RM0090, 2.3; RM0410, 2.2; RM0433, 2.3).
#pragma once

#include "drivers/stm32_f4_flash.h"
#include "drivers/stm32_flash_geometry.h"
#include "drivers/stm32_h7_flash.h"
#include "drivers/volatile_mmio.h"

namespace drivers::arm {

#if defined(PYBFLASH_STM32F42X)
using Flash = Stm32F4Flash<VolatileMmio, Stm32F42x>;
using FlashConfig = Stm32F4FlashConfig;
inline constexpr uint32_t kRegisterBase = 0x40023C00;
inline constexpr flash::Geometry kGeometry = kStm32F427Geometry;
#elif defined(PYBFLASH_STM32F76X)
using Flash = Stm32F4Flash<VolatileMmio, Stm32F76x>;
using FlashConfig = Stm32F4FlashConfig;
inline constexpr uint32_t kRegisterBase = 0x40023C00;
inline constexpr flash::Geometry kGeometry = kStm32F765Geometry;
#elif defined(PYBFLASH_STM32H74X)
using Flash = Stm32H7Flash<VolatileMmio>;
using FlashConfig = Stm32H7FlashConfig;
inline constexpr uint32_t kRegisterBase = 0x52002000;
inline constexpr flash::Geometry kGeometry = kStm32H743Geometry;
#else
#error "which family?"
#endif

inline constexpr uint32_t kArrayAddress = 0x08000000;

}  // namespace drivers::arm
