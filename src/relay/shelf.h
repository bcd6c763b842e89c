/*
 * shelf - results of runs that nobody waited for, until they are asked for or too old.
 *
 * Runs in: relay.   Input: results of runs.   Allocates: each result, bounded in all.
 * A run is found by its session at the pool and its id together. That session's name is a keyed hash of tenant and
 * identifier, so that nobody finds another tenant's run.
 */
#ifndef SP_RELAY_SHELF_H
#define SP_RELAY_SHELF_H

#include "api/product.h"

#define SP_SHELF_ENTRIES_MAX 1024U
#define SP_SHELF_BYTES_MAX   ((size_t)64 * 1024 * 1024)
#define SP_SHELF_OF_OWNER    256U /* entries of one tenant, and the bytes of their results */
#define SP_SHELF_OWNER_BYTES ((size_t)16 * 1024 * 1024)
#define SP_SHELF_KEEP_US     ((uint64_t)600 * 1000000U) /* after a run's end */
#define SP_SHELF_NAME_MAX    ((size_t)128)

struct sp_shelf;

enum sp_err sp_shelf_new(struct sp_shelf **out) SP_MUST_CHECK SP_NONNULL(1);
void sp_shelf_free(struct sp_shelf *shelf);

/*
 * A run begins. `*out_ticket` (never 0) ends it. SP_ERR_CONFLICT for one of this name that still runs; one that ended
 * makes room. A tenant that has its share forgets its own oldest. SP_ERR_FULL when all places (or all of the tenant's)
 * are taken by runs that go on or ended a moment ago.
 */
enum sp_err sp_shelf_begin(struct sp_shelf *shelf, uint32_t owner, struct sp_slice session,
                           struct sp_slice id, uint64_t now_us, uint32_t *out_ticket)
    SP_MUST_CHECK SP_NONNULL(1, 6);

/* It ended; `execution` is copied. A result for which there is no room is kept as broken, and says so. */
void sp_shelf_end(struct sp_shelf *shelf, uint32_t ticket, const struct sp_execution *execution,
                  uint64_t now_us) SP_NONNULL(1, 3);

/* It never began. */
void sp_shelf_drop(struct sp_shelf *shelf, uint32_t ticket) SP_NONNULL(1);

/* SP_ERR_EXECUTION_NOT_FOUND; `out` borrows until the next call of any other function. */
enum sp_err sp_shelf_find(const struct sp_shelf *shelf, struct sp_slice session, struct sp_slice id,
                          struct sp_execution *out) SP_MUST_CHECK SP_NONNULL(1, 4);

/* Forgets what is too old. About once a second. */
void sp_shelf_tick(struct sp_shelf *shelf, uint64_t now_us) SP_NONNULL(1);

#endif
