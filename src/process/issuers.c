#include "process/issuers.h"

#include "api/scope.h"
#include "base/log.h"
#include "os/files.h"

static enum sp_err put_texts(const struct sp_config_texts *texts, struct sp_buf *out)
{
    struct sp_writer w;
    sp_writer_init(&w, out);
    for (size_t i = 0; i < texts->count; i++) {
        sp_writer_block(&w, sp_slice_of(texts->items[i]));
    }
    return sp_writer_end(&w);
}

enum sp_err sp_certificates_settings(const struct sp_config_tenant *tenant, struct sp_buf *out)
{
    return put_texts(&tenant->certificates, out);
}

static enum sp_err put_block(struct sp_buf *list, const struct sp_buf *item)
{
    struct sp_writer w;
    sp_writer_init(&w, list);
    sp_writer_block(&w, sp_buf_slice(item));
    return sp_writer_end(&w);
}

static enum sp_err put_rule(const struct sp_config_rule *rule, struct sp_buf *list)
{
    SP_AUTO_BUF struct sp_buf match;
    SP_AUTO_BUF struct sp_buf item;
    struct sp_writer w;
    unsigned scopes = 0;
    sp_buf_init(&match, SP_MSG_FIELD_MAX);
    sp_buf_init(&item, SP_SETTINGS_LIST_MAX);
    for (size_t i = 0; i < rule->scopes.count; i++) {
        unsigned scope = 0;
        SP_TRY(sp_scope_from_name(sp_slice_of(rule->scopes.items[i]), &scope));
        scopes |= scope;
    }
    SP_TRY(put_texts(&rule->match, &match));
    const struct sp_settings_rule s = {
        .match = sp_buf_slice(&match), .tenant = sp_slice_of(rule->tenant), .scopes = scopes};
    sp_writer_init(&w, &item);
    sp_settings_rule_write(&w, &s);
    SP_TRY(sp_writer_end(&w));
    return put_block(list, &item);
}

/* Entra's two audiences unless others are named. */
static enum sp_err put_audiences(const struct sp_config_issuer *issuer, struct sp_buf *out)
{
    static const char *names[] = {SP_ISSUER_AUDIENCE, SP_ISSUER_AUDIENCE_OLD};
    const struct sp_config_texts usual = {names, SP_COUNT(names)};
    return put_texts(issuer->audiences.count == 0 ? &usual : &issuer->audiences, out);
}

static const char *principal_of(const struct sp_config_issuer *issuer)
{
    return *issuer->principal != '\0'            ? issuer->principal
           : issuer->entra_directories.count > 0 ? "oid"
                                                 : "sub";
}

/* Fetched keys come later, from token. */
static void read_keys(const struct sp_config_issuer *issuer, struct sp_buf *out)
{
    if (*issuer->jwks_file == '\0') {
        return;
    }
    if (sp_file_read(issuer->jwks_file, out) != SP_OK) {
        sp_log(SP_LOG_ERROR, "supervisor.keys.unreadable", "issuer=%s file=%s", issuer->name,
               issuer->jwks_file);
        sp_buf_clear(out);
    }
}

static enum sp_err put_issuer(const struct sp_config_issuer *issuer, struct sp_buf *list)
{
    SP_AUTO_BUF struct sp_buf directories;
    SP_AUTO_BUF struct sp_buf audiences;
    SP_AUTO_BUF struct sp_buf rules;
    SP_AUTO_BUF struct sp_buf keys;
    SP_AUTO_BUF struct sp_buf item;
    struct sp_writer w;
    sp_buf_init(&directories, SP_SETTINGS_LIST_MAX);
    sp_buf_init(&audiences, SP_SETTINGS_LIST_MAX);
    sp_buf_init(&rules, SP_SETTINGS_LIST_MAX);
    sp_buf_init(&keys, SP_KEYS_BYTES_MAX);
    sp_buf_init(&item, SP_SETTINGS_LIST_MAX);
    SP_TRY(put_texts(&issuer->entra_directories, &directories));
    SP_TRY(put_audiences(issuer, &audiences));
    for (size_t i = 0; i < issuer->rule_count; i++) {
        SP_TRY(put_rule(&issuer->rules[i], &rules));
    }
    read_keys(issuer, &keys);
    const char *url = sp_issuer_jwks_uri(issuer);
    const struct sp_settings_issuer s = {
        .name = sp_slice_of(issuer->name),
        .issuer = sp_slice_of(issuer->issuer),
        .directories = sp_buf_slice(&directories),
        .audiences = sp_buf_slice(&audiences),
        .principal = sp_slice_of(principal_of(issuer)),
        .url = sp_slice_of(url == NULL ? "" : url),
        .leeway_s = (uint32_t)issuer->leeway_s,
        .keys = sp_buf_slice(&keys),
        .rules = sp_buf_slice(&rules),
    };
    sp_writer_init(&w, &item);
    sp_settings_issuer_write(&w, &s);
    SP_TRY(sp_writer_end(&w));
    return put_block(list, &item);
}

const char *sp_issuer_jwks_uri(const struct sp_config_issuer *issuer)
{
    if (*issuer->jwks_file != '\0') {
        return NULL;
    }
    return *issuer->jwks_uri != '\0' ? issuer->jwks_uri : SP_ISSUER_ENTRA_JWKS_URI;
}

size_t sp_issuers_fetched(const struct sp_config *config)
{
    size_t count = 0;
    for (size_t i = 0; i < config->issuer_count; i++) {
        count += sp_issuer_jwks_uri(&config->issuers[i]) != NULL;
    }
    return count;
}

enum sp_err sp_issuers_settings(const struct sp_config *config, struct sp_buf *out)
{
    for (size_t i = 0; i < config->issuer_count; i++) {
        SP_TRY(put_issuer(&config->issuers[i], out));
    }
    return SP_OK;
}

/* --- in admit --- */

/* The texts of a list of blocks, lent by it. */
#define TEXTS_MAX 64U
struct texts {
    struct sp_slice items[TEXTS_MAX];
    size_t count;
};

static enum sp_err read_texts(struct sp_slice list, struct texts *out)
{
    struct sp_reader r;
    sp_reader_init(&r, list);
    for (out->count = 0; sp_reader_left(&r) > 0; out->count++) {
        if (out->count == TEXTS_MAX) {
            return SP_ERR_FULL;
        }
        SP_TRY(sp_reader_block(&r, SP_MSG_FIELD_MAX, &out->items[out->count]));
    }
    return SP_OK;
}

static enum sp_err settle_rules(struct sp_slice rules, size_t issuer,
                                struct sp_authority *authority)
{
    struct sp_reader r;
    sp_reader_init(&r, rules);
    while (sp_reader_left(&r) > 0) {
        struct sp_slice item = {NULL, 0};
        struct sp_settings_rule s;
        struct texts match;
        struct sp_issuer_rule rule = {.tenant = 0};
        SP_TRY(sp_reader_block(&r, SP_SETTINGS_LIST_MAX, &item));
        SP_TRY(sp_settings_rule_read(item, &s));
        SP_TRY(read_texts(s.match, &match));
        SP_TRY(sp_directory_find(sp_authority_directory(authority), s.tenant, &rule.tenant));
        rule.conditions = (struct sp_slices){match.items, match.count};
        rule.scopes = s.scopes;
        SP_TRY(sp_issuers_add_rule(sp_authority_issuers(authority), issuer, &rule));
    }
    return SP_OK;
}

static enum sp_err settle_issuer(struct sp_slice item, struct sp_authority *authority)
{
    struct sp_settings_issuer s;
    struct texts directories;
    struct texts audiences;
    struct sp_issuers *issuers = sp_authority_issuers(authority);
    const size_t at = sp_issuers_count(issuers);
    SP_TRY(sp_settings_issuer_read(item, &s));
    SP_TRY(read_texts(s.directories, &directories));
    SP_TRY(read_texts(s.audiences, &audiences));
    const struct sp_issuer_spec spec = {
        .name = s.name,
        .issuer = s.issuer,
        .directories = {directories.items, directories.count},
        .audiences = {audiences.items, audiences.count},
        .principal = s.principal,
        .url = s.url,
        .leeway_s = s.leeway_s,
    };
    SP_TRY(sp_issuers_add(issuers, &spec));
    SP_TRY(settle_rules(s.rules, at, authority));
    /* Without keys no token of it is good; the others are not held up by that. */
    enum sp_err err = s.keys.len == 0 ? SP_OK : sp_issuers_set_keys(issuers, at, s.keys);
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "admit.keys.unusable", "issuer=%.*s error=%s", (int)s.name.len,
               (const char *)s.name.ptr, sp_err_name(err));
    }
    return SP_OK;
}

enum sp_err sp_issuers_settle(struct sp_slice settings, struct sp_authority *authority)
{
    struct sp_reader r;
    sp_reader_init(&r, settings);
    while (sp_reader_left(&r) > 0) {
        struct sp_slice item = {NULL, 0};
        SP_TRY(sp_reader_block(&r, SP_SETTINGS_LIST_MAX, &item));
        SP_TRY(settle_issuer(item, authority));
    }
    return SP_OK;
}

enum sp_err sp_certificates_settle(struct sp_slice settings, size_t tenant,
                                   struct sp_authority *authority)
{
    struct texts texts;
    SP_TRY(read_texts(settings, &texts));
    for (size_t i = 0; i < texts.count; i++) {
        SP_TRY(sp_certificates_add(sp_authority_certificates(authority), texts.items[i], tenant));
    }
    return SP_OK;
}
