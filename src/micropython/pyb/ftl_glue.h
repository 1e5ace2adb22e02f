// What the Python class `flash.Ftl` needs from the translation layer, in plain C; as in flash_glue.h, nothing
// here raises.
#ifndef PYBFLASH_MICROPYTHON_PYB_FTL_GLUE_H
#define PYBFLASH_MICROPYTHON_PYB_FTL_GLUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Room for a layer and the slice that it is on. Like a partition's it may be forgotten without ceremony, but it
// must not move.
typedef struct {
    uint64_t words[240];
} ftl_glue_t;

// What a mount found; in the order of ftl::Finding.
typedef enum {
    FTL_SOUND,
    FTL_BLANK,
    FTL_FOREIGN,
    FTL_OTHER_VERSION,
    FTL_OTHER_LAYOUT,
    FTL_DAMAGED,
} ftl_finding_t;

// All return 0 or -errno, as the functions of ftl::Ftl do. A layer whose slice was mounted or formatted as
// another one since, or part of it, answers -ENODEV.

// -EINVAL: a slice of the storage that cannot hold a layer. Nothing else may be called then.
int ftl_glue_init(ftl_glue_t *layer, uint32_t start, uint32_t len);
int ftl_glue_mount(ftl_glue_t *layer, ftl_finding_t *finding);
int ftl_glue_format(ftl_glue_t *layer);

uint32_t ftl_glue_block_count(const ftl_glue_t *layer);

int ftl_glue_read(ftl_glue_t *layer, int64_t block, void *buf, size_t len);
int ftl_glue_write(ftl_glue_t *layer, int64_t block, const void *buf, size_t len);
int ftl_glue_trim(ftl_glue_t *layer, int64_t block, int64_t count);
int ftl_glue_sync(ftl_glue_t *layer);
int ftl_glue_poll(ftl_glue_t *layer, bool *is_done);

#ifdef __cplusplus
}
#endif

#endif // PYBFLASH_MICROPYTHON_PYB_FTL_GLUE_H
