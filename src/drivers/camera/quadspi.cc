// What a camera's firmware links of the driver.
#include <new>

#include "drivers/stm32_quadspi.h"
#include "drivers/volatile_mmio.h"

drivers::NorBus* make_quadspi(void* memory, const drivers::Stm32QuadSpiConfig& config) {
  return new (memory) drivers::Stm32QuadSpi<drivers::VolatileMmio>(config);
}
