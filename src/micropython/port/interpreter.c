#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "py/compile.h"
#include "py/cstack.h"
#include "py/frozenmod.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "extmod/vfs.h"
#include "extmod/vfs_posix.h"
#include "shared/readline/readline.h"
#include "shared/runtime/pyexec.h"

#include "micropython/port/camera_glue.h"
#include "micropython/port/camera_random.h"
#include "micropython/port/camera_time.h"
#include "micropython/port/interpreter.h"
#include "micropython/port/serial_line.h"
#include "micropython/port/terminal.h"

enum {
    // Enough for a script that holds the largest chip in one bytes object.
    HEAP_BYTES = 64 * 1024 * 1024,
    // What the unix port allows itself on a 64-bit machine.
    STACK_BYTES = 80000,
    NOT_EXITING = -1,
};

int mp_unix_main(int argc, char **argv); // main() of ports/unix/main.c, renamed by mpconfigvariant.mk

static const interpreter_options_t *options;
static int start_folder = -1;
static int script_fd = -1;
static char script_path[PATH_MAX];

// The code that SystemExit carried, once it was raised.
static int exit_code = NOT_EXITING;

static bool was_interrupted; // the last execution, by Ctrl-C

// ---- Running code --------------------------------------------------------------------------------

static int exit_code_of(mp_obj_t exception) {
    const mp_obj_t value = mp_obj_exception_get_value(exception);
    mp_int_t code = 0;
    if (value != mp_const_none && !mp_obj_get_int_maybe(value, &code)) {
        code = 1;
    }
    return (int)(code & 0xff);
}

static bool is_a(mp_obj_t exception, const mp_obj_type_t *type) {
    return mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(mp_obj_get_type(exception)), MP_OBJ_FROM_PTR(type));
}

static bool is_system_exit(mp_obj_t exception) {
    return is_a(exception, &mp_type_SystemExit);
}

static mp_lexer_t *open_script(void) {
    const qstr name = qstr_from_str(script_path);
    mp_store_global(MP_QSTR___file__, MP_OBJ_NEW_QSTR(name));
    return mp_lexer_new_from_fd(name, script_fd, true);
}

static mp_lexer_t *open_code(void) {
    return mp_lexer_new_from_str_len(MP_QSTR__lt_string_gt_, options->code, strlen(options->code), 0);
}

static mp_lexer_t *open_boot(void) {
    int type;
    void *lexer;
    mp_find_frozen_module("_boot.py", &type, &lexer);
    return lexer;
}

// Runs a source in the namespace given. False if it ended with an exception; a traceback was printed,
// or `exit_code` set.
static bool execute(mp_lexer_t *(*open_source)(void), mp_obj_dict_t *names) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_parse_compile_execute(open_source(), MP_PARSE_FILE_INPUT, names, names);
        mp_handle_pending(true);
        nlr_pop();
        return true;
    }
    mp_handle_pending(false);
    const mp_obj_t exception = MP_OBJ_FROM_PTR(nlr.ret_val);
    if (is_system_exit(exception)) {
        exit_code = exit_code_of(exception);
    } else {
        mp_obj_print_exception(&mp_stderr_print, exception);
    }
    return false;
}

// In a namespace of its own: what it leaves behind is no business of the script's.
static void boot(void) {
    if (options == NULL || !options->mount_storage) {
        return;
    }
    mp_obj_dict_t *names = MP_OBJ_TO_PTR(mp_obj_new_dict(1));
    mp_obj_dict_store(MP_OBJ_FROM_PTR(names), MP_OBJ_NEW_QSTR(MP_QSTR___name__), MP_OBJ_NEW_QSTR(MP_QSTR__boot));
    execute(open_boot, names);
}

static int run_program(void) {
    mp_hal_set_interrupt_char(CHAR_CTRL_C);
    const bool ok = execute(options->script != NULL ? open_script : open_code, mp_globals_get());
    mp_hal_set_interrupt_char(-1);
    return ok ? INTERPRETER_EXIT_OK : INTERPRETER_EXIT_FAILED;
}

static void run_repl(void) {
    if (terminal_is_interactive() && pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL) {
        mp_hal_stdout_tx_str(options->greeting);
        mp_hal_stdout_tx_str("\r\n");
    }
    int done;
    do {
        done = pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl();
    } while (!done);
}

// As OpenMV's firmware: boot.py at each start, main.py at the first one, and a soft reset after it. They
// are looked for in the working directory, which is /flash if it was mounted. True if main.py ran.
static bool run_start_scripts(bool first_start) {
    was_interrupted = false;
    pyexec_file_if_exists("boot.py");
    if (!first_start || was_interrupted || mp_import_stat("main.py") != MP_IMPORT_STAT_FILE) {
        return false;
    }
    pyexec_file("main.py");
    return true;
}

// Python until the next soft reset, or until the camera is switched off.
static void run_on_its_own(bool first_start) {
    nlr_buf_t switched_off;
    if (nlr_push(&switched_off) == 0) {
        nlr_set_abort(&switched_off);
        if (!serial_line_is_switched_off() && !run_start_scripts(first_start)) {
            run_repl();
        }
        nlr_pop();
    }
    nlr_set_abort(NULL);
}

void interpreter_after_execution(void *exception);
void interpreter_after_execution(void *exception) {
    was_interrupted = exception != NULL && is_a(MP_OBJ_FROM_PTR(exception), &mp_type_KeyboardInterrupt);
    // On a camera, SystemExit is a soft reset; so it is for a client of the raw REPL. A person at the
    // friendly prompt wants to leave.
    if (exception != NULL && !options->stands_alone && pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL &&
        is_system_exit(MP_OBJ_FROM_PTR(exception))) {
        exit_code = exit_code_of(MP_OBJ_FROM_PTR(exception));
    }
}

// ---- Life cycle ----------------------------------------------------------------------------------

// The host's files are at /, as in MicroPython's unix port; the storage lies over them at /flash.
static void mount_host(void) {
    mp_obj_t args[2] = {
        mp_call_function_0(MP_OBJ_FROM_PTR(&mp_type_vfs_posix)),
        MP_OBJ_NEW_QSTR(MP_QSTR__slash_),
    };
    mp_vfs_mount(MP_ARRAY_SIZE(args), args, (mp_map_t *)&mp_const_empty_map);
    MP_STATE_VM(vfs_cur) = MP_STATE_VM(vfs_mount_table);
}

static void set_sys_path_and_argv(void) {
    const char *slash = strrchr(script_path, '/');
    mp_sys_path = mp_obj_new_list(0, NULL);
    mp_obj_list_append(mp_sys_path, mp_obj_new_str(script_path, slash == NULL ? 0 : (size_t)(slash - script_path)));
    mp_obj_list_append(mp_sys_path, MP_OBJ_NEW_QSTR(MP_QSTR__dot_frozen));
    mp_obj_list_init(MP_OBJ_TO_PTR(mp_sys_argv), 0);
    for (int i = 0; i < options->argc; i++) {
        mp_obj_list_append(mp_sys_argv, mp_obj_new_str_from_cstr(options->argv[i]));
    }
}

static void start(char *heap) {
    if (fchdir(start_folder) != 0) {
        perror("pybflash: cannot go back to the working directory");
    }
    exit_code = NOT_EXITING;
    gc_init(heap, heap + HEAP_BYTES);
    mp_init();
    if (options->stands_alone) {
        serial_line_take_output();
    } else {
        mount_host();
    }
    set_sys_path_and_argv();
    readline_init0();
    boot();
    if (options->after_boot != NULL) {
        options->after_boot(options->context);
    }
}

static void call_atexit(void) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        if (mp_obj_is_callable(MP_STATE_VM(sys_exitfunc))) {
            mp_call_function_0(MP_STATE_VM(sys_exitfunc));
        }
        nlr_pop();
    } else {
        mp_obj_print_exception(&mp_stderr_print, MP_OBJ_FROM_PTR(nlr.ret_val));
    }
}

static bool sync_storage(void) {
    const int status = camera_sync();
    if (status != 0) {
        const char *why = status == -ETIMEDOUT ? "it stays busy" : strerror(-status);
        fprintf(stderr, "pybflash: the flash refused data that was still to be written: %s\n", why);
    }
    return status == 0;
}

// False if the flash refused data.
static bool stop(void) {
    call_atexit();
    mp_deinit();
    return sync_storage();
}

// Called by mp_deinit(). Without it the port runs no finalisers, and a file left open stays empty.
void interpreter_deinit(void);
void interpreter_deinit(void) {
    gc_sweep_all();
}

// Takes turns with soft resets until the user leaves.
static int run_until_exit(char *heap) {
    const bool is_repl = options->script == NULL && options->code == NULL;
    for (bool first_start = true;; first_start = false) {
        int code = INTERPRETER_EXIT_OK;
        start(heap);
        if (exit_code == NOT_EXITING) {
            if (options->stands_alone) {
                run_on_its_own(first_start);
            } else if (is_repl) {
                run_repl();
            } else {
                code = run_program();
            }
        }
        const bool stored = stop();
        if (!is_repl || exit_code != NOT_EXITING || terminal_at_end()) {
            code = exit_code == NOT_EXITING ? code : exit_code;
            return code == INTERPRETER_EXIT_OK && !stored ? INTERPRETER_EXIT_FAILED : code;
        }
        mp_hal_stdout_tx_str("MPY: soft reboot\r\n");
    }
}

void interpreter_soft_reset(void) {
    // A file that nobody holds any more is closed while its filesystem is still there.
    gc_collect();
    const int status = camera_sync();
    if (status != 0) {
        mp_raise_OSError(-status);
    }
    mp_vfs_mount_t *host = MP_STATE_VM(vfs_mount_table);
    while (host != NULL && !mp_obj_is_type(host->obj, &mp_type_vfs_posix)) {
        host = host->next;
    }
    MP_STATE_VM(vfs_mount_table) = host;
    MP_STATE_VM(vfs_cur) = host != NULL ? host : MP_VFS_ROOT;
    boot();
}

// ---- Entry ---------------------------------------------------------------------------------------

// Where the script lies; a pipe lies nowhere, and keeps the name it was given.
static void set_script_path(void) {
    if (realpath(options->script, script_path) == NULL) {
        snprintf(script_path, sizeof(script_path), "%s", options->script);
    }
}

// Opened before the storage is mounted: a path on the host means the host's file, even below /flash.
static bool find_script(void) {
    struct stat info;
    script_fd = open(options->script, O_RDONLY | O_CLOEXEC);
    if (script_fd >= 0 && fstat(script_fd, &info) == 0 && S_ISDIR(info.st_mode)) {
        errno = EISDIR;
    } else if (script_fd >= 0) {
        set_script_path();
        return true;
    }
    fprintf(stderr, "pybflash: cannot read the script %s: %s\n", options->script, strerror(errno));
    return false;
}

static MP_NOINLINE int run(void) {
    char *heap = malloc(HEAP_BYTES);
    start_folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (heap == NULL || start_folder < 0) {
        perror("pybflash: cannot start the interpreter");
        return INTERPRETER_EXIT_FAILED;
    }
    const int code = run_until_exit(heap);
    free(heap);
    return code;
}

int interpreter_run(const interpreter_options_t *new_options) {
    // As the unix port: who writes to a closed pipe gets an exception.
    signal(SIGPIPE, SIG_IGN);
    options = new_options;
    if (options->script != NULL && !find_script()) {
        return INTERPRETER_EXIT_USAGE;
    }
    if (options->script == NULL && options->code == NULL) {
        terminal_open();
    }
    camera_time_skip_host_time();
    if (options->repeatable) {
        camera_time_leave_host();
        camera_random_repeat();
    }
    mp_cstack_init_with_sp_here(STACK_BYTES);
    return run();
}

int interpreter_run_plain(int argc, char **argv) {
    camera_time_skip_host_time();
    const int code = mp_unix_main(argc, argv);
    return sync_storage() ? code : INTERPRETER_EXIT_FAILED;
}
