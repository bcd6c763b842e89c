#include "policy/judge_inner.h"
#include "python/scopes.h"

/*
 * Names that the source binds somewhere, and that Python, a module or an earlier run has too. What such a name stands for
 * goes by the place where it is used.
 */

bool judge_is_builtin(const struct sp_judge *j, struct sp_slice name)
{
    struct judge_path own;
    size_t len = 0;
    uint32_t special = JUDGE_ORDINARY;
    if (sp_map_get(&j->specials, name, &special)) {
        return true;
    }
    return judge_concat(&own, SP_SLICE_LITERAL("builtins"), name) &&
           sp_table_path(j->table, sp_slice_make(own.text, own.len), &len) != 0 &&
           len > sizeof("builtins") - 1;
}

bool judge_is_own_name(struct sp_judge *j, const struct sp_ref *ref)
{
    j->is_sensitive = true;
    j->is_by_place = true;
    return j->facts == j->submission && j->within == NULL && sp_scopes_is_own(j->submission, ref);
}

bool judge_hides(const struct sp_judge *j, uint32_t symbol)
{
    struct sp_paths meanings;
    struct judge_path room;
    struct sp_slice name = sp_facts_symbol(j->facts, symbol);
    if (!sp_map_has(&j->words, name) ||
        sp_facts_resolve_symbol(j->facts, symbol, &meanings) != SP_OK) {
        return false;
    }
    struct sp_slice usual = judge_expand_alias(j, name, &room);
    for (unsigned i = 0; i < meanings.count; i++) {
        if (sp_slice_equal(sp_slice_make(meanings.text[i], meanings.len[i]), usual)) {
            return false;
        }
    }
    return meanings.count > 0;
}

/* Whether anything would be said of the path if the name were not bound here. */
static bool is_telling(const struct sp_judge *j, struct sp_slice path, size_t root)
{
    size_t len = 0;
    return (sp_table_path(j->table, path, &len) != 0 && len > root) ||
           judge_looks_at_arguments(j, path);
}

bool judge_hidden(struct sp_judge *j, const struct sp_ref *ref, struct sp_slice path)
{
    struct judge_path room;
    size_t root = sp_slice_find(path, 0, '.');
    struct sp_slice name = sp_slice_sub(path, 0, root);
    struct sp_slice usual = judge_expand_alias(j, path, &room);
    bool is_special = sp_map_has(&j->specials, usual);
    bool is_builtin = judge_is_builtin(j, name);
    if (!is_special && !is_builtin && !is_telling(j, usual, sp_slice_find(usual, 0, '.'))) {
        return false;
    }
    if (judge_is_own_name(j, ref)) {
        return false;
    }
    if (is_special || is_builtin) {
        judge_computed(
            j, &ref->place,
            "a name of Python's own is bound to something else, which need not hold here");
        return true;
    }
    return judge_path_check(j, usual, &ref->place);
}
