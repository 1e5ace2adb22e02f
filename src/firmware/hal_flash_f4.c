// The HAL's part of programming and erasing on STM32F42x and STM32F76x, in the steps of the manual
// (RM0090, 3.6; RM0410, 3.3): one field of CR after the other, as a HAL writes them, and not as our driver
// does.
#include "firmware_port.h"

#define CR_PG (1u << 0)
#define CR_SER (1u << 1)
#define CR_MER (1u << 2)
#define CR_SNB (0x1Fu << 3)
#define CR_STRT (1u << 16)
#define CR_LOCK (1u << 31)
#define ACR_ICEN (1u << 9)
#define ACR_DCEN (1u << 10)
#define ACR_ICRST (1u << 11)
#define ACR_DCRST (1u << 12)

#define ALL_FLAGS \
  (FLASH_FLAG_OPERR | FLASH_FLAG_WRPERR | FLASH_FLAG_PGAERR | FLASH_FLAG_PGPERR | FLASH_FLAG_PGSERR)
#define TIMEOUT_MS (50000u)

HAL_StatusTypeDef HAL_FLASH_Unlock(void) {
  if (FLASH->CR & CR_LOCK) {
    FLASH->KEYR = 0x45670123;
    FLASH->KEYR = 0xCDEF89AB;
  }
  return FLASH->CR & CR_LOCK ? HAL_ERROR : HAL_OK;
}

HAL_StatusTypeDef HAL_FLASH_Lock(void) {
  FLASH->CR |= CR_LOCK;
  return HAL_OK;
}

static HAL_StatusTypeDef wait_for_last_operation(void) {
  uint32_t begin = HAL_GetTick();
  while (FLASH->SR & FLASH_FLAG_BSY) {
    if (HAL_GetTick() - begin > TIMEOUT_MS) {
      return HAL_TIMEOUT;
    }
  }
  if (FLASH->SR & FLASH_FLAG_EOP) {
    FLASH->SR = FLASH_FLAG_EOP;
  }
  uint32_t errors = FLASH->SR & ALL_FLAGS;
  FLASH->SR = errors;
  return errors ? HAL_ERROR : HAL_OK;
}

static void set_parallelism(uint32_t psize) {
  FLASH->CR &= ~FLASH_CR_PSIZE;
  FLASH->CR |= psize << 8;
}

static void store(uint32_t type, uint32_t address, uint64_t data) {
  switch (type) {
    case FLASH_TYPEPROGRAM_BYTE:
      *(volatile uint8_t*)address = data;
      break;
    case FLASH_TYPEPROGRAM_HALFWORD:
      *(volatile uint16_t*)address = data;
      break;
    case FLASH_TYPEPROGRAM_WORD:
      *(volatile uint32_t*)address = data;
      break;
    default:  // a double word crosses the bus in two accesses
      *(volatile uint32_t*)address = data;
      *(volatile uint32_t*)(address + 4) = data >> 32;
  }
}

HAL_StatusTypeDef HAL_FLASH_Program(uint32_t type, uint32_t address, uint64_t data) {
  HAL_StatusTypeDef status = wait_for_last_operation();
  if (status != HAL_OK) {
    return status;
  }
  set_parallelism(type);
  FLASH->CR |= CR_PG;
  store(type, address, data);
  status = wait_for_last_operation();
  FLASH->CR &= ~CR_PG;
  return status;
}

static HAL_StatusTypeDef erase_sector(uint32_t sector, uint32_t psize) {
  set_parallelism(psize);
  FLASH->CR &= ~CR_SNB;
  // Codes of the second bank start at 16.
  FLASH->CR |= CR_SER | (sector > 11 ? sector + 4 : sector) << 3;
  FLASH->CR |= CR_STRT;
  HAL_StatusTypeDef status = wait_for_last_operation();
  FLASH->CR &= ~(CR_SER | CR_SNB);
  return status;
}

static HAL_StatusTypeDef erase_all(uint32_t psize) {
  set_parallelism(psize);
  FLASH->CR |= CR_MER;
  FLASH->CR |= CR_STRT;
  HAL_StatusTypeDef status = wait_for_last_operation();
  FLASH->CR &= ~CR_MER;
  return status;
}

// A cache is reset while it is off (RM0090, 3.5.2).
static void flush_caches(void) {
#if defined(STM32F4)
  if (FLASH->ACR & ACR_ICEN) {
    FLASH->ACR &= ~ACR_ICEN;
    FLASH->ACR |= ACR_ICRST;
    FLASH->ACR &= ~ACR_ICRST;
    FLASH->ACR |= ACR_ICEN;
  }
  if (FLASH->ACR & ACR_DCEN) {
    FLASH->ACR &= ~ACR_DCEN;
    FLASH->ACR |= ACR_DCRST;
    FLASH->ACR &= ~ACR_DCRST;
    FLASH->ACR |= ACR_DCEN;
  }
#endif
}

HAL_StatusTypeDef HAL_FLASHEx_Erase(FLASH_EraseInitTypeDef* what, uint32_t* failed_sector) {
  *failed_sector = 0xFFFFFFFF;
  HAL_StatusTypeDef status = wait_for_last_operation();
  if (status == HAL_OK && what->TypeErase == TYPEERASE_MASSERASE) {
    status = erase_all(what->VoltageRange);
  } else {
    for (uint32_t i = 0; status == HAL_OK && i < what->NbSectors; ++i) {
      status = erase_sector(what->Sector + i, what->VoltageRange);
      if (status != HAL_OK) {
        *failed_sector = what->Sector + i;
      }
    }
  }
  flush_caches();
  return status;
}
