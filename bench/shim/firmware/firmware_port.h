// What MicroPython's storage drivers for the STM32 want from around them, as far as they need it to run here:
// the object model as plain pointers, the interrupt controller and the clock as hooks into the benchmark.
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// ---- The object model: small integers and pointers are themselves.

typedef void *mp_obj_t;
typedef intptr_t mp_int_t;
typedef uintptr_t mp_uint_t;
typedef struct _mp_obj_type_t { int unused; } mp_obj_type_t;
typedef struct _mp_obj_base_t { const mp_obj_type_t *type; } mp_obj_base_t;
typedef struct _mp_print_t { int unused; } mp_print_t;
typedef int mp_print_kind_t;
typedef struct _mp_buffer_info_t { void *buf; size_t len; } mp_buffer_info_t;
typedef struct _mp_arg_t { int name; int flags; struct { mp_int_t u_int; } defval; } mp_arg_t;
typedef struct _mp_arg_val_t { mp_int_t u_int; } mp_arg_val_t;
typedef struct _mp_rom_map_elem_t { int unused; } mp_rom_map_elem_t;
typedef int mp_hal_pin_obj_t;

#define MP_OBJ_TO_PTR(o) ((void *)(o))
#define MP_OBJ_FROM_PTR(p) ((mp_obj_t)(p))
#define MP_OBJ_NEW_SMALL_INT(i) ((mp_obj_t)(intptr_t)(i))
#define mp_obj_get_int(o) ((mp_int_t)(o))
#define mp_const_none ((mp_obj_t)0)
#define mp_obj_malloc(type, object_type) ((type *)calloc(1, sizeof(type)))
#define mp_printf(...) ((void)0)
#define mp_raise_ValueError(text) abort()
#define mp_get_buffer_raise(object, info, flags) (*(info) = *(mp_buffer_info_t *)(object))
#define mp_arg_parse_all_kw_array(...) abort()
#define MP_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MP_ARG_KW_ONLY 0
#define MP_ARG_INT 0
#define MP_BUFFER_READ 1
#define MP_BUFFER_WRITE 2
#define MP_QSTR_start 0
#define MP_QSTR_len 0
#define MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(name, least, most, function) const void *const name = (const void *)function
#define MP_DEFINE_CONST_FUN_OBJ_3(name, function) const void *const name = (const void *)function
#define MP_ROM_QSTR(q) 0
#define MP_ROM_PTR(p) 0
#define MP_DEFINE_CONST_DICT(name, table) const void *const name = (const void *)table
#define MP_DEFINE_CONST_OBJ_TYPE(name, ...) const mp_obj_type_t name = {0}
#define MIN(a, b) ((a) < (b) ? (a) : (b))

#define MP_EIO EIO
#define MP_EINVAL EINVAL
#define MP_EFAULT EFAULT
#define MP_ETIMEDOUT ETIMEDOUT
#define MP_ENODEV ENODEV

enum {
    MP_BLOCKDEV_IOCTL_INIT = 1,
    MP_BLOCKDEV_IOCTL_DEINIT = 2,
    MP_BLOCKDEV_IOCTL_SYNC = 3,
    MP_BLOCKDEV_IOCTL_BLOCK_COUNT = 4,
    MP_BLOCKDEV_IOCTL_BLOCK_SIZE = 5,
    MP_BLOCKDEV_IOCTL_BLOCK_ERASE = 6,
};

typedef struct _fs_user_mount_t {
    mp_obj_base_t base;
    struct {
        int flags;
        mp_obj_t readblocks[5];
        mp_obj_t writeblocks[5];
        union { mp_obj_t ioctl[4]; } u;
    } blockdev;
    struct { void *drv; int part; } fatfs;
} fs_user_mount_t;
extern const mp_obj_type_t mp_fat_vfs_type;
#define MP_BLOCKDEV_FLAG_NATIVE 1
#define MP_BLOCKDEV_FLAG_HAVE_IOCTL 2

// ---- Clock, interrupts, LED.

uint32_t HAL_GetTick(void);
#define mp_hal_delay_ms(ms) ((void)0)
#define mp_hal_delay_us(us) ((void)0)
#define mp_hal_pin_write(pin, value) ((void)0)
#define mp_hal_pin_output(pin) ((void)0)

#define __IO volatile
#define __CORTEX_M 7
#define FLASH_IRQn 4
#define IRQ_PRI_FLASH 0
#define IRQ_ENTER(irq)
#define IRQ_EXIT(irq)
#define NVIC_SetPriority(irq, priority) ((void)0)
#define HAL_NVIC_EnableIRQ(irq) ((void)0)
typedef struct { volatile uint32_t STIR; } NVIC_Type;
extern NVIC_Type bench_nvic;
#define NVIC (&bench_nvic)
uint32_t raise_irq_pri(uint32_t priority);
void restore_irq_pri(uint32_t before);

#define SYSTICK_DISPATCH_NUM_SLOTS 4
#define SYSTICK_DISPATCH_STORAGE 1
typedef void (*systick_dispatch_t)(uint32_t);
void systick_enable_dispatch(size_t slot, systick_dispatch_t callback);

#define PYB_LED_RED 1
#define led_state(led, state) ((void)0)

// ---- The flash inside the MCU (flash.h of the port).

bool flash_is_valid_addr(uint32_t addr);
int32_t flash_get_sector_info(uint32_t addr, uint32_t *start_addr, uint32_t *size);
int flash_erase(uint32_t flash_dest);
int flash_write(uint32_t flash_dest, const uint32_t *src, uint32_t num_word32);

// ---- The board: serial chip, or flash inside the MCU.

#define MICROPY_HW_ENABLE_STORAGE (1)
#if defined(BENCH_SPI)
#define MICROPY_HW_SPIFLASH_ENABLE_CACHE (1)
extern struct _spi_bdev_t bench_spi_bdev;
extern uint32_t bench_block_count;
extern uint32_t bench_spiflash_config; // its address: below 4 GiB, for the driver keeps it in 32 bits
#define MICROPY_HW_BDEV_IOCTL(op, arg) ( \
    (op) == BDEV_IOCTL_NUM_BLOCKS ? (int32_t)bench_block_count : \
    (op) == BDEV_IOCTL_INIT ? spi_bdev_ioctl(&bench_spi_bdev, (op), bench_spiflash_config) : \
    spi_bdev_ioctl(&bench_spi_bdev, (op), (arg)))
#define MICROPY_HW_BDEV_READBLOCKS(dest, bl, n) spi_bdev_readblocks(&bench_spi_bdev, (dest), (bl), (n))
#define MICROPY_HW_BDEV_WRITEBLOCKS(src, bl, n) spi_bdev_writeblocks(&bench_spi_bdev, (src), (bl), (n))
#define MICROPY_HW_BDEV_SPIFLASH_EXTENDED (&bench_spi_bdev)
#else
#define MICROPY_HW_ENABLE_INTERNAL_FLASH_STORAGE (1)
#define MICROPY_VFS_LFS2 (1)
#define MICROPY_HW_BDEV_IOCTL flash_bdev_ioctl
#define MICROPY_HW_BDEV_READBLOCK flash_bdev_readblock
#define MICROPY_HW_BDEV_WRITEBLOCK flash_bdev_writeblock
// What the linker script places, placed by the benchmark at run time.
#define _micropy_hw_internal_flash_storage_start (*bench_storage_start)
#define _micropy_hw_internal_flash_storage_end (*bench_storage_end)
#define _micropy_hw_internal_flash_storage_ram_cache_start bench_ram_cache
#define _micropy_hw_internal_flash_storage_ram_cache_end bench_ram_cache_end
// One storage.c for each kind of board is in the program.
#define storage_init internal_storage_init
#define storage_get_block_size internal_storage_get_block_size
#define storage_get_block_count internal_storage_get_block_count
#define storage_flush internal_storage_flush
#define storage_read_block internal_storage_read_block
#define storage_write_block internal_storage_write_block
#define storage_read_blocks internal_storage_read_blocks
#define storage_write_blocks internal_storage_write_blocks
#define storage_readblocks_ext internal_storage_readblocks_ext
#define FLASH_IRQHandler internal_FLASH_IRQHandler
#define pyb_flash_obj internal_pyb_flash_obj
#define pyb_flash_type internal_pyb_flash_type
#define pyb_flash_new_obj internal_pyb_flash_new_obj
#define pyb_flash_init_vfs internal_pyb_flash_init_vfs
#endif

// Not declared in storage.h.
void FLASH_IRQHandler(void);
