# User C modules `pyb` and `flash`, the Python half: they include "micropython/pyb/flash_glue.h" and others, so
# src/ must be on the include path. The C++ half (*_glue.cc, src/flash, src/ftl) is linked by whoever builds the
# program.
PYB_DIR := $(USERMOD_DIR)

SRC_USERMOD_C += $(PYB_DIR)/modpyb.c $(PYB_DIR)/modflash.c
CFLAGS_USERMOD += -I$(abspath $(PYB_DIR)/../..)
