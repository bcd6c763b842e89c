/*
 * row - one key of config.toml: how a value of it is read, bounded and printed.
 *
 * Runs in: supervisor, commands (for config*.c only).   Input: the operator's file.   Allocates: texts, kept by the
 * configuration.
 */
#ifndef SP_CONFIG_ROW_H
#define SP_CONFIG_ROW_H

#include "codec/toml.h"
#include "config/config.h"
#include "config/ships.h"

enum sp_config_kind {
    SP_CONFIG_KIND_TEXT,
    SP_CONFIG_KIND_CHOICE,
    SP_CONFIG_KIND_NUMBER,
    SP_CONFIG_KIND_BYTES,
    SP_CONFIG_KIND_SECONDS,
    SP_CONFIG_KIND_MS,
    SP_CONFIG_KIND_REAL,
    SP_CONFIG_KIND_BOOL,
    SP_CONFIG_KIND_TEXTS,
};

struct sp_config_row {
    enum sp_config_kind kind;
    const char *table;
    const char *key;
    size_t offset; /* of the field in its struct */
    uint64_t lowest;
    uint64_t highest;
    const char *fallback;
    const char *choices;
    const char *help;
};

/* A struct with its rows: the configuration itself, or one tenant. */
struct sp_config_group {
    const struct sp_config_row *rows;
    size_t count;
    void *base;
    struct sp_config_place *places;
};

struct sp_config_group sp_config_main_group(struct sp_config *config) SP_NONNULL(1);
struct sp_config_group sp_config_tenant_group(struct sp_config_tenant *tenant) SP_NONNULL(1);
struct sp_config_group sp_config_organisation_group(struct sp_config_organisation *organisation)
    SP_NONNULL(1);

struct sp_config_group sp_config_issuer_group(struct sp_config_issuer *issuer) SP_NONNULL(1);
struct sp_config_group sp_config_rule_group(struct sp_config_rule *rule) SP_NONNULL(1);

struct sp_config_group sp_config_pool_group(struct sp_config_pool *pool) SP_NONNULL(1);
struct sp_config_group sp_config_ship_group(struct sp_config_ship *ship) SP_NONNULL(1);

/* Sets the defaults of a group, then its values from a table, if there is one; a member called `skip` is left to the caller (config.c). */
enum sp_err sp_config_read_group(struct sp_config *config, struct sp_config_group group,
                                 const struct sp_toml_value *table, const char *skip,
                                 struct sp_where *where) SP_MUST_CHECK SP_NONNULL(1);

/* Sets values of a group from an element of the array of tables [[name]], which says its 'name'. */
enum sp_err sp_config_read_element(struct sp_config *config, struct sp_config_group group,
                                   const char *name, const struct sp_toml_value *table,
                                   struct sp_where *where) SP_MUST_CHECK SP_NONNULL(1, 3, 4);
enum sp_err sp_config_set_defaults(struct sp_config *config, struct sp_config_group group)
    SP_MUST_CHECK SP_NONNULL(1);

/* The tables [[tenant]], one by one as they are read (an sp_toml_element_fn), and what is left to do then (tenants.c). */
struct sp_config_reading {
    struct sp_config *config;
    struct sp_where *where;
    struct sp_config_tenant usual; /* one that sets nothing */
    size_t room;
};
enum sp_err sp_config_begin_tenants(struct sp_config_reading *reading) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_config_add_tenant(void *ctx, const struct sp_toml_value *table)
    SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_config_end_tenants(struct sp_config_reading *reading,
                                  const struct sp_toml_value *array) SP_MUST_CHECK SP_NONNULL(1);

/* The array of tables [[organisation]], which may be absent (tenants.c). */
enum sp_err sp_config_read_organisations(struct sp_config *config,
                                         const struct sp_toml_value *array, struct sp_where *where)
    SP_MUST_CHECK SP_NONNULL(1);

/* The place of the first that has the name of one before it; `count` when all differ (tenants.c). */
size_t sp_config_first_repeated(const struct sp_config_named *named, size_t count);

/* The array of tables [[issuer]], which may be absent; and the rules between its values (issuers.c). */
enum sp_err sp_config_read_issuers(struct sp_config *config, const struct sp_toml_value *array,
                                   struct sp_where *where) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_config_check_issuers(const struct sp_config *config, struct sp_where *where)
    SP_MUST_CHECK SP_NONNULL(1);

/* The session pools of [azure_code_interpreter], which may be NULL; and the rules between them (pools.c). */
enum sp_err sp_config_read_pools(struct sp_config *config, const struct sp_toml_value *azure,
                                 struct sp_where *where) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_config_check_pools(const struct sp_config *config, struct sp_where *where)
    SP_MUST_CHECK SP_NONNULL(1);

/* The array of tables [[audit.ship]] of [audit], which may be NULL; and the rules between them (ships.c). */
enum sp_err sp_config_read_ships(struct sp_config *config, const struct sp_toml_value *audit,
                                 struct sp_where *where) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_config_check_ships(const struct sp_config *config, struct sp_where *where)
    SP_MUST_CHECK SP_NONNULL(1);

/* Memory that lives as long as the configuration; NULL when memory is used up. */
void *sp_config_keep(struct sp_config *config, size_t size) SP_NONNULL(1);

/* Sets the field of a row, or says why it cannot. */
enum sp_err sp_config_row_set(struct sp_config *config, void *base, const struct sp_config_row *row,
                              const struct sp_toml_value *value, struct sp_where *where)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3, 4);

/* Sets the default of a row. */
enum sp_err sp_config_row_default(struct sp_config *config, void *base,
                                  const struct sp_config_row *row)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);

/* Copies the field; texts stay the other's. */
void sp_config_row_copy(void *base, const void *from, const struct sp_config_row *row)
    SP_NONNULL(1, 2, 3);

/* Appends the field's value as TOML. */
enum sp_err sp_config_row_print(const void *base, const struct sp_config_row *row,
                                struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 2, 3);

/* Rules between values (check.c). */
enum sp_err sp_config_check(const struct sp_config *config, struct sp_where *where)
    SP_MUST_CHECK SP_NONNULL(1);

/* Rules between quotas, and who belongs to whom (check_quota.c). */
enum sp_err sp_config_check_quotas(const struct sp_config *config, struct sp_where *where)
    SP_MUST_CHECK SP_NONNULL(1);

/* The candidate that differs least from `word`, when it is near enough to be meant (suggest.c). */
struct sp_config_suggestion {
    struct sp_slice word;
    const char *best;
    unsigned distance;
};
void sp_config_suggest_init(struct sp_config_suggestion *s, struct sp_slice word) SP_NONNULL(1);
void sp_config_suggest_offer(struct sp_config_suggestion *s, const char *candidate)
    SP_NONNULL(1, 2);

#endif
