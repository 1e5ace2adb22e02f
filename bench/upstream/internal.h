/* What the variants on the flash inside the microcontroller have in common: the linker script's symbols, and
 * ST's HAL as flash.c uses it. */
#pragma once

#define MICROPY_HW_ENABLE_STORAGE (1)
#define MICROPY_HW_ENABLE_INTERNAL_FLASH_STORAGE (1)
#define MICROPY_HW_BDEV_IOCTL flash_bdev_ioctl
#define MICROPY_HW_BDEV_READBLOCK flash_bdev_readblock
#define MICROPY_HW_BDEV_WRITEBLOCK flash_bdev_writeblock

/* flashbdev.c takes the addresses of these. As pointers they can have the values that a linker would give. */
#define _micropy_hw_internal_flash_storage_start (*firmware_storage_start)
#define _micropy_hw_internal_flash_storage_end (*firmware_storage_end)
#define _micropy_hw_internal_flash_storage_ram_cache_start (*firmware_ram_cache_start)
#define _micropy_hw_internal_flash_storage_ram_cache_end (*firmware_ram_cache_end)

/* The CPU reads the flash like memory. */
#define memcpy(to, from, length) firmware_copy((to), (from), (length))

typedef enum { HAL_OK = 0, HAL_ERROR = 1, HAL_BUSY = 2, HAL_TIMEOUT = 3 } HAL_StatusTypeDef;
#define mp_hal_status_to_neg_errno(status) ((status) == HAL_OK ? 0 : -MP_EIO)

typedef struct {
  uint32_t TypeErase, Banks, Sector, NbSectors, VoltageRange;
} FLASH_EraseInitTypeDef;

enum { TYPEERASE_SECTORS, FLASH_TYPEPROGRAM_WORD, FLASH_TYPEPROGRAM_FLASHWORD, VOLTAGE_RANGE_3 };
#define FLASH_BASE (0x08000000)
#define FLASH_BANK_1 (1)
#define FLASH_BANK_2 (2)
#define FLASH_NB_32BITWORD_IN_FLASHWORD (8)

#define HAL_FLASH_Unlock() firmware_unlock()
#define HAL_FLASH_Lock() firmware_lock()
#define __HAL_FLASH_CLEAR_FLAG(flags) ((void)0)

static inline HAL_StatusTypeDef HAL_FLASHEx_Erase(const FLASH_EraseInitTypeDef* erase,
                                                  uint32_t* failed_sector) {
  (void)failed_sector;
#if defined(STM32H7)
  const uint32_t bank = erase->Banks == FLASH_BANK_2 ? 1 : 0;
#else
  const uint32_t bank = 0;
#endif
  return firmware_erase_sector(bank, erase->Sector) == 0 ? HAL_OK : HAL_ERROR;
}

/* `data` is the word itself, or the 32-bit address of a flash word. */
static inline HAL_StatusTypeDef HAL_FLASH_Program(uint32_t type, uint32_t address, uint32_t data) {
  const bool is_word = type == FLASH_TYPEPROGRAM_WORD;
  const void* from = is_word ? (const void*)&data : (const void*)(uintptr_t)data;
  return firmware_program(address, from, is_word ? 4 : 4 * FLASH_NB_32BITWORD_IN_FLASHWORD) == 0 ? HAL_OK
                                                                                                 : HAL_ERROR;
}
