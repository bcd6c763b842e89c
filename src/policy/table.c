#include "policy/table.h"

#include "codec/toml.h"
#include "policy/embedded.h"

static const struct {
    const char *name;
    const char *text;
} capabilities[SP_CAPABILITY_COUNT] = {
#define SP_CAPABILITY_AS_ROW(id, word, words) [id] = {.name = (word), .text = (words)},
    SP_CAPABILITY_LIST(SP_CAPABILITY_AS_ROW)
#undef SP_CAPABILITY_AS_ROW
};

const char *sp_capability_name(enum sp_capability capability)
{
    return (unsigned)capability < SP_CAPABILITY_COUNT ? capabilities[capability].name : "unknown";
}

const char *sp_capability_text(enum sp_capability capability)
{
    return (unsigned)capability < SP_CAPABILITY_COUNT ? capabilities[capability].text : "unknown";
}

enum sp_err sp_capability_from_name(struct sp_slice name, enum sp_capability *out)
{
    for (unsigned i = 0; i < SP_CAPABILITY_COUNT; i++) {
        if (sp_slice_is(name, capabilities[i].name)) {
            *out = (enum sp_capability)i;
            return SP_OK;
        }
    }
    return SP_ERR_INVALID;
}

const struct sp_embedded *sp_embedded_find(struct sp_slice name)
{
    for (size_t i = 0; i < sp_embedded_count; i++) {
        if (sp_slice_is(name, sp_embedded_files[i].name)) {
            return &sp_embedded_files[i];
        }
    }
    return NULL;
}

/* ---- reading ---- */

static enum sp_err wrong(const struct sp_toml_value *value, struct sp_where *where,
                         const char *what)
{
    struct sp_toml_place place = sp_toml_place(value);
    sp_where_set(where, place.line, place.column, "%s", what);
    return SP_ERR_CONFIG;
}

/* Adds `bits` for every text of an array. */
static enum sp_err add_list(struct sp_map *map, const struct sp_toml_value *list, uint32_t bits,
                            struct sp_where *where)
{
    if (list == NULL) {
        return SP_OK;
    }
    for (const struct sp_toml_value *item = sp_toml_first(list); item != NULL;
         item = sp_toml_next(item)) {
        struct sp_slice text;
        if (sp_toml_string(item, &text) != SP_OK) {
            return wrong(item, where, "a text is expected here");
        }
        SP_TRY(sp_map_or(map, text, bits));
    }
    return SP_OK;
}

static enum sp_err load_capability(struct sp_table *t, const struct sp_toml_value *section,
                                   uint32_t bits, struct sp_where *where)
{
    SP_TRY(add_list(&t->paths, sp_toml_get(section, "modules"), bits, where));
    SP_TRY(add_list(&t->paths, sp_toml_get(section, "names"), bits, where));
    SP_TRY(add_list(&t->attributes, sp_toml_get(section, "attributes"), bits, where));
    SP_TRY(add_list(&t->on_modules, sp_toml_get(section, "module_attributes"), bits, where));
    SP_TRY(add_list(&t->orphans, sp_toml_get(section, "orphans"), bits, where));
    SP_TRY(add_list(&t->objects, sp_toml_get(section, "objects"), bits, where));
    SP_TRY(add_list(&t->unless, sp_toml_get(section, "unless"), bits, where));
    SP_TRY(add_list(&t->strings, sp_toml_get(section, "strings"), bits, where));
    SP_TRY(add_list(&t->places, sp_toml_get(section, "places"), bits, where));
    SP_TRY(add_list(&t->magics, sp_toml_get(section, "magics"), bits, where));
    SP_TRY(add_list(&t->quoted, sp_toml_get(section, "quoted"), bits, where));
    SP_TRY(add_list(&t->texts, sp_toml_get(section, "texts"), bits, where));
    SP_TRY(add_list(&t->urls, sp_toml_get(section, "urls"), bits, where));
    SP_TRY(add_list(&t->senders, sp_toml_get(section, "senders"), bits, where));
    SP_TRY(add_list(&t->keywords, sp_toml_get(section, "keywords"), bits, where));
    SP_TRY(add_list(&t->second, sp_toml_get(section, "second"), bits, where));
    SP_TRY(add_list(&t->evaluates, sp_toml_get(section, "evaluates"), bits, where));
    SP_TRY(add_list(&t->templates, sp_toml_get(section, "templates"), bits, where));
    return add_list(&t->methods, sp_toml_get(section, "methods"), bits, where);
}

static enum sp_err target_of(struct sp_table *t, struct sp_slice name, uint32_t *out)
{
    if (sp_map_get(&t->targets, name, out)) {
        return SP_OK;
    }
    if (t->target_count == SP_TABLE_TARGETS_MAX) {
        return SP_ERR_FULL;
    }
    SP_TRY(sp_map_put(&t->targets, name, t->target_count));
    *out = t->target_count;
    t->target_count++;
    return SP_OK;
}

/* A table of text to module name. */
static enum sp_err load_targets(struct sp_table *t, struct sp_map *map,
                                const struct sp_toml_value *section, struct sp_where *where)
{
    for (const struct sp_toml_value *item = sp_toml_first(section); item != NULL;
         item = sp_toml_next(item)) {
        struct sp_slice module;
        uint32_t number = 0;
        if (sp_toml_string(item, &module) != SP_OK) {
            return wrong(item, where, "the name of a module is expected here");
        }
        SP_TRY(target_of(t, module, &number));
        SP_TRY(sp_map_put(map, sp_toml_key(item), number));
    }
    return SP_OK;
}

static void name_targets(struct sp_table *t)
{
    for (size_t i = 0; i < t->targets.slot_count; i++) {
        const struct sp_map_entry *entry = &t->targets.slots[i];
        if (entry->key.ptr != NULL) {
            t->target[entry->value] = entry->key;
        }
    }
}

static enum sp_err load_sections(struct sp_table *t, const struct sp_toml_value *root,
                                 struct sp_where *where)
{
    for (unsigned i = 0; i < SP_CAPABILITY_COUNT; i++) {
        const struct sp_toml_value *section = sp_toml_get(root, capabilities[i].name);
        if (section != NULL) {
            SP_TRY(load_capability(t, section, SP_CAPABILITY_BIT(i), where));
        }
    }
    const struct sp_toml_value *none = sp_toml_get(root, "harmless");
    SP_TRY(add_list(&t->paths, sp_toml_get(none, "names"), 0, where));
    SP_TRY(add_list(&t->magics, sp_toml_get(none, "magics"), 0, where));
    SP_TRY(add_list(&t->keyword_calls, sp_toml_get(none, "calls"), 1, where));
    SP_TRY(add_list(&t->imports, sp_toml_get(none, "imports"), 1, where));
    SP_TRY(add_list(&t->variables, sp_toml_get(none, "variables"), 1, where));
    SP_TRY(add_list(&t->ambiguous, sp_toml_get(sp_toml_get(root, "ambiguous"), "names"), 1, where));
    SP_TRY(add_list(&t->guarded, sp_toml_get(sp_toml_get(root, "guarded"), "modules"), 1, where));
    SP_TRY(add_list(&t->image, sp_toml_get(sp_toml_get(root, "image"), "modules"), 1, where));
    const struct sp_toml_value *pickle = sp_toml_get(root, "pickle");
    SP_TRY(add_list(&t->pickle_globals, sp_toml_get(pickle, "globals"), 1, where));
    SP_TRY(add_list(&t->pickle_packages, sp_toml_get(pickle, "packages"), 1, where));
    SP_TRY(load_targets(t, &t->reexports, sp_toml_get(root, "reexports"), where));
    SP_TRY(load_targets(t, &t->exact, sp_toml_get(root, "exact"), where));
    SP_TRY(load_targets(t, &t->instead, sp_toml_get(root, "instead"), where));
    SP_TRY(load_targets(t, &t->aliases, sp_toml_get(root, "aliases"), where));
    name_targets(t);
    return SP_OK;
}

enum sp_err sp_table_load(struct sp_slice text, struct sp_table *out, struct sp_where *out_where)
{
    SP_AUTO_TOML struct sp_toml *doc = NULL;
    *out = (struct sp_table){.target_count = 0};
    SP_TRY(sp_toml_parse(text, &doc, out_where));
    enum sp_err err = load_sections(out, sp_toml_root(doc), out_where);
    if (err != SP_OK) {
        sp_table_done(out);
    }
    return err;
}

enum sp_err sp_table_builtin(struct sp_table *out, struct sp_where *out_where)
{
    const struct sp_embedded *file = sp_embedded_find(SP_SLICE_LITERAL("capabilities"));
    if (file == NULL) {
        sp_where_set(out_where, 0, 0, "the program was built without its table of capabilities");
        return SP_ERR_CONFIG;
    }
    return sp_table_load(file->text, out, out_where);
}

void sp_table_done(struct sp_table *table)
{
    struct sp_map *const maps[] = {
        &table->paths,           &table->attributes, &table->on_modules, &table->orphans,
        &table->strings,         &table->magics,     &table->evaluates,  &table->methods,
        &table->guarded,         &table->image,      &table->reexports,  &table->aliases,
        &table->targets,         &table->places,     &table->second,     &table->pickle_globals,
        &table->pickle_packages, &table->texts,      &table->urls,       &table->keywords,
        &table->keyword_calls,   &table->ambiguous,  &table->exact,      &table->instead,
        &table->quoted,          &table->objects,    &table->unless,     &table->imports,
        &table->variables,       &table->senders,    &table->templates};
    for (size_t i = 0; i < SP_COUNT(maps); i++) {
        sp_map_done(maps[i]);
    }
    table->target_count = 0;
}

/* ---- asking ---- */

static struct sp_slice target(const struct sp_table *table, const struct sp_map *map,
                              struct sp_slice key)
{
    uint32_t number = 0;
    if (!sp_map_get(map, key, &number) || number >= table->target_count) {
        return sp_slice_make(NULL, 0);
    }
    return table->target[number];
}

struct sp_slice sp_table_reexport(const struct sp_table *table, struct sp_slice attribute)
{
    return target(table, &table->reexports, attribute);
}

struct sp_slice sp_table_exact(const struct sp_table *table, struct sp_slice path)
{
    return target(table, &table->exact, path);
}

struct sp_slice sp_table_instead(const struct sp_table *table, struct sp_slice path)
{
    size_t len = path.len;
    while (len > 0) {
        struct sp_slice words = target(table, &table->instead, sp_slice_sub(path, 0, len));
        if (words.len > 0) {
            return words;
        }
        do {
            len--;
        } while (len > 0 && path.ptr[len] != '.' && path.ptr[len] != '(');
    }
    return sp_slice_make(NULL, 0);
}

struct sp_slice sp_table_alias(const struct sp_table *table, struct sp_slice name)
{
    return target(table, &table->aliases, name);
}

uint32_t sp_table_path(const struct sp_table *table, struct sp_slice path, size_t *out_len)
{
    size_t len = path.len;
    *out_len = 0;
    while (len > 0) {
        uint32_t bits = 0;
        if (sp_map_get(&table->paths, sp_slice_sub(path, 0, len), &bits)) {
            *out_len = len;
            return bits;
        }
        do {
            len--;
        } while (len > 0 && path.ptr[len] != '.');
    }
    return 0;
}
