// Features: those of a large board, and the unix port's own extras.
#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)
#include "ports/unix/variants/mpconfigvariant_common.h"

// Ctrl-C must not jump out of C++ code: the exception waits for the next bytecode.
#undef MICROPY_ASYNC_KBD_INTR
#define MICROPY_ASYNC_KBD_INTR (0)

// A camera can be switched off while Python runs: serial_line.c.
#define MICROPY_ENABLE_VM_ABORT (1)

// os.sync(), which the camera has and the unix port has not.
#define MICROPY_PY_OS_SYNC (1)

// FAT volumes get the label that the camera gives them.
#define MICROPY_FATFS_USE_LABEL (1)

// The banner, and sys.implementation._machine. MicroPython's own tests want it to end in "version".
#define MICROPY_BANNER_MACHINE "pybflash camera simulator version"

// Hooks of shared/runtime/pyexec.c: terminal.c, interpreter.c.
void terminal_before_execution(void);
void terminal_after_execution(void);
void interpreter_after_execution(void *exception);
#define MICROPY_BOARD_BEFORE_PYTHON_EXEC(kind, flags) terminal_before_execution()
#define MICROPY_BOARD_AFTER_PYTHON_EXEC(kind, flags, exception, result) \
    do { \
        terminal_after_execution(); \
        interpreter_after_execution(exception); \
    } while (0)

// Hook of mp_deinit(): interpreter.c.
void interpreter_deinit(void);
#define MICROPY_PORT_DEINIT_FUNC interpreter_deinit()
