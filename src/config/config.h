/*
 * config - config.toml, read strictly, with a default for everything.
 *
 * Runs in: supervisor, commands.   Input: the operator's file.   Allocates: in proportion.
 * Unknown and repeated keys are errors with line, column and a suggestion. No file at all gives a loopback gateway with
 * the embedded pool and one tenant, `local`.
 */
#ifndef SP_CONFIG_CONFIG_H
#define SP_CONFIG_CONFIG_H

#include <limits.h>

#include "base/buf.h"
#include "base/where.h"
#include "config/rows.h"
#include "config/words_audit.h"

#define SP_CONFIG_FILE_MAX          ((size_t)64 * 1024 * 1024)
#define SP_CONFIG_TENANTS_MAX       ((size_t)131072)
#define SP_CONFIG_ORGANISATIONS_MAX ((size_t)32768)
#define SP_CONFIG_ISSUERS_MAX       ((size_t)64)
#define SP_CONFIG_RULES_MAX         ((size_t)4096)
#define SP_CONFIG_POOLS_MAX         ((size_t)15)

/* Words of CHOICE rows, in the order of their rows. */
enum sp_config_credential {
    SP_CONFIG_CREDENTIAL_ENVIRONMENT,
    SP_CONFIG_CREDENTIAL_MANAGED_IDENTITY,
    SP_CONFIG_CREDENTIAL_WORKLOAD_IDENTITY,
    SP_CONFIG_CREDENTIAL_CLIENT_SECRET,
    SP_CONFIG_CREDENTIAL_CLIENT_CERTIFICATE,
    SP_CONFIG_CREDENTIAL_AZURE_CLI,
};
enum sp_config_network { SP_CONFIG_EGRESS_DISABLED, SP_CONFIG_EGRESS_ENABLED };
enum sp_config_template { SP_CONFIG_TEMPLATE_SHARED, SP_CONFIG_TEMPLATE_TENANT };
enum sp_config_certificates { SP_CONFIG_CERTIFICATES_OPTIONAL, SP_CONFIG_CERTIFICATES_REQUIRED };
enum sp_config_certificate_use { SP_CONFIG_CERTIFICATE_ALONE, SP_CONFIG_CERTIFICATE_WITH_TOKEN };
enum sp_config_denial { SP_CONFIG_DENIAL_ERROR, SP_CONFIG_DENIAL_RESULT };

struct sp_config_texts {
    const char **items;
    size_t count;
};

/* The C type of each kind. Texts are never NULL; sizes are bytes. */
#define SP_CONFIG_TYPE_TEXT    const char *
#define SP_CONFIG_TYPE_CHOICE  unsigned
#define SP_CONFIG_TYPE_NUMBER  uint64_t
#define SP_CONFIG_TYPE_BYTES   uint64_t
#define SP_CONFIG_TYPE_SECONDS uint64_t
#define SP_CONFIG_TYPE_MS      uint64_t
#define SP_CONFIG_TYPE_REAL    double
#define SP_CONFIG_TYPE_BOOL    bool
#define SP_CONFIG_TYPE_TEXTS   struct sp_config_texts

#define SP_CONFIG_AS_FIELD(kind, table, key, field, lowest, highest, fallback, choices, help)      \
    SP_CONFIG_TYPE_##kind field;
#define SP_CONFIG_AS_INDEX(kind, table, key, field, lowest, highest, fallback, choices, help)      \
    SP_CONFIG_AT_##field,
enum sp_config_at { SP_CONFIG_ROWS(SP_CONFIG_AS_INDEX) SP_CONFIG_COUNT };
enum sp_config_tenant_at { SP_CONFIG_TENANT_ROWS(SP_CONFIG_AS_INDEX) SP_CONFIG_TENANT_COUNT };
#undef SP_CONFIG_AS_INDEX
#define SP_CONFIG_AS_INDEX(kind, table, key, field, lowest, highest, fallback, choices, help)      \
    SP_CONFIG_ORGANISATION_AT_##field,
enum sp_config_organisation_at {
    SP_CONFIG_ORGANISATION_ROWS(SP_CONFIG_AS_INDEX) SP_CONFIG_ORGANISATION_COUNT
};
#undef SP_CONFIG_AS_INDEX
#define SP_CONFIG_AS_INDEX(kind, table, key, field, lowest, highest, fallback, choices, help)      \
    SP_CONFIG_ISSUER_AT_##field,
enum sp_config_issuer_at { SP_CONFIG_ISSUER_ROWS(SP_CONFIG_AS_INDEX) SP_CONFIG_ISSUER_COUNT };
#undef SP_CONFIG_AS_INDEX
#define SP_CONFIG_AS_INDEX(kind, table, key, field, lowest, highest, fallback, choices, help)      \
    SP_CONFIG_RULE_AT_##field,
enum sp_config_rule_at { SP_CONFIG_RULE_ROWS(SP_CONFIG_AS_INDEX) SP_CONFIG_RULE_COUNT };
#undef SP_CONFIG_AS_INDEX
#define SP_CONFIG_AS_INDEX(kind, table, key, field, lowest, highest, fallback, choices, help)      \
    SP_CONFIG_POOL_AT_##field,
enum sp_config_pool_at { SP_CONFIG_POOL_ROWS(SP_CONFIG_AS_INDEX) SP_CONFIG_POOL_COUNT };

/* Where a value was given; line 0 is a default, and this one stands for the command line. */
#define SP_CONFIG_LINE_OVERRIDE UINT_MAX
struct sp_config_place {
    unsigned line;
    unsigned column;
};

struct sp_config_tenant {
    SP_CONFIG_TENANT_ROWS(SP_CONFIG_AS_FIELD)
    struct sp_config_place places[SP_CONFIG_TENANT_COUNT];
};

struct sp_config_organisation {
    SP_CONFIG_ORGANISATION_ROWS(SP_CONFIG_AS_FIELD)
    struct sp_config_place places[SP_CONFIG_ORGANISATION_COUNT];
};

struct sp_config_rule {
    SP_CONFIG_RULE_ROWS(SP_CONFIG_AS_FIELD)
    struct sp_config_place places[SP_CONFIG_RULE_COUNT];
    struct sp_config_place place;
};

struct sp_config_issuer {
    SP_CONFIG_ISSUER_ROWS(SP_CONFIG_AS_FIELD)
    struct sp_config_place places[SP_CONFIG_ISSUER_COUNT];
    struct sp_config_place place;
    struct sp_config_rule *rules; /* kept by the configuration */
    size_t rule_count;
};

struct sp_config_pool {
    SP_CONFIG_POOL_ROWS(SP_CONFIG_AS_FIELD)
    struct sp_config_place places[SP_CONFIG_POOL_COUNT];
    struct sp_config_place place;
};

/* One of a list that is sorted by name, and then by its place in the file. */
struct sp_config_named {
    const char *name;
    size_t at;
};

struct sp_config {
    SP_CONFIG_ROWS(SP_CONFIG_AS_FIELD)
    struct sp_config_place places[SP_CONFIG_COUNT];
    struct sp_config_tenant *tenants; /* at least one */
    size_t tenant_count;
    struct sp_config_named *tenants_by_name;
    struct sp_config_organisation *organisations;
    size_t organisation_count;
    struct sp_config_named *organisations_by_name;
    struct sp_config_issuer *issuers;
    size_t issuer_count;
    bool has_azure; /* the table [azure_code_interpreter] stands there */
    struct sp_config_place azure_place;
    struct sp_config_pool *pools; /* with `has_azure` at least one: a lone `pool_endpoint` too */
    size_t pool_count;
    bool has_pool_list;           /* [[azure_code_interpreter.pool]] stands there */
    struct sp_config_ship *ships; /* [[audit.ship]], see ships.h */
    size_t ship_count;
    const char *state_dir; /* `server_state`, or the default of this user */
    struct sp_config_owned *owned;
};
#undef SP_CONFIG_AS_FIELD
#undef SP_CONFIG_AS_INDEX

/* What a command line sets above the file; NULL leaves it. */
struct sp_config_overrides {
    const char *listen;
    const char *state;
};

/*
 * Reads and checks a configuration; an empty text gives the defaults. SP_ERR_CONFIG with place and reason, or
 * SP_ERR_NOMEM. `overrides` and `out_where` may be NULL.
 */
enum sp_err sp_config_parse(struct sp_slice text, const struct sp_config_overrides *overrides,
                            struct sp_config **out, struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(3);

/* The same from a file; a NULL path gives the defaults. */
enum sp_err sp_config_load(const char *path, const struct sp_config_overrides *overrides,
                           struct sp_config **out, struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(3);
void sp_config_free(struct sp_config *config);
void sp_config_free_cleanup(struct sp_config **config);
#define SP_AUTO_CONFIG SP_CLEANUP(sp_config_free_cleanup)

/*
 * Makes of a new configuration what a running service can take over: every key that needs a restart gets the value that
 * runs (borrowed from `running`), and the names of those that differ are appended, with commas between.
 */
enum sp_err sp_config_merge(struct sp_config *fresh, const struct sp_config *running,
                            struct sp_buf *out_kept) SP_MUST_CHECK SP_NONNULL(1, 2, 3);

/* The name that a pool has in the log: its own, or its host's. */
struct sp_slice sp_config_pool_name(const struct sp_config_pool *pool) SP_NONNULL(1);

/* Splits "127.0.0.1:8080" or "[::1]:8080"; the host is an address, without brackets. */
enum sp_err sp_config_address(struct sp_slice text, struct sp_slice *out_host, uint16_t *out_port)
    SP_MUST_CHECK SP_NONNULL(2, 3);

/* Appends a line "LINE:COLUMN: text" for each value that is right but has no effect in this version. */
enum sp_err sp_config_warnings(const struct sp_config *config, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Appends the configuration in force as TOML; values that nobody set are marked. */
enum sp_err sp_config_show(const struct sp_config *config, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* The same in pieces, one after the other; an error of `fn` ends it. */
typedef enum sp_err sp_config_piece_fn(void *ctx, struct sp_slice piece);
enum sp_err sp_config_show_pieces(const struct sp_config *config, sp_config_piece_fn *fn, void *ctx)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Appends a Markdown table of all keys. */
enum sp_err sp_config_keys(struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1);

#endif
