// Module `pyb`: the class Flash.
//
// MicroPython raises by jumping, past any C++ frame without running its destructors. Hence the order in
// every method: convert the arguments (which may raise), call the glue (which never does), then return
// or raise.
#include <stdio.h>

#include "py/mperrno.h"
#include "py/objint.h"
#include "py/runtime.h"
#include "py/smallint.h"
#include "extmod/vfs.h"

#include "micropython/pyb/flash_glue.h"
#include "micropython/pyb/modpyb.h"

typedef struct {
    mp_obj_base_t base;
    flash_glue_partition_t partition;
} pyb_flash_obj_t;

static const mp_obj_type_t pyb_flash_type;

// `Flash()`; its partition is not used.
static const mp_obj_base_t pyb_flash_singleton = { &pyb_flash_type };

static bool is_singleton(mp_obj_t self) {
    return MP_OBJ_TO_PTR(self) == &pyb_flash_singleton;
}

static flash_glue_partition_t *partition_of(mp_obj_t self) {
    return &((pyb_flash_obj_t *)MP_OBJ_TO_PTR(self))->partition;
}

// Every number of interest is a small int, on a 32-bit camera, too. One that is not is out of range by
// far, and which range that is the flash stack knows best: no OverflowError from here. What can only be turned
// into an integer is none.
int64_t pyb_flash_get_int(mp_obj_t arg) {
    if (mp_obj_is_exact_type(arg, &mp_type_int)) {
        return mp_obj_int_sign(arg) < 0 ? MP_SMALL_INT_MIN : MP_SMALL_INT_MAX;
    }
    if (!mp_obj_is_small_int(arg) && !mp_obj_is_bool(arg)) {
        mp_raise_msg_varg(&mp_type_TypeError, MP_ERROR_TEXT("can't convert %s to int"), mp_obj_get_type_str(arg));
    }
    return mp_obj_get_int(arg);
}

// Raises ValueError("NAME=VALUE is not RELATION of BYTES bytes"), the value as Python prints it.
static __attribute__((noreturn)) void raise_bad_value(const char *name, mp_obj_t value, const char *relation, uint32_t bytes) {
    vstr_t text;
    mp_print_t print;
    vstr_init_print(&text, 64, &print);
    mp_printf(&print, "%s=", name);
    mp_obj_print_helper(&print, value, PRINT_REPR);
    mp_printf(&print, " is not %s of %u bytes", relation, (unsigned int)bytes);
    mp_raise_type_arg(&mp_type_ValueError, mp_obj_new_str_from_vstr(&text));
}

// The same for a `start` or `len`: "start=1000 is not a multiple of 4096 bytes inside the storage of ...".
static __attribute__((noreturn)) void raise_bad_place(const char *name, mp_obj_t value, const char *multiple, const char *where) {
    char relation[80];
    snprintf(relation, sizeof(relation), "%s of %u bytes %s the storage", multiple,
        (unsigned int)flash_glue_native_block_bytes(), where);
    raise_bad_value(name, value, relation, flash_glue_storage_bytes());
}

static void raise_if_failed(int status) {
    if (status != 0) {
        mp_raise_OSError(-status);
    }
}

void pyb_flash_get_range(mp_obj_t flash, uint32_t *start, uint32_t *len) {
    if (!mp_obj_is_type(flash, &pyb_flash_type) || is_singleton(flash)) {
        mp_raise_TypeError(MP_ERROR_TEXT("a pyb.Flash with start or len is needed"));
    }
    *start = flash_glue_partition_start(partition_of(flash));
    *len = flash_glue_partition_len(partition_of(flash));
}

static void flash_print(const mp_print_t *print, mp_obj_t self, mp_print_kind_t kind) {
    (void)kind;
    if (is_singleton(self)) {
        mp_print_str(print, "Flash()");
        return;
    }
    mp_printf(print, "Flash(start=%u, len=%u)",
        (unsigned int)flash_glue_partition_start(partition_of(self)),
        (unsigned int)flash_glue_partition_len(partition_of(self)));
}

static mp_obj_t flash_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *all_args) {
    enum { ARG_start, ARG_len };
    static const mp_arg_t allowed_args[] = {
        { MP_QSTR_start, MP_ARG_KW_ONLY | MP_ARG_OBJ, { .u_rom_obj = MP_ROM_INT(-1) } },
        { MP_QSTR_len, MP_ARG_KW_ONLY | MP_ARG_OBJ, { .u_rom_obj = MP_ROM_INT(-1) } },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed_args)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all_args, MP_ARRAY_SIZE(allowed_args), allowed_args, args);
    int64_t start = pyb_flash_get_int(args[ARG_start].u_obj);
    int64_t len = pyb_flash_get_int(args[ARG_len].u_obj);

    const uint32_t storage = flash_glue_storage_bytes();
    if (storage == 0) {
        mp_raise_OSError(MP_ENODEV);
    }
    if (start == -1 && len == -1) {
        return MP_OBJ_FROM_PTR(&pyb_flash_singleton);
    }
    if (start == -1) {
        start = 0;
    }
    if (!flash_glue_accepts(start, flash_glue_native_block_bytes())) {
        raise_bad_place("start", args[ARG_start].u_obj, "a multiple", "inside");
    }
    if (len == -1) {
        len = storage - start;
    }
    if (!flash_glue_accepts(start, len)) {
        raise_bad_place("len", args[ARG_len].u_obj, "a positive multiple", "that ends inside");
    }

    pyb_flash_obj_t *self = mp_obj_malloc(pyb_flash_obj_t, type);
    flash_glue_partition_init(&self->partition, (uint32_t)start, (uint32_t)len);
    return MP_OBJ_FROM_PTR(self);
}

static void check_simple_transfer(mp_obj_t self, int status, size_t len) {
    if (status == -MP_EDOM) {
        raise_bad_value("len(buf)", mp_obj_new_int_from_uint(len), "a multiple of the block",
            is_singleton(self) ? flash_glue_simple_block_bytes() : flash_glue_partition_block_bytes(partition_of(self)));
    }
    raise_if_failed(status);
}

static void check_extended_transfer(int status, mp_obj_t offset) {
    if (status == -MP_EDOM) {
        raise_bad_value("offset", offset, "inside a native block", flash_glue_native_block_bytes());
    }
    raise_if_failed(status);
}

static void raise_if_singleton(mp_obj_t self) {
    if (is_singleton(self)) {
        mp_raise_OSError(MP_EOPNOTSUPP);
    }
}

// readblocks(block_num, buf), readblocks(block_num, buf, offset)
static mp_obj_t flash_readblocks(size_t n_args, const mp_obj_t *args) {
    const mp_obj_t self = args[0];
    const int64_t block = pyb_flash_get_int(args[1]);
    mp_buffer_info_t buf;
    mp_get_buffer_raise(args[2], &buf, MP_BUFFER_WRITE);
    if (n_args == 3) {
        const int status = is_singleton(self)
            ? flash_glue_drive_read_blocks(block, buf.buf, buf.len)
            : flash_glue_partition_read_blocks(partition_of(self), block, buf.buf, buf.len);
        check_simple_transfer(self, status, buf.len);
    } else {
        const int64_t offset = pyb_flash_get_int(args[3]);
        raise_if_singleton(self);
        check_extended_transfer(
            flash_glue_partition_read_bytes(partition_of(self), block, offset, buf.buf, buf.len), args[3]);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flash_readblocks_obj, 3, 4, flash_readblocks);

// writeblocks(block_num, buf), writeblocks(block_num, buf, offset)
static mp_obj_t flash_writeblocks(size_t n_args, const mp_obj_t *args) {
    const mp_obj_t self = args[0];
    const int64_t block = pyb_flash_get_int(args[1]);
    mp_buffer_info_t buf;
    mp_get_buffer_raise(args[2], &buf, MP_BUFFER_READ);
    if (n_args == 3) {
        const int status = is_singleton(self)
            ? flash_glue_drive_write_blocks(block, buf.buf, buf.len)
            : flash_glue_partition_write_blocks(partition_of(self), block, buf.buf, buf.len);
        check_simple_transfer(self, status, buf.len);
    } else {
        const int64_t offset = pyb_flash_get_int(args[3]);
        raise_if_singleton(self);
        check_extended_transfer(
            flash_glue_partition_program_bytes(partition_of(self), block, offset, buf.buf, buf.len), args[3]);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flash_writeblocks_obj, 3, 4, flash_writeblocks);

static mp_obj_t flash_ioctl(mp_obj_t self, mp_obj_t cmd_in, mp_obj_t arg_in) {
    const int64_t cmd = pyb_flash_get_int(cmd_in);
    int64_t arg = 0;
    if (cmd == MP_BLOCKDEV_IOCTL_INIT) {
        arg = mp_obj_equal(arg_in, MP_OBJ_NEW_SMALL_INT(1)); // anything else, None too, asks for simple blocks
    } else if (cmd == MP_BLOCKDEV_IOCTL_BLOCK_ERASE && !is_singleton(self)) {
        arg = pyb_flash_get_int(arg_in);
    }
    const flash_glue_answer_t answer = is_singleton(self)
        ? flash_glue_drive_ioctl(cmd, arg)
        : flash_glue_partition_ioctl(partition_of(self), cmd, arg);
    raise_if_failed(answer.status);
    return answer.known ? mp_obj_new_int(answer.value) : mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(flash_ioctl_obj, flash_ioctl);

static const mp_rom_map_elem_t flash_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_readblocks), MP_ROM_PTR(&flash_readblocks_obj) },
    { MP_ROM_QSTR(MP_QSTR_writeblocks), MP_ROM_PTR(&flash_writeblocks_obj) },
    { MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&flash_ioctl_obj) },
};
static MP_DEFINE_CONST_DICT(flash_locals, flash_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(
    pyb_flash_type,
    MP_QSTR_Flash,
    MP_TYPE_FLAG_NONE,
    make_new, flash_make_new,
    print, flash_print,
    locals_dict, &flash_locals
    );

static const mp_rom_map_elem_t pyb_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_pyb) },
    { MP_ROM_QSTR(MP_QSTR_Flash), MP_ROM_PTR(&pyb_flash_type) },
};
static MP_DEFINE_CONST_DICT(pyb_globals, pyb_globals_table);

const mp_obj_module_t pyb_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&pyb_globals,
};
MP_REGISTER_MODULE(MP_QSTR_pyb, pyb_module);
