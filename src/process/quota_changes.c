#include "process/quota_changes.h"

#include <stddef.h>

#include "config/tenants.h"
#include "process/identities.h"
#include "process/settings.h"

/* Where each limit stands; all are whole numbers in the units of the configuration. */
#define ROW(limit, field)                                                                          \
    {                                                                                              \
        (limit),                                                                                   \
        {                                                                                          \
            offsetof(struct sp_config_tenant, quota_##field),                                      \
                offsetof(struct sp_config_tenant, token_quota_##field),                            \
                offsetof(struct sp_config_organisation, quota_##field)                             \
        }                                                                                          \
    }
static const struct {
    enum sp_limit limit;
    size_t at
        [SP_LIMIT_SCOPE_COUNT]; /* of a tenant, of each of its tokens, of an organisation: see column_of */
} limits[] = {
    ROW(SP_LIMIT_REQUESTS, requests_per_minute),
    ROW(SP_LIMIT_RUNS, concurrent_runs),
    ROW(SP_LIMIT_SESSIONS, sessions),
    ROW(SP_LIMIT_RUN_TIME, run_seconds_per_day),
    ROW(SP_LIMIT_CODE, code_bytes_per_day),
    ROW(SP_LIMIT_UPLOAD, upload_bytes_per_day),
};

/* An owner of limits as it was and as it is. */
struct owner {
    enum sp_limit_scope scope;
    const char *name;
    const void *old;
    const void *fresh;
};

struct list {
    int identities; /* the directory of keys that hide names, or -1 */
    struct sp_writer w;
    size_t count;
    uint64_t more;
    struct sp_buf
        held_changes; /* the latest is held back until it is known whether it is the last one */
    struct owner held_owner;
    bool is_holding;
};

static size_t column_of(enum sp_limit_scope scope)
{
    switch (scope) {
    case SP_LIMIT_OF_TENANT:
        return 0;
    case SP_LIMIT_OF_TOKEN:
        return 1;
    case SP_LIMIT_OF_ORGANISATION:
    case SP_LIMIT_SCOPE_COUNT:
        break;
    }
    return 2;
}

static uint64_t value_at(const void *base, size_t at)
{
    const uint64_t *value = (const uint64_t *)(const void *)((const char *)base + at);
    return *value;
}

/* Blocks of text: the limit, what it was, what it is. */
static enum sp_err put_changes(const struct owner *owner, struct sp_buf *out)
{
    struct sp_writer w;
    sp_writer_init(&w, out);
    for (size_t i = 0; i < SP_COUNT(limits); i++) {
        const size_t at = limits[i].at[column_of(owner->scope)];
        const uint64_t old = value_at(owner->old, at);
        const uint64_t fresh = value_at(owner->fresh, at);
        SP_AUTO_BUF struct sp_buf text;
        sp_buf_init(&text, SP_MSG_DETAIL_MAX);
        SP_TRY(sp_buf_putf(&text, "%s %llu %llu", sp_limit_key(limits[i].limit),
                           (unsigned long long)old, (unsigned long long)fresh));
        if (old != fresh) {
            sp_writer_block(&w, sp_buf_slice(&text));
        }
    }
    return sp_writer_end(&w);
}

/* A tenant's name as the log has it. */
static enum sp_err name_in_log(const struct list *list, char out[SP_VEIL_CHARS + 1],
                               struct sp_slice *out_name)
{
    uint8_t key[SP_VEIL_KEY_BYTES];
    const struct owner *owner = &list->held_owner;
    *out_name = sp_slice_of(owner->name);
    if (list->identities < 0 || owner->scope == SP_LIMIT_OF_ORGANISATION) {
        return SP_OK;
    }
    SP_TRY(sp_identity_need(list->identities, owner->name, key));
    SP_TRY(sp_veil_text(sp_slice_make(key, sizeof(key)), SP_VEIL_TENANT, *out_name, out));
    *out_name = sp_slice_of(out);
    return SP_OK;
}

static enum sp_err write_out(struct list *list)
{
    char form[SP_VEIL_CHARS + 1];
    struct sp_slice name = {NULL, 0};
    struct sp_writer w;
    if (!list->is_holding) {
        return SP_OK;
    }
    SP_TRY(name_in_log(list, form, &name));
    SP_AUTO_BUF struct sp_buf encoded;
    sp_buf_init(&encoded, SP_SETTINGS_LIST_MAX);
    const struct sp_settings_quota quota = {.scope = (uint8_t)list->held_owner.scope,
                                            .name = name,
                                            .changes = sp_buf_slice(&list->held_changes),
                                            .more = list->more};
    sp_writer_init(&w, &encoded);
    sp_settings_quota_write(&w, &quota);
    SP_TRY(sp_writer_end(&w));
    sp_writer_block(&list->w, sp_buf_slice(&encoded));
    list->is_holding = false;
    return SP_OK;
}

static enum sp_err compare(struct list *list, const struct owner *owner)
{
    SP_AUTO_BUF struct sp_buf changes;
    sp_buf_init(&changes, SP_MSG_MODULES_MAX);
    SP_TRY(put_changes(owner, &changes));
    if (changes.len == 0) {
        return SP_OK;
    }
    if (list->count == SP_SETTINGS_QUOTAS_MAX) {
        list->more++;
        return SP_OK;
    }
    SP_TRY(write_out(list));
    list->count++;
    list->held_owner = *owner;
    list->is_holding = true;
    sp_buf_clear(&list->held_changes);
    return sp_buf_put(&list->held_changes, sp_buf_slice(&changes));
}

static enum sp_err compare_tenant(struct list *list, const struct sp_config *old,
                                  const struct sp_config_tenant *fresh)
{
    const struct sp_config_tenant *former = sp_config_tenant(old, fresh->name);
    struct owner owner = {SP_LIMIT_OF_TENANT, fresh->name, former, fresh};
    if (former == NULL) {
        return SP_OK;
    }
    SP_TRY(compare(list, &owner));
    owner.scope = SP_LIMIT_OF_TOKEN;
    return compare(list, &owner);
}

static enum sp_err compare_organisation(struct list *list, const struct sp_config *old,
                                        const struct sp_config_organisation *fresh)
{
    const struct sp_config_organisation *former = sp_config_organisation(old, fresh->name);
    const struct owner owner = {SP_LIMIT_OF_ORGANISATION, fresh->name, former, fresh};
    return former == NULL ? SP_OK : compare(list, &owner);
}

static enum sp_err compare_all(struct list *list, const struct sp_config *old,
                               const struct sp_config *fresh)
{
    for (size_t i = 0; i < fresh->tenant_count; i++) {
        SP_TRY(compare_tenant(list, old, &fresh->tenants[i]));
    }
    for (size_t i = 0; i < fresh->organisation_count; i++) {
        SP_TRY(compare_organisation(list, old, &fresh->organisations[i]));
    }
    SP_TRY(write_out(list));
    return sp_writer_end(&list->w);
}

enum sp_err sp_quota_changes(const struct sp_config *old, const struct sp_config *fresh,
                             int identities, struct sp_buf *out)
{
    struct list list = {.count = 0, .identities = identities};
    sp_writer_init(&list.w, out);
    sp_buf_init(&list.held_changes, SP_MSG_MODULES_MAX);
    enum sp_err err = compare_all(&list, old, fresh);
    sp_buf_done(&list.held_changes);
    return err;
}
