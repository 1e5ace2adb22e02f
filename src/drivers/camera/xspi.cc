// What a camera's firmware links of the driver.
#include <new>

#include "drivers/stm32_xspi.h"
#include "drivers/volatile_mmio.h"

drivers::NorBus* make_xspi(void* memory, const drivers::Stm32XspiConfig& config) {
  return new (memory) drivers::Stm32Xspi<drivers::VolatileMmio>(config);
}
