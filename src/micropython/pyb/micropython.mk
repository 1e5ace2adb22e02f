# User C module `pyb`, the Python half: it includes "micropython/pyb/flash_glue.h", so src/ must be on
# the include path. The C++ half (flash_glue.cc and src/flash) is linked by whoever builds the program.
PYB_DIR := $(USERMOD_DIR)

SRC_USERMOD_C += $(PYB_DIR)/modpyb.c
CFLAGS_USERMOD += -I$(abspath $(PYB_DIR)/../..)
