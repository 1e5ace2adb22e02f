#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "extmod/vfs_posix.h"

#include "micropython/port/serial_line.h"
#include "micropython/port/terminal.h"

static bool is_open;
static pthread_t interpreter_thread;
static volatile sig_atomic_t switched_off;

// ---- Signals -------------------------------------------------------------------------------------

static void on_ctrl_c(int signal_number) {
    (void)signal_number;
    // The program may have ended since the character was seen.
    if (terminal_is_interruptible()) {
        mp_sched_keyboard_interrupt();
    }
}

static void on_switch_off(int signal_number) {
    (void)signal_number;
    switched_off = true;
    // No exception: a program that catches all of them is switched off, too.
    mp_sched_vm_abort();
}

// No SA_RESTART: what waits for input or output has to notice.
static void handle(int signal_number, void (*handler)(int), int flags) {
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
}

void serial_line_open(void) {
    is_open = true;
    interpreter_thread = pthread_self();
    handle(SIGUSR1, on_ctrl_c, 0);
    handle(SIGINT, on_switch_off, SA_RESETHAND);
    handle(SIGTERM, on_switch_off, SA_RESETHAND);
    handle(SIGHUP, on_switch_off, SA_RESETHAND);
}

bool serial_line_is_open(void) {
    return is_open;
}

bool serial_line_interrupt(void) {
    if (!terminal_is_interruptible()) {
        return false;
    }
    // A signal, so that it also wakes a program that waits for input.
    pthread_kill(interpreter_thread, SIGUSR1);
    return true;
}

bool serial_line_is_switched_off(void) {
    return switched_off;
}

// ---- Output --------------------------------------------------------------------------------------
//
// On the boards text ends its lines with CR LF, in the raw REPL too, and `sys.stdout.buffer` passes bytes
// as they are: `mpremote mount` sends its frames there. On a terminal the kernel would do the former and
// spoil the latter, so it is done here, where text and bytes still differ.

static void write_all(const char *data, size_t length) {
    while (length > 0) {
        const mp_uint_t written = mp_hal_stdout_tx_strn(data, length);
        if (written == 0) {
            return;
        }
        data += written;
        length -= written;
    }
}

static void write_text(const char *text, size_t length) {
    while (length > 0) {
        const char *line_end = memchr(text, '\n', length);
        const size_t part = line_end == NULL ? length : (size_t)(line_end - text);
        write_all(text, part);
        if (line_end == NULL) {
            return;
        }
        write_all("\r\n", 2);
        text += part + 1;
        length -= part + 1;
    }
}

void __real_mp_hal_stdout_tx_strn_cooked(const char *text, size_t length);
void __wrap_mp_hal_stdout_tx_strn_cooked(const char *text, size_t length);
void __wrap_mp_hal_stdout_tx_strn_cooked(const char *text, size_t length) {
    if (is_open) {
        write_text(text, length);
    } else {
        __real_mp_hal_stdout_tx_strn_cooked(text, length);
    }
}

static mp_uint_t stream_write_text(mp_obj_t self, const void *data, mp_uint_t size, int *error) {
    (void)self;
    (void)error;
    write_text(data, size);
    return size;
}

// sys.stdout and sys.stderr stay the objects that they are; only their writing changes.
void serial_line_take_output(void) {
    extern mp_obj_base_t mp_sys_stdout_obj, mp_sys_stderr_obj; // they begin with it
    static mp_stream_p_t protocol;
    static mp_obj_full_type_t type;
    const mp_obj_type_t *file = &mp_type_vfs_posix_textio;
    protocol = *(const mp_stream_p_t *)MP_OBJ_TYPE_GET_SLOT(file, protocol);
    protocol.write = stream_write_text;
    type = (mp_obj_full_type_t) { .base = file->base, .flags = file->flags, .name = file->name };
    MP_OBJ_TYPE_SET_SLOT(&type, print, MP_OBJ_TYPE_GET_SLOT(file, print), 0);
    MP_OBJ_TYPE_SET_SLOT(&type, protocol, &protocol, 1);
    MP_OBJ_TYPE_SET_SLOT(&type, attr, MP_OBJ_TYPE_GET_SLOT(file, attr), 2);
    MP_OBJ_TYPE_SET_SLOT(&type, locals_dict, MP_OBJ_TYPE_GET_SLOT(file, locals_dict), 3);
    mp_sys_stdout_obj.type = (const mp_obj_type_t *)&type;
    mp_sys_stderr_obj.type = (const mp_obj_type_t *)&type;
}
