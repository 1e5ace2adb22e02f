// Standard input and output as the REPL of a camera needs them.
#ifndef PYBFLASH_MICROPYTHON_PORT_TERMINAL_H
#define PYBFLASH_MICROPYTHON_PORT_TERMINAL_H

#include <stdbool.h>

// From here on standard input is the camera's serial line: no echo, no line editing by the kernel.
// Undone when the program ends. Nothing happens if it is no terminal.
void terminal_open(void);

bool terminal_is_interactive(void);

// True while a program runs that Ctrl-C interrupts. For any thread.
bool terminal_is_interruptible(void);

// True once nothing more will come: the input has ended, or the user asked to leave.
bool terminal_at_end(void);

#endif // PYBFLASH_MICROPYTHON_PORT_TERMINAL_H
