/* STM32F427, 1 MB. */
#pragma once

#include "internal.h"

#define FIRMWARE_DRIVER firmware_f4
#define STM32F4
#define FLASH_SECTOR_8
#define FLASH_CR_PSIZE
