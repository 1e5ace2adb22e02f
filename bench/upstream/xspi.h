/* The N6, which MicroPython 1.25 does not know yet: blocks of 4 KiB and no cache, over the raw functions of
 * spibdev.c. As later versions do it, a simple write erases all its blocks, then programs them. */
#pragma once

#include "serial.h"

#define FIRMWARE_DRIVER firmware_xspi
#define MICROPY_HW_SPIFLASH_ENABLE_CACHE (0)

/* storage.h with the block size of the N6. */
#define MICROPY_INCLUDED_STM32_STORAGE_H
#include "drivers/memory/spiflash.h"
#define FLASH_BLOCK_SIZE (4096)
#define FLASH_PART1_START_BLOCK (0x100)
enum { BDEV_IOCTL_INIT = 1, BDEV_IOCTL_SYNC = 3, BDEV_IOCTL_NUM_BLOCKS = 4, BDEV_IOCTL_IRQ_HANDLER = 7 };

typedef struct _spi_bdev_t {
  mp_spiflash_t spiflash;
  uint32_t flash_tick_counter_last_write;
} spi_bdev_t;

int32_t spi_bdev_ioctl(spi_bdev_t* bdev, uint32_t op, uint32_t arg);
int spi_bdev_readblocks_raw(spi_bdev_t* bdev, uint8_t* out, uint32_t block, uint32_t offset, uint32_t length);
int spi_bdev_writeblocks_raw(spi_bdev_t* bdev, const uint8_t* data, uint32_t block, uint32_t offset,
                             uint32_t length);
int spi_bdev_eraseblocks_raw(spi_bdev_t* bdev, uint32_t block, uint32_t length);

void storage_init(void);
uint32_t storage_get_block_count(void);
int storage_read_blocks(uint8_t* out, uint32_t block, uint32_t count);
int storage_write_blocks(const uint8_t* data, uint32_t block, uint32_t count);
extern const struct _mp_obj_type_t pyb_flash_type;
extern const struct _pyb_flash_obj_t pyb_flash_obj;
mp_obj_t pyb_flash_new_obj(mp_int_t start, mp_int_t length);

static inline int firmware_write_blocks(const uint8_t* data, uint32_t block, uint32_t count) {
  const int error = spi_bdev_eraseblocks_raw(&firmware_bdev, block, count * FLASH_BLOCK_SIZE);
  if (error != 0) return error;
  return spi_bdev_writeblocks_raw(&firmware_bdev, data, block, 0, count * FLASH_BLOCK_SIZE);
}

#define MICROPY_HW_BDEV_READBLOCKS(out, block, count) \
  spi_bdev_readblocks_raw(&firmware_bdev, (out), (block), 0, (count)*FLASH_BLOCK_SIZE)
#define MICROPY_HW_BDEV_WRITEBLOCKS(data, block, count) firmware_write_blocks((data), (block), (count))
