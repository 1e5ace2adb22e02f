# What puts the interpreter onto a simulated camera: life cycle, terminal, time, and the modules that
# only exist here. Not for a firmware.
PORT_DIR := $(USERMOD_DIR)

SRC_USERMOD_C += $(addprefix $(PORT_DIR)/, \
	interpreter.c \
	terminal.c \
	serial_line.c \
	camera_time.c \
	camera_random.c \
	modsim.c \
	modcamera.c \
	)
CFLAGS_USERMOD += -I$(abspath $(PORT_DIR)/../..)
