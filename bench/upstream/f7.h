/* STM32F765, 2 MB in one bank. */
#pragma once

#include "internal.h"

#define FIRMWARE_DRIVER firmware_f7
#define STM32F7
#define FLASH_SECTOR_TOTAL (12)
#define FLASH_CR_PSIZE
