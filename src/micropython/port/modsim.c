// Module `sim`: a script looks at the camera's hardware, and steers it.
#include "py/compile.h"
#include "py/runtime.h"

#include "micropython/port/camera_glue.h"
#include "micropython/port/interpreter.h"

enum {
    US_PER_MS = 1000,
    LONGEST_ADVANCE_DAYS = 365,
    MS_PER_DAY = 24 * 60 * 60 * 1000,
    DEEPEST_NOTE = 16,
};

// sim.board() -> "OPENMV4P"
static mp_obj_t sim_board(void) {
    const camera_text_t name = camera_board_name();
    return mp_obj_new_str(name.data, name.length);
}
static MP_DEFINE_CONST_FUN_OBJ_0(sim_board_obj, sim_board);

static void store_count(mp_obj_t dict, qstr name, uint64_t count) {
    mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(name), mp_obj_new_int_from_ull(count));
}

// sim.stats() -> what the flash went through since the program started; max_wear is the number of
// erases of the most worn sector over the whole life of the image.
static mp_obj_t sim_stats(void) {
    const camera_stats_t stats = camera_stats();
    const mp_obj_t dict = mp_obj_new_dict(6);
    store_count(dict, MP_QSTR_erases, stats.erases);
    store_count(dict, MP_QSTR_programs, stats.programs);
    store_count(dict, MP_QSTR_bytes_programmed, stats.bytes_programmed);
    store_count(dict, MP_QSTR_bytes_read, stats.bytes_read);
    store_count(dict, MP_QSTR_device_us, stats.device_us);
    store_count(dict, MP_QSTR_max_wear, stats.max_wear);
    return dict;
}
static MP_DEFINE_CONST_FUN_OBJ_0(sim_stats_obj, sim_stats);

// sim.advance_ms(n): camera time passes, as in time.sleep_ms(n).
static mp_obj_t sim_advance_ms(mp_obj_t ms_in) {
    const mp_int_t ms = mp_obj_get_int(ms_in);
    if (ms < 0 || ms / MS_PER_DAY > LONGEST_ADVANCE_DAYS) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("n=" INT_FMT " is not from 0 ms to %d days"), ms, LONGEST_ADVANCE_DAYS);
    }
    camera_pass_us((uint64_t)ms * US_PER_MS);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(sim_advance_ms_obj, sim_advance_ms);

// sim.reset(): a soft reset that the script survives. What was written is in the flash, all mounts are
// forgotten, the storage is probed and mounted again. A file that is still open belongs to the
// filesystem of before: close it first.
static mp_obj_t sim_reset(void) {
    interpreter_soft_reset();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(sim_reset_obj, sim_reset);

static camera_operation_t get_operation(mp_obj_t kind) {
    switch (mp_obj_str_get_qstr(kind)) {
        case MP_QSTR_read:
            return CAMERA_READ;
        case MP_QSTR_program:
            return CAMERA_PROGRAM;
        case MP_QSTR_erase:
            return CAMERA_ERASE;
        default:
            mp_raise_ValueError(MP_ERROR_TEXT("kind must be 'read', 'program' or 'erase'; 'busy' takes no n"));
    }
}

// sim.fail(kind, n): the n-th operation of that kind from now on fails half way, once; 1 is the next.
// sim.fail("busy"): no program or erase ends any more, until sim.fail(None).
// sim.fail(None): no operation fails any more.
static mp_obj_t sim_fail(size_t n_args, const mp_obj_t *args) {
    if (n_args == 1 && args[0] == mp_const_none) {
        camera_fail_none();
        return mp_const_none;
    }
    if (n_args == 1 && mp_obj_is_str(args[0]) && mp_obj_str_get_qstr(args[0]) == MP_QSTR_busy) {
        camera_fail_busy();
        return mp_const_none;
    }
    if (n_args == 1) {
        mp_raise_TypeError(MP_ERROR_TEXT("sim.fail(kind, n), sim.fail('busy'), or sim.fail(None)"));
    }
    const camera_operation_t operation = get_operation(args[0]);
    const mp_int_t n = mp_obj_get_int(args[1]);
    if (n < 1) {
        mp_raise_ValueError(MP_ERROR_TEXT("n must be 1 (the next operation) or more"));
    }
    camera_fail_nth(operation, (uint64_t)n);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(sim_fail_obj, 1, 2, sim_fail);

// sim.chip(offset, length) -> bytes of the whole chip, as a programmer would read them: bootloader and
// firmware areas, too, and without what still waits in the cache.
static mp_obj_t sim_chip(mp_obj_t offset_in, mp_obj_t length_in) {
    const camera_bytes_t chip = camera_chip();
    const mp_int_t offset = mp_obj_get_int(offset_in);
    const mp_int_t length = mp_obj_get_int(length_in);
    const mp_int_t size = (mp_int_t)chip.length;
    if (offset < 0 || length < 0 || length > size || offset > size - length) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("the chip has %d bytes"), (int)size);
    }
    return mp_obj_new_bytes(chip.data + offset, (size_t)length);
}
static MP_DEFINE_CONST_FUN_OBJ_2(sim_chip_obj, sim_chip);

static bool is_notable(mp_obj_t value, int depth);

static bool are_notable(size_t count, const mp_obj_t *values, int depth) {
    for (size_t i = 0; i < count; i++) {
        if (!is_notable(values[i], depth)) {
            return false;
        }
    }
    return true;
}

static bool is_notable_dict(mp_obj_t value, int depth) {
    const mp_map_t *map = mp_obj_dict_get_map(value);
    for (size_t i = 0; i < map->alloc; i++) {
        if (mp_map_slot_is_filled(map, i) && !(is_notable(map->table[i].key, depth) && is_notable(map->table[i].value, depth))) {
            return false;
        }
    }
    return true;
}

// What repr() writes and eval() reads without loss. (A float's repr() has 16 digits: one too few.)
static bool is_notable(mp_obj_t value, int depth) {
    if (value == mp_const_none || mp_obj_is_bool(value) || mp_obj_is_exact_type(value, &mp_type_int) || mp_obj_is_small_int(value)) {
        return true;
    }
    if (mp_obj_is_str(value) || mp_obj_is_exact_type(value, &mp_type_bytes)) {
        return true;
    }
    if (depth == 0) {
        return false;
    }
    if (mp_obj_is_exact_type(value, &mp_type_dict)) {
        return is_notable_dict(value, depth - 1);
    }
    if (mp_obj_is_exact_type(value, &mp_type_tuple) || mp_obj_is_exact_type(value, &mp_type_list)) {
        size_t count;
        mp_obj_t *values;
        mp_obj_get_array(value, &count, &values);
        return are_notable(count, values, depth - 1);
    }
    return false;
}

// sim.note(value): what the script promises from here on to a later look at the flash, see sim.notes().
static mp_obj_t sim_note(mp_obj_t value) {
    if (!is_notable(value, DEEPEST_NOTE)) {
        mp_raise_TypeError(MP_ERROR_TEXT("a note is None, bool, int, str, bytes, or a tuple, list or dict of these"));
    }
    vstr_t text;
    mp_print_t print;
    vstr_init_print(&text, 64, &print);
    mp_obj_print_helper(&print, value, PRINT_REPR);
    camera_add_note((camera_text_t) { text.buf, text.len });
    vstr_clear(&text);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(sim_note_obj, sim_note);

// sim.notes() -> all notes so far. Under `pybflash powercut`, check.py finds those that write.py made
// before the power went.
static mp_obj_t sim_notes(void) {
    vstr_t text;
    vstr_init(&text, 64);
    vstr_add_byte(&text, '[');
    for (size_t i = 0; i < camera_note_count(); i++) {
        const camera_text_t note = camera_note(i);
        vstr_add_strn(&text, note.data, note.length);
        vstr_add_byte(&text, ',');
    }
    vstr_add_byte(&text, ']');
    mp_lexer_t *lexer = mp_lexer_new_from_str_len(MP_QSTR__lt_string_gt_, text.buf, text.len, 0);
    const mp_obj_t notes = mp_parse_compile_execute(lexer, MP_PARSE_EVAL_INPUT, mp_globals_get(), mp_locals_get());
    vstr_clear(&text);
    return notes;
}
static MP_DEFINE_CONST_FUN_OBJ_0(sim_notes_obj, sim_notes);

static const mp_rom_map_elem_t sim_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_sim) },
    { MP_ROM_QSTR(MP_QSTR_board), MP_ROM_PTR(&sim_board_obj) },
    { MP_ROM_QSTR(MP_QSTR_stats), MP_ROM_PTR(&sim_stats_obj) },
    { MP_ROM_QSTR(MP_QSTR_advance_ms), MP_ROM_PTR(&sim_advance_ms_obj) },
    { MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&sim_reset_obj) },
    { MP_ROM_QSTR(MP_QSTR_fail), MP_ROM_PTR(&sim_fail_obj) },
    { MP_ROM_QSTR(MP_QSTR_chip), MP_ROM_PTR(&sim_chip_obj) },
    { MP_ROM_QSTR(MP_QSTR_note), MP_ROM_PTR(&sim_note_obj) },
    { MP_ROM_QSTR(MP_QSTR_notes), MP_ROM_PTR(&sim_notes_obj) },
};
static MP_DEFINE_CONST_DICT(sim_globals, sim_globals_table);

const mp_obj_module_t sim_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&sim_globals,
};
MP_REGISTER_MODULE(MP_QSTR_sim, sim_module);
