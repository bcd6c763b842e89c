/* sallyport token issue | list | revoke: the gateway tokens of the tenants, in STATE/tokens.db. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/scope.h"
#include "base/clock.h"
#include "base/own.h"
#include "base/secret.h"
#include "codec/quantity.h"
#include "command/command.h"
#include "command/config_say.h"
#include "command/hint.h"
#include "command/token_list.h"
#include "command/token_usage.h"
#include "config/config.h"
#include "config/tenants.h"
#include "crypto/random.h"
#include "identity/store.h"
#include "os/files.h"

#define ID_LETTERS      12U
#define SECOND_US       UINT64_C(1000000)

/* Longer than any token should live, and short enough for the year to have four digits. */
#define TTL_SECONDS_MAX (UINT64_C(100) * 365 * 86400)

static const char help[] =
    "usage: sallyport token issue --tenant T [--scope S,...] [--ttl 30d] [-c FILE]\n"
    "                             [--state DIR]\n"
    "       sallyport token list [--usage] [--tenant T] [--format text|json]\n"
    "                            [-c FILE] [--state DIR]\n"
    "       sallyport token revoke ID [-c FILE] [--state DIR]\n"
    "\n"
    "issue    makes a token of a tenant and prints it, this once: only a digest stays\n"
    "list     shows the tokens: what each may do, until when, when it was last used;\n"
    "         with --usage what tenants and tokens use of their quotas now: a running\n"
    "         gateway is asked, with a token that has the scope admin\n"
    "revoke   ends a token; a running gateway refuses it within a second\n"
    "\n"
    "  --tenant T          the tenant, as the configuration names it\n"
    "  --scope S,...       execute, files, sessions, audit:read, admin (default:\n"
    "                      execute,files,sessions)\n"
    "  --ttl SPAN          how long it is good, like 12h or 30d (default: until it is\n"
    "                      revoked)\n"
    "      --usage         what is used today: used/limit, only used without one\n"
    "      --format F      of --usage: text, or json as GET /.sallyport/usage has it\n"
    "      --endpoint URL  of --usage: the gateway; also SALLYPORT_ENDPOINT\n"
    "      --token-file F  of --usage: holds a token; also SALLYPORT_TOKEN itself\n"
    "                      (default: STATE/local.token)\n"
    "      --ca-file F     of --usage: certificates to believe\n"
    "  -c, --config FILE   the configuration of the gateway\n"
    "  --state DIR         its state directory, when its command line names one\n"
    "  -h, --help          this text\n"
    "\n"
    "Exit status: 0 done, 1 there is no such token or it cannot be written, 2 the\n"
    "command line or the configuration is wrong.\n";

struct options {
    const char *action;
    const char *id;
    const char *config;
    const char *state;
    const char *tenant;
    const char *scope;
    const char *ttl;
    const char *format;
    struct sp_remote_options remote;
    bool wants_usage;
    bool wants_help;
};

static int usage(const char *what, const char *detail)
{
    (void)fprintf(stderr, "sallyport token: %s%s%s\nTry 'sallyport token --help'.\n", what,
                  *detail == '\0' ? "" : " ", detail);
    return SP_EXIT_USAGE;
}

/* --- the command line --- */

/* The value of `--name VALUE` or `--name=VALUE`; NULL for another argument, "" when the value is missing. */
static const char *value_of(const char *name, int argc, char **argv, int *at)
{
    const size_t len = strlen(name);
    if (strcmp(argv[*at], name) == 0) {
        *at += 1;
        return *at < argc ? argv[*at] : "";
    }
    return strncmp(argv[*at], name, len) == 0 && argv[*at][len] == '=' ? argv[*at] + len + 1 : NULL;
}

static bool take_option(int argc, char **argv, int *at, struct options *out, bool *out_is_empty)
{
    const struct {
        const char *name;
        const char **to;
    } rows[] = {
        {"-c", &out->config},
        {"--config", &out->config},
        {"--state", &out->state},
        {"--tenant", &out->tenant},
        {"--scope", &out->scope},
        {"--ttl", &out->ttl},
        {"--format", &out->format},
        {"--endpoint", &out->remote.endpoint},
        {"--token-file", &out->remote.token_file},
        {"--ca-file", &out->remote.ca_file},
    };
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        const char *value = value_of(rows[i].name, argc, argv, at);
        if (value != NULL) {
            *rows[i].to = value;
            *out_is_empty = *value == '\0';
            return true;
        }
    }
    return false;
}

static int parse(int argc, char **argv, struct options *out)
{
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        bool is_empty = false;
        if (strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0) {
            out->wants_help = true;
        } else if (strcmp(argument, "--usage") == 0) {
            out->wants_usage = true;
        } else if (take_option(argc, argv, &i, out, &is_empty)) {
            if (is_empty) {
                return usage("a value must follow", argument);
            }
        } else if (*argument == '-' || (out->action != NULL && out->id != NULL)) {
            return sp_hint("token", help, "cannot make sense of", argument);
        } else if (out->action == NULL) {
            out->action = argument;
        } else {
            out->id = argument;
        }
    }
    return SP_EXIT_DONE;
}

static int check_usage(const struct options *options, bool is_list)
{
    const bool has_detail = options->format != NULL || options->remote.endpoint != NULL ||
                            options->remote.token_file != NULL || options->remote.ca_file != NULL;
    if (options->wants_usage && !is_list) {
        return usage("--usage", "belongs to list");
    }
    if (has_detail && !options->wants_usage) {
        return usage("--format, --endpoint, --token-file and --ca-file", "belong to list --usage");
    }
    if (options->format != NULL && strcmp(options->format, "text") != 0 &&
        strcmp(options->format, "json") != 0) {
        return usage("--format is text or json, not", options->format);
    }
    return SP_EXIT_DONE;
}

/* What an action takes and what it does not: an option without effect is a mistake of whoever gave it. */
static int check(const struct options *options)
{
    const bool is_issue = strcmp(options->action, "issue") == 0;
    const bool is_list = strcmp(options->action, "list") == 0;
    const bool is_revoke = strcmp(options->action, "revoke") == 0;
    if (!is_issue && !is_list && !is_revoke) {
        return sp_hint("token", help, "there is no action", options->action);
    }
    if (is_revoke != (options->id != NULL)) {
        return is_revoke
                   ? usage("the id of a token must follow: sallyport token list shows them", "")
                   : usage("cannot make sense of", options->id);
    }
    if (!is_issue && (options->scope != NULL || options->ttl != NULL)) {
        return usage(options->scope != NULL ? "--scope" : "--ttl", "belongs to issue");
    }
    if (is_revoke && options->tenant != NULL) {
        return usage("--tenant", "belongs to issue and list");
    }
    if (check_usage(options, is_list) != SP_EXIT_DONE) {
        return SP_EXIT_USAGE;
    }
    return is_issue && options->tenant == NULL ? usage("--tenant must be given", "") : SP_EXIT_DONE;
}

/* --- the actions --- */

/* What went wrong with the store, and what to do about it. */
static int complain(const struct sp_config *config, enum sp_err err)
{
    const char *advice = err == SP_ERR_BUSY ? "another command writes to it; try again"
                         : err == SP_ERR_CORRUPT
                             ? "it is damaged, or not a token store: restore it from a copy"
                         : err == SP_ERR_SYSTEM ? strerror(errno)
                                                : sp_err_text(err);
    (void)fprintf(stderr, "sallyport token: cannot use %s/" SP_TOKEN_STORE_FILE ": %s\n",
                  config->state_dir, advice);
    return SP_EXIT_DENIED;
}

static int refuse_tenant(const struct options *options, const struct sp_config *config)
{
    (void)fprintf(
        stderr, "sallyport token: there is no tenant '%s' in %s; it has '%s'%s\n", options->tenant,
        options->config == NULL ? "the default configuration (give the gateway's with -c FILE)"
                                : options->config,
        config->tenants[0].name, config->tenant_count > 1 ? " and others" : "");
    return SP_EXIT_USAGE;
}

/* Letters and digits that cannot be taken for one another, and no vowels, so that no id is a word. */
static enum sp_err make_id(char out[ID_LETTERS + 1])
{
    static const char letters[] =
        "bcdfghjkmnpqrstvwxz2345679bcdfgh"; /* 32: each byte gives one without preference */
    uint8_t random[ID_LETTERS];
    SP_TRY(sp_random_fill(random, sizeof(random)));
    for (size_t i = 0; i < ID_LETTERS; i++) {
        out[i] = letters[random[i] % 32];
    }
    out[ID_LETTERS] = '\0';
    return SP_OK;
}

static enum sp_err make_token(struct sp_token_entry *entry, struct sp_buf *out)
{
    struct sp_token parsed;
    SP_TRY(sp_token_make(entry->row.id, out));
    SP_TRY(sp_token_parse(sp_buf_slice(out), &parsed));
    return sp_token_digest(&parsed, entry->row.digest);
}

static void print_issued(const struct sp_token_entry *entry, const struct sp_buf *token)
{
    char expires[SP_CLOCK_RFC3339_BYTES] = "never";
    SP_AUTO_BUF struct sp_buf scopes;
    sp_buf_init(&scopes, SP_SCOPES_TEXT_MAX);
    if (entry->row.expires_us != 0) {
        sp_clock_rfc3339(entry->row.expires_us, expires);
    }
    if (sp_scopes_put(entry->row.scopes, ",", &scopes) == SP_OK) {
        (void)fprintf(stderr,
                      "token %.*s of tenant %.*s; scopes %.*s; expires %s; it is not shown again\n",
                      (int)entry->row.id.len, (const char *)entry->row.id.ptr,
                      (int)entry->row.tenant.len, (const char *)entry->row.tenant.ptr,
                      (int)scopes.len, (const char *)scopes.ptr, expires);
    }
    (void)printf("%.*s\n", (int)token->len, (const char *)token->ptr);
}

static int issue_row(const struct sp_config *config, struct sp_token_entry *entry)
{
    SP_CLEANUP(sp_buf_wipe) struct sp_buf token;
    SP_AUTO_TOKEN_STORE struct sp_token_store *store = NULL;
    char id[ID_LETTERS + 1];
    sp_buf_init(&token, SP_TOKEN_BYTES_MAX);
    enum sp_err err = sp_token_store_open(config->state_dir, &store);
    if (err == SP_OK) {
        err = make_id(id);
    }
    entry->row.id = sp_slice_of(id);
    if (err == SP_OK) {
        err = make_token(entry, &token);
    }
    if (err == SP_OK) {
        err = sp_token_store_add(store, entry);
    }
    if (err == SP_OK) {
        print_issued(entry, &token);
    }
    entry->row.id = sp_slice_make(NULL, 0); /* it was ours */
    if (err != SP_OK) {
        return complain(config, err);
    }
    return fflush(stdout) == 0 ? SP_EXIT_DONE : SP_EXIT_DENIED;
}

static int issue(const struct options *options, const struct sp_config *config)
{
    const uint64_t now = sp_clock_wall_us();
    uint64_t ttl = 0;
    struct sp_token_entry entry = {
        .row = {.tenant = sp_slice_of(options->tenant), .scopes = SP_SCOPES_USUAL},
        .issued_us = now};
    if (sp_config_tenant(config, options->tenant) == NULL) {
        return refuse_tenant(options, config);
    }
    if (options->scope != NULL &&
        sp_scopes_parse(sp_slice_of(options->scope), &entry.row.scopes) != SP_OK) {
        return usage("scopes are execute, files, sessions, audit:read and admin, not",
                     options->scope);
    }
    if (options->ttl != NULL) {
        if (sp_quantity_seconds(sp_slice_of(options->ttl), &ttl) != SP_OK || ttl == 0 ||
            ttl > TTL_SECONDS_MAX) {
            return usage("a span is written like 45m, 12h or 30d, not", options->ttl);
        }
        entry.row.expires_us = now + ttl * SECOND_US;
    }
    return issue_row(config, &entry);
}

static int revoke(const struct options *options, const struct sp_config *config)
{
    SP_AUTO_TOKEN_STORE struct sp_token_store *store = NULL;
    enum sp_err err = sp_token_store_open(config->state_dir, &store);
    if (err == SP_OK) {
        err = sp_token_store_revoke(store, sp_slice_of(options->id), sp_clock_wall_us());
    }
    if (err == SP_ERR_NOT_FOUND && strcmp(options->id, SP_TOKEN_LOCAL_ID) == 0) {
        (void)fprintf(stderr,
                      "sallyport token: '%s' is the token in %s/local.token: remove that file and "
                      "start the gateway anew\n",
                      options->id, config->state_dir);
        return SP_EXIT_DENIED;
    }
    if (err == SP_ERR_NOT_FOUND || err == SP_ERR_DUPLICATE) {
        (void)fprintf(stderr, "sallyport token: %s '%s'%s\n",
                      err == SP_ERR_NOT_FOUND ? "there is no token" : "the token", options->id,
                      err == SP_ERR_NOT_FOUND ? "; sallyport token list shows them"
                                              : " is revoked already");
        return SP_EXIT_DENIED;
    }
    return err == SP_OK ? SP_EXIT_DONE : complain(config, err);
}

static int list(const struct options *options, const struct sp_config *config)
{
    SP_AUTO_TOKEN_STORE struct sp_token_store *store = NULL;
    const struct sp_token_list_options what = {.tenant = options->tenant,
                                               .now_us = sp_clock_wall_us()};
    if (options->tenant != NULL && sp_config_tenant(config, options->tenant) == NULL) {
        return refuse_tenant(options, config);
    }
    if (options->wants_usage) {
        const struct sp_token_usage_options wish = {
            .remote = options->remote,
            .tenant = options->tenant,
            .is_json = options->format != NULL && strcmp(options->format, "json") == 0};
        return sp_token_usage_print(config, &wish);
    }
    enum sp_err err = sp_token_store_open(config->state_dir, &store);
    if (err == SP_OK) {
        err = sp_token_list_print(store, config, &what);
    }
    return err == SP_OK ? SP_EXIT_DONE : complain(config, err);
}

int sp_command_token(int argc, char **argv)
{
    struct options options = {.action = NULL};
    struct sp_where where = {.line = 0};
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    int status = parse(argc, argv, &options);
    if (status != SP_EXIT_DONE || options.wants_help) {
        return status != SP_EXIT_DONE ? status : fputs(help, stdout) < 0;
    }
    if (options.action == NULL) {
        return usage("an action must follow: issue, list or revoke", "");
    }
    status = check(&options);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    const struct sp_config_overrides overrides = {.listen = NULL, .state = options.state};
    if (sp_config_load(options.config, &overrides, &config, &where) != SP_OK) {
        sp_config_complain(options.config, &where);
        return SP_EXIT_USAGE;
    }
    enum sp_err err = sp_dir_make(config->state_dir, 0700);
    if (err != SP_OK) {
        return complain(config, err);
    }
    return strcmp(options.action, "issue") == 0  ? issue(&options, config)
           : strcmp(options.action, "list") == 0 ? list(&options, config)
                                                 : revoke(&options, config);
}
