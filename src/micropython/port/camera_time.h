// Camera time and the host's time: see camera_time.c.
#ifndef PYBFLASH_MICROPYTHON_PORT_CAMERA_TIME_H
#define PYBFLASH_MICROPYTHON_PORT_CAMERA_TIME_H

#include <stdbool.h>

// The host's time up to now is no concern of the camera's: it was not switched on yet.
void camera_time_skip_host_time(void);

// From here on the host's time does not count: only sleeping, the flash and looks at the clock take time,
// and the date starts where it always does.
void camera_time_leave_host(void);

// Waits until `fd` can be read, or has ended, or `slice_ms` of the host's time are over; the camera
// lives through them. False if there is nothing yet, or a signal came first.
bool camera_time_wait_for_input(int fd, int slice_ms);

#endif // PYBFLASH_MICROPYTHON_PORT_CAMERA_TIME_H
