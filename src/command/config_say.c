#include "command/config_say.h"

#include <stdio.h>

#include "process/policies.h"

#define WARNINGS_BYTES_MAX ((size_t)1024 * 1024)

static const char *name_of(const char *path)
{
    return path == NULL ? "(defaults)" : path;
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

static void complain_of_policy(const char *path, const struct sp_config_tenant *tenant, enum sp_err err,
                               const struct sp_where *where)
{
    struct sp_where here = {.text = {0}};
    const struct sp_config_place *place = &tenant->places[SP_CONFIG_AT_policy];
    if (err != SP_ERR_NOT_FOUND) {
        sp_config_complain(tenant->policy, where);
        return;
    }
    sp_where_set(&here, place->line, place->column,
                 "there is no policy '%s'; name a built-in one (data-science, strict, record-only) or a file",
                 tenant->policy);
    sp_config_complain(path, &here);
}

bool sp_config_policies_stand(const char *path, const struct sp_config *config)
{
    for (size_t i = 0; i < config->tenant_count; i++) {
        const struct sp_config_tenant *tenant = &config->tenants[i];
        struct sp_policy policy;
        struct sp_where where = {.text = {0}};
        enum sp_err err = sp_policies_open(config->server_policies, tenant->policy, &policy, &where);
        if (err != SP_OK) {
            complain_of_policy(path, tenant, err, &where);
            return false;
        }
        sp_policy_done(&policy);
    }
    return true;
}
