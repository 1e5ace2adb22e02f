// Every header-only driver as a camera's firmware instantiates it: what the ARM compiler has to accept.
#include "drivers/spi_bus.h"
#include "drivers/stm32_f4_flash.h"
#include "drivers/stm32_h7_flash.h"
#include "drivers/stm32_quadspi.h"
#include "drivers/stm32_xspi.h"
#include "drivers/volatile_mmio.h"

template class drivers::Stm32F4Flash<drivers::VolatileMmio, drivers::Stm32F42x>;
template class drivers::Stm32F4Flash<drivers::VolatileMmio, drivers::Stm32F76x>;
template class drivers::Stm32H7Flash<drivers::VolatileMmio>;
template class drivers::Stm32QuadSpi<drivers::VolatileMmio>;
template class drivers::Stm32Xspi<drivers::VolatileMmio>;
template class drivers::SpiBus<drivers::Stm32SpiPort<drivers::VolatileMmio>>;
