#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "py/mphal.h"
#include "py/runtime.h"
#include "shared/readline/readline.h"
#include "shared/runtime/pyexec.h"

#include "micropython/port/camera_time.h"
#include "micropython/port/serial_line.h"
#include "micropython/port/terminal.h"

enum {
    CTRL_X = 0x18,
    EXIT_INTERRUPTED = 130, // 128 + SIGINT, as shells say it
    IDLE_SLICE_MS = 100,
};

static bool is_open;
static struct termios saved_settings;
static atomic_bool interruptible; // a program runs, and Ctrl-C interrupts it
static bool cook_output;
static bool asked_to_leave;

static void apply_settings(void) {
    if (!is_open) {
        return;
    }
    struct termios settings = saved_settings;
    cfmakeraw(&settings);
    // Ctrl-C is a signal only while MicroPython asks for it: `mpremote mount` sends 0x03 as data.
    if (interruptible) {
        settings.c_lflag |= ISIG;
    }
    // Only what a program prints that was started at the friendly prompt: the raw REPL is a binary
    // protocol, and readline ends its lines itself.
    if (cook_output) {
        settings.c_oflag |= OPOST | ONLCR;
    }
    settings.c_cc[VINTR] = CHAR_CTRL_C;
    settings.c_cc[VQUIT] = _POSIX_VDISABLE;
    settings.c_cc[VSUSP] = _POSIX_VDISABLE;
    // TCSANOW keeps what was typed ahead.
    tcsetattr(STDIN_FILENO, TCSANOW, &settings);
}

static void restore_settings(void) {
    tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_settings);
}

// Not after what is still to be printed: a terminal that was stopped would keep the program alive.
static void restore_and_end(int signal_number) {
    tcsetattr(STDIN_FILENO, TCSANOW, &saved_settings);
    raise(signal_number); // ends the program: SA_RESETHAND
}

static void end_in_good_order(int signal_number) {
    struct sigaction action = { .sa_handler = restore_and_end, .sa_flags = SA_RESETHAND };
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGTTOU); // which stops who sets a terminal from the background
    sigaction(signal_number, &action, NULL);
}

// Those that would end the program without its exit handlers; not what somebody ignores, as nohup does.
static void handle_ends(void) {
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        struct sigaction action;
        if (sigaction(signals[i], NULL, &action) == 0 && action.sa_handler == SIG_DFL) {
            end_in_good_order(signals[i]);
        }
    }
}

void terminal_open(void) {
    if (is_open || !isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved_settings) != 0) {
        return;
    }
    is_open = true;
    atexit(restore_settings);
    handle_ends();
    apply_settings();
}

bool terminal_is_interactive(void) {
    return is_open;
}

bool terminal_is_interruptible(void) {
    return interruptible;
}

static bool input_has_ended(void) {
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    if (poll(&input, 1, 0) <= 0) {
        return false;
    }
    int available = 0;
    const bool readable = (input.revents & POLLIN) != 0;
    // A terminal that was hung up answers with an error, for ever.
    return !readable || ioctl(STDIN_FILENO, FIONREAD, &available) != 0 || available == 0;
}

bool terminal_at_end(void) {
    return asked_to_leave || serial_line_is_switched_off() || input_has_ended();
}

// ---- What MicroPython's unix port does otherwise: the linker hands its calls to these -------------

static void on_interrupt(int signal_number) {
    (void)signal_number;
    if (MP_STATE_MAIN_THREAD(mp_pending_exception) == MP_OBJ_FROM_PTR(&MP_STATE_VM(mp_kbd_exception))) {
        // The second Ctrl-C, and the first has not been noticed yet: something hangs. No exit handlers
        // from within a signal handler; for the camera it is a loss of power.
        if (is_open) {
            restore_settings();
        }
        _exit(EXIT_INTERRUPTED);
    }
    mp_sched_keyboard_interrupt();
}

void __wrap_mp_hal_set_interrupt_char(char c);
void __wrap_mp_hal_set_interrupt_char(char c) {
    interruptible = c == CHAR_CTRL_C;
    if (serial_line_is_open()) {
        return; // there, Ctrl-C is no signal of the kernel's
    }
    if (is_open && !interruptible) {
        end_in_good_order(SIGINT);
    } else {
        struct sigaction action = { .sa_handler = interruptible ? on_interrupt : SIG_DFL };
        sigemptyset(&action.sa_mask);
        sigaction(SIGINT, &action, NULL);
    }
    apply_settings();
}

// A pipe's last line, which need not end. What a person has not entered when the terminal goes is not run.
static bool is_last_line(void) {
    return !is_open && !serial_line_is_open() && pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL;
}

int __real_mp_hal_stdin_rx_chr(void);
int __wrap_mp_hal_stdin_rx_chr(void);
int __wrap_mp_hal_stdin_rx_chr(void) {
    static bool line_cleared, line_begun;
    while (!asked_to_leave && !camera_time_wait_for_input(STDIN_FILENO, IDLE_SLICE_MS)) {
        if (interruptible) {
            mp_handle_pending(true);
        } else if (serial_line_is_switched_off()) {
            break;
        }
    }
    if (interruptible) {
        return __real_mp_hal_stdin_rx_chr();
    }
    // At a prompt. The port reads end-of-file as Ctrl-D, which readline ignores on a line that is not
    // empty: it would spin for ever. So clear the line first.
    if (terminal_at_end()) {
        if (line_begun && is_last_line()) {
            line_begun = false;
            return '\r';
        }
        line_cleared = !line_cleared;
        return line_cleared ? CHAR_CTRL_C : CHAR_CTRL_D;
    }
    const int c = __real_mp_hal_stdin_rx_chr();
    line_begun = c == '\t' || c >= ' ';
    if (c == CTRL_X && is_open && pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL) {
        asked_to_leave = true;
        line_cleared = true;
        return CHAR_CTRL_C;
    }
    return c;
}

// ---- Around every execution by shared/runtime/pyexec.c: see mpconfigvariant.h ---------------------

void terminal_before_execution(void);
void terminal_before_execution(void) {
    cook_output = pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL;
    apply_settings();
}

void terminal_after_execution(void);
void terminal_after_execution(void) {
    cook_output = false;
    apply_settings();
}
