#include <stdlib.h>

#include "policy/judge_inner.h"

#define MARK_IS_TELLING    1U
#define MARK_BARE_IS_CLEAN 2U
#define MARK_HIDES         4U /* bound to something else than it is called */

/*
 * Most names of a program are its own. Those that no rule speaks of, and that stand for nothing imported, are passed
 * over quickly: a word counts when it begins or is a key of any table.
 */

static enum sp_err add_keys(struct sp_map *words, const struct sp_map *keys)
{
    for (size_t i = 0; i < keys->slot_count; i++) {
        if (keys->slots[i].key.ptr != NULL) {
            SP_TRY(sp_map_put(words, keys->slots[i].key, 1));
        }
    }
    return SP_OK;
}

/* Every module, or class, in front of a key. */
static enum sp_err add_parents(struct sp_map *parents, const struct sp_map *keys)
{
    for (size_t i = 0; i < keys->slot_count; i++) {
        struct sp_slice key = keys->slots[i].key;
        for (size_t at = 0; key.ptr != NULL && at < key.len; at++) {
            if (key.ptr[at] == '.') {
                SP_TRY(sp_map_put(parents, sp_slice_sub(key, 0, at), 1));
            }
        }
    }
    return SP_OK;
}

/* The first part of each dotted key, and the name behind `builtins`. */
static enum sp_err add_roots(struct sp_map *words, const struct sp_map *keys)
{
    for (size_t i = 0; i < keys->slot_count; i++) {
        struct sp_slice key = keys->slots[i].key;
        if (key.ptr == NULL) {
            continue;
        }
        size_t dot = sp_slice_find(key, 0, '.');
        struct sp_slice root = sp_slice_sub(key, 0, dot);
        SP_TRY(sp_map_put(words, root, 1));
        if (sp_slice_is(root, "builtins") && dot < key.len) {
            SP_TRY(sp_map_put(words, sp_slice_sub(key, dot + 1, key.len), 1));
        }
    }
    return SP_OK;
}

static enum sp_err add_specials(struct sp_judge *j)
{
    static const struct {
        const char *path;
        enum judge_special special;
    } known[] = {{"__import__", JUDGE_IMPORTER},
                 {"builtins.__import__", JUDGE_IMPORTER},
                 {"importlib.import_module", JUDGE_IMPORTER},
                 {"importlib.__import__", JUDGE_IMPORTER},
                 {"getattr", JUDGE_GETTER_SECOND},
                 {"builtins.getattr", JUDGE_GETTER_SECOND},
                 {"object.__getattribute__", JUDGE_GETTER_SECOND},
                 {"inspect.getattr_static", JUDGE_GETTER_SECOND},
                 {"help", JUDGE_HELP},
                 {"builtins.help", JUDGE_HELP},
                 {"matplotlib.use", JUDGE_BACKEND},
                 {"matplotlib.pyplot.switch_backend", JUDGE_BACKEND},
                 {"functools.singledispatch", JUDGE_ANNOTATES},
                 {"functools.singledispatchmethod", JUDGE_ANNOTATES},
                 {"unittest.mock.patch", JUDGE_TARGET},
                 {"mock.patch", JUDGE_TARGET},
                 {"unittest.mock.patch.object", JUDGE_GETTER_SECOND},
                 {"mock.patch.object", JUDGE_GETTER_SECOND},
                 {"traitlets.Instance", JUDGE_TARGET_TEXT},
                 {"traitlets.Type", JUDGE_TARGET_TEXT},
                 {"unittest.mock.patch.dict", JUDGE_TARGET_TEXT},
                 {"unittest.mock.patch.multiple", JUDGE_TARGET_TEXT},
                 {"mock.patch.dict", JUDGE_TARGET_TEXT},
                 {"mock.patch.multiple", JUDGE_TARGET_TEXT},
                 {"timeit.timeit", JUDGE_TIMES},
                 {"timeit.repeat", JUDGE_TIMES},
                 {"timeit.Timer", JUDGE_TIMES},
                 {"operator.attrgetter", JUDGE_GETTER_FIRST},
                 {"operator.methodcaller", JUDGE_GETTER_FIRST}};
    const struct sp_table *t = j->table;
    for (size_t i = 0; i < t->evaluates.slot_count; i++) {
        if (t->evaluates.slots[i].key.ptr != NULL) {
            SP_TRY(sp_map_put(&j->specials, t->evaluates.slots[i].key, JUDGE_EVALUATES));
        }
    }
    for (size_t i = 0; i < t->templates.slot_count; i++) {
        if (t->templates.slots[i].key.ptr != NULL) {
            SP_TRY(sp_map_put(&j->specials, t->templates.slots[i].key, JUDGE_TEMPLATE));
        }
    }
    for (size_t i = 0; i < t->second.slot_count; i++) {
        if (t->second.slots[i].key.ptr != NULL) {
            SP_TRY(sp_map_put(&j->specials, t->second.slots[i].key, JUDGE_EVALUATES_SECOND));
        }
    }
    for (size_t i = 0; i < SP_COUNT(known); i++) {
        SP_TRY(sp_map_put(&j->specials, sp_slice_of(known[i].path), known[i].special));
    }
    return add_roots(&j->words, &j->specials);
}

enum sp_err judge_learn_words(struct sp_judge *j)
{
    const struct sp_table *t = j->table;
    const struct sp_map *const whole[] = {&t->attributes, &t->on_modules, &t->orphans,
                                          &t->methods,    &t->guarded,    &t->reexports,
                                          &t->aliases,    &t->objects,    &t->senders};
    for (size_t i = 0; i < SP_COUNT(whole); i++) {
        SP_TRY(add_keys(&j->words, whole[i]));
    }
    SP_TRY(add_roots(&j->words, &t->paths));
    SP_TRY(sp_map_put(&j->words, SP_SLICE_LITERAL("__class__"), 1));
    SP_TRY(sp_map_put(&j->words, SP_SLICE_LITERAL("obj"), 1));
    SP_TRY(add_roots(&j->words, &t->urls));
    SP_TRY(add_roots(&j->words, &t->unless));
    SP_TRY(add_parents(&j->parents, &t->unless));
    SP_TRY(add_parents(&j->parents, &t->urls));
    SP_TRY(add_parents(&j->parents, &t->paths));
    SP_TRY(add_parents(&j->parents, &t->evaluates));
    SP_TRY(add_parents(&j->parents, &t->templates));
    SP_TRY(add_parents(&j->parents, &t->second));
    SP_TRY(judge_learn_earlier(j));
    return add_specials(j);
}

/* With lists of its own a policy may speak of any name. */
static bool has_lists(const struct sp_judge *j)
{
    return j->policy->names.count + j->policy->modules.count + j->policy->attributes.count > 0;
}

bool judge_is_word(const void *judge, struct sp_slice name)
{
    const struct sp_judge *j = judge;
    return has_lists(j) || sp_map_has(&j->words, name) || sp_map_has(&j->table->image, name) ||
           sp_table_alias(j->table, name).len > 0;
}

/* Looks at every distinct name of j->facts once. */
void judge_mark_words(struct sp_judge *j)
{
    uint8_t *marks = j->facts == j->submission ? j->marks : j->constant_marks;
    size_t count = sp_facts_symbol_count(j->facts);
    bool is_open = has_lists(j) || j->star_count > 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t symbol = (uint32_t)i;
        bool has_meaning = sp_facts_has_meaning(j->facts, symbol);
        bool is_marked =
            is_open || has_meaning || sp_map_has(&j->words, sp_facts_symbol(j->facts, symbol));
        bool hides = has_meaning && judge_hides(j, symbol);
        marks[i] = (uint8_t)((is_marked ? MARK_IS_TELLING : 0U) | (hides ? MARK_HIDES : 0U));
    }
}

static bool any_marked(const struct sp_judge *j, const struct sp_ref *ref)
{
    const uint8_t *marks = j->facts == j->submission ? j->marks : j->constant_marks;
    for (unsigned i = 0; i < ref->count; i++) {
        if (marks[sp_facts_segment_symbol(j->facts, ref, i)] != 0) {
            return true;
        }
    }
    return false;
}

void judge_forget_word(struct sp_judge *j, const struct sp_ref *ref)
{
    uint8_t *marks = j->facts == j->submission ? j->marks : j->constant_marks;
    marks[sp_facts_segment_symbol(j->facts, ref, 0)] |= MARK_BARE_IS_CLEAN;
}

bool judge_may_hide(const struct sp_judge *j, const struct sp_ref *ref)
{
    const uint8_t *marks = j->facts == j->submission ? j->marks : j->constant_marks;
    return ref->root == SP_ROOT_NAME &&
           (marks[sp_facts_segment_symbol(j->facts, ref, 0)] & MARK_HIDES) != 0;
}

bool judge_is_telling(const struct sp_judge *j, const struct sp_ref *ref)
{
    const uint8_t *marks = j->facts == j->submission ? j->marks : j->constant_marks;
    const unsigned uses = SP_REF_CALLED | SP_REF_ESCAPES | SP_REF_TESTED;
    if (ref->root == SP_ROOT_NAME && ref->count == 1 && (ref->flags & uses) == 0 &&
        (marks[sp_facts_segment_symbol(j->facts, ref, 0)] & MARK_BARE_IS_CLEAN) != 0) {
        return false;
    }
    if (any_marked(j, ref)) {
        return true;
    }
    if (ref->root != SP_ROOT_CALL) {
        return false;
    }
    size_t count = 0;
    const struct sp_call *calls = sp_facts_calls(j->facts, &count);
    const struct sp_ref *refs = sp_facts_refs(j->facts, &count);
    /* Without a constant among its arguments a call gives back nothing that is known. */
    const struct sp_call *call = &calls[sp_facts_base(j->facts, ref)];
    bool is_known = call->arg0 != SP_FACTS_NONE || call->arg1 != SP_FACTS_NONE;
    return is_known && call->callee != SP_FACTS_NONE && any_marked(j, &refs[call->callee]);
}

/* ---- what was looked at already ---- */

static uint32_t place_of(const struct sp_judge *j, const struct sp_ref *ref)
{
    uint32_t h = ref->root;
    for (unsigned i = 0; i < ref->count; i++) {
        h = h * 31U + sp_facts_segment_symbol(j->facts, ref, i);
    }
    return (h ^ h >> 8U) % JUDGE_INERT_MAX;
}

static bool are_same(const struct sp_judge *j, const struct sp_ref *a, const struct sp_ref *b)
{
    if (a->root != b->root || a->count != b->count) {
        return false;
    }
    for (unsigned i = 0; i < a->count; i++) {
        if (sp_facts_segment_symbol(j->facts, a, i) != sp_facts_segment_symbol(j->facts, b, i)) {
            return false;
        }
    }
    return true;
}

/* Results of calls differ with the call, and code in constants has facts of its own. */
static bool may_be_inert(const struct sp_judge *j, const struct sp_ref *ref)
{
    return j->facts == j->submission && ref->root != SP_ROOT_CALL && ref->count > 0;
}

bool judge_is_inert(const struct sp_judge *j, uint32_t number)
{
    size_t count = 0;
    const struct sp_ref *refs = sp_facts_refs(j->facts, &count);
    if (!may_be_inert(j, &refs[number])) {
        return false;
    }
    uint32_t known = j->inert[place_of(j, &refs[number])];
    return known != 0 && are_same(j, &refs[known - 1], &refs[number]);
}

void judge_note_inert(struct sp_judge *j, uint32_t number)
{
    size_t count = 0;
    const struct sp_ref *refs = sp_facts_refs(j->facts, &count);
    /* What is only looked up is judged more mildly than other uses of the same name. */
    if (may_be_inert(j, &refs[number]) && (refs[number].flags & SP_REF_TESTED) == 0) {
        j->inert[place_of(j, &refs[number])] = number + 1;
    }
}

void judge_forget_inert(struct sp_judge *j)
{
    for (unsigned i = 0; i < JUDGE_INERT_MAX; i++) {
        j->inert[i] = 0;
    }
}
