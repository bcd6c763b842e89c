#include "os/schedule.h"

#include <malloc.h>
#include <sched.h>

/* Idle memory that malloc keeps at the end of its heap. */
#define KEPT_BYTES (16 * 1024 * 1024)

enum sp_err sp_schedule_in_batches(void)
{
    const struct sched_param none = {.sched_priority = 0};
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES); /* a sanitizer's malloc has no such setting */
    return sched_setscheduler(0, SCHED_BATCH, &none) == 0 ? SP_OK : SP_ERR_SYSTEM;
}
