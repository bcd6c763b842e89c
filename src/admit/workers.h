/*
 * workers - which inspect worker gets the next job: at most one running and one waiting each.
 *
 * Runs in: admit.   Allocates: never.
 * A worker that lost a job has died: it rests for a while that doubles with every further loss, and is tried again.
 */
#ifndef SP_ADMIT_WORKERS_H
#define SP_ADMIT_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

#define SP_WORKERS_MAX     64U
#define SP_WORKER_JOBS_MAX 2U
#define SP_WORKER_REST_US  ((uint64_t)100000)
#define SP_WORKER_REST_MAX ((uint64_t)5000000)

struct sp_worker {
    unsigned jobs;
    unsigned losses; /* since its last verdict */
    uint64_t rests_until_us;
};

struct sp_workers {
    unsigned count;
    unsigned large_from; /* those from this number on inspect large files, and nothing else */
    struct sp_worker all[SP_WORKERS_MAX];
};

/* `large` of them, behind the others, are for large files. */
void sp_workers_init(struct sp_workers *workers, unsigned count, unsigned large) SP_NONNULL(1);

/* Books the least busy worker of its kind that is awake; false when there is none. */
bool sp_workers_book(struct sp_workers *workers, bool is_large, uint64_t now_us, unsigned *out)
    SP_NONNULL(1, 4);

/* Its job is over: with a verdict, or by its loss. */
void sp_workers_done(struct sp_workers *workers, unsigned worker) SP_NONNULL(1);
void sp_workers_lost(struct sp_workers *workers, unsigned worker, uint64_t now_us) SP_NONNULL(1);

/* The job is taken back: it never reached the worker. */
void sp_workers_unbook(struct sp_workers *workers, unsigned worker) SP_NONNULL(1);

#endif
