// What os.urandom() and the seed of `random` are made of.
#ifndef PYBFLASH_MICROPYTHON_PORT_CAMERA_RANDOM_H
#define PYBFLASH_MICROPYTHON_PORT_CAMERA_RANDOM_H

// From here on it is the same in each run of the program.
void camera_random_repeat(void);

#endif // PYBFLASH_MICROPYTHON_PORT_CAMERA_RANDOM_H
