#include "policy/judge_inner.h"
#include "policy/judge_template.h"

#define DYNAMIC SP_CAPABILITY_BIT(SP_CAPABILITY_DYNAMIC_CODE)

bool judge_concat(struct judge_path *path, struct sp_slice a, struct sp_slice b)
{
    const struct sp_slice parts[] = {a, b};
    path->len = 0;
    for (size_t p = 0; p < 2; p++) {
        bool has_dot = path->len > 0;
        if (parts[p].len + 1 > sizeof(path->text) - path->len) {
            return false;
        }
        if (has_dot && parts[p].len > 0) {
            path->text[path->len] = '.';
            path->len++;
        }
        for (size_t i = 0; i < parts[p].len; i++) {
            path->text[path->len + i] = parts[p].ptr[i];
        }
        path->len += parts[p].len;
    }
    return true;
}

static struct sp_slice path_at(const struct sp_paths *paths, unsigned index)
{
    return sp_slice_make(paths->text[index], paths->len[index]);
}

/* ---- one reference ---- */

/* `vars(args)` of an object of this source says no more than `args.__dict__`. */
static bool is_vars_of_object(struct sp_judge *j, const struct sp_call *call, struct sp_slice path)
{
    struct sp_paths object;
    size_t count = 0;
    const struct sp_ref *refs = sp_facts_refs(j->facts, &count);
    if (!sp_slice_is(path, "vars") || call == NULL || call->arg_count != 1 ||
        call->arg0_ref >= count || refs[call->arg0_ref].root != SP_ROOT_NAME ||
        sp_facts_resolve(j->facts, &refs[call->arg0_ref], &object) != SP_OK) {
        return false;
    }
    return object.is_bound && !object.is_import && !judge_has_loose_module(j) &&
           !judge_calls_computed_of(j, refs[call->callee].place.end);
}

static bool check_builtin(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                          struct sp_slice path)
{
    struct judge_path own;
    if (!judge_concat(&own, SP_SLICE_LITERAL("builtins"), path)) {
        return false;
    }
    struct sp_slice full = sp_slice_make(own.text, own.len);
    size_t len = 0;
    bool is_harmless = (ref->flags & SP_REF_TESTED) != 0 || is_vars_of_object(j, call, path) ||
                       ref->place.start == j->excused_at;
    uint32_t bits = sp_table_path(j->table, full, &len);
    if (bits == 0 || len <= sizeof("builtins") - 1 || is_harmless) {
        return false;
    }
    (void)judge_path_check(j, full, &ref->place);
    return true;
}

struct sp_slice judge_expand_alias(const struct sp_judge *j, struct sp_slice path,
                                   struct judge_path *own)
{
    size_t first = sp_slice_find(path, 0, '.');
    struct sp_slice target = sp_table_alias(j->table, sp_slice_sub(path, 0, first));
    struct sp_slice rest =
        first < path.len ? sp_slice_sub(path, first + 1, path.len) : sp_slice_make(NULL, 0);
    if (target.len == 0 || !judge_concat(own, target, rest)) {
        return path;
    }
    return sp_slice_make(own->text, own->len);
}

static void check_stars(struct sp_judge *j, const struct sp_ref *ref, struct sp_slice path)
{
    for (unsigned i = 0; i < j->star_count; i++) {
        struct judge_path own;
        if (judge_concat(&own, sp_slice_make(j->star[i], j->star_len[i]), path)) {
            (void)judge_path_check(j, sp_slice_make(own.text, own.len), &ref->place);
        }
    }
}

static void check_escape(struct sp_judge *j, const struct sp_ref *ref, struct sp_slice path)
{
    struct judge_path own;
    path = judge_canonical(j, path, &own);
    if (!sp_map_has(&j->table->guarded, path)) {
        return;
    }
    j->is_sensitive = true;
    j->is_by_place = true;
    if ((ref->flags & SP_REF_ESCAPES) != 0 || judge_is_result(j, ref)) {
        j->out->capabilities |= DYNAMIC;
        judge_report(j, j->policy->capability[SP_CAPABILITY_DYNAMIC_CODE], "dynamic-code",
                     &ref->place,
                     "the module %.*s is handed on as a value, so its use cannot be followed",
                     (int)path.len, (const char *)path.ptr);
    }
}

/* `trace` that nothing here binds is what an earlier run called so, rather than the module. */
static bool is_ambiguous(const struct sp_judge *j, struct sp_slice path)
{
    size_t len = 0;
    size_t first = sp_slice_find(path, 0, '.');
    (void)sp_table_path(j->table, path, &len);
    return (len == first || first == path.len) &&
           sp_map_has(&j->table->ambiguous, sp_slice_sub(path, 0, first));
}

/* A function that an earlier run has imported: `parse_expr(x)`, `sy.parse_expr(x)`. */
static bool check_earlier(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call)
{
    struct sp_slice path = judge_earlier(sp_facts_segment(j->facts, ref, ref->count - 1U));
    return call != NULL && ref->root == SP_ROOT_NAME && ref->count <= 2 && path.len > 0 &&
           judge_special(j, ref, call, path);
}

/* What a path stands for when modules in modules are followed. */
static bool check_real(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                       struct sp_slice path)
{
    struct judge_path buffer;
    struct sp_slice real = judge_canonical(j, path, &buffer);
    if (!sp_slice_equal(real, path) && sp_map_has(&j->specials, real)) {
        /* `matplotlib.importlib.import_module`: what it gives back is not followed from there. */
        judge_computed(j, &ref->place,
                       "a function that imports or evaluates is reached through another module");
        return true;
    }
    if (judge_is_harmless_variable(j, ref, call, real)) {
        j->is_sensitive = true;
        return true;
    }
    if (judge_unless(j, ref, call, real)) {
        return true;
    }
    if (judge_looks_at_arguments(j, real)) {
        j->is_sensitive = true;
        if (call != NULL) {
            judge_call_arguments(j, ref, call, real);
        }
    }
    return judge_path_check(j, path, &ref->place);
}

/* A name that the source binds: it may be Python's own all the same, or look like a module's. */
static bool check_bound(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                        struct sp_slice path)
{
    bool is_own = ref->root == SP_ROOT_NAME &&
                  judge_is_builtin(j, sp_facts_segment(j->facts, ref, 0)) &&
                  judge_is_own_name(j, ref);
    size_t len = 0;
    if (is_own) {
        return false;
    }
    if (judge_special(j, ref, call, path) || check_builtin(j, ref, call, path)) {
        return true;
    }
    /* Of a module's only a dangerous attribute counts. */
    bool is_exact = sp_table_path(j->table, path, &len) != 0 && sp_slice_find(path, 0, '.') < len;
    return is_exact && judge_path_check(j, path, &ref->place);
}

static bool check_path(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                       struct sp_slice path, const struct sp_paths *paths)
{
    struct judge_path own;
    if (!paths->is_import && paths->is_bound) {
        return check_bound(j, ref, call, path);
    }
    if (judge_special(j, ref, call, path)) {
        return true;
    }
    if (!paths->is_import && check_builtin(j, ref, call, path)) {
        return true;
    }
    if (!paths->is_import) {
        path = judge_expand_alias(j, path, &own);
        check_stars(j, ref, path);
        if (judge_special(j, ref, call, path) || check_earlier(j, ref, call)) {
            return true;
        }
    }
    if (!paths->is_import && is_ambiguous(j, path)) {
        return false;
    }
    check_escape(j, ref, path);
    if ((ref->flags & (SP_REF_TESTED | SP_REF_CALLED | SP_REF_INDEXED)) == SP_REF_TESTED) {
        return true; /* `'name' in sys.modules` */
    }
    return check_real(j, ref, call, path);
}

static bool leads_further(struct sp_judge *j, const struct sp_ref *ref, unsigned index)
{
    struct sp_slice name = sp_facts_segment(j->facts, ref, index);
    return judge_exposes(j, name) ||
           (sp_slice_is(name, "__dict__") && judge_names_of_class(j, ref, index));
}

/* The names behind the root: some are telling on any object. */
static bool check_attributes(struct sp_judge *j, const struct sp_ref *ref, bool is_module)
{
    bool found = false;
    for (unsigned i = ref->root == SP_ROOT_NAME ? 1 : 0; i < ref->count; i++) {
        struct sp_slice name = sp_facts_segment(j->facts, ref, i);
        uint32_t bits = 0;
        uint32_t rule = 0;
        if (i > 0 && sp_slice_is(name, "__class__") &&
            sp_slice_is(sp_facts_segment(j->facts, ref, i - 1), "__class__")) {
            judge_capabilities(j, SP_CAPABILITY_BIT(SP_CAPABILITY_INTROSPECTION), &ref->place,
                               SP_SLICE_LITERAL("__class__.__class__"));
            found = true;
        } else if (leads_further(j, ref, i)) {
            judge_capabilities(j, SP_CAPABILITY_BIT(SP_CAPABILITY_INTROSPECTION), &ref->place,
                               name);
            found = true;
        } else if (sp_map_get(&j->policy->attributes, name, &rule)) {
            judge_report(j, (enum sp_rule)rule, "attribute", &ref->place,
                         "the attribute %.*s is on the policy's list",
                         name.len > 120 ? 120 : (int)name.len, (const char *)name.ptr);
            found = true;
        } else if (sp_map_get(&j->table->attributes, name, &bits) ||
                   (is_module && sp_map_get(&j->table->on_modules, name, &bits)) ||
                   (sp_slice_is(name, "__dict__") && judge_has_loose_module(j) &&
                    sp_map_get(&j->table->on_modules, name, &bits))) {
            judge_capabilities(j, bits, &ref->place, name);
            found = true;
        }
    }
    return found;
}

static bool append(struct judge_path *path, struct sp_slice part)
{
    size_t dot = path->len > 0 ? 1 : 0;
    if (part.len + dot > sizeof(path->text) - path->len) {
        return false;
    }
    if (dot > 0) {
        path->text[path->len] = '.';
    }
    for (size_t i = 0; i < part.len; i++) {
        path->text[path->len + dot + i] = part.ptr[i];
    }
    path->len += dot + part.len;
    return true;
}

static struct sp_slice tail_of(const struct sp_judge *j, const struct sp_ref *ref, unsigned from,
                               struct judge_path *own)
{
    own->len = 0;
    for (unsigned i = from; i < ref->count && i - from < JUDGE_SEGMENTS_MAX; i++) {
        if (!append(own, sp_facts_segment(j->facts, ref, i))) {
            break;
        }
    }
    return sp_slice_make(own->text, own->len);
}

static bool check_meanings(struct sp_judge *j, const struct sp_ref *ref, uint32_t symbol,
                           struct sp_slice tail)
{
    struct sp_paths meanings;
    struct judge_path full;
    bool found = false;
    if (sp_facts_resolve_symbol(j->facts, symbol, &meanings) != SP_OK) {
        return false;
    }
    for (unsigned m = 0; m < meanings.count; m++) {
        if (judge_concat(&full, path_at(&meanings, m), tail)) {
            found = judge_path_check(j, sp_slice_make(full.text, full.len), &ref->place) || found;
        }
    }
    return found;
}

/* On an object that is not known, an attribute may still be a module: one that is bound to that name somewhere, or one
   whose name says so. */
static bool check_inside(struct sp_judge *j, const struct sp_ref *ref, unsigned from)
{
    bool found = false;
    for (unsigned i = from; i + 1 < ref->count; i++) {
        struct judge_path rest;
        struct judge_path full;
        uint32_t symbol = sp_facts_segment_symbol(j->facts, ref, i);
        struct sp_slice target = sp_table_reexport(j->table, sp_facts_symbol(j->facts, symbol));
        bool has_meanings = sp_facts_has_meaning(j->facts, symbol);
        struct sp_slice next = sp_facts_segment(j->facts, ref, i + 1);
        bool goes_on = i + 2 < ref->count && sp_table_reexport(j->table, next).len > 0;
        if ((target.len == 0 && !has_meanings) || goes_on) {
            continue; /* of modules in modules the last one counts */
        }
        struct sp_slice tail = tail_of(j, ref, i + 1, &rest);
        if (target.len > 0 && judge_concat(&full, target, tail)) {
            found = judge_path_check(j, sp_slice_make(full.text, full.len), &ref->place) || found;
        }
        found = (has_meanings && check_meanings(j, ref, symbol, tail)) || found;
    }
    return found;
}

static void check_method(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call)
{
    struct sp_slice name = sp_facts_segment(j->facts, ref, ref->count - 1U);
    judge_sender(j, ref, call, name);
    if (!sp_map_has(&j->table->methods, name)) {
        return;
    }
    j->is_sensitive = true;
    if (call == NULL || !call->has_args || call->is_lambda || judge_template_method(j, ref, call)) {
        return;
    }
    if (call->arg0 != SP_FACTS_NONE) {
        judge_code(j, call->arg0, name);
        return;
    }
    if (judge_named_code(j, call->arg0_ref, &ref->place)) {
        return;
    }
    /* Such methods exist on many harmless objects too, so this is only noted. */
    bool is_noted = j->policy->capability[SP_CAPABILITY_DYNAMIC_CODE] == SP_RULE_DENY;
    judge_report(j, is_noted ? SP_RULE_WARN : SP_RULE_SHADOW, "computed-expression", &ref->place,
                 "the expression given to .%.*s() is computed", (int)name.len,
                 (const char *)name.ptr);
}

/* What an earlier run called like a module, or by its usual short name, most likely is it. */
static bool is_module_name(const struct sp_judge *j, const struct sp_ref *ref)
{
    struct sp_slice name = sp_facts_segment(j->facts, ref, 0);
    return ref->root == SP_ROOT_NAME &&
           (sp_map_has(&j->table->image, name) || sp_table_alias(j->table, name).len > 0);
}

/* A dangerous attribute of a name that only an earlier run can have bound. */
static void check_orphan(struct sp_judge *j, const struct sp_ref *ref)
{
    struct sp_slice name = sp_facts_segment(j->facts, ref, ref->count - 1U);
    uint32_t bits = 0;
    /* `platform.system()`, with the module of an earlier run, is that. */
    if (ref->count > 1 && !is_module_name(j, ref) && sp_map_get(&j->table->orphans, name, &bits)) {
        judge_capabilities(j, bits, &ref->place, name);
    }
}

/* An attribute that only some module has: one may have got there as a value. */
static void check_object(struct sp_judge *j, const struct sp_ref *ref)
{
    for (unsigned i = ref->root == SP_ROOT_NAME ? 1 : 0; i < ref->count; i++) {
        struct sp_slice name = sp_facts_segment(j->facts, ref, i);
        uint32_t bits = 0;
        if (sp_map_get(&j->table->objects, name, &bits)) {
            judge_capabilities(j, bits, &ref->place, name);
        }
    }
}

/* A bare name means the same each time: once nothing was found, it need not be looked at again. */
static bool is_bare(const struct sp_ref *ref)
{
    const unsigned uses = SP_REF_CALLED | SP_REF_ESCAPES | SP_REF_TESTED;
    return ref->root == SP_ROOT_NAME && ref->count == 1 && (ref->flags & uses) == 0;
}

/* What can be said of an object that is not known. */
static void judge_unknown(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                          bool is_bound)
{
    bool is_name = ref->root == SP_ROOT_NAME;
    if (check_inside(j, ref, is_name ? 1 : 0)) {
        return;
    }
    if (ref->count > (is_name ? 1 : 0) && judge_leads_to_module(j, ref)) {
        judge_computed(j, &ref->place,
                       "a module inside another one is handed on, so its use cannot be followed");
    }
    check_object(j, ref);
    if (is_name && !is_bound) {
        check_orphan(j, ref);
    }
    if (ref->count > (is_name ? 1 : 0)) {
        check_method(j, ref, call);
    }
}

/* ---- modules as values ---- */

static bool is_loose(const struct sp_judge *j, const struct sp_ref *ref)
{
    struct sp_paths paths; /* the one of the judge holds the reference that is looked at */
    if ((ref->flags & SP_REF_ESCAPES) == 0 || ref->root != SP_ROOT_NAME ||
        sp_facts_resolve(j->facts, ref, &paths) != SP_OK || !paths.is_import) {
        return false;
    }
    for (unsigned i = 0; i < paths.count; i++) {
        struct sp_slice path = path_at(&paths, i);
        if (sp_map_has(&j->table->image, path) || sp_map_has(&j->parents, path)) {
            return true;
        }
    }
    return false;
}

bool judge_has_loose_module(struct sp_judge *j)
{
    size_t count = 0;
    const struct sp_ref *refs = sp_facts_refs(j->facts, &count);
    for (size_t i = 0; i < count && j->loose == JUDGE_LOOSE_UNKNOWN; i++) {
        j->loose = is_loose(j, &refs[i]) ? JUDGE_LOOSE_YES : JUDGE_LOOSE_UNKNOWN;
    }
    if (j->loose == JUDGE_LOOSE_UNKNOWN) {
        j->loose = JUDGE_LOOSE_NO;
    }
    return j->loose == JUDGE_LOOSE_YES;
}

/* `import math as os` in one place, `os.system` in another. */
static bool check_hidden(struct sp_judge *j, const struct sp_ref *ref)
{
    struct judge_path own;
    return judge_may_hide(j, ref) && judge_hidden(j, ref, tail_of(j, ref, 0, &own));
}

/* All that the name can stand for. */
static bool check_paths(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                        const struct sp_paths *paths)
{
    bool found = false;
    for (unsigned i = 0; i < paths->count; i++) {
        found = check_path(j, ref, call, path_at(paths, i), paths) || found;
    }
    if (paths->is_import) {
        found = check_hidden(j, ref) || found;
    }
    if (!found && is_bare(ref) && !j->is_by_place) {
        judge_forget_word(j, ref);
    }
    return found;
}

/* True when nothing was found. */
static bool judge_ref(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call)
{
    struct sp_paths *paths = judge_paths(j);
    j->is_sensitive = false;
    j->is_by_place = false;
    if (sp_facts_resolve(j->facts, ref, paths) != SP_OK) {
        judge_computed(j, &ref->place, "names are re-assigned in more ways than can be followed");
        return false;
    }
    bool is_import = paths->is_import;
    bool is_bound = paths->is_bound;
    bool found = check_paths(j, ref, call, paths);
    bool is_module = is_import || (!is_bound && ref->count > 1 && is_module_name(j, ref));
    found = check_attributes(j, ref, is_module) || found;
    if (!found && ref->count > 0 && !is_import) {
        judge_unknown(j, ref, call, is_bound);
    }
    return !found && !j->is_sensitive;
}

/* Names that a class binds to steer what Python does: `__match_args__` makes a pattern read any attribute. */
static void check_target_name(struct sp_judge *j, const struct sp_ref *ref)
{
    struct sp_slice name = sp_facts_segment(j->facts, ref, 0);
    if (sp_slice_is(name, "__match_args__") || sp_slice_is(name, "__builtins__")) {
        judge_capabilities(j, SP_CAPABILITY_BIT(SP_CAPABILITY_INTROSPECTION), &ref->place, name);
    }
    if (sp_slice_is(name, "__array_interface__") || sp_slice_is(name, "__array_struct__")) {
        judge_capabilities(j, SP_CAPABILITY_BIT(SP_CAPABILITY_NATIVE), &ref->place, name);
    }
}

/* A name that is bound here, or stands in an expression that has names of its own. */
/* The word before a place is this one. */
static bool is_behind(const struct sp_judge *j, uint32_t at, struct sp_slice word)
{
    const struct sp_lexer *lx = sp_facts_lexer(j->facts);
    size_t end = at;
    while (end > 0 && (lx->ptr[end - 1] == ' ' || lx->ptr[end - 1] == '\t')) {
        end--;
    }
    return end >= word.len && end < at &&
           sp_slice_equal(sp_slice_make(lx->ptr + end - word.len, word.len), word);
}

/* `for exec(x).y in z` calls what its target begins with; of a def or a class the name comes before such a bracket, too. */
static bool is_binding(const struct sp_judge *j, const struct sp_ref *ref)
{
    if ((ref->flags & (SP_REF_BINDS | SP_REF_CALLED)) != (SP_REF_BINDS | SP_REF_CALLED)) {
        return (ref->flags & SP_REF_BINDS) != 0;
    }
    return is_behind(j, ref->place.start, SP_SLICE_LITERAL("def")) ||
           is_behind(j, ref->place.start, SP_SLICE_LITERAL("class"));
}

static bool is_only_a_name(struct sp_judge *j, const struct sp_ref *ref)
{
    if (is_binding(j, ref)) {
        check_target_name(j, ref);
        return true;
    }
    if (!is_bare(ref)) {
        return false;
    }
    if ((ref->flags & SP_REF_STORED) != 0) {
        check_target_name(j, ref);
        return true;
    }
    return j->is_expression;
}

static bool is_shell(const struct sp_judge *j, const struct sp_ref *ref)
{
    return ref->root == SP_ROOT_NAME && ref->count == 1 && (ref->flags & SP_REF_CALLED) != 0 &&
           sp_slice_is(sp_facts_segment(j->facts, ref, 0), "get_ipython");
}

/* Nothing can be said of it, or all was said. */
static bool needs_no_look(struct sp_judge *j, const struct sp_ref *ref, size_t number)
{
    return is_only_a_name(j, ref) || !judge_is_telling(j, ref) ||
           judge_is_inert(j, (uint32_t)number);
}

static void judge_refs(struct sp_judge *j)
{
    size_t ref_count = 0;
    size_t call_count = 0;
    const struct sp_ref *refs = sp_facts_refs(j->facts, &ref_count);
    const struct sp_call *calls = sp_facts_calls(j->facts, &call_count);
    size_t next = 0;
    if (sp_facts_is_lost(j->facts) && ref_count > 0) {
        judge_computed(j, &refs[0].place,
                       "names are re-assigned in more ways than can be followed");
        return;
    }
    judge_mark_words(j);
    if (j->facts == j->submission) {
        judge_forget_inert(j);
    }
    for (size_t i = 0; i < ref_count; i++) {
        if (judge_is_full(j)) {
            return;
        }
        if (is_shell(j, &refs[i]) && judge_is_harmless_magic(j, (uint32_t)i)) {
            i++; /* the method, too */
            continue;
        }
        if (needs_no_look(j, &refs[i], i)) {
            continue;
        }
        /* Calls stand in the order of their callees. */
        while (next < call_count &&
               (calls[next].callee == SP_FACTS_NONE || calls[next].callee < i)) {
            next++;
        }
        bool is_callee = next < call_count && calls[next].callee == i;
        if (judge_ref(j, &refs[i], is_callee ? &calls[next] : NULL)) {
            judge_note_inert(j, (uint32_t)i);
        }
    }
}

void judge_facts(struct sp_judge *j)
{
    judge_imports(j);
    judge_refs(j);
    judge_keywords(j);
    judge_magics(j);
    judge_consts(j);
}
