// MicroPython's unix port asks the kernel for randomness. The linker hands that call to the function here
// (--wrap, see CMakeLists.txt), for where a run must be repeatable.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "micropython/port/camera_random.h"

ssize_t __real_getrandom(void *buffer, size_t length, unsigned flags);
ssize_t __wrap_getrandom(void *buffer, size_t length, unsigned flags);

static bool is_repeatable;

void camera_random_repeat(void) {
    is_repeatable = true;
}

// SplitMix64.
static uint64_t next_number(void) {
    static uint64_t state;
    state += 0x9e3779b97f4a7c15;
    uint64_t number = state;
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
    number = (number ^ number >> 27) * 0x94d049bb133111eb;
    return number ^ number >> 31;
}

ssize_t __wrap_getrandom(void *buffer, size_t length, unsigned flags) {
    if (!is_repeatable) {
        return __real_getrandom(buffer, length, flags);
    }
    uint8_t *bytes = buffer;
    for (size_t i = 0; i < length; i++) {
        bytes[i] = (uint8_t)next_number();
    }
    return (ssize_t)length;
}
