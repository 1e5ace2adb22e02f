// Standard input and output as the serial line of a camera that stands on its own: another program talks
// to it, and who ends the camera does so by a signal.
#ifndef PYBFLASH_MICROPYTHON_PORT_SERIAL_LINE_H
#define PYBFLASH_MICROPYTHON_PORT_SERIAL_LINE_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

// From the main thread, before the interpreter starts. SIGINT, SIGTERM and SIGHUP then switch the camera
// off: Python stops wherever it is, and what was written reaches the flash. A second one of the kind ends
// the process as it is, which is a loss of power.
void serial_line_open(void);

bool serial_line_is_open(void);

// Text gets the boards' line ends, from here to the end of the interpreter's life.
void serial_line_take_output(void);

// Ctrl-C has arrived on the line. True if a program runs that it interrupts; otherwise it is a character
// like any other. The only function here for another thread.
bool serial_line_interrupt(void);

// True once the camera is being switched off.
bool serial_line_is_switched_off(void);

#ifdef __cplusplus
}
#endif

#endif // PYBFLASH_MICROPYTHON_PORT_SERIAL_LINE_H
