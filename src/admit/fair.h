/*
 * fair - waiting lines, one a tenant, served in turn by bytes (deficit round robin).
 *
 * Runs in: admit.   Allocates: one line a tenant, at the start.
 * A tenant with a thousand requests waiting delays another's next one by one turn, not by a thousand.
 */
#ifndef SP_ADMIT_FAIR_H
#define SP_ADMIT_FAIR_H

#include "base/err.h"
#include "base/slice.h"

/* Stands inside of what waits; owned by the caller. */
struct sp_fair_item {
    struct sp_fair_item *next;
    uint64_t bytes;
};

struct sp_fair;

/* At most `all_max` items wait in all, and at most `line_max` of one tenant. */
enum sp_err sp_fair_new(size_t tenants, size_t all_max, size_t line_max, struct sp_fair **out)
    SP_MUST_CHECK SP_NONNULL(4);
void sp_fair_free(struct sp_fair *fair);

/* More tenants, behind those that are there. */
enum sp_err sp_fair_grow(struct sp_fair *fair, size_t tenants) SP_MUST_CHECK SP_NONNULL(1);

/* SP_ERR_BUSY when the tenant's own line is full, SP_ERR_FULL when all together are too many. */
enum sp_err sp_fair_push(struct sp_fair *fair, size_t tenant, struct sp_fair_item *item)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* The item whose turn it is, or NULL. */
struct sp_fair_item *sp_fair_pop(struct sp_fair *fair) SP_NONNULL(1);

/* Takes an item out of its tenant's line; false when it does not stand there. */
bool sp_fair_remove(struct sp_fair *fair, size_t tenant, const struct sp_fair_item *item)
    SP_NONNULL(1, 3);

size_t sp_fair_waiting(const struct sp_fair *fair) SP_NONNULL(1);

#endif
