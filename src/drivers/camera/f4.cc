// As a camera's firmware instantiates it.
#include "drivers/stm32_f4_flash.h"
#include "drivers/volatile_mmio.h"

template class drivers::Stm32F4Flash<drivers::VolatileMmio, drivers::Stm32F42x>;
