#include "process/quotas.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/reader.h"
#include "process/settings.h"

static const char *advice(enum sp_err err)
{
    switch ((int)err) {
    case SP_ERR_BUSY:
        return "another process has it open";
    case SP_ERR_CORRUPT:
        return "it is damaged or no file of ours: restore it, or move it away and the quotas of "
               "today begin anew";
    case SP_ERR_UNSUPPORTED:
        return "another version of this program made it";
    default:
        return "see whether the disk is full or read-only";
    }
}

enum sp_err sp_quotas_open(struct sp_quotas *quotas, int dir, uint64_t cooldown_s)
{
    const struct sp_quota_time now = {.mono_us = sp_clock_mono_us(), .wall_us = sp_clock_wall_us()};
    enum sp_err err = sp_store_sqlite_open(dir, SP_QUOTA_FILE, &quotas->sqlite, &quotas->store);
    if (err == SP_OK) {
        err = sp_quota_open(&quotas->store, cooldown_s * 1000000U, now, &quotas->quota);
    }
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "admit.quota.unusable",
               "file=STATE/quota/" SP_QUOTA_FILE " error=%s why=\"%s\"", sp_err_name(err),
               advice(err));
    }
    return err;
}

static enum sp_err read_limits(struct sp_slice item, struct sp_quota_limits *out)
{
    struct sp_settings_limits s;
    if (item.len == 0) {
        *out = (struct sp_quota_limits){.of = {0}};
        return SP_OK;
    }
    SP_TRY(sp_settings_limits_read(item, &s));
    *out = (struct sp_quota_limits){.of = {[SP_LIMIT_REQUESTS] = s.requests_per_minute,
                                           [SP_LIMIT_RUNS] = s.concurrent_runs,
                                           [SP_LIMIT_SESSIONS] = s.sessions,
                                           [SP_LIMIT_RUN_TIME] = s.run_seconds_per_day * 1000U,
                                           [SP_LIMIT_CODE] = s.code_bytes_per_day,
                                           [SP_LIMIT_UPLOAD] = s.upload_bytes_per_day}};
    return SP_OK;
}

static enum sp_err put_organisation(struct sp_quotas *quotas, struct sp_slice item)
{
    struct sp_settings_organisation s;
    struct sp_quota_limits limits;
    uint32_t node = 0;
    SP_TRY(sp_settings_organisation_read(item, &s));
    SP_TRY(read_limits(s.quota, &limits));
    return sp_quota_put(quotas->quota, SP_LIMIT_OF_ORGANISATION, s.name, SP_QUOTA_NODE_NONE,
                        &limits, &node);
}

/* An organisation without limits of its own counts as well. */
static enum sp_err put_tenant(struct sp_quotas *quotas, struct sp_slice item,
                              struct sp_admit_share *out)
{
    struct sp_settings_tenant s;
    struct sp_quota_limits limits;
    uint32_t parent = SP_QUOTA_NODE_NONE;
    SP_TRY(sp_settings_tenant_read(item, &s));
    if (s.organisation.len > 0) {
        SP_TRY(sp_quota_find(quotas->quota, SP_LIMIT_OF_ORGANISATION, s.organisation, &parent));
    }
    SP_TRY(read_limits(s.quota, &limits));
    SP_TRY(read_limits(s.token_quota, &out->token_limits));
    return sp_quota_put(quotas->quota, SP_LIMIT_OF_TENANT, s.name, parent, &limits, &out->node);
}

static enum sp_err count_items(struct sp_slice list, size_t *out)
{
    struct sp_reader r;
    sp_reader_init(&r, list);
    for (*out = 0; sp_reader_left(&r) > 0; (*out)++) {
        struct sp_slice item = {NULL, 0};
        SP_TRY(sp_reader_block(&r, SP_SETTINGS_LIST_MAX, &item));
    }
    return SP_OK;
}

static enum sp_err put_tenants(struct sp_quotas *quotas, struct sp_slice list,
                               struct sp_admit_share *shares)
{
    struct sp_reader r;
    sp_reader_init(&r, list);
    for (size_t i = 0; sp_reader_left(&r) > 0; i++) {
        struct sp_slice item = {NULL, 0};
        SP_TRY(sp_reader_block(&r, SP_SETTINGS_LIST_MAX, &item));
        SP_TRY(put_tenant(quotas, item, &shares[i]));
    }
    return SP_OK;
}

enum sp_err sp_quotas_set(struct sp_quotas *quotas, struct sp_slice organisations,
                          struct sp_slice tenants)
{
    struct sp_reader r;
    size_t count = 0;
    sp_reader_init(&r, organisations);
    while (sp_reader_left(&r) > 0) {
        struct sp_slice item = {NULL, 0};
        SP_TRY(sp_reader_block(&r, SP_SETTINGS_LIST_MAX, &item));
        SP_TRY(put_organisation(quotas, item));
    }
    SP_TRY(count_items(tenants, &count));
    struct sp_admit_share *shares = calloc(count + 1, sizeof(*shares));
    if (shares == NULL) {
        return SP_ERR_NOMEM;
    }
    enum sp_err err = put_tenants(quotas, tenants, shares);
    if (err != SP_OK) {
        free(shares);
        return err;
    }
    free(quotas->shares);
    quotas->shares = shares;
    return SP_OK;
}
