// The flash controllers and the HAL over them, as far as MicroPython's flash.c asks (RM0090, 3.9;
// RM0410, 3.7; RM0433, 4.9).
#pragma once

#include <stdint.h>

typedef enum { HAL_OK, HAL_ERROR, HAL_BUSY, HAL_TIMEOUT } HAL_StatusTypeDef;

typedef struct {
  uint32_t TypeErase;
  uint32_t Banks;
  uint32_t Sector;
  uint32_t NbSectors;
  uint32_t VoltageRange;
} FLASH_EraseInitTypeDef;

#define TYPEERASE_SECTORS (0)
#define TYPEERASE_MASSERASE (1)
// The value of PSIZE.
#define VOLTAGE_RANGE_1 (0)
#define VOLTAGE_RANGE_2 (1)
#define VOLTAGE_RANGE_3 (2)
#define VOLTAGE_RANGE_4 (3)

HAL_StatusTypeDef HAL_FLASH_Unlock(void);
HAL_StatusTypeDef HAL_FLASH_Lock(void);
HAL_StatusTypeDef HAL_FLASH_Program(uint32_t type, uint32_t address, uint64_t data);
HAL_StatusTypeDef HAL_FLASHEx_Erase(FLASH_EraseInitTypeDef* what, uint32_t* failed_sector);
int mp_hal_status_to_neg_errno(HAL_StatusTypeDef status);

#define FLASH_CR_PSIZE (3u << 8)

#if defined(STM32F4) || defined(STM32F7)

typedef struct {
  volatile uint32_t ACR, KEYR, OPTKEYR, SR, CR, OPTCR;
} FLASH_TypeDef;
#define FLASH ((FLASH_TypeDef*)0x40023C00)

#define FLASH_FLAG_EOP (1u << 0)
#define FLASH_FLAG_OPERR (1u << 1)
#define FLASH_FLAG_WRPERR (1u << 4)
#define FLASH_FLAG_PGAERR (1u << 5)
#define FLASH_FLAG_PGPERR (1u << 6)
#define FLASH_FLAG_PGSERR (1u << 7)  // ERSERR of the F7
#define FLASH_FLAG_BSY (1u << 16)
#define __HAL_FLASH_CLEAR_FLAG(flags) (FLASH->SR = (flags))

// The value of PSIZE.
#define FLASH_TYPEPROGRAM_BYTE (0)
#define FLASH_TYPEPROGRAM_HALFWORD (1)
#define FLASH_TYPEPROGRAM_WORD (2)
#define FLASH_TYPEPROGRAM_DOUBLEWORD (3)

#if defined(STM32F4)
#define FLASH_SECTOR_8 (8)  // 1 MB: the second bank is not there, or half of this one
#else
#define FLASH_FLAG_ALL_ERRORS \
  (FLASH_FLAG_OPERR | FLASH_FLAG_WRPERR | FLASH_FLAG_PGAERR | FLASH_FLAG_PGPERR | FLASH_FLAG_PGSERR)
#define FLASH_SECTOR_TOTAL (12)
#endif

#elif defined(STM32H7)

typedef struct {
  volatile uint32_t ACR, KEYR1, OPTKEYR, CR1, SR1, CCR1, OPTCR;
} FLASH_TypeDef;
#define FLASH ((FLASH_TypeDef*)0x52002000)

#define FLASH_BASE (0x08000000)
#define DUAL_BANK
#define FLASH_BANK_SIZE (0x100000)
#define FLASH_BANK_1 (1)
#define FLASH_BANK_2 (2)
#define FLASH_OPTCR_SWAP_BANK (1u << 31)
#define FLASH_NB_32BITWORD_IN_FLASHWORD (8)
#define FLASH_TYPEPROGRAM_FLASHWORD (1)
// Bit 31 says that flags are those of bank 2.
#define FLASH_FLAG_ALL_ERRORS_BANK1 (0x17EE0000u)
#define FLASH_FLAG_ALL_ERRORS_BANK2 (0x97EE0000u)
#define __HAL_FLASH_CLEAR_FLAG(flags) hal_flash_clear_flags(flags)
void hal_flash_clear_flags(uint32_t flags);

#endif
