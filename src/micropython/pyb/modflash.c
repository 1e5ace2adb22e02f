// Module `flash`: the class Ftl, a block device over a `pyb.Flash` that survives cuts of power.
//
// As in modpyb.c: arguments are converted first (which may raise), then the glue is called (which never does),
// then the method returns or raises.
#include "py/mperrno.h"
#include "py/objint.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "extmod/vfs.h"

#include "micropython/pyb/ftl_glue.h"
#include "micropython/pyb/modpyb.h"

#define BLOCK_BYTES (512)

// Commands of our own, far from those that MicroPython may still define; other devices answer them with None.
#define FTL_IOCTL_TRIM (0x100)
#define FTL_IOCTL_IDLE (0x101)

typedef struct {
    mp_obj_base_t base;
    mp_obj_t flash; // the pyb.Flash that it lies on
    ftl_glue_t layer;
} flash_ftl_obj_t;

static const mp_obj_type_t flash_ftl_type;

static flash_ftl_obj_t *self_of(mp_obj_t self) {
    return MP_OBJ_TO_PTR(self);
}

static ftl_glue_t *layer_of(mp_obj_t self) {
    return &self_of(self)->layer;
}

static __attribute__((noreturn)) void raise_no_device(mp_obj_t why) {
    const mp_obj_t args[2] = {
        MP_OBJ_NEW_SMALL_INT(MP_ENODEV),
        why,
    };
    nlr_raise(mp_obj_new_exception_args(&mp_type_OSError, 2, args));
}

// Also raised by files that the garbage collector closes, when nothing can be allocated.
static MP_DEFINE_STR_OBJ(text_of_stale, "another flash.Ftl has been made over its slice since");

static void raise_if_failed(int status) {
    if (status == -MP_ENODEV) {
        raise_no_device(MP_OBJ_FROM_PTR(&text_of_stale));
    }
    if (status != 0) {
        mp_raise_OSError(-status);
    }
}

static flash_ftl_obj_t *new_over(mp_obj_t flash) {
    uint32_t start, len;
    pyb_flash_get_range(flash, &start, &len);
    flash_ftl_obj_t *self = mp_obj_malloc(flash_ftl_obj_t, &flash_ftl_type);
    self->flash = flash;
    const int status = ftl_glue_init(&self->layer, start, len);
    if (status == -MP_EINVAL) {
        mp_raise_ValueError(MP_ERROR_TEXT("a flash.Ftl needs a slice of whole erase sectors with room for a few blocks"));
    }
    raise_if_failed(status);
    return self;
}

static __attribute__((noreturn)) void raise_finding(ftl_finding_t finding) {
    static const char *const text[] = {
        [FTL_SOUND] = "",
        [FTL_BLANK] = "the flash is blank: flash.Ftl.mkfs() formats it",
        [FTL_FOREIGN] = "something else is in the flash: flash.Ftl.mkfs() would replace it",
        [FTL_OTHER_VERSION] = "a flash.Ftl of another version of its format",
        [FTL_OTHER_LAYOUT] = "a flash.Ftl of another slice (is it the same start and len?)",
        [FTL_DAMAGED] = "a flash.Ftl that is damaged: no state of it can be found",
    };
    raise_no_device(mp_obj_new_str_from_cstr(text[finding]));
}

static mp_obj_t ftl_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    flash_ftl_obj_t *self = new_over(args[0]);
    ftl_finding_t finding;
    raise_if_failed(ftl_glue_mount(&self->layer, &finding));
    if (finding != FTL_SOUND) {
        raise_finding(finding);
    }
    return MP_OBJ_FROM_PTR(self);
}

static void ftl_print(const mp_print_t *print, mp_obj_t self, mp_print_kind_t kind) {
    (void)kind;
    mp_print_str(print, "Ftl(");
    mp_obj_print_helper(print, self_of(self)->flash, PRINT_REPR);
    mp_print_str(print, ")");
}

static mp_obj_t ftl_mkfs(mp_obj_t flash) {
    flash_ftl_obj_t *self = new_over(flash);
    raise_if_failed(ftl_glue_format(&self->layer));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(ftl_mkfs_fun, ftl_mkfs);
static MP_DEFINE_CONST_STATICMETHOD_OBJ(ftl_mkfs_obj, MP_ROM_PTR(&ftl_mkfs_fun));

static void check_transfer(int status) {
    if (status == -MP_EDOM) {
        mp_raise_ValueError(MP_ERROR_TEXT("len(buf) is not a multiple of the block of 512 bytes"));
    }
    raise_if_failed(status);
}

static mp_obj_t ftl_readblocks(mp_obj_t self, mp_obj_t block_in, mp_obj_t buf_in) {
    const int64_t block = pyb_flash_get_int(block_in);
    mp_buffer_info_t buf;
    mp_get_buffer_raise(buf_in, &buf, MP_BUFFER_WRITE);
    check_transfer(ftl_glue_read(layer_of(self), block, buf.buf, buf.len));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(ftl_readblocks_obj, ftl_readblocks);

static mp_obj_t ftl_writeblocks(mp_obj_t self, mp_obj_t block_in, mp_obj_t buf_in) {
    const int64_t block = pyb_flash_get_int(block_in);
    mp_buffer_info_t buf;
    mp_get_buffer_raise(buf_in, &buf, MP_BUFFER_READ);
    check_transfer(ftl_glue_write(layer_of(self), block, buf.buf, buf.len));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(ftl_writeblocks_obj, ftl_writeblocks);

// A block, or (block, count).
static int trim(mp_obj_t self, mp_obj_t what) {
    if (!mp_obj_is_type(what, &mp_type_tuple)) {
        return ftl_glue_trim(layer_of(self), pyb_flash_get_int(what), 1);
    }
    mp_obj_t *items;
    mp_obj_get_array_fixed_n(what, 2, &items);
    const int64_t block = pyb_flash_get_int(items[0]);
    const int64_t count = pyb_flash_get_int(items[1]);
    return ftl_glue_trim(layer_of(self), block, count);
}

static mp_obj_t ftl_ioctl(mp_obj_t self, mp_obj_t cmd_in, mp_obj_t arg_in) {
    switch (pyb_flash_get_int(cmd_in)) {
        case MP_BLOCKDEV_IOCTL_INIT:
            return MP_OBJ_NEW_SMALL_INT(0);
        case MP_BLOCKDEV_IOCTL_DEINIT:
        case MP_BLOCKDEV_IOCTL_SYNC:
            raise_if_failed(ftl_glue_sync(layer_of(self)));
            return MP_OBJ_NEW_SMALL_INT(0);
        case MP_BLOCKDEV_IOCTL_BLOCK_COUNT:
            return mp_obj_new_int_from_uint(ftl_glue_block_count(layer_of(self)));
        case MP_BLOCKDEV_IOCTL_BLOCK_SIZE:
            return MP_OBJ_NEW_SMALL_INT(BLOCK_BYTES);
        case MP_BLOCKDEV_IOCTL_BLOCK_ERASE:
            return MP_OBJ_NEW_SMALL_INT(0); // the simple protocol: writing needs no erase
        case FTL_IOCTL_TRIM:
            raise_if_failed(trim(self, arg_in));
            return MP_OBJ_NEW_SMALL_INT(0);
        case FTL_IOCTL_IDLE: {
            bool is_done = false;
            raise_if_failed(ftl_glue_poll(layer_of(self), &is_done));
            return MP_OBJ_NEW_SMALL_INT(is_done ? 0 : 1);
        }
        default:
            return mp_const_none;
    }
}
static MP_DEFINE_CONST_FUN_OBJ_3(ftl_ioctl_obj, ftl_ioctl);

static const mp_rom_map_elem_t ftl_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_mkfs), MP_ROM_PTR(&ftl_mkfs_obj) },
    { MP_ROM_QSTR(MP_QSTR_readblocks), MP_ROM_PTR(&ftl_readblocks_obj) },
    { MP_ROM_QSTR(MP_QSTR_writeblocks), MP_ROM_PTR(&ftl_writeblocks_obj) },
    { MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&ftl_ioctl_obj) },
    { MP_ROM_QSTR(MP_QSTR_TRIM), MP_ROM_INT(FTL_IOCTL_TRIM) },
    { MP_ROM_QSTR(MP_QSTR_IDLE), MP_ROM_INT(FTL_IOCTL_IDLE) },
};
static MP_DEFINE_CONST_DICT(ftl_locals, ftl_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(
    flash_ftl_type,
    MP_QSTR_Ftl,
    MP_TYPE_FLAG_NONE,
    make_new, ftl_make_new,
    print, ftl_print,
    locals_dict, &ftl_locals
    );

static const mp_rom_map_elem_t flash_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_flash) },
    { MP_ROM_QSTR(MP_QSTR_Ftl), MP_ROM_PTR(&flash_ftl_type) },
};
static MP_DEFINE_CONST_DICT(flash_globals, flash_globals_table);

const mp_obj_module_t flash_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&flash_globals,
};
MP_REGISTER_MODULE(MP_QSTR_flash, flash_module);
