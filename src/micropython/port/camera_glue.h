// The simulated camera around the interpreter, in plain C. As in flash_glue.h, nothing here raises.
#ifndef PYBFLASH_MICROPYTHON_PORT_CAMERA_GLUE_H
#define PYBFLASH_MICROPYTHON_PORT_CAMERA_GLUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Not zero-terminated.
typedef struct {
    const char *data;
    size_t length;
} camera_text_t;

typedef struct {
    const uint8_t *data;
    size_t length;
} camera_bytes_t;

typedef struct {
    uint64_t erases;
    uint64_t programs;
    uint64_t bytes_programmed;
    uint64_t bytes_read;
    uint64_t device_us;
    uint32_t max_wear;
} camera_stats_t;

typedef enum {
    CAMERA_READ,
    CAMERA_PROGRAM,
    CAMERA_ERASE,
} camera_operation_t;

// False before a camera is attached. Everything else below needs one.
bool camera_is_attached(void);

camera_text_t camera_board_name(void);
camera_text_t camera_volume_label(void);
camera_stats_t camera_stats(void);

// The whole chip as a programmer would read it: what still waits in the cache is not in it.
camera_bytes_t camera_chip(void);

// The n-th operation of the kind from now on fails; 1 is the next one.
void camera_fail_nth(camera_operation_t operation, uint64_t n);

// What the flash begins from now on never ends.
void camera_fail_busy(void);

// None of these fails any more.
void camera_fail_none(void);

// Everything written is in the flash when this returns 0; else -errno.
int camera_sync(void);

// Microseconds since the camera was switched on.
uint64_t camera_now_us(void);

// Camera time passes. What waits in the cache reaches the flash once it has waited long enough.
void camera_pass_us(uint64_t us);

// What a script has noted (sim.note), oldest first. `text` is copied; what is returned lives until the
// next note.
void camera_add_note(camera_text_t text);
size_t camera_note_count(void);
camera_text_t camera_note(size_t index);

#ifdef __cplusplus
}

#include <string>
#include <vector>

namespace boards {
class Camera;
}

// The notes, for who gives them from one run to the next.
std::vector<std::string>& camera_glue_notes();

// The camera that Python runs on from now on, and whose storage is `pyb.Flash`; null takes it away. It
// must outlive the interpreter.
void camera_glue_attach(boards::Camera* camera);
#endif

#endif // PYBFLASH_MICROPYTHON_PORT_CAMERA_GLUE_H
