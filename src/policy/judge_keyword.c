#include "policy/judge_inner.h"

static struct sp_slice path_at(const struct sp_paths *paths, unsigned index)
{
    return sp_slice_make(paths->text[index], paths->len[index]);
}

/* `np.save(f, x, allow_pickle=True)` only writes. */
static bool is_harmless_call(struct sp_judge *j, const struct sp_keyword *keyword)
{
    struct sp_paths *paths = judge_paths(j);
    size_t count = 0;
    const struct sp_call *calls = sp_facts_calls(j->facts, &count);
    const struct sp_ref *refs = sp_facts_refs(j->facts, &count);
    uint32_t callee = calls[keyword->call].callee;
    if (callee == SP_FACTS_NONE || sp_facts_resolve(j->facts, &refs[callee], paths) != SP_OK) {
        return false;
    }
    for (unsigned i = 0; i < paths->count; i++) {
        struct judge_path own;
        struct judge_path real;
        struct sp_slice path =
            paths->is_import ? path_at(paths, i) : judge_expand_alias(j, path_at(paths, i), &own);
        if (!sp_map_has(&j->table->keyword_calls, judge_canonical(j, path, &real))) {
            return false;
        }
    }
    return paths->count > 0;
}

/* In a pattern a keyword is an attribute that is read. */
static void judge_attribute(struct sp_judge *j, const struct sp_keyword *keyword,
                            struct sp_slice name)
{
    uint32_t own_bits = 0;
    if (sp_slice_find(name, 0, '_') < name.len &&
        sp_map_get(&j->table->attributes, name, &own_bits)) {
        /* `case object(__globals__=x)` reads the attribute. */
        judge_capabilities(j, own_bits, &keyword->place, name);
    }
    if (keyword->is_pattern &&
        (sp_table_reexport(j->table, name).len > 0 ||
         sp_map_get(&j->table->objects, name, &own_bits) || judge_exposes(j, name))) {
        /* `case object(os=x)` takes a module out of whatever it matches. */
        judge_capabilities(j, SP_CAPABILITY_BIT(SP_CAPABILITY_INTROSPECTION), &keyword->place,
                           name);
    }
}

/* `np.load(f, allow_pickle=True)`: the table has "numpy.load(allow_pickle)". */
static void judge_keyword(struct sp_judge *j, const struct sp_keyword *keyword)
{
    struct sp_paths *paths = judge_paths(j);
    size_t count = 0;
    struct sp_slice name = sp_facts_symbol(j->facts, keyword->name);
    uint32_t own_bits = 0;
    judge_attribute(j, keyword, name);
    bool is_anywhere = sp_map_get(&j->table->keywords, name, &own_bits);
    if (keyword->value == SP_KEYWORD_FALSE ||
        (!is_anywhere && !sp_map_has(&j->keyword_names, name))) {
        return;
    }
    if (is_anywhere && !is_harmless_call(j, keyword)) {
        judge_capabilities(j, own_bits, &keyword->place, name);
        return;
    }
    const struct sp_call *calls = sp_facts_calls(j->facts, &count);
    const struct sp_ref *refs = sp_facts_refs(j->facts, &count);
    uint32_t callee = calls[keyword->call].callee;
    if (callee == SP_FACTS_NONE || sp_facts_resolve(j->facts, &refs[callee], paths) != SP_OK) {
        return;
    }
    for (unsigned i = 0; i < paths->count; i++) {
        struct judge_path own;
        struct judge_path full;
        struct sp_slice path = path_at(paths, i);
        path = paths->is_import ? path : judge_expand_alias(j, path, &own);
        if (path.len + name.len + 2 > sizeof(full.text)) {
            continue;
        }
        full.len = 0;
        (void)judge_concat(&full, path, sp_slice_make(NULL, 0));
        full.text[full.len] = '(';
        for (size_t n = 0; n < name.len; n++) {
            full.text[full.len + 1 + n] = name.ptr[n];
        }
        full.text[full.len + 1 + name.len] = ')';
        full.len += name.len + 2;
        uint32_t bits = 0;
        if (sp_map_get(&j->table->paths, sp_slice_make(full.text, full.len), &bits)) {
            judge_capabilities(j, bits, &keyword->place, sp_slice_make(full.text, full.len));
        }
    }
}

void judge_keywords(struct sp_judge *j)
{
    size_t count = 0;
    const struct sp_keyword *keywords = sp_facts_keywords(j->facts, &count);
    for (size_t i = 0; i < count && !judge_is_full(j); i++) {
        judge_keyword(j, &keywords[i]);
    }
}
