/* STM32H743, 2 MB in two banks. */
#pragma once

#include "internal.h"

#define FIRMWARE_DRIVER firmware_h7
#define STM32H7
#define DUAL_BANK
#define FLASH_CR_PSIZE
#define FLASH_BANK_SIZE (0x100000)

/* Banks are not swapped. */
#define FLASH ((const struct { uint32_t OPTCR; }*)0)
#define FLASH_OPTCR_SWAP_BANK (0)
#define READ_BIT(reg, bit) (0)
