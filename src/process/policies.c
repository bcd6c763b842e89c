#include "process/policies.h"

#include <stdio.h>

#include "base/log.h"

const struct sp_policy_in_force *sp_policies_find(const struct sp_policies *policies, struct sp_slice name)
{
    for (size_t i = 0; i < policies->count; i++) {
        if (sp_slice_is(name, policies->items[i].name)) {
            return &policies->items[i];
        }
    }
    return NULL;
}

static enum sp_err load_one(const struct sp_config *config, const char *name, struct sp_policy_in_force *out)
{
    (void)config;
    (void)snprintf(out->name, sizeof(out->name), "%s", name);
    return SP_OK;
}

enum sp_err sp_policies_load(const struct sp_config *config, struct sp_policies *out)
{
    out->count = 0;
    for (size_t i = 0; i < config->tenant_count; i++) {
        const char *name = config->tenants[i].policy;
        if (sp_policies_find(out, sp_slice_of(name)) != NULL) {
            continue;
        }
        if (out->count >= SP_POLICIES_MAX) {
            return SP_ERR_CONFIG;
        }
        struct sp_policy_in_force *item = &out->items[out->count];
        *item = (struct sp_policy_in_force){.name = ""};
        sp_buf_init(&item->text, (size_t)1024 * 1024);
        out->count++;
        enum sp_err err = load_one(config, name, item);
        if (err != SP_OK) {
            sp_log(SP_LOG_ERROR, "policy.refused", "policy=%s error=%s", name, sp_err_name(err));
            return SP_ERR_CONFIG;
        }
    }
    return SP_OK;
}

void sp_policies_done(struct sp_policies *policies)
{
    for (size_t i = 0; i < policies->count; i++) {
        sp_buf_done(&policies->items[i].text);
    }
    policies->count = 0;
}
