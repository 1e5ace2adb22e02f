// As a camera's firmware instantiates it.
#include "drivers/stm32_quadspi.h"
#include "drivers/volatile_mmio.h"

template class drivers::Stm32QuadSpi<drivers::VolatileMmio>;
