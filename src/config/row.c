/* Reading, bounding and printing the value of one key. */
#include "config/row.h"

#include "base/assert.h"
#include "base/num.h"
#include "codec/json_out.h"
#include "codec/quantity.h"

#define AS_ROW(kind, table, key, field, lowest, highest, fallback, choices, help)                  \
    {SP_CONFIG_KIND_##kind,                                                                        \
     table,                                                                                        \
     key,                                                                                          \
     offsetof(struct STRUCT, field),                                                               \
     lowest,                                                                                       \
     highest,                                                                                      \
     fallback,                                                                                     \
     choices,                                                                                      \
     help},
#define STRUCT sp_config
static const struct sp_config_row main_rows[] = {SP_CONFIG_ROWS(AS_ROW)};
#undef STRUCT
#define STRUCT sp_config_tenant
static const struct sp_config_row tenant_rows[] = {SP_CONFIG_TENANT_ROWS(AS_ROW)};
#undef STRUCT
#define STRUCT sp_config_organisation
static const struct sp_config_row organisation_rows[] = {SP_CONFIG_ORGANISATION_ROWS(AS_ROW)};
#undef STRUCT
#define STRUCT sp_config_issuer
static const struct sp_config_row issuer_rows[] = {SP_CONFIG_ISSUER_ROWS(AS_ROW)};
#undef STRUCT
#define STRUCT sp_config_rule
static const struct sp_config_row rule_rows[] = {SP_CONFIG_RULE_ROWS(AS_ROW)};
#undef STRUCT
#define STRUCT sp_config_pool
static const struct sp_config_row pool_rows[] = {SP_CONFIG_POOL_ROWS(AS_ROW)};
#undef STRUCT
#define STRUCT sp_config_ship
static const struct sp_config_row ship_rows[] = {SP_CONFIG_SHIP_ROWS(AS_ROW)};
#undef STRUCT
#undef AS_ROW

struct sp_config_group sp_config_main_group(struct sp_config *config)
{
    return (struct sp_config_group){main_rows, SP_COUNT(main_rows), config, config->places};
}

struct sp_config_group sp_config_tenant_group(struct sp_config_tenant *tenant)
{
    return (struct sp_config_group){tenant_rows, SP_COUNT(tenant_rows), tenant, tenant->places};
}

struct sp_config_group sp_config_organisation_group(struct sp_config_organisation *organisation)
{
    return (struct sp_config_group){organisation_rows, SP_COUNT(organisation_rows), organisation,
                                    organisation->places};
}

struct sp_config_group sp_config_issuer_group(struct sp_config_issuer *issuer)
{
    return (struct sp_config_group){issuer_rows, SP_COUNT(issuer_rows), issuer, issuer->places};
}

struct sp_config_group sp_config_rule_group(struct sp_config_rule *rule)
{
    return (struct sp_config_group){rule_rows, SP_COUNT(rule_rows), rule, rule->places};
}

struct sp_config_group sp_config_pool_group(struct sp_config_pool *pool)
{
    return (struct sp_config_group){pool_rows, SP_COUNT(pool_rows), pool, pool->places};
}

struct sp_config_group sp_config_ship_group(struct sp_config_ship *ship)
{
    return (struct sp_config_group){ship_rows, SP_COUNT(ship_rows), ship, ship->places};
}

static void *field_of(void *base, const struct sp_config_row *row)
{
    return (uint8_t *)base + row->offset;
}

static const void *const_field_of(const void *base, const struct sp_config_row *row)
{
    return (const uint8_t *)base + row->offset;
}

static enum sp_err wrong(struct sp_where *where, const struct sp_toml_value *value,
                         const struct sp_config_row *row, const char *wanted)
{
    struct sp_toml_place place = sp_toml_place(value);
    sp_where_set(where, place.line, place.column, "'%s' in [%s] must be %s", row->key, row->table,
                 wanted);
    return SP_ERR_CONFIG;
}

static bool is_plain_text(struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7F) {
            return false;
        }
    }
    return true;
}

/* A copy that ends with NUL and lives as long as the configuration. */
static const char *keep_text(struct sp_config *config, struct sp_slice text)
{
    char *copy = sp_config_keep(config, text.len + 1);
    if (copy == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < text.len; i++) {
        copy[i] = (char)text.ptr[i];
    }
    copy[text.len] = '\0';
    return copy;
}

static enum sp_err set_text(struct sp_config *config, const char **field,
                            const struct sp_config_row *row, const struct sp_toml_value *value,
                            struct sp_where *where)
{
    struct sp_slice text;
    if (sp_toml_string(value, &text) != SP_OK) {
        return wrong(where, value, row, "a string");
    }
    if (!is_plain_text(text)) {
        return wrong(where, value, row, "without control characters");
    }
    if (text.len < row->lowest || text.len > row->highest) {
        return wrong(where, value, row, text.len < row->lowest ? "longer" : "shorter");
    }
    const char *kept = keep_text(config, text);
    if (kept == NULL) {
        return SP_ERR_NOMEM;
    }
    *field = kept;
    return SP_OK;
}

static enum sp_err set_choice(unsigned *field, const struct sp_config_row *row,
                              const struct sp_toml_value *value, struct sp_where *where)
{
    struct sp_slice text = {NULL, 0};
    struct sp_slice rest = sp_slice_of(row->choices);
    bool is_text = sp_toml_string(value, &text) == SP_OK;
    for (unsigned i = 0; is_text && rest.len > 0; i++) {
        size_t end = sp_slice_find(rest, 0, '|');
        if (sp_slice_equal(text, sp_slice_sub(rest, 0, end))) {
            *field = i;
            return SP_OK;
        }
        rest = sp_slice_sub(rest, end + 1, rest.len);
    }
    struct sp_toml_place place = sp_toml_place(value);
    sp_where_set(where, place.line, place.column, "'%s' in [%s] must be one of %s", row->key,
                 row->table, row->choices);
    return SP_ERR_CONFIG;
}

typedef enum sp_err quantity_fn(struct sp_slice text, uint64_t *out);

/* An integer, or a string with a unit when the kind has units. */
static enum sp_err set_number(uint64_t *field, const struct sp_config_row *row,
                              const struct sp_toml_value *value, quantity_fn *quantity,
                              struct sp_where *where)
{
    int64_t integer = 0;
    uint64_t number = 0;
    struct sp_slice text;
    if (sp_toml_integer(value, &integer) == SP_OK) {
        number = integer < 0 ? 0 : (uint64_t)integer;
    } else if (quantity == NULL || sp_toml_string(value, &text) != SP_OK) {
        return wrong(where, value, row,
                     quantity == NULL ? "an integer"
                                      : "an integer, or a string like \"5m\" or \"1 GiB\"");
    } else if (quantity(text, &number) != SP_OK) {
        return wrong(where, value, row,
                     row->kind == SP_CONFIG_KIND_BYTES ? "a size like \"512 MiB\""
                                                       : "a time like \"30s\"");
    }
    if (integer < 0 || number < row->lowest || number > row->highest) {
        struct sp_toml_place place = sp_toml_place(value);
        sp_where_set(where, place.line, place.column, "'%s' in [%s] must be from %llu to %llu",
                     row->key, row->table, (unsigned long long)row->lowest,
                     (unsigned long long)row->highest);
        return SP_ERR_CONFIG;
    }
    *field = number;
    return SP_OK;
}

static enum sp_err set_real(double *field, const struct sp_config_row *row,
                            const struct sp_toml_value *value, struct sp_where *where)
{
    double real = 0;
    int64_t integer = 0;
    if (sp_toml_integer(value, &integer) == SP_OK) {
        real = (double)integer;
    } else if (sp_toml_float(value, &real) != SP_OK) {
        return wrong(where, value, row, "a number");
    }
    /* Written so that NaN fails too. */
    if (!(real >= (double)row->lowest && real <= (double)row->highest)) {
        return wrong(where, value, row, "within its bounds");
    }
    *field = real;
    return SP_OK;
}

static enum sp_err set_texts(struct sp_config *config, struct sp_config_texts *field,
                             const struct sp_config_row *row, const struct sp_toml_value *value,
                             struct sp_where *where)
{
    const struct sp_config_row item = {
        .table = row->table, .key = row->key, .lowest = 1, .highest = 256};
    size_t count = sp_toml_count(value);
    if (sp_toml_type(value) != SP_TOML_ARRAY || count > row->highest) {
        return wrong(where, value, row, "an array of strings, and not too many");
    }
    const char **items = sp_config_keep(config, (count + 1) * sizeof(const char *));
    if (items == NULL) {
        return SP_ERR_NOMEM;
    }
    size_t at = 0;
    for (const struct sp_toml_value *v = sp_toml_first(value); v != NULL; v = sp_toml_next(v)) {
        SP_TRY(set_text(config, &items[at++], &item, v, where));
    }
    *field = (struct sp_config_texts){items, count};
    return SP_OK;
}

static enum sp_err set_bool(bool *field, const struct sp_config_row *row,
                            const struct sp_toml_value *value, struct sp_where *where)
{
    return sp_toml_bool(value, field) == SP_OK ? SP_OK : wrong(where, value, row, "true or false");
}

enum sp_err sp_config_row_set(struct sp_config *config, void *base, const struct sp_config_row *row,
                              const struct sp_toml_value *value, struct sp_where *where)
{
    void *field = field_of(base, row);
    switch (row->kind) {
    case SP_CONFIG_KIND_TEXT:
        return set_text(config, field, row, value, where);
    case SP_CONFIG_KIND_CHOICE:
        return set_choice(field, row, value, where);
    case SP_CONFIG_KIND_NUMBER:
        return set_number(field, row, value, NULL, where);
    case SP_CONFIG_KIND_BYTES:
        return set_number(field, row, value, sp_quantity_bytes, where);
    case SP_CONFIG_KIND_SECONDS:
        return set_number(field, row, value, sp_quantity_seconds, where);
    case SP_CONFIG_KIND_MS:
        return set_number(field, row, value, sp_quantity_ms, where);
    case SP_CONFIG_KIND_REAL:
        return set_real(field, row, value, where);
    case SP_CONFIG_KIND_BOOL:
        return set_bool(field, row, value, where);
    case SP_CONFIG_KIND_TEXTS:
        return set_texts(config, field, row, value, where);
    }
    return SP_ERR_CONFIG;
}

enum sp_err sp_config_row_default(struct sp_config *config, void *base,
                                  const struct sp_config_row *row)
{
    SP_AUTO_BUF struct sp_buf text;
    SP_AUTO_TOML struct sp_toml *doc = NULL;
    struct sp_where where = {0};
    sp_buf_init(&text, 4096);
    SP_TRY(sp_buf_putf(&text, "v = %s\n", row->fallback));
    enum sp_err err = sp_toml_parse(sp_buf_slice(&text), &doc, &where);
    if (err == SP_OK) {
        err = sp_config_row_set(config, base, row, sp_toml_get(sp_toml_root(doc), "v"), &where);
    }
    SP_ASSERT(err == SP_OK || err == SP_ERR_NOMEM); /* a default of ours always fits its own row */
    return err;
}

static enum sp_err print_choice(unsigned number, const struct sp_config_row *row,
                                struct sp_buf *out)
{
    struct sp_slice rest = sp_slice_of(row->choices);
    for (unsigned i = 0; i < number; i++) {
        rest = sp_slice_sub(rest, sp_slice_find(rest, 0, '|') + 1, rest.len);
    }
    return sp_json_out_put_string(out, sp_slice_sub(rest, 0, sp_slice_find(rest, 0, '|')));
}

static enum sp_err print_ms(uint64_t ms, struct sp_buf *out)
{
    if (ms % 1000 == 0) {
        return sp_quantity_put_seconds(out, ms / 1000);
    }
    SP_TRY(sp_buf_put_u64(out, ms));
    return sp_buf_put_text(out, "ms");
}

/* A size or a time in quotes. */
static enum sp_err print_quantity(uint64_t number, enum sp_config_kind kind, struct sp_buf *out)
{
    SP_TRY(sp_buf_put_byte(out, '"'));
    if (kind == SP_CONFIG_KIND_BYTES) {
        SP_TRY(sp_quantity_put_bytes(out, number));
    } else if (kind == SP_CONFIG_KIND_SECONDS) {
        SP_TRY(sp_quantity_put_seconds(out, number));
    } else {
        SP_TRY(print_ms(number, out));
    }
    return sp_buf_put_byte(out, '"');
}

static enum sp_err print_texts(const struct sp_config_texts *texts, struct sp_buf *out)
{
    SP_TRY(sp_buf_put_byte(out, '['));
    for (size_t i = 0; i < texts->count; i++) {
        SP_TRY(sp_buf_put_text(out, i == 0 ? "" : ", "));
        SP_TRY(sp_json_out_put_string(out, sp_slice_of(texts->items[i])));
    }
    return sp_buf_put_byte(out, ']');
}

enum sp_err sp_config_row_print(const void *base, const struct sp_config_row *row,
                                struct sp_buf *out)
{
    const void *field = const_field_of(base, row);
    switch (row->kind) {
    case SP_CONFIG_KIND_TEXT:
        return sp_json_out_put_string(out, sp_slice_of(*(const char *const *)field));
    case SP_CONFIG_KIND_CHOICE:
        return print_choice(*(const unsigned *)field, row, out);
    case SP_CONFIG_KIND_NUMBER:
        return sp_buf_put_u64(out, *(const uint64_t *)field);
    case SP_CONFIG_KIND_BYTES:
    case SP_CONFIG_KIND_SECONDS:
    case SP_CONFIG_KIND_MS:
        return print_quantity(*(const uint64_t *)field, row->kind, out);
    case SP_CONFIG_KIND_REAL:
        return sp_buf_putf(out, "%.3f", *(const double *)field);
    case SP_CONFIG_KIND_BOOL:
        return sp_buf_put_text(out, *(const bool *)field ? "true" : "false");
    case SP_CONFIG_KIND_TEXTS:
        return print_texts(field, out);
    }
    return SP_ERR_CONFIG;
}

void sp_config_row_copy(void *base, const void *from, const struct sp_config_row *row)
{
    void *field = field_of(base, row);
    const void *other = const_field_of(from, row);
    switch (row->kind) {
    case SP_CONFIG_KIND_TEXT:
        *(const char **)field = *(const char *const *)other;
        return;
    case SP_CONFIG_KIND_CHOICE:
        *(unsigned *)field = *(const unsigned *)other;
        return;
    case SP_CONFIG_KIND_NUMBER:
    case SP_CONFIG_KIND_BYTES:
    case SP_CONFIG_KIND_SECONDS:
    case SP_CONFIG_KIND_MS:
        *(uint64_t *)field = *(const uint64_t *)other;
        return;
    case SP_CONFIG_KIND_REAL:
        *(double *)field = *(const double *)other;
        return;
    case SP_CONFIG_KIND_BOOL:
        *(bool *)field = *(const bool *)other;
        return;
    case SP_CONFIG_KIND_TEXTS:
        *(struct sp_config_texts *)field = *(const struct sp_config_texts *)other;
        return;
    }
}
