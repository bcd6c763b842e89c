/* The configuration in force as TOML, and the table of keys for the manual. */
#include "config/row.h"

#define PIECE_BYTES_MAX ((size_t)1024 * 1024)

static enum sp_err print_row(const struct sp_config_group *group, size_t index, struct sp_buf *out)
{
    const struct sp_config_row *row = &group->rows[index];
    SP_TRY(sp_buf_putf(out, "%s = ", row->key));
    SP_TRY(sp_config_row_print(group->base, row, out));
    return sp_buf_put_text(out, group->places[index].line == 0 ? "  # default\n" : "\n");
}

/* Rows stand by table; `is_element` writes the first table as an element of an array. */
static enum sp_err print_group(const struct sp_config_group *group, bool is_element,
                               const char *without, struct sp_buf *out)
{
    const char *table = "";
    for (size_t i = 0; i < group->count; i++) {
        const struct sp_config_row *row = &group->rows[i];
        if (sp_slice_is(sp_slice_of(row->table), without)) {
            continue;
        }
        if (!sp_slice_is(sp_slice_of(row->table), table)) {
            bool is_array = is_element && *table == '\0';
            table = row->table;
            SP_TRY(sp_buf_putf(out, is_array ? "\n[[%s]]\n" : "\n[%s]\n", table));
        }
        SP_TRY(print_row(group, i, out));
    }
    return SP_OK;
}

/* What is printed goes on piece by piece: there may be very many tenants. */
struct pieces {
    sp_config_piece_fn *fn;
    void *ctx;
    struct sp_buf piece;
};

static enum sp_err give(struct pieces *pieces)
{
    SP_TRY(pieces->fn(pieces->ctx, sp_buf_slice(&pieces->piece)));
    sp_buf_clear(&pieces->piece);
    return SP_OK;
}

static enum sp_err give_element(struct pieces *pieces, const struct sp_config_group *group)
{
    SP_TRY(print_group(group, true, "", &pieces->piece));
    return give(pieces);
}

static enum sp_err give_issuers(const struct sp_config *config, struct pieces *pieces)
{
    for (size_t i = 0; i < config->issuer_count; i++) {
        const struct sp_config_group issuer = sp_config_issuer_group(&config->issuers[i]);
        SP_TRY(give_element(pieces, &issuer));
        for (size_t k = 0; k < config->issuers[i].rule_count; k++) {
            const struct sp_config_group rule = sp_config_rule_group(&config->issuers[i].rules[k]);
            SP_TRY(give_element(pieces, &rule));
        }
    }
    return SP_OK;
}

static enum sp_err give_main(const struct sp_config *config, struct pieces *pieces)
{
    struct sp_config shown = *config;
    shown.server_state = config->state_dir;
    struct sp_config_group group = sp_config_main_group(&shown);
    SP_TRY(sp_buf_put_text(
        &pieces->piece, config->has_azure
                            ? "# the configuration in force\n"
                            : "# the configuration in force; the embedded pool runs the code\n"));
    SP_TRY(print_group(&group, false, config->has_azure ? "" : "azure_code_interpreter",
                       &pieces->piece));
    SP_TRY(give(pieces));
    for (size_t i = 0; config->has_pool_list && i < config->pool_count; i++) {
        const struct sp_config_group pool = sp_config_pool_group(&config->pools[i]);
        SP_TRY(give_element(pieces, &pool));
    }
    return SP_OK;
}

static enum sp_err give_ships(const struct sp_config *config, struct pieces *pieces)
{
    for (size_t i = 0; i < config->ship_count; i++) {
        const struct sp_config_group ship = sp_config_ship_group(&config->ships[i]);
        SP_TRY(give_element(pieces, &ship));
    }
    return SP_OK;
}

static enum sp_err give_all(const struct sp_config *config, struct pieces *pieces)
{
    SP_TRY(give_main(config, pieces));
    SP_TRY(give_ships(config, pieces));
    for (size_t i = 0; i < config->tenant_count; i++) {
        struct sp_config_tenant tenant = config->tenants[i];
        struct sp_config_group group = sp_config_tenant_group(&tenant);
        SP_TRY(give_element(pieces, &group));
    }
    for (size_t i = 0; i < config->organisation_count; i++) {
        struct sp_config_organisation organisation = config->organisations[i];
        struct sp_config_group group = sp_config_organisation_group(&organisation);
        SP_TRY(give_element(pieces, &group));
    }
    return give_issuers(config, pieces);
}

enum sp_err sp_config_show_pieces(const struct sp_config *config, sp_config_piece_fn *fn, void *ctx)
{
    struct pieces pieces = {.fn = fn, .ctx = ctx};
    sp_buf_init(&pieces.piece, PIECE_BYTES_MAX);
    enum sp_err err = give_all(config, &pieces);
    sp_buf_done(&pieces.piece);
    return err;
}

static enum sp_err put_piece(void *ctx, struct sp_slice piece)
{
    return sp_buf_put(ctx, piece);
}

enum sp_err sp_config_show(const struct sp_config *config, struct sp_buf *out)
{
    return sp_config_show_pieces(config, put_piece, out);
}

static const char *unit_of(enum sp_config_kind kind)
{
    static const char *const units[] = {
        [SP_CONFIG_KIND_TEXT] = "text",           [SP_CONFIG_KIND_CHOICE] = "word",
        [SP_CONFIG_KIND_NUMBER] = "number",       [SP_CONFIG_KIND_BYTES] = "bytes",
        [SP_CONFIG_KIND_SECONDS] = "seconds",     [SP_CONFIG_KIND_MS] = "milliseconds",
        [SP_CONFIG_KIND_REAL] = "number",         [SP_CONFIG_KIND_BOOL] = "true or false",
        [SP_CONFIG_KIND_TEXTS] = "list of texts",
    };
    return units[kind];
}

/* A vertical bar would end the cell. */
static enum sp_err put_words(struct sp_buf *out, const char *choices)
{
    for (; *choices != '\0'; choices++) {
        SP_TRY(*choices == '|' ? sp_buf_put_text(out, ", ")
                               : sp_buf_put_byte(out, (uint8_t)*choices));
    }
    return SP_OK;
}

static enum sp_err put_bounds(struct sp_buf *out, const struct sp_config_row *row)
{
    if (row->kind == SP_CONFIG_KIND_CHOICE) {
        return put_words(out, row->choices);
    }
    if (row->kind == SP_CONFIG_KIND_BOOL || row->kind == SP_CONFIG_KIND_TEXT) {
        return sp_buf_put_text(out, unit_of(row->kind));
    }
    return sp_buf_putf(out, "%llu to %llu %s", (unsigned long long)row->lowest,
                       (unsigned long long)row->highest, unit_of(row->kind));
}

static enum sp_err put_rows(struct sp_buf *out, struct sp_config_group group)
{
    for (size_t i = 0; i < group.count; i++) {
        const struct sp_config_row *row = &group.rows[i];
        SP_TRY(sp_buf_putf(out, "| `%s` | `%s` | `%s` | ", row->table, row->key, row->fallback));
        SP_TRY(put_bounds(out, row));
        SP_TRY(sp_buf_putf(out, " | %s |\n", row->help));
    }
    return SP_OK;
}

enum sp_err sp_config_keys(struct sp_buf *out)
{
    struct sp_config config = {0};
    struct sp_config_tenant tenant = {0};
    struct sp_config_organisation organisation = {0};
    struct sp_config_issuer issuer = {0};
    struct sp_config_rule rule = {0};
    struct sp_config_pool pool = {0};
    struct sp_config_ship ship = {0};
    SP_TRY(sp_buf_put_text(
        out, "| table | key | default | values | what it is |\n|---|---|---|---|---|\n"));
    SP_TRY(put_rows(out, sp_config_main_group(&config)));
    SP_TRY(put_rows(out, sp_config_pool_group(&pool)));
    SP_TRY(put_rows(out, sp_config_ship_group(&ship)));
    SP_TRY(put_rows(out, sp_config_tenant_group(&tenant)));
    SP_TRY(put_rows(out, sp_config_organisation_group(&organisation)));
    SP_TRY(put_rows(out, sp_config_issuer_group(&issuer)));
    return put_rows(out, sp_config_rule_group(&rule));
}
