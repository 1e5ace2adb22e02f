// Module `_camera`: what the frozen _boot.py needs and plain MicroPython does not offer.
#include "py/runtime.h"
#include "extmod/vfs_fat.h"
#include "lib/oofatfs/ff.h"

#include "micropython/port/camera_glue.h"

// _camera.board_label() -> the volume label of the FAT that this board makes on a blank storage
static mp_obj_t camera_board_label(void) {
    const camera_text_t label = camera_volume_label();
    return mp_obj_new_str(label.data, label.length);
}
static MP_DEFINE_CONST_FUN_OBJ_0(camera_board_label_obj, camera_board_label);

// _camera.set_label(vfs, label): for a VfsFat.
static mp_obj_t camera_set_label(mp_obj_t vfs, mp_obj_t label) {
    if (!mp_obj_is_type(vfs, &mp_fat_vfs_type)) {
        mp_raise_TypeError(MP_ERROR_TEXT("only a VfsFat has a label"));
    }
    fs_user_mount_t *fat = MP_OBJ_TO_PTR(vfs);
    const FRESULT result = f_setlabel(&fat->fatfs, mp_obj_str_get_str(label));
    if (result != FR_OK) {
        mp_raise_OSError(fresult_to_errno_table[result]);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(camera_set_label_obj, camera_set_label);

static const mp_rom_map_elem_t camera_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__camera) },
    { MP_ROM_QSTR(MP_QSTR_board_label), MP_ROM_PTR(&camera_board_label_obj) },
    { MP_ROM_QSTR(MP_QSTR_set_label), MP_ROM_PTR(&camera_set_label_obj) },
};
static MP_DEFINE_CONST_DICT(camera_globals, camera_globals_table);

const mp_obj_module_t camera_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&camera_globals,
};
MP_REGISTER_MODULE(MP_QSTR__camera, camera_module);
