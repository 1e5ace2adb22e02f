/* The cameras with a chip on QUADSPI, as mpconfigboard_common.h sets up a board with
 * MICROPY_HW_BDEV_SPIFLASH and the cache. */
#pragma once

#include "serial.h"

#define FIRMWARE_DRIVER firmware_qspi
#define MICROPY_HW_SPIFLASH_ENABLE_CACHE (1)
#define MICROPY_HW_BDEV_READBLOCKS(out, block, count) \
  spi_bdev_readblocks(&firmware_bdev, (out), (block), (count))
#define MICROPY_HW_BDEV_WRITEBLOCKS(data, block, count) \
  spi_bdev_writeblocks(&firmware_bdev, (data), (block), (count))
