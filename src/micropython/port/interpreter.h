// The life of the MicroPython interpreter on a simulated camera: boot, run, soft reset, exit.
#ifndef PYBFLASH_MICROPYTHON_PORT_INTERPRETER_H
#define PYBFLASH_MICROPYTHON_PORT_INTERPRETER_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    INTERPRETER_EXIT_OK = 0,
    INTERPRETER_EXIT_FAILED = 1, // uncaught exception, or the flash refused data
    INTERPRETER_EXIT_USAGE = 2,  // the script cannot be read
};

// At most one of `code` and `script` is set; with neither, standard input is a REPL.
typedef struct {
    const char *code;
    const char *script;   // path on the host
    int argc;             // sys.argv
    char **argv;
    bool mount_storage;   // probe the storage and mount it at /flash
    const char *greeting; // printed before the REPL, if it is on a terminal

    // The REPL is the serial line (serial_line.h) of a camera that stands on its own: no files of the
    // host, /flash/boot.py and /flash/main.py run as the firmware runs them, sys.exit() is a soft reset.
    bool stands_alone;

    // Nothing of the host's clock and of its randomness is seen: two runs are the same.
    bool repeatable;
    // Between the boot and the script; may be null.
    void (*after_boot)(void *context);
    void *context;
} interpreter_options_t;

// Returns the exit code: that of sys.exit(), or one of the above. Call it once, with a camera attached
// (camera_glue.h) and no C++ object in the calling frames that must not be forgotten at exit().
int interpreter_run(const interpreter_options_t *options);

// The command line of MicroPython's own unix port, with the camera at hand but not mounted.
int interpreter_run_plain(int argc, char **argv);

// A soft reset under a running script: what was written is in the flash, all mounts are forgotten, the
// boot is done again. The script and its objects live on. Raises OSError if the flash refuses data.
void interpreter_soft_reset(void);

#ifdef __cplusplus
}
#endif

#endif // PYBFLASH_MICROPYTHON_PORT_INTERPRETER_H
