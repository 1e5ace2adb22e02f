/* What the variants on a serial chip have in common. */
#pragma once

#define MICROPY_HW_ENABLE_STORAGE (1)
#define MICROPY_HW_ENABLE_INTERNAL_FLASH_STORAGE (0)

struct _spi_bdev_t;
extern struct _spi_bdev_t firmware_bdev;
#define MICROPY_HW_BDEV_SPIFLASH_EXTENDED (&firmware_bdev)
#define MICROPY_HW_BDEV_SPIFLASH_OFFSET_BYTES 0

/* The configuration lies in firmware_ram(), for its address passes through 32 bits. */
#define FIRMWARE_BDEV_IOCTL(op, arg)                            \
  ((op) == BDEV_IOCTL_NUM_BLOCKS                                \
       ? (int32_t)(firmware_storage_bytes() / FLASH_BLOCK_SIZE) \
       : spi_bdev_ioctl(&firmware_bdev, (op),                   \
                        (op) == BDEV_IOCTL_INIT ? (uint32_t)(uintptr_t)firmware_ram() : (uint32_t)(arg)))
#define MICROPY_HW_BDEV_IOCTL(op, arg) FIRMWARE_BDEV_IOCTL(op, arg)
