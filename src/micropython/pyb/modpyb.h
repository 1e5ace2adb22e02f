// What the other modules here take from `pyb`.
#ifndef PYBFLASH_MICROPYTHON_PYB_MODPYB_H
#define PYBFLASH_MICROPYTHON_PYB_MODPYB_H

#include <stdint.h>

#include "py/obj.h"

// An integer of Python's, or the end of the range if it does not fit: no OverflowError.
int64_t pyb_flash_get_int(mp_obj_t arg);

// The slice of the storage of a `pyb.Flash` with start and len. Anything else: TypeError.
void pyb_flash_get_range(mp_obj_t flash, uint32_t *start, uint32_t *len);

#endif // PYBFLASH_MICROPYTHON_PYB_MODPYB_H
