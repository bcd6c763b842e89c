/* [[issuer]] and its rules, and the client certificates of tenants: reading, and the rules between the values. */
#include <stdlib.h>
#include <strings.h>

#include "api/scope.h"
#include "base/own.h"
#include "base/text.h"
#include "codec/url.h"
#include "config/row.h"
#include "config/tenants.h"

#define DIGEST_PREFIX  "sha256:"
#define SUBJECT_PREFIX "subject:"
#define DIGEST_CHARS   ((size_t)64)

static struct sp_config_place place_of(const struct sp_toml_value *value)
{
    const struct sp_toml_place place = sp_toml_place(value);
    return (struct sp_config_place){place.line, place.column};
}

static enum sp_err refuse(struct sp_where *where, struct sp_config_place place, const char *reason)
{
    sp_where_set(where, place.line, place.column, "%s", reason);
    return SP_ERR_CONFIG;
}

/* --- reading --- */

/* The number of tables of an array, 0 when there is none; anything else is refused. */
static enum sp_err count_tables(const struct sp_toml_value *array, const char *name, size_t max,
                                size_t *out, struct sp_where *where)
{
    *out = 0;
    if (array == NULL) {
        return SP_OK;
    }
    bool is_right = sp_toml_type(array) == SP_TOML_ARRAY && sp_toml_count(array) <= max;
    for (const struct sp_toml_value *v = is_right ? sp_toml_first(array) : NULL; v != NULL;
         v = sp_toml_next(v)) {
        is_right = is_right && sp_toml_type(v) == SP_TOML_TABLE;
    }
    if (!is_right) {
        const struct sp_toml_place place = sp_toml_key_place(array);
        sp_where_set(where, place.line, place.column, "it is written as [[%s]], at most %zu", name,
                     max);
        return SP_ERR_CONFIG;
    }
    *out = sp_toml_count(array);
    return SP_OK;
}

static enum sp_err read_rules(struct sp_config *config, struct sp_config_issuer *issuer,
                              const struct sp_toml_value *array, struct sp_where *where)
{
    size_t count = 0;
    SP_TRY(count_tables(array, "issuer.rule", SP_CONFIG_RULES_MAX, &count, where));
    issuer->rules = sp_config_keep(config, (count + 1) * sizeof(*issuer->rules));
    if (issuer->rules == NULL) {
        return SP_ERR_NOMEM;
    }
    for (const struct sp_toml_value *v = count == 0 ? NULL : sp_toml_first(array); v != NULL;
         v = sp_toml_next(v)) {
        struct sp_config_rule *rule = &issuer->rules[issuer->rule_count++];
        rule->place = place_of(v);
        SP_TRY(sp_config_read_group(config, sp_config_rule_group(rule), v, NULL, where));
    }
    return SP_OK;
}

enum sp_err sp_config_read_issuers(struct sp_config *config, const struct sp_toml_value *array,
                                   struct sp_where *where)
{
    size_t count = 0;
    SP_TRY(count_tables(array, "issuer", SP_CONFIG_ISSUERS_MAX, &count, where));
    config->issuers = sp_config_keep(config, (count + 1) * sizeof(*config->issuers));
    if (config->issuers == NULL) {
        return SP_ERR_NOMEM;
    }
    for (const struct sp_toml_value *v = count == 0 ? NULL : sp_toml_first(array); v != NULL;
         v = sp_toml_next(v)) {
        struct sp_config_issuer *issuer = &config->issuers[config->issuer_count++];
        issuer->place = place_of(v);
        SP_TRY(sp_config_read_group(config, sp_config_issuer_group(issuer), v, "rule", where));
        SP_TRY(read_rules(config, issuer, sp_toml_get(v, "rule"), where));
    }
    return SP_OK;
}

/* --- rules between values --- */

static bool is_issuer_name(const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        if (!sp_text_is_digit((uint8_t)*at) && !(*at >= 'a' && *at <= 'z') && *at != '-') {
            return false;
        }
    }
    /* `cert` stands before what is known by a client certificate. */
    return *name != '\0' && !sp_slice_is(sp_slice_of(name), "cert");
}

static bool is_same(const char *a, const char *b)
{
    return *a != '\0' && sp_slice_is(sp_slice_of(a), b);
}

static bool shares_directory(const struct sp_config_issuer *a, const struct sp_config_issuer *b)
{
    for (size_t i = 0; i < a->entra_directories.count; i++) {
        for (size_t k = 0; k < b->entra_directories.count; k++) {
            if (is_same(a->entra_directories.items[i], b->entra_directories.items[k])) {
                return true;
            }
        }
    }
    return false;
}

/* Two that claim the same tokens: which one decided would depend on their order. */
static enum sp_err check_different(const struct sp_config *c, size_t index, struct sp_where *where)
{
    const struct sp_config_issuer *issuer = &c->issuers[index];
    for (size_t i = 0; i < index; i++) {
        if (is_same(issuer->name, c->issuers[i].name)) {
            return refuse(where, issuer->places[SP_CONFIG_ISSUER_AT_name],
                          "two issuers have this name");
        }
        if (is_same(issuer->issuer, c->issuers[i].issuer)) {
            return refuse(where, issuer->places[SP_CONFIG_ISSUER_AT_issuer],
                          "two issuers have this 'issuer': put their rules and audiences into one");
        }
        if (shares_directory(issuer, &c->issuers[i])) {
            return refuse(
                where, issuer->places[SP_CONFIG_ISSUER_AT_entra_directories],
                "two issuers have this directory: put their rules and audiences into one");
        }
    }
    return SP_OK;
}

static bool is_condition(struct sp_slice text)
{
    const size_t at = sp_slice_find(text, 0, '=');
    return at > 0 && at <= 64 && at + 1 < text.len;
}

static enum sp_err check_rule(const struct sp_config *c, const struct sp_config_rule *rule,
                              struct sp_where *where)
{
    unsigned scope = 0;
    if (sp_config_tenant(c, rule->tenant) == NULL) {
        const struct sp_config_place place = rule->places[SP_CONFIG_RULE_AT_tenant];
        return refuse(where, place.line == 0 ? rule->place : place,
                      "each [[issuer.rule]] needs a 'tenant' that is there");
    }
    for (size_t i = 0; i < rule->match.count; i++) {
        if (!is_condition(sp_slice_of(rule->match.items[i]))) {
            return refuse(where, rule->places[SP_CONFIG_RULE_AT_match],
                          "a condition is written 'claim=value'");
        }
    }
    for (size_t i = 0; i < rule->scopes.count; i++) {
        if (sp_scope_from_name(sp_slice_of(rule->scopes.items[i]), &scope) != SP_OK) {
            return refuse(where, rule->places[SP_CONFIG_RULE_AT_scopes],
                          "scopes are execute, files, sessions, audit:read and admin");
        }
    }
    return SP_OK;
}

/* Keys decide whose tokens are believed: they come by TLS, or from this machine. */
static enum sp_err check_keys(const struct sp_config_issuer *issuer, struct sp_where *where)
{
    struct sp_url url;
    const bool has_file = *issuer->jwks_file != '\0';
    const bool has_uri = *issuer->jwks_uri != '\0';
    if (has_file && has_uri) {
        return refuse(where, issuer->places[SP_CONFIG_ISSUER_AT_jwks_uri],
                      "an issuer has either 'jwks_file' or 'jwks_uri'");
    }
    if (!has_file && !has_uri && issuer->entra_directories.count == 0) {
        return refuse(where, issuer->place, "an issuer needs a 'jwks_file' or a 'jwks_uri'");
    }
    if (has_uri && (sp_url_parse(sp_slice_of(issuer->jwks_uri), &url) != SP_OK ||
                    (!url.is_https && !sp_url_host_is_loopback(url.host)))) {
        return refuse(where, issuer->places[SP_CONFIG_ISSUER_AT_jwks_uri],
                      "'jwks_uri' must be an https URL (http only for this machine)");
    }
    return SP_OK;
}

static enum sp_err check_issuer(const struct sp_config *c, size_t index, struct sp_where *where)
{
    const struct sp_config_issuer *issuer = &c->issuers[index];
    const bool is_entra = issuer->entra_directories.count > 0;
    if (!is_issuer_name(issuer->name)) {
        return refuse(where,
                      issuer->places[SP_CONFIG_ISSUER_AT_name].line == 0
                          ? issuer->place
                          : issuer->places[SP_CONFIG_ISSUER_AT_name],
                      "each [[issuer]] needs a 'name' of a-z, 0-9 and '-', which is not 'cert'");
    }
    if (is_entra == (*issuer->issuer != '\0')) {
        return refuse(where, issuer->place, "an issuer has either 'issuer' or 'entra_directories'");
    }
    if (!is_entra && issuer->audiences.count == 0) {
        return refuse(
            where, issuer->place,
            "an issuer needs 'audiences': a token for somebody else must not open this gateway");
    }
    SP_TRY(check_keys(issuer, where));
    if (issuer->rule_count == 0) {
        return refuse(where, issuer->place,
                      "an issuer needs at least one [[issuer.rule]], which names a tenant");
    }
    for (size_t i = 0; i < issuer->rule_count; i++) {
        SP_TRY(check_rule(c, &issuer->rules[i], where));
    }
    return check_different(c, index, where);
}

static bool is_certificate(struct sp_slice text)
{
    static const char *const alternatives[] = {"dns:", "uri:", "email:"};
    for (size_t i = 0; i < SP_COUNT(alternatives); i++) {
        if (sp_slice_starts(text, alternatives[i])) {
            return text.len > sp_slice_of(alternatives[i]).len && text.len <= 512 &&
                   sp_slice_find(text, 0, ' ') == text.len;
        }
    }
    if (sp_slice_starts(text, SUBJECT_PREFIX)) {
        return text.len > sizeof(SUBJECT_PREFIX) - 1 && text.len <= 512;
    }
    if (!sp_slice_starts(text, DIGEST_PREFIX) ||
        text.len != sizeof(DIGEST_PREFIX) - 1 + DIGEST_CHARS) {
        return false;
    }
    for (size_t i = sizeof(DIGEST_PREFIX) - 1; i < text.len; i++) {
        if (!sp_text_is_hex(text.ptr[i])) {
            return false;
        }
    }
    return true;
}

/* Digests are read in capitals and small letters alike, so all are compared so. */
static int by_certificate(const void *a, const void *b)
{
    const struct sp_config_named *left = a;
    const struct sp_config_named *right = b;
    const int order = strcasecmp(left->name, right->name);
    return order != 0 ? order : (left->at > right->at) - (left->at < right->at);
}

/* The first tenant that names a certificate of one before it. */
static enum sp_err check_shared(const struct sp_config *c, struct sp_where *where)
{
    size_t count = 0;
    size_t at = 0;
    size_t first = c->tenant_count;
    for (size_t i = 0; i < c->tenant_count; i++) {
        count += c->tenants[i].certificates.count;
    }
    SP_AUTO_FREE struct sp_config_named *all = calloc(count + 1, sizeof(*all));
    if (all == NULL) {
        return SP_ERR_NOMEM;
    }
    for (size_t i = 0; i < c->tenant_count; i++) {
        for (size_t k = 0; k < c->tenants[i].certificates.count; k++) {
            all[at++] =
                (struct sp_config_named){.name = c->tenants[i].certificates.items[k], .at = i};
        }
    }
    qsort(all, count, sizeof(*all), by_certificate);
    for (size_t i = 1; i < count; i++) {
        if (strcasecmp(all[i].name, all[i - 1].name) == 0 && all[i].at != all[i - 1].at &&
            all[i].at < first) {
            first = all[i].at;
        }
    }
    return first == c->tenant_count
               ? SP_OK
               : refuse(where, c->tenants[first].places[SP_CONFIG_AT_certificates],
                        "two tenants have this certificate");
}

static enum sp_err check_certificates(const struct sp_config *c, size_t index,
                                      struct sp_where *where)
{
    const struct sp_config_tenant *tenant = &c->tenants[index];
    if (tenant->certificates.count > 0 && *c->tls_client_ca == '\0') {
        return refuse(
            where, tenant->places[SP_CONFIG_AT_certificates],
            "client certificates need 'client_ca' in [server.tls], which says whose are believed");
    }
    if (tenant->certificate_use == SP_CONFIG_CERTIFICATE_WITH_TOKEN &&
        tenant->certificates.count == 0) {
        return refuse(where, tenant->places[SP_CONFIG_AT_certificate_use],
                      "'with-token' needs 'certificates'");
    }
    for (size_t i = 0; i < tenant->certificates.count; i++) {
        if (!is_certificate(sp_slice_of(tenant->certificates.items[i]))) {
            return refuse(where, tenant->places[SP_CONFIG_AT_certificates],
                          "a certificate is 'sha256:' and 64 hexadecimal digits, 'subject:' and "
                          "its subject, or one of its alternative "
                          "names: 'dns:', 'uri:' or 'email:'");
        }
    }
    return SP_OK;
}

enum sp_err sp_config_check_issuers(const struct sp_config *config, struct sp_where *where)
{
    for (size_t i = 0; i < config->issuer_count; i++) {
        SP_TRY(check_issuer(config, i, where));
    }
    for (size_t i = 0; i < config->tenant_count; i++) {
        SP_TRY(check_certificates(config, i, where));
    }
    return check_shared(config, where);
}
