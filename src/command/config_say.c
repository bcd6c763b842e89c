#include "command/config_say.h"

#include <stdio.h>

#include "process/authorities.h"
#include "process/policies.h"

#define WARNINGS_BYTES_MAX ((size_t)1024 * 1024)

static const char *name_of(const char *path)
{
    return path == NULL ? "sallyport" : path;
}

void sp_config_complain(const char *path, const struct sp_where *where)
{
    if (where->line == 0) {
        (void)fprintf(stderr, "%s: %s\n", name_of(path), where->text);
    } else {
        (void)fprintf(stderr, "%s:%u:%u: %s\n", name_of(path), where->line, where->column,
                      where->text);
    }
}

void sp_config_warn(const char *path, const struct sp_config *config)
{
    SP_AUTO_BUF struct sp_buf lines;
    sp_buf_init(&lines, WARNINGS_BYTES_MAX);
    if (sp_config_warnings(config, &lines) != SP_OK) {
        return;
    }
    struct sp_slice rest = sp_buf_slice(&lines);
    while (rest.len > 0) {
        size_t end = sp_slice_find(rest, 0, '\n');
        (void)fprintf(stderr, "%s:%.*s\n", name_of(path), (int)end, (const char *)rest.ptr);
        rest = sp_slice_sub(rest, end + 1, rest.len);
    }
}

static void complain_of_policy(const char *path, const struct sp_config_tenant *tenant,
                               enum sp_err err, const struct sp_where *where)
{
    struct sp_where here = {.text = {0}};
    const struct sp_config_place *place = &tenant->places[SP_CONFIG_AT_policy];
    if (err != SP_ERR_NOT_FOUND) {
        sp_config_complain(tenant->policy, where);
        return;
    }
    sp_where_set(&here, place->line, place->column,
                 "there is no policy '%s'; name a built-in one (data-science, strict, record-only) "
                 "or a file",
                 tenant->policy);
    sp_config_complain(path, &here);
}

/* The names that were seen so far: many tenants have few policies. */
struct seen {
    const char *names[SP_POLICIES_MAX];
    size_t count;
};

static bool is_seen(const struct seen *seen, const char *name)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (sp_slice_is(sp_slice_of(name), seen->names[i])) {
            return true;
        }
    }
    return false;
}

static bool complain_of_number(const char *path, const struct sp_config_tenant *tenant)
{
    struct sp_where here = {.text = {0}};
    const struct sp_config_place *place = &tenant->places[SP_CONFIG_AT_policy];
    sp_where_set(&here, place->line, place->column, "the tenants have more than %zu policies",
                 SP_POLICIES_MAX);
    sp_config_complain(path, &here);
    return false;
}

static bool policies_stand(const char *path, const struct sp_config *config)
{
    struct seen seen = {.count = 0};
    for (size_t i = 0; i < config->tenant_count; i++) {
        const struct sp_config_tenant *tenant = &config->tenants[i];
        if (is_seen(&seen, tenant->policy)) {
            continue;
        }
        if (seen.count == SP_POLICIES_MAX) {
            return complain_of_number(path, tenant);
        }
        seen.names[seen.count++] = tenant->policy;
        struct sp_policy policy;
        struct sp_where where = {.text = {0}};
        enum sp_err err =
            sp_policies_open(config->server_policies, tenant->policy, &policy, &where);
        if (err != SP_OK) {
            complain_of_policy(path, tenant, err, &where);
            return false;
        }
        sp_policy_done(&policy);
    }
    return true;
}

bool sp_config_files_stand(const char *path, const struct sp_config *config)
{
    struct sp_where where = {.text = {0}};
    if (!policies_stand(path, config)) {
        return false;
    }
    if (sp_authorities_stand(config, &where) != SP_OK) {
        sp_config_complain(path, &where);
        return false;
    }
    return true;
}
