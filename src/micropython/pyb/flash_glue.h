// What the Python class `pyb.Flash` needs from the flash stack, in plain C: no MicroPython types here,
// no exceptions from here, every function total. Numbers come as Python gave them.
#ifndef PYBFLASH_MICROPYTHON_PYB_FLASH_GLUE_H
#define PYBFLASH_MICROPYTHON_PYB_FLASH_GLUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Room for a flash::Partition, which owns nothing and may be forgotten without ceremony: MicroPython's
// garbage collector frees the object around it without telling anybody.
typedef struct {
    uintptr_t words[4];
} flash_glue_partition_t;

typedef struct {
    int status; // 0 or -errno
    int32_t value;
    bool known; // false: a command that has no answer
} flash_glue_answer_t;

// 0 as long as no storage is attached.
uint32_t flash_glue_storage_bytes(void);
uint32_t flash_glue_simple_block_bytes(void);
uint32_t flash_glue_native_block_bytes(void);

// May a partition lie there?
bool flash_glue_accepts(int64_t start, int64_t len);

// `start` and `len` have been accepted.
void flash_glue_partition_init(flash_glue_partition_t *partition, uint32_t start, uint32_t len);
uint32_t flash_glue_partition_start(const flash_glue_partition_t *partition);
uint32_t flash_glue_partition_len(const flash_glue_partition_t *partition);
uint32_t flash_glue_partition_block_bytes(const flash_glue_partition_t *partition);

// All return 0 or -errno; -EDOM stands for a buffer length (simple form) or an offset (extended form)
// that no device could accept.
int flash_glue_partition_read_blocks(flash_glue_partition_t *partition, int64_t block, void *buf, size_t len);
int flash_glue_partition_write_blocks(flash_glue_partition_t *partition, int64_t block, const void *buf, size_t len);
int flash_glue_partition_read_bytes(flash_glue_partition_t *partition, int64_t block, int64_t offset, void *buf, size_t len);
int flash_glue_partition_program_bytes(flash_glue_partition_t *partition, int64_t block, int64_t offset, const void *buf, size_t len);
flash_glue_answer_t flash_glue_partition_ioctl(flash_glue_partition_t *partition, int64_t command, int64_t argument);

// The whole storage behind its virtual partition table.
int flash_glue_drive_read_blocks(int64_t block, void *buf, size_t len);
int flash_glue_drive_write_blocks(int64_t block, const void *buf, size_t len);
flash_glue_answer_t flash_glue_drive_ioctl(int64_t command, int64_t argument);

#ifdef __cplusplus
}

namespace flash {
class Storage;
}

// The storage that Python sees from now on; null takes it away. It must outlive the interpreter.
void flash_glue_attach(flash::Storage* storage);
flash::Storage* flash_glue_storage();
#endif

#endif // PYBFLASH_MICROPYTHON_PYB_FLASH_GLUE_H
