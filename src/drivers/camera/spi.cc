// As a camera's firmware instantiates it.
#include "drivers/spi_bus.h"
#include "drivers/volatile_mmio.h"

template class drivers::SpiBus<drivers::Stm32SpiPort<drivers::VolatileMmio>>;
