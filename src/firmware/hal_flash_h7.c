// The HAL's part of programming and erasing on STM32H74x, in the steps of the manual (RM0433, 4.3.9
// and 4.3.10): both banks are opened together, and PG, SER and START are set one after the other.
#include "firmware_port.h"

#define BANK_BASE(bank) (0x52002000u + ((bank) == FLASH_BANK_2 ? 0x100u : 0u))
#define KEYR(bank) REG(BANK_BASE(bank), 0x04)
#define CR(bank) REG(BANK_BASE(bank), 0x0C)
#define SR(bank) REG(BANK_BASE(bank), 0x10)
#define CCR(bank) REG(BANK_BASE(bank), 0x14)

#define CR_LOCK (1u << 0)
#define CR_PG (1u << 1)
#define CR_SER (1u << 2)
#define CR_BER (1u << 3)
#define CR_PSIZE (3u << 4)
#define CR_START (1u << 7)
#define CR_SNB (7u << 8)
#define SR_QW (1u << 2)
#define SR_EOP (1u << 16)
#define ERRORS (0x07EE0000u)
#define TIMEOUT_MS (50000u)

void hal_flash_clear_flags(uint32_t flags) {
  CCR(flags >> 31 ? FLASH_BANK_2 : FLASH_BANK_1) = flags & 0x7FFFFFFF;
}

HAL_StatusTypeDef HAL_FLASH_Unlock(void) {
  for (uint32_t bank = FLASH_BANK_1; bank <= FLASH_BANK_2; ++bank) {
    if (CR(bank) & CR_LOCK) {
      KEYR(bank) = 0x45670123;
      KEYR(bank) = 0xCDEF89AB;
    }
    if (CR(bank) & CR_LOCK) {
      return HAL_ERROR;
    }
  }
  return HAL_OK;
}

HAL_StatusTypeDef HAL_FLASH_Lock(void) {
  CR(FLASH_BANK_1) |= CR_LOCK;
  CR(FLASH_BANK_2) |= CR_LOCK;
  return HAL_OK;
}

// As ST's HAL does: the flags are those of the operations before, for the wait comes after a look at them.
static HAL_StatusTypeDef wait_for_last_operation(uint32_t bank) {
  uint32_t errors = SR(bank) & ERRORS;
  uint32_t begin = HAL_GetTick();
  while (SR(bank) & SR_QW) {
    if (HAL_GetTick() - begin > TIMEOUT_MS) {
      return HAL_TIMEOUT;
    }
  }
  if (errors) {
    CCR(bank) = errors;
    return HAL_ERROR;
  }
  if (SR(bank) & SR_EOP) {
    CCR(bank) = SR_EOP;
  }
  return HAL_OK;
}

HAL_StatusTypeDef HAL_FLASH_Program(uint32_t type, uint32_t address, uint64_t data) {
  uint32_t bank = address < FLASH_BASE + FLASH_BANK_SIZE ? FLASH_BANK_1 : FLASH_BANK_2;
  HAL_StatusTypeDef status = wait_for_last_operation(bank);
  if (status != HAL_OK) {
    return status;
  }
  (void)type;
  CR(bank) |= CR_PG;
  volatile uint32_t* to = (volatile uint32_t*)address;
  const volatile uint32_t* from = (const volatile uint32_t*)(uint32_t)data;
  for (int i = 0; i < FLASH_NB_32BITWORD_IN_FLASHWORD; ++i) {
    *to++ = *from++;
  }
  status = wait_for_last_operation(bank);
  CR(bank) &= ~CR_PG;
  return status;
}

static HAL_StatusTypeDef erase_sector(uint32_t bank, uint32_t sector, uint32_t psize) {
  CR(bank) &= ~(CR_PSIZE | CR_SNB);
  CR(bank) |= CR_SER | psize << 4 | sector << 8 | CR_START;
  HAL_StatusTypeDef status = wait_for_last_operation(bank);
  CR(bank) &= ~(CR_SER | CR_SNB);
  return status;
}

static HAL_StatusTypeDef erase_bank(uint32_t bank, uint32_t psize) {
  CR(bank) &= ~CR_PSIZE;
  CR(bank) |= CR_BER | psize << 4;
  CR(bank) |= CR_START;
  HAL_StatusTypeDef status = wait_for_last_operation(bank);
  CR(bank) &= ~CR_BER;
  return status;
}

HAL_StatusTypeDef HAL_FLASHEx_Erase(FLASH_EraseInitTypeDef* what, uint32_t* failed_sector) {
  *failed_sector = 0xFFFFFFFF;
  HAL_StatusTypeDef status = wait_for_last_operation(what->Banks);
  if (status == HAL_OK && what->TypeErase == TYPEERASE_MASSERASE) {
    return erase_bank(what->Banks, what->VoltageRange);
  }
  for (uint32_t i = 0; status == HAL_OK && i < what->NbSectors; ++i) {
    status = erase_sector(what->Banks, what->Sector + i, what->VoltageRange);
    if (status != HAL_OK) {
      *failed_sector = what->Sector + i;
    }
  }
  return status;
}
