// As a camera's firmware instantiates it.
#include "drivers/stm32_h7_flash.h"
#include "drivers/volatile_mmio.h"

template class drivers::Stm32H7Flash<drivers::VolatileMmio>;
