/* The seam between MicroPython's own flash driver, compiled as C from its unmodified source, and the
 * models that it runs on here: one table a variant, and the hooks that stand for the microcontroller. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a filesystem reaches of the driver. Everything returns 0 or a negative errno. */
typedef struct firmware_driver {
  /* Of the RAM, nothing is left from before. */
  void (*power_up)(void);
  /* pyb.Flash(): blocks of the whole drive, its partition table included. */
  int (*read_blocks)(uint8_t* out, uint32_t block, uint32_t count);
  int (*write_blocks)(const uint8_t* data, uint32_t block, uint32_t count);
  /* pyb.Flash(start=0), by the methods of the Python class. */
  int (*read_bytes)(uint32_t block, uint32_t offset, uint8_t* out, uint32_t length);
  int (*program_bytes)(uint32_t block, uint32_t offset, const uint8_t* data, uint32_t length);
  int (*ioctl)(int command, int argument);
  /* SysTick_Handler. */
  void (*tick)(uint32_t now_ms);
  /* FLASH_IRQHandler. */
  void (*flash_interrupt)(void);
} firmware_driver_t;

extern const firmware_driver_t firmware_qspi; /* spibdev.c with its cache, spiflash.c, QUADSPI */
extern const firmware_driver_t firmware_xspi; /* spibdev.c without a cache, spiflash.c, blocks of 4 KiB */
extern const firmware_driver_t firmware_f4;   /* flashbdev.c, flash.c */
extern const firmware_driver_t firmware_f7;
extern const firmware_driver_t firmware_h7;

/* ---- Hooks: the microcontroller ---- */

uint32_t firmware_now_ms(void);

/* BASEPRI. Raising returns what restoring takes. */
uint32_t firmware_raise_priority(void);
void firmware_restore_priority(uint32_t basepri);

/* The registers of the interrupt controller that a driver writes. */
typedef struct firmware_nvic {
  volatile uint32_t STIR;
} firmware_nvic_t;
extern firmware_nvic_t firmware_nvic;

/* RAM that the CPU sees at a 32-bit address, for the driver keeps pointers in 32 bits. */
void* firmware_ram(void);
#define FIRMWARE_RAM_BYTES (256u * 1024u)

/* ---- Hooks: the flash inside the microcontroller. Addresses are the CPU's. Zero is success. ---- */

uint32_t firmware_storage_address(void);
uint32_t firmware_storage_bytes(void);
uint32_t firmware_largest_sector_bytes(void);
/* memcpy, which may read the flash. */
void firmware_copy(void* to, const void* from, size_t length);
void firmware_unlock(void);
void firmware_lock(void);
int firmware_erase_sector(uint32_t bank, uint32_t sector_in_bank);
int firmware_program(uint32_t address, const void* data, uint32_t length);

/* ---- Hooks: the serial bus. Address 0 is the storage's first byte. ---- */

int firmware_bus_command(uint8_t opcode, const uint8_t* data, size_t length);
int firmware_bus_query(uint8_t opcode, uint8_t* out, size_t length);
int firmware_bus_write(uint8_t opcode, uint32_t address, bool wide_address, const uint8_t* data,
                       size_t length);
int firmware_bus_read(uint8_t opcode, uint32_t address, bool wide_address, unsigned dummy_cycles,
                      uint8_t* out, size_t length);

#ifdef __cplusplus
}
#endif
