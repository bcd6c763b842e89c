#include "base/num.h"
#include "policy/judge_inner.h"

/*
 * Names last from run to run, and each run is judged alone. So a run must not give to what a later one could misuse a name
 * under which nobody would know it, and some names that are bound nowhere are taken for what everybody calls so.
 */

/* ---- for later runs ---- */

/* A function that reads names or code from its arguments. */
static bool is_reader(const struct sp_judge *j, struct sp_slice path)
{
    uint32_t special = JUDGE_ORDINARY;
    (void)sp_map_get(&j->specials, path, &special);
    switch ((enum judge_special)special) {
    case JUDGE_IMPORTER:
    case JUDGE_GETTER_SECOND:
    case JUDGE_GETTER_FIRST:
    case JUDGE_EVALUATES:
    case JUDGE_TEMPLATE:
    case JUDGE_TIMES:
        return true;
    case JUDGE_ORDINARY:
    case JUDGE_EVALUATES_SECOND:
    case JUDGE_HELP:
    case JUDGE_BACKEND:
    case JUDGE_ANNOTATES:
    case JUDGE_TARGET:
    case JUDGE_TARGET_TEXT:
        break;
    }
    return false;
}

/* It goes by its own name, or by one that the table has for it. */
static bool is_known_as(const struct sp_judge *j, struct sp_slice path, struct sp_slice name)
{
    size_t leaf = 0;
    for (size_t at = 0; at < path.len; at++) {
        leaf = path.ptr[at] == '.' ? at + 1 : leaf;
    }
    return sp_slice_equal(sp_slice_sub(path, leaf, path.len), name) ||
           sp_slice_equal(sp_table_alias(j->table, name), path);
}

/* Where the name was given: at the import of the path, or where it stands first. */
static struct sp_span place_of(const struct sp_judge *j, uint32_t symbol, struct sp_slice path)
{
    uint8_t text[SP_FACTS_PATH_BYTES_MAX];
    struct sp_span start = {.start = 0};
    size_t count = 0;
    const struct sp_import *imports = sp_facts_imports(j->facts, &count);
    for (size_t i = 0; i < count; i++) {
        size_t len = 0;
        if (sp_facts_module(j->facts, &imports[i], text, &len) == SP_OK &&
            sp_slice_equal(sp_slice_make(text, len), path)) {
            return imports[i].place;
        }
    }
    const struct sp_ref *refs = sp_facts_refs(j->facts, &count);
    for (size_t i = 0; i < count; i++) {
        if (refs[i].root == SP_ROOT_NAME &&
            sp_facts_segment_symbol(j->facts, &refs[i], 0) == symbol) {
            return refs[i].place;
        }
    }
    return start;
}

static void judge_name(struct sp_judge *j, uint32_t symbol)
{
    struct sp_paths paths;
    struct sp_slice name = sp_facts_symbol(j->facts, symbol);
    if (sp_facts_resolve_symbol(j->facts, symbol, &paths) != SP_OK) {
        return;
    }
    for (unsigned i = 0; i < paths.count; i++) {
        struct judge_path room;
        struct sp_slice path =
            judge_canonical(j, sp_slice_make(paths.text[i], paths.len[i]), &room);
        bool is_guarded = sp_map_has(&j->table->guarded, path) &&
                          !sp_map_has(&j->table->ambiguous, path); /* `x = code` */
        bool is_telling = is_guarded || is_reader(j, path);
        if (is_telling && !is_known_as(j, path, name)) {
            struct sp_span span = place_of(j, symbol, path);
            j->out->capabilities |= SP_CAPABILITY_BIT(SP_CAPABILITY_DYNAMIC_CODE);
            judge_report(j, j->policy->capability[SP_CAPABILITY_DYNAMIC_CODE], "dynamic-code",
                         &span,
                         "%.*s goes by the name %.*s here, under which a later run reaches it "
                         "unseen; instead: its own name",
                         (int)sp_size_min(path.len, 64), (const char *)path.ptr,
                         (int)sp_size_min(name.len, 64), (const char *)name.ptr);
        }
    }
}

void judge_renamed(struct sp_judge *j)
{
    size_t count = sp_facts_symbol_count(j->facts);
    for (size_t i = 0; i < count && !judge_is_full(j); i++) {
        if (sp_facts_has_meaning(j->facts, (uint32_t)i)) {
            judge_name(j, (uint32_t)i);
        }
    }
}

/* ---- from earlier runs ---- */

static const struct {
    const char *name;
    const char *path;
} earlier[] = {
    {"import_module", "importlib.import_module"},
    {"attrgetter", "operator.attrgetter"},
    {"methodcaller", "operator.methodcaller"},
    {"parse_expr", "sympy.parse_expr"},
    {"timeit", "timeit.timeit"},
};

enum sp_err judge_learn_earlier(struct sp_judge *j)
{
    for (size_t i = 0; i < SP_COUNT(earlier); i++) {
        SP_TRY(sp_map_put(&j->words, sp_slice_of(earlier[i].name), 1));
    }
    return SP_OK;
}

struct sp_slice judge_earlier(struct sp_slice name)
{
    for (size_t i = 0; i < SP_COUNT(earlier); i++) {
        if (sp_slice_is(name, earlier[i].name)) {
            return sp_slice_of(earlier[i].path);
        }
    }
    return sp_slice_make(NULL, 0);
}
