/*
 * quota - what each tenant may use, held exactly: reserve before, settle or release after.
 *
 * Runs in: admit.   Allocates: one row a tenant, at the start.
 * Pure: time is passed in, tenants are numbers from 0. The rows live in memory; the calls are the ones that a store on
 * disk or a shared one answers as well.
 */
#ifndef SP_QUOTA_QUOTA_H
#define SP_QUOTA_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* 0 is no limit. */
struct sp_quota_limits {
    uint32_t requests_per_minute;
    uint32_t concurrent_runs;
};

enum sp_quota_limit { SP_QUOTA_NONE, SP_QUOTA_REQUESTS_PER_MINUTE, SP_QUOTA_CONCURRENT_RUNS };

/* Why not: which limit, how large, how much of it is used, when to ask again. */
struct sp_quota_refusal {
    enum sp_quota_limit limit;
    uint32_t size;
    uint32_t used;
    uint64_t after_us;
};

struct sp_quota;

enum sp_err sp_quota_new(size_t tenants, struct sp_quota **out) SP_MUST_CHECK SP_NONNULL(2);
void sp_quota_free(struct sp_quota *quota);

/* SP_ERR_RANGE for an impossible tenant or rate. */
enum sp_err sp_quota_set(struct sp_quota *quota, size_t tenant, struct sp_quota_limits limits) SP_MUST_CHECK
    SP_NONNULL(1);

/*
 * Takes one request and, with `is_run`, one of the concurrent runs: both or neither. SP_ERR_QUOTA fills in
 * `*out_refusal`. What was reserved as a run is given back by sp_quota_end_run exactly once.
 */
enum sp_err sp_quota_reserve(struct sp_quota *quota, size_t tenant, bool is_run, uint64_t now_us,
                             struct sp_quota_refusal *out_refusal) SP_MUST_CHECK SP_NONNULL(1, 5);
void sp_quota_end_run(struct sp_quota *quota, size_t tenant) SP_NONNULL(1);

uint32_t sp_quota_runs(const struct sp_quota *quota, size_t tenant) SP_NONNULL(1);

/* "requests_per_minute", as the configuration spells it. */
const char *sp_quota_limit_name(enum sp_quota_limit limit);

#endif
