#include "os/schedule.h"

#include <malloc.h>
#include <sched.h>

/* Idle memory that malloc keeps at the end of its heap, and from which size on a block is mapped by itself. */
#define KEPT_BYTES   (16 * 1024 * 1024)
#define MAPPED_BYTES (2 * 1024 * 1024)

enum sp_err sp_schedule_in_batches(void)
{
    const struct sched_param none = {.sched_priority = 0};
    /* A sanitizer's malloc has no such settings. The second does not follow what is freed once the first is set. */
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
    return sched_setscheduler(0, SCHED_BATCH, &none) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

void sp_schedule_rest(void)
{
    (void)malloc_trim(0);
}
