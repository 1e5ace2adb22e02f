# Variant of MicroPython's unix port for the simulated camera; see README.md.

# The linking is CMake's; the name is only asked for.
PROG = pybflash

# What a camera has not, or Debian's source package does not carry.
MICROPY_PY_BTREE = 0
MICROPY_PY_FFI = 0
MICROPY_PY_SOCKET = 0
MICROPY_PY_SSL = 0
MICROPY_SSL_MBEDTLS = 0
MICROPY_PY_TERMIOS = 0
# The port's threads run without a lock around the interpreter: our C++ would need its own.
MICROPY_PY_THREAD = 0

# The port's defaults, said aloud because everything here rests on them.
MICROPY_VFS_FAT = 1
MICROPY_VFS_LFS1 = 1
MICROPY_VFS_LFS2 = 1

FROZEN_MANIFEST ?= $(VARIANT_DIR)/manifest.py
USER_C_MODULES ?= $(abspath $(VARIANT_DIR)/..)

# The makefiles insist on micropython-lib as soon as anything is frozen, and know it by its README.md.
# Nothing is taken from it.
MPY_LIB_DIR = $(VARIANT_DIR)

# The REPL of the boards: friendly, raw, raw-paste.
SHARED_SRC_C_EXTRA += runtime/pyexec.c

# main() is that of src/cli; the port's own stays callable.
$(BUILD)/main.o: CFLAGS += -Dmain=mp_unix_main
