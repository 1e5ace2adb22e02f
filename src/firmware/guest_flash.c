// What the test calls besides flash.c itself.
#include "firmware_port.h"

int guest_mass_erase(uint32_t bank) {
  HAL_FLASH_Unlock();
  FLASH_EraseInitTypeDef what = {
      .TypeErase = TYPEERASE_MASSERASE, .Banks = bank, .VoltageRange = VOLTAGE_RANGE_3};
  uint32_t failed_sector;
  HAL_StatusTypeDef status = HAL_FLASHEx_Erase(&what, &failed_sector);
  HAL_FLASH_Lock();
  return mp_hal_status_to_neg_errno(status);
}

#if !defined(STM32H7)
int guest_program_one(uint32_t type, uint32_t address, const void* data) {
  HAL_FLASH_Unlock();
  HAL_StatusTypeDef status = HAL_FLASH_Program(type, address, *(const uint64_t*)data);
  HAL_FLASH_Lock();
  return mp_hal_status_to_neg_errno(status);
}
#endif
