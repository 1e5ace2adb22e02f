// What a camera's firmware links of the driver.
#include <new>

#include "drivers/spi_bus.h"
#include "drivers/volatile_mmio.h"

using Port = drivers::Stm32SpiPort<drivers::VolatileMmio>;

drivers::NorBus* make_spi(void* memory, const drivers::Stm32SpiConfig& config) {
  return new (memory) drivers::SpiBus<Port>(Port(config));
}
