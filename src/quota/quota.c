#include "quota/quota.h"

#include <stdlib.h>

#include "base/assert.h"
#include "quota/rate.h"

/* A run's end cannot be foreseen: a second is when to look again. */
#define RUN_RETRY_US ((uint64_t)1000000)

struct row {
    struct sp_quota_limits limits;
    struct sp_rate rate;
    uint32_t runs;
};

struct sp_quota {
    size_t tenants;
    struct row *rows;
};

enum sp_err sp_quota_new(size_t tenants, struct sp_quota **out)
{
    struct sp_quota *quota = calloc(1, sizeof(*quota));
    if (quota == NULL) {
        return SP_ERR_NOMEM;
    }
    quota->rows = calloc(tenants == 0 ? 1 : tenants, sizeof(*quota->rows));
    if (quota->rows == NULL) {
        free(quota);
        return SP_ERR_NOMEM;
    }
    quota->tenants = tenants;
    *out = quota;
    return SP_OK;
}

void sp_quota_free(struct sp_quota *quota)
{
    if (quota != NULL) {
        free(quota->rows);
        free(quota);
    }
}

enum sp_err sp_quota_set(struct sp_quota *quota, size_t tenant, struct sp_quota_limits limits)
{
    if (tenant >= quota->tenants || limits.requests_per_minute > SP_RATE_PER_MINUTE_MAX) {
        return SP_ERR_RANGE;
    }
    quota->rows[tenant].limits = limits;
    return SP_OK;
}

enum sp_err sp_quota_reserve(struct sp_quota *quota, size_t tenant, bool is_run, uint64_t now_us,
                             struct sp_quota_refusal *out_refusal)
{
    SP_ASSERT(tenant < quota->tenants);
    struct row *row = &quota->rows[tenant];
    const struct sp_quota_limits *limits = &row->limits;
    uint64_t after_us = 0;
    /* The count that costs nothing to ask comes first, so that a refusal by it takes no request away. */
    if (is_run && limits->concurrent_runs != 0 && row->runs >= limits->concurrent_runs) {
        *out_refusal = (struct sp_quota_refusal){SP_QUOTA_CONCURRENT_RUNS, limits->concurrent_runs, row->runs, RUN_RETRY_US};
        return SP_ERR_QUOTA;
    }
    enum sp_err err = sp_rate_take(&row->rate, limits->requests_per_minute, now_us, &after_us);
    if (err == SP_ERR_QUOTA) {
        uint32_t size = limits->requests_per_minute;
        uint32_t used = size - sp_rate_free(&row->rate, size, now_us);
        *out_refusal = (struct sp_quota_refusal){SP_QUOTA_REQUESTS_PER_MINUTE, size, used, after_us};
    }
    SP_TRY(err);
    row->runs += is_run ? 1 : 0;
    return SP_OK;
}

void sp_quota_end_run(struct sp_quota *quota, size_t tenant)
{
    SP_ASSERT(tenant < quota->tenants && quota->rows[tenant].runs > 0);
    quota->rows[tenant].runs--;
}

uint32_t sp_quota_runs(const struct sp_quota *quota, size_t tenant)
{
    return tenant < quota->tenants ? quota->rows[tenant].runs : 0;
}

const char *sp_quota_limit_name(enum sp_quota_limit limit)
{
    switch (limit) {
    case SP_QUOTA_NONE:
        return "none";
    case SP_QUOTA_REQUESTS_PER_MINUTE:
        return "requests_per_minute";
    case SP_QUOTA_CONCURRENT_RUNS:
        return "concurrent_runs";
    }
    return "none";
}
