// As a camera's firmware instantiates it.
#include "drivers/stm32_xspi.h"
#include "drivers/volatile_mmio.h"

template class drivers::Stm32Xspi<drivers::VolatileMmio>;
