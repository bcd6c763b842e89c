/* Reading config.toml into its struct, with the place of every value. */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "base/own.h"
#include "config/row.h"
#include "config/tenants.h"

#define TABLE_BYTES_MAX ((size_t)256)

/* Most of what is kept is short texts, of which there may be very many: they stand close together. */
#define CHUNK_BYTES     ((size_t)16 * 1024)
#define KEEP_ALIGN      ((size_t)8)

struct sp_config_owned {
    struct sp_config_owned *next;
    size_t used;
    size_t room;
    max_align_t bytes[];
};

void *sp_config_keep(struct sp_config *config, size_t size)
{
    struct sp_config_owned *owned = config->owned;
    size_t need = 0;
    if (sp_size_add(size, KEEP_ALIGN - 1, &need) != SP_OK) {
        return NULL;
    }
    need -= need % KEEP_ALIGN;
    if (owned == NULL || need > owned->room - owned->used) {
        const size_t room = need > CHUNK_BYTES ? need : CHUNK_BYTES;
        owned = calloc(1, sizeof(*owned) + room);
        if (owned == NULL) {
            return NULL;
        }
        owned->room = room;
        owned->next = config->owned;
        config->owned = owned;
    }
    void *kept = (uint8_t *)owned->bytes + owned->used;
    owned->used += need;
    return kept;
}

void sp_config_free(struct sp_config *config)
{
    if (config == NULL) {
        return;
    }
    while (config->owned != NULL) {
        struct sp_config_owned *next = config->owned->next;
        free(config->owned);
        config->owned = next;
    }
    sp_config_forget_tenants(config);
    free(config);
}

void sp_config_free_cleanup(struct sp_config **config)
{
    sp_config_free(*config);
}

enum sp_err sp_config_set_defaults(struct sp_config *config, struct sp_config_group group)
{
    for (size_t i = 0; i < group.count; i++) {
        SP_TRY(sp_config_row_default(config, group.base, &group.rows[i]));
        group.places[i] = (struct sp_config_place){0, 0};
    }
    return SP_OK;
}

/* The name of the table that a member opens: "server" and "tls" are "server.tls". */
static enum sp_err table_name(const char *outer, const struct sp_toml_value *member,
                              struct sp_buf *out)
{
    sp_buf_clear(out);
    SP_TRY(sp_buf_put_text(out, outer));
    SP_TRY(sp_buf_put_text(out, *outer == '\0' ? "" : "."));
    SP_TRY(sp_buf_put(out, sp_toml_key(member)));
    return sp_buf_put_byte(out, '\0');
}

/* What follows `outer` in the name of a row's table, when the table lies directly or deeper in `outer`. */
static bool is_inside(const char *table, const char *outer, struct sp_slice *out_rest)
{
    struct sp_slice name = sp_slice_of(table);
    struct sp_slice prefix = sp_slice_of(outer);
    if (prefix.len == 0) {
        *out_rest = name;
        return name.len > 0;
    }
    if (!sp_slice_starts(name, outer) || name.len <= prefix.len || name.ptr[prefix.len] != '.') {
        return false;
    }
    *out_rest = sp_slice_sub(name, prefix.len + 1, name.len);
    return true;
}

static bool is_table(struct sp_config_group group, const char *name)
{
    struct sp_slice ignored;
    for (size_t i = 0; i < group.count; i++) {
        if (sp_slice_is(sp_slice_of(name), group.rows[i].table) ||
            is_inside(group.rows[i].table, name, &ignored)) {
            return true;
        }
    }
    return false;
}

/* An unknown name: the nearest key of the same table, or table inside it, is suggested. */
static enum sp_err unknown(struct sp_config_group group, const char *table,
                           const struct sp_toml_value *member, struct sp_where *where)
{
    struct sp_config_suggestion nearest;
    sp_config_suggest_init(&nearest, sp_toml_key(member));
    for (size_t i = 0; i < group.count; i++) {
        struct sp_slice rest;
        if (sp_slice_is(sp_slice_of(table), group.rows[i].table)) {
            sp_config_suggest_offer(&nearest, group.rows[i].key);
        } else if (is_inside(group.rows[i].table, table, &rest) &&
                   sp_slice_find(rest, 0, '.') == rest.len) {
            sp_config_suggest_offer(&nearest, (const char *)rest.ptr);
        }
    }
    if (*table == '\0') {
        sp_config_suggest_offer(&nearest, "tenant");
        sp_config_suggest_offer(&nearest, "organisation");
        sp_config_suggest_offer(&nearest, "issuer");
    }
    struct sp_slice key = sp_toml_key(member);
    struct sp_toml_place place = sp_toml_key_place(member);
    sp_where_set(where, place.line, place.column, "unknown %s '%.*s'%s%s%s%s%s%s",
                 sp_toml_type(member) == SP_TOML_TABLE ? "table" : "key",
                 (int)(key.len > 64 ? 64 : key.len), (const char *)key.ptr,
                 *table == '\0' ? "" : " in [", table, *table == '\0' ? "" : "]",
                 nearest.best == NULL ? "" : "; did you mean '",
                 nearest.best == NULL ? "" : nearest.best, nearest.best == NULL ? "" : "'?");
    return SP_ERR_CONFIG;
}

static const struct sp_config_row *find_row(struct sp_config_group group, const char *table,
                                            struct sp_slice key, size_t *out_index)
{
    const struct sp_config_row *rows = group.rows;
    for (size_t i = 0; i < group.count; i++) {
        if (sp_slice_is(key, rows[i].key) && sp_slice_is(sp_slice_of(table), rows[i].table)) {
            *out_index = i;
            return rows + i;
        }
    }
    return NULL;
}

static enum sp_err read_table(struct sp_config *config, struct sp_config_group group,
                              const char *name, const struct sp_toml_value *table,
                              struct sp_where *where);

static enum sp_err read_member(struct sp_config *config, struct sp_config_group group,
                               const char *table, const struct sp_toml_value *member,
                               struct sp_where *where)
{
    size_t index = 0;
    if ((sp_slice_is(sp_slice_of(table), "azure_code_interpreter") &&
         sp_slice_is(sp_toml_key(member), "pool")) ||
        (sp_slice_is(sp_slice_of(table), "audit") && sp_slice_is(sp_toml_key(member), "ship"))) {
        return SP_OK; /* arrays of tables, read by themselves */
    }
    const struct sp_config_row *row = find_row(group, table, sp_toml_key(member), &index);
    if (row != NULL) {
        SP_TRY(sp_config_row_set(config, group.base, row, member, where));
        struct sp_toml_place place = sp_toml_place(member);
        group.places[index] = (struct sp_config_place){place.line, place.column};
        return SP_OK;
    }
    SP_AUTO_BUF struct sp_buf inner;
    sp_buf_init(&inner, TABLE_BYTES_MAX);
    if (table_name(table, member, &inner) != SP_OK || !is_table(group, (const char *)inner.ptr)) {
        return unknown(group, table, member, where);
    }
    if (sp_toml_type(member) != SP_TOML_TABLE) {
        struct sp_toml_place place = sp_toml_key_place(member);
        sp_where_set(where, place.line, place.column, "'%s' is a table: write [%s]",
                     (const char *)inner.ptr, (const char *)inner.ptr);
        return SP_ERR_CONFIG;
    }
    return read_table(config, group, (const char *)inner.ptr, member, where);
}

/* Goes only as deep as the names of tables do. */
static enum sp_err read_table(struct sp_config *config, struct sp_config_group group,
                              const char *name, const struct sp_toml_value *table,
                              struct sp_where *where)
{
    for (const struct sp_toml_value *v = sp_toml_first(table); v != NULL; v = sp_toml_next(v)) {
        SP_TRY(read_member(config, group, name, v, where));
    }
    return SP_OK;
}

enum sp_err sp_config_read_group(struct sp_config *config, struct sp_config_group group,
                                 const struct sp_toml_value *table, const char *skip,
                                 struct sp_where *where)
{
    SP_TRY(sp_config_set_defaults(config, group));
    for (const struct sp_toml_value *v = table == NULL ? NULL : sp_toml_first(table); v != NULL;
         v = sp_toml_next(v)) {
        if (!sp_slice_is(sp_toml_key(v), skip)) {
            SP_TRY(read_member(config, group, group.rows[0].table, v, where));
        }
    }
    return SP_OK;
}

enum sp_err sp_config_read_element(struct sp_config *config, struct sp_config_group group,
                                   const char *name, const struct sp_toml_value *table,
                                   struct sp_where *where)
{
    struct sp_toml_place place = sp_toml_place(table);
    if (sp_toml_type(table) != SP_TOML_TABLE || sp_toml_get(table, "name") == NULL) {
        sp_where_set(where, place.line, place.column, "each [[%s]] needs a 'name'", name);
        return SP_ERR_CONFIG;
    }
    return read_table(config, group, name, table, where);
}

static enum sp_err read_document(struct sp_config *config, const struct sp_toml_value *root,
                                 struct sp_where *where)
{
    struct sp_config_group group = sp_config_main_group(config);
    SP_TRY(sp_config_set_defaults(config, group));
    for (const struct sp_toml_value *v = sp_toml_first(root); v != NULL; v = sp_toml_next(v)) {
        const struct sp_slice key = sp_toml_key(v);
        if (!sp_slice_is(key, "tenant") && !sp_slice_is(key, "organisation") &&
            !sp_slice_is(key, "issuer")) {
            SP_TRY(read_member(config, group, "", v, where));
        }
    }
    const struct sp_toml_value *azure = sp_toml_get(root, "azure_code_interpreter");
    config->has_azure = azure != NULL;
    if (azure != NULL) {
        config->azure_place =
            (struct sp_config_place){sp_toml_place(azure).line, sp_toml_place(azure).column};
    }
    SP_TRY(sp_config_read_pools(config, azure, where));
    SP_TRY(sp_config_read_ships(config, sp_toml_get(root, "audit"), where));
    SP_TRY(sp_config_read_organisations(config, sp_toml_get(root, "organisation"), where));
    return sp_config_read_issuers(config, sp_toml_get(root, "issuer"), where);
}

/* STATE: what is configured, else a place that belongs to this user. */
static enum sp_err choose_state(struct sp_config *config)
{
    const char *xdg = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (*config->server_state != '\0') {
        config->state_dir = config->server_state;
        return SP_OK;
    }
    if (geteuid() == 0) {
        config->state_dir = "/var/lib/sallyport";
        return SP_OK;
    }
    bool has_xdg = xdg != NULL && *xdg == '/';
    const char *base = has_xdg ? xdg : home == NULL ? "/tmp" : home;
    struct sp_buf path;
    sp_buf_init(&path, 8192);
    enum sp_err err =
        sp_buf_putf(&path, "%s%s", base, has_xdg ? "/sallyport" : "/.local/state/sallyport");
    char *kept = err == SP_OK ? sp_config_keep(config, path.len + 1) : NULL;
    for (size_t i = 0; kept != NULL && i < path.len; i++) {
        kept[i] = (char)path.ptr[i];
    }
    config->state_dir = kept;
    sp_buf_done(&path);
    return kept == NULL ? SP_ERR_NOMEM : SP_OK;
}

/* The caller's strings outlive the configuration: they come from the command line. */
static void override(const char *text, const char **field, struct sp_config_place *place)
{
    if (text != NULL) {
        *field = text;
        *place = (struct sp_config_place){SP_CONFIG_LINE_OVERRIDE, 0};
    }
}

enum sp_err sp_config_parse(struct sp_slice text, const struct sp_config_overrides *overrides,
                            struct sp_config **out, struct sp_where *out_where)
{
    SP_AUTO_TOML struct sp_toml *doc = NULL;
    SP_AUTO_CONFIG struct sp_config *config = calloc(1, sizeof(*config));
    if (config == NULL) {
        return SP_ERR_NOMEM;
    }
    struct sp_config_reading reading = {.config = config, .where = out_where};
    const struct sp_toml_each each = {
        .name = "tenant", .fn = sp_config_add_tenant, .ctx = &reading};
    SP_TRY(sp_config_begin_tenants(&reading));
    SP_TRY(sp_toml_parse_each(text, &each, &doc, out_where));
    SP_TRY(read_document(config, sp_toml_root(doc), out_where));
    SP_TRY(sp_config_end_tenants(&reading, sp_toml_get(sp_toml_root(doc), "tenant")));
    if (overrides != NULL) {
        override(overrides->listen, &config->server_listen,
                 &config->places[SP_CONFIG_AT_server_listen]);
        override(overrides->state, &config->server_state,
                 &config->places[SP_CONFIG_AT_server_state]);
    }
    SP_TRY(choose_state(config));
    SP_TRY(sp_config_check(config, out_where));
    *out = config;
    config = NULL;
    return SP_OK;
}

static enum sp_err read_file(const char *path, struct sp_buf *out)
{
    SP_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return SP_ERR_SYSTEM;
    }
    for (;;) {
        uint8_t *at = NULL;
        size_t room = SP_CONFIG_FILE_MAX - out->len < 65536 ? SP_CONFIG_FILE_MAX - out->len : 65536;
        if (room == 0) {
            return SP_ERR_TOO_BIG;
        }
        SP_TRY(sp_buf_reserve(out, room, &at));
        ssize_t got = read(fd, at, room);
        if (got < 0 && errno != EINTR) {
            return SP_ERR_SYSTEM;
        }
        if (got == 0) {
            return SP_OK;
        }
        sp_buf_commit(out, got > 0 ? (size_t)got : 0);
    }
}

enum sp_err sp_config_load(const char *path, const struct sp_config_overrides *overrides,
                           struct sp_config **out, struct sp_where *out_where)
{
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, SP_CONFIG_FILE_MAX);
    enum sp_err err = path == NULL ? SP_OK : read_file(path, &text);
    if (err == SP_ERR_NOMEM) {
        return err;
    }
    if (err != SP_OK) {
        sp_where_set(out_where, 0, 0, "cannot read it: %s",
                     err == SP_ERR_TOO_BIG ? "it is larger than 64 MiB" : strerror(errno));
        return SP_ERR_CONFIG;
    }
    return sp_config_parse(sp_buf_slice(&text), overrides, out, out_where);
}
