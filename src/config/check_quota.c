/* Rules between quotas, and which organisation a tenant belongs to. */
#include "config/row.h"
#include "config/tenants.h"

/* What a run asks for whose body names no time. */
#define USUAL_SECONDS 60U

struct rule {
    uint64_t run_seconds;
    struct sp_config_place run_place;
    uint64_t code_bytes;
    struct sp_config_place code_place;
};

#define RULES_OF_TENANT 2U

static void rules_of(const struct sp_config_tenant *t, struct rule out[RULES_OF_TENANT])
{
    out[0] = (struct rule){
        t->quota_run_seconds_per_day, t->places[SP_CONFIG_AT_quota_run_seconds_per_day],
        t->quota_code_bytes_per_day, t->places[SP_CONFIG_AT_quota_code_bytes_per_day]};
    out[1] = (struct rule){
        t->token_quota_run_seconds_per_day, t->places[SP_CONFIG_AT_token_quota_run_seconds_per_day],
        t->token_quota_code_bytes_per_day, t->places[SP_CONFIG_AT_token_quota_code_bytes_per_day]};
}

static struct rule rule_of(const struct sp_config_organisation *o)
{
    return (struct rule){o->quota_run_seconds_per_day,
                         o->places[SP_CONFIG_ORGANISATION_AT_quota_run_seconds_per_day],
                         o->quota_code_bytes_per_day,
                         o->places[SP_CONFIG_ORGANISATION_AT_quota_code_bytes_per_day]};
}

static enum sp_err check_belonging(const struct sp_config *c, const struct sp_config_tenant *t,
                                   struct sp_where *where)
{
    if (*t->organisation == '\0') {
        return SP_OK;
    }
    if (sp_config_organisation(c, t->organisation) != NULL) {
        return SP_OK;
    }
    const struct sp_config_place place = t->places[SP_CONFIG_AT_organisation];
    sp_where_set(where, place.line, place.column, "there is no [[organisation]] with this name");
    return SP_ERR_CONFIG;
}

enum sp_err sp_config_check_quotas(const struct sp_config *config, struct sp_where *where)
{
    for (size_t i = 0; i < config->tenant_count; i++) {
        SP_TRY(check_belonging(config, &config->tenants[i], where));
    }
    return SP_OK;
}

/* A body of unknown length counts as the largest one until it is here. */
static enum sp_err warn_of(const struct sp_config *config, const struct rule *rule,
                           struct sp_buf *out)
{
    if (rule->run_seconds != 0 && rule->run_seconds < USUAL_SECONDS) {
        SP_TRY(sp_buf_putf(out,
                           "%u:%u: 'run_seconds_per_day' is less than the %u seconds that a run "
                           "asks for whose body has no timeoutInSeconds: it is never let in\n",
                           rule->run_place.line, rule->run_place.column, USUAL_SECONDS));
    }
    if (rule->code_bytes == 0 || rule->code_bytes >= config->limits_body_bytes) {
        return SP_OK;
    }
    return sp_buf_putf(out,
                       "%u:%u: 'code_bytes_per_day' is less than one body may have: larger ones "
                       "are never let in\n",
                       rule->code_place.line, rule->code_place.column);
}

enum sp_err sp_config_warnings(const struct sp_config *config, struct sp_buf *out)
{
    for (size_t i = 0; i < config->tenant_count; i++) {
        struct rule rules[RULES_OF_TENANT];
        rules_of(&config->tenants[i], rules);
        SP_TRY(warn_of(config, &rules[0], out));
        SP_TRY(warn_of(config, &rules[1], out));
    }
    for (size_t i = 0; i < config->organisation_count; i++) {
        const struct rule rule = rule_of(&config->organisations[i]);
        SP_TRY(warn_of(config, &rule, out));
    }
    return SP_OK;
}
