#include "process/policies.h"

#include "base/log.h"
#include "crypto/hash.h"
#include "os/files.h"
#include "policy/judge.h"

const struct sp_policy_in_force *sp_policies_find(const struct sp_policies *policies,
                                                  struct sp_slice name)
{
    for (size_t i = 0; i < policies->count; i++) {
        if (sp_slice_is(name, policies->items[i].name)) {
            return &policies->items[i];
        }
    }
    return NULL;
}

/* A policy that fails its own tests says something else than its author meant. */
static enum sp_err run_tests(const struct sp_policy *policy, struct sp_where *out_where)
{
    struct sp_table table = {.target_count = 0};
    SP_TRY(sp_table_builtin(&table, out_where));
    SP_AUTO_JUDGE struct sp_judge *judge = NULL;
    enum sp_err err = sp_judge_new(&table, (size_t)policy->limits.code_bytes, &judge);
    if (err == SP_OK) {
        err = sp_judge_test(judge, policy, out_where);
    }
    sp_table_done(&table);
    return err;
}

/* `dir`/NAME.toml when the configuration has a directory of its own, else the shipped policy of that name. */
enum sp_err sp_policies_open(const char *dir, const char *name, struct sp_policy *out,
                             struct sp_where *out_where)
{
    SP_AUTO_BUF struct sp_buf path;
    sp_buf_init(&path, SP_FILE_PATH_MAX);
    if (dir[0] == '\0') {
        return sp_policy_open(sp_slice_of(name), out, out_where);
    }
    SP_TRY(sp_buf_putf(&path, "%s/%s.toml", dir, name));
    return sp_policy_open(sp_buf_slice(&path), out, out_where);
}

static enum sp_err load_one(const char *dir, const char *name, struct sp_policy_in_force *out,
                            struct sp_where *out_where)
{
    struct sp_policy policy;
    sp_slice_to_text(sp_slice_of(name), out->name, sizeof(out->name));
    SP_TRY(sp_policies_open(dir, name, &policy, out_where));
    enum sp_err err = run_tests(&policy, out_where);
    if (err == SP_OK) {
        err = sp_policy_print(&policy, &out->text);
    }
    sp_policy_done(&policy);
    SP_TRY(err);
    return sp_sha256(sp_buf_slice(&out->text), out->digest);
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
        struct sp_where where = {.text = {0}};
        enum sp_err err = load_one(config->server_policies, name, item, &where);
        if (err != SP_OK) {
            sp_log(SP_LOG_ERROR, "policy.refused",
                   "policy=%s line=%u column=%u error=%s why=\"%s\"", name, where.line,
                   where.column, sp_err_name(err), where.text);
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
