// What a camera's firmware links of the driver.
#include <new>

#include "drivers/stm32_h7_flash.h"
#include "drivers/volatile_mmio.h"

flash::NorFlash* make_h7_flash(void* memory, const drivers::Stm32H7FlashConfig& config) {
  return new (memory) drivers::Stm32H7Flash<drivers::VolatileMmio>(config);
}
