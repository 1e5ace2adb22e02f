/* Stands for MicroPython's core and the STM32's HAL before storage.c, spibdev.c, flashbdev.c, flash.c and
 * spiflash.c, which are compiled unmodified. Included ahead of everything by the compiler's -include. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware.h"

/* ---- Python's objects: small integers in pointers, and buffers ---- */

typedef void* mp_obj_t;
typedef intptr_t mp_int_t;
typedef uintptr_t mp_uint_t;
typedef const struct _mp_obj_type_t* mp_const_type_t;

typedef struct _mp_obj_base_t {
  mp_const_type_t type;
} mp_obj_base_t;

typedef struct _mp_rom_map_elem_t {
  mp_obj_t key;
  mp_obj_t value;
} mp_rom_map_elem_t;

typedef struct _mp_obj_dict_t {
  const mp_rom_map_elem_t* table;
  size_t used;
} mp_obj_dict_t;

typedef struct _mp_print_t mp_print_t;
typedef int mp_print_kind_t;

typedef struct _mp_obj_type_t {
  mp_obj_t (*make_new)(mp_const_type_t type, size_t n_args, size_t n_kw, const mp_obj_t* args);
  void (*print)(const mp_print_t* print, mp_obj_t self, mp_print_kind_t kind);
  const mp_obj_dict_t* locals_dict;
} mp_obj_type_t;

typedef struct _mp_function_t {
  mp_obj_t (*variadic)(size_t n_args, const mp_obj_t* args);
  mp_obj_t (*three)(mp_obj_t, mp_obj_t, mp_obj_t);
} mp_function_t;

typedef struct _mp_buffer_info_t {
  void* buf;
  size_t len;
} mp_buffer_info_t;

typedef struct _mp_arg_t {
  unsigned qst;
  unsigned flags;
  struct {
    mp_int_t u_int;
  } defval;
} mp_arg_t;

typedef struct _mp_arg_val_t {
  mp_int_t u_int;
} mp_arg_val_t;

enum { MP_QSTR_start, MP_QSTR_len, MP_QSTR_readblocks, MP_QSTR_writeblocks, MP_QSTR_ioctl, MP_QSTR_Flash };
enum { MP_ARG_KW_ONLY = 1, MP_ARG_INT = 2 };
enum { MP_BUFFER_READ, MP_BUFFER_WRITE };

#define MP_OBJ_FROM_PTR(pointer) ((mp_obj_t)(pointer))
#define MP_OBJ_TO_PTR(object) (object)
#define MP_OBJ_NEW_SMALL_INT(value) ((mp_obj_t)((mp_uint_t)(value) << 1 | 1))
#define MP_ROM_QSTR(qstr) ((mp_obj_t)(uintptr_t)(qstr))
#define MP_ROM_PTR(pointer) ((mp_obj_t)(pointer))
#define mp_const_none ((mp_obj_t)0)

#define MP_DEFINE_CONST_DICT(name, elements) \
  const mp_obj_dict_t name = {(elements), sizeof(elements) / sizeof((elements)[0])}
#define MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(name, least, most, function) \
  const mp_function_t name = {.variadic = (function)}
#define MP_DEFINE_CONST_FUN_OBJ_3(name, function) const mp_function_t name = {.three = (function)}
#define MP_TYPE_FLAG_NONE (0)
#define MP_DEFINE_CONST_OBJ_TYPE(name, qstr, flags, slot1, value1, slot2, value2, slot3, value3) \
  const mp_obj_type_t name = {.slot1 = (value1), .slot2 = (value2), .slot3 = (value3)}

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MP_ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static inline mp_int_t mp_obj_get_int(mp_obj_t object) {
  return (mp_int_t)object >> 1;
}

static inline void mp_get_buffer_raise(mp_obj_t object, mp_buffer_info_t* info, unsigned flags) {
  (void)flags;
  *info = *(const mp_buffer_info_t*)object;
}

/* The one object that is ever made. */
static inline void* mp_only_object(size_t size, mp_const_type_t type) {
  static mp_obj_base_t memory[16];
  if (size > sizeof memory) abort();
  memory[0].type = type;
  return memory;
}
#define mp_obj_malloc(struct_type, type) ((struct_type*)mp_only_object(sizeof(struct_type), (type)))

/* Objects are made by pyb_flash_new_obj() here; make_new compiles, and is never called. */
static inline void mp_arg_parse_all_kw_array(size_t n_args, size_t n_kw, const mp_obj_t* args,
                                             size_t n_allowed, const mp_arg_t* allowed,
                                             mp_arg_val_t* values) {
  (void)n_args, (void)n_kw, (void)args, (void)n_allowed, (void)allowed, (void)values;
  abort();
}
#define mp_raise_ValueError(message) abort()
#define mp_printf(print, ...) ((void)(print))

enum {
  MP_BLOCKDEV_IOCTL_INIT = 1,
  MP_BLOCKDEV_IOCTL_DEINIT = 2,
  MP_BLOCKDEV_IOCTL_SYNC = 3,
  MP_BLOCKDEV_IOCTL_BLOCK_COUNT = 4,
  MP_BLOCKDEV_IOCTL_BLOCK_SIZE = 5,
  MP_BLOCKDEV_IOCTL_BLOCK_ERASE = 6,
};
enum { MP_EIO = 5, MP_EFAULT = 14, MP_EINVAL = 22, MP_ETIMEDOUT = 110 };

/* ---- The mount at boot: it compiles, and is never called ---- */

enum { MP_BLOCKDEV_FLAG_NATIVE = 1, MP_BLOCKDEV_FLAG_HAVE_IOCTL = 4 };
typedef struct _fs_user_mount_t {
  mp_obj_base_t base;
  struct {
    unsigned flags;
    mp_obj_t readblocks[5];
    mp_obj_t writeblocks[5];
    struct {
      mp_obj_t ioctl[4];
    } u;
  } blockdev;
  struct {
    void* drv;
    unsigned part;
  } fatfs;
} fs_user_mount_t;
extern const mp_obj_type_t mp_fat_vfs_type;

#define MICROPY_VFS_LFS2 (1)
#define MICROPY_FATFS_MULTI_PARTITION (1)

/* ---- The processor: interrupts, time, pins ---- */

#define __CORTEX_M (7)
#define __IO volatile

/* irq.h is assembly for ARM. */
#define MICROPY_INCLUDED_STM32_IRQ_H
#define IRQ_ENTER(irq)
#define IRQ_EXIT(irq)
enum { IRQ_PRI_FLASH = 6, FLASH_IRQn = 4 };
#define NVIC (&firmware_nvic)
#define NVIC_SetPriority(irq, priority) ((void)0)
#define HAL_NVIC_EnableIRQ(irq) ((void)0)
#define raise_irq_pri(priority) firmware_raise_priority()
#define restore_irq_pri(basepri) firmware_restore_priority(basepri)
#define HAL_GetTick() firmware_now_ms()

typedef int mp_hal_pin_obj_t;
#define mp_hal_pin_write(pin, value) ((void)0)
#define mp_hal_pin_output(pin) ((void)0)

#include VARIANT_H
