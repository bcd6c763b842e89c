/*
 * store_memory - quotas in memory: for tests, measurements and a gateway that keeps nothing.
 *
 * Runs in: tests, benchmarks.   Allocates: a row each.
 * What was committed outlives whoever counts on it, as a file would; what was not committed is gone.
 */
#ifndef SP_QUOTA_STORE_MEMORY_H
#define SP_QUOTA_STORE_MEMORY_H

#include "quota/store.h"

struct sp_store_memory;

/* `*out_store` lives as long as `*out`. */
enum sp_err sp_store_memory_new(struct sp_store_memory **out, struct sp_quota_store *out_store)
    SP_MUST_CHECK SP_NONNULL(1, 2);
void sp_store_memory_free(struct sp_store_memory *store);

/* The next commits fail with this error, until SP_OK is set. */
void sp_store_memory_fail(struct sp_store_memory *store, enum sp_err err) SP_NONNULL(1);

/* Grants at most so much beyond what each row had, as a store that others share; UINT64_MAX is without bound. */
void sp_store_memory_share(struct sp_store_memory *store, uint64_t most) SP_NONNULL(1);

uint64_t sp_store_memory_commits(const struct sp_store_memory *store) SP_NONNULL(1);

#endif
