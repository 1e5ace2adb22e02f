// What a camera's firmware links of the driver.
#include <new>

#include "drivers/stm32_f4_flash.h"
#include "drivers/volatile_mmio.h"

flash::NorFlash* make_f4_flash(void* memory, const drivers::Stm32F4FlashConfig& config) {
  return new (memory) drivers::Stm32F4Flash<drivers::VolatileMmio, drivers::Stm32F42x>(config);
}
