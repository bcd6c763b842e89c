/*
 * credit - bytes of bodies in flight, granted before they are read: a bound in all, and a share of it a tenant.
 *
 * Runs in: admit.   Allocates: one row a tenant, at the start.
 */
#ifndef SP_ADMIT_CREDIT_H
#define SP_ADMIT_CREDIT_H

#include "base/err.h"
#include "base/slice.h"

struct sp_credit;

/* `one_max` is the largest single body; a tenant's share is a quarter of `all_max`, and at least one such body. */
enum sp_err sp_credit_new(size_t tenants, uint64_t all_max, uint64_t one_max,
                          struct sp_credit **out) SP_MUST_CHECK SP_NONNULL(4);
void sp_credit_free(struct sp_credit *credit);

/* More tenants, behind those that are there. */
enum sp_err sp_credit_grow(struct sp_credit *credit, size_t tenants) SP_MUST_CHECK SP_NONNULL(1);

/* SP_ERR_BUSY when the tenant's share is used up, SP_ERR_UNAVAILABLE when all of it is. */
enum sp_err sp_credit_take(struct sp_credit *credit, size_t tenant, uint64_t bytes)
    SP_MUST_CHECK SP_NONNULL(1);
void sp_credit_give(struct sp_credit *credit, size_t tenant, uint64_t bytes) SP_NONNULL(1);

uint64_t sp_credit_used(const struct sp_credit *credit) SP_NONNULL(1);

#endif
