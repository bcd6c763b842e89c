#include "policy/judge_inner.h"
#include "policy/judge_template.h"
#include "python/names.h"

#define DYNAMIC SP_CAPABILITY_BIT(SP_CAPABILITY_DYNAMIC_CODE)

static struct sp_slice path_at(const struct sp_paths *paths, unsigned index)
{
    return sp_slice_make(paths->text[index], paths->len[index]);
}

/* ---- functions that read text as code, names of modules or attributes ---- */

void judge_computed(struct sp_judge *j, const struct sp_span *span, const char *what)
{
    j->out->capabilities |= DYNAMIC;
    judge_report(j, j->policy->capability[SP_CAPABILITY_DYNAMIC_CODE], "dynamic-code", span, "%s",
                 what);
}

/* A module of which more than its version may be wanted: what is done with it must be seen. */
static bool needs_following(const struct sp_judge *j, struct sp_slice module)
{
    static const char *const packages[] = {"numpy",    "pandas",   "matplotlib",  "scipy",
                                           "sklearn",  "seaborn",  "statsmodels", "sympy",
                                           "networkx", "openpyxl", "PIL",         "plotly"};
    for (size_t i = 0; i < SP_COUNT(packages); i++) {
        if (sp_slice_is(module, packages[i])) {
            return false;
        }
    }
    return sp_map_has(&j->parents, module) || sp_map_has(&j->table->guarded, module);
}

/* `m = "os"; __import__(m)` */
static void import_values(struct sp_judge *j, const struct sp_ref *ref,
                          const struct sp_name_values *values)
{
    uint8_t text[SP_FACTS_CONST_BYTES_MAX];
    size_t len = 0;
    for (unsigned i = 0; i < values->count; i++) {
        bool is_known = sp_facts_decode(j->facts, &values->value[i], text, &len) == SP_OK &&
                        !values->value[i].is_guess;
        struct sp_slice module = sp_slice_make(text, is_known ? len : 0);
        if (!is_known) {
            judge_computed(j, &ref->place, "the name of the module to import is computed");
            continue;
        }
        judge_import_path(j, module, true, &ref->place);
        if (needs_following(j, module)) {
            judge_computed(
                j, &ref->place,
                "a module is imported by a name that holds its name, so its use cannot be "
                "followed; instead: an import statement");
        }
    }
}

static void check_importer(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call)
{
    uint8_t text[SP_FACTS_CONST_BYTES_MAX];
    size_t len = 0;
    const struct sp_const *constant = call == NULL ? NULL : sp_facts_const(j->facts, call->arg0);
    struct sp_name_values values;
    if (constant == NULL && call != NULL && judge_values(j, call->arg0_ref, &values) > 0) {
        import_values(j, ref, &values);
        return;
    }
    if (constant == NULL) {
        judge_computed(j, &ref->place, "the name of the module to import is computed");
        return;
    }
    if (sp_facts_decode(j->facts, constant, text, &len) != SP_OK) {
        judge_computed(j, &ref->place, "the name of the module to import is too long");
        return;
    }
    judge_import_path(j, sp_slice_make(text, len), true, &constant->place);
    if (constant->is_guess) {
        judge_computed(j, &ref->place, "the name of the module to import is computed");
    }
}

/* An attribute name given as a constant, perhaps dotted (attrgetter). */
static void check_attribute_names(struct sp_judge *j, struct sp_slice names,
                                  const struct sp_span *span)
{
    size_t at = 0;
    while (at < names.len) {
        size_t end = sp_slice_find(names, at, '.');
        struct sp_slice name = sp_slice_sub(names, at, end - at);
        uint32_t bits = 0;
        if (sp_map_get(&j->table->attributes, name, &bits) ||
            sp_map_get(&j->table->on_modules, name, &bits)) {
            judge_capabilities(j, bits, span, name);
        } else if (judge_exposes(j, name)) {
            judge_capabilities(j, SP_CAPABILITY_BIT(SP_CAPABILITY_INTROSPECTION), span, name);
        }
        at = end + 1;
    }
}

/* getattr(importlib, 'import_module'): what it gives back is not followed from there. */
static void check_fetched(struct sp_judge *j, struct sp_slice path, const struct sp_span *place)
{
    struct judge_path room;
    if (sp_map_has(&j->specials, judge_canonical(j, path, &room))) {
        judge_computed(j, place, "a function that imports or evaluates is fetched by its name");
    }
    (void)judge_path_check(j, path, place);
}

/* The name of an attribute is known, by a constant or by a name that holds one. */
static void check_known_name(struct sp_judge *j, const struct sp_ref *ref,
                             const struct sp_call *call, int argument,
                             const struct sp_const *constant, const struct sp_span *place)
{
    uint8_t text[SP_FACTS_CONST_BYTES_MAX];
    size_t len = 0;
    if (sp_facts_decode(j->facts, constant, text, &len) != SP_OK) {
        judge_computed(j, &ref->place, "the name of an attribute is computed");
        return;
    }
    struct sp_slice name = sp_slice_make(text, len);
    check_attribute_names(j, name, place);
    if (constant->is_guess) {
        judge_computed(j, &ref->place, "the name of an attribute is computed");
    }
    size_t count = 0;
    const struct sp_ref *refs = sp_facts_refs(j->facts, &count);
    if (argument != 1 || call->arg0_ref >= count) {
        return;
    }
    struct sp_paths objects;
    if (sp_facts_resolve(j->facts, &refs[call->arg0_ref], &objects) != SP_OK) {
        return; /* reported for that reference itself */
    }
    for (unsigned i = 0; i < objects.count; i++) {
        struct judge_path path;
        if (judge_concat(&path, path_at(&objects, i), name)) {
            check_fetched(j, sp_slice_make(path.text, path.len), place);
        }
    }
}

static void check_getter(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                         int argument)
{
    struct sp_name_values values = {.count = 0};
    uint32_t index = call == NULL ? SP_FACTS_NONE : argument == 1 ? call->arg1 : call->arg0;
    const struct sp_const *constant = sp_facts_const(j->facts, index);
    if (constant != NULL) {
        check_known_name(j, ref, call, argument, constant, &constant->place);
        return;
    }
    if (call == NULL ||
        judge_values(j, argument == 1 ? call->arg1_ref : call->arg0_ref, &values) == 0) {
        judge_computed(j, &ref->place, "the name of an attribute is computed");
    }
    for (unsigned i = 0; i < values.count; i++) {
        check_known_name(j, ref, call, argument, &values.value[i], &ref->place);
    }
}

/* `sympify(True)`: a constant that is no text. */
static bool has_plain_value(const struct sp_judge *j, uint32_t at)
{
    static const char *const values[] = {"(True)", "(False)", "(None)"};
    const struct sp_lexer *lx = sp_facts_lexer(j->facts);
    for (size_t i = 0; i < SP_COUNT(values); i++) {
        if (sp_slice_starts(sp_slice_make(lx->ptr + at, lx->len - at), values[i])) {
            return true;
        }
    }
    return false;
}

static void check_evaluation(struct sp_judge *j, const struct sp_ref *ref,
                             const struct sp_call *call, struct sp_slice callee)
{
    if (call != NULL && (call->is_lambda || call->is_number || !call->has_args ||
                         has_plain_value(j, ref->place.end))) {
        return;
    }
    if (call != NULL && call->arg0 == SP_FACTS_NONE &&
        judge_named_code(j, call->arg0_ref, &ref->place)) {
        return;
    }
    if (call == NULL || call->arg0 == SP_FACTS_NONE) {
        judge_capabilities(j, DYNAMIC, &ref->place, callee);
        return;
    }
    judge_code(j, call->arg0, callee);
    const struct sp_const *code = sp_facts_const(j->facts, call->arg0);
    if (code != NULL && code->is_guess) {
        judge_capabilities(j, DYNAMIC, &ref->place, callee);
    }
}

/* `np.load(f, None, True)`: the table has "numpy.load(#3)" for functions whose third argument is dangerous. */
static void check_argument(struct sp_judge *j, const struct sp_ref *ref, struct sp_slice path,
                           const char suffix[5])
{
    struct judge_path full;
    uint32_t bits = 0;
    if (!judge_concat(&full, path, sp_slice_make(NULL, 0)) ||
        sizeof("(#3)") > sizeof(full.text) - full.len) {
        return;
    }
    for (size_t i = 0; i < 4; i++) {
        full.text[full.len + i] = (uint8_t)suffix[i];
    }
    if (sp_map_get(&j->table->paths, sp_slice_make(full.text, full.len + 4), &bits)) {
        judge_capabilities(j, bits, &ref->place, path);
    }
}

static void check_second(struct sp_judge *j, const struct sp_call *call, struct sp_slice path)
{
    if (call != NULL && call->arg1 != SP_FACTS_NONE) {
        judge_code(j, call->arg1, path);
    }
}

bool judge_special(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                   struct sp_slice path)
{
    uint32_t special = JUDGE_ORDINARY;
    if (sp_map_get(&j->specials, path, &special)) {
        j->is_sensitive = true;
    }
    switch ((enum judge_special)special) {
    case JUDGE_IMPORTER:
        check_importer(j, ref, call);
        return true;
    case JUDGE_GETTER_SECOND:
        check_getter(j, ref, call, 1);
        return true;
    case JUDGE_GETTER_FIRST:
        check_getter(j, ref, call, 0);
        return true;
    case JUDGE_EVALUATES:
        check_evaluation(j, ref, call, path);
        return true;
    case JUDGE_TIMES:
        judge_timed(j, ref, call, path);
        return true;
    case JUDGE_EVALUATES_SECOND:
        check_second(j, call, path);
        return true;
    case JUDGE_TEMPLATE:
        judge_template(j, ref, call, path);
        return true;
    case JUDGE_HELP:
    case JUDGE_BACKEND:
    case JUDGE_TARGET:
    case JUDGE_TARGET_TEXT:
        return judge_call_special(j, (enum judge_special)special, ref, call);
    case JUDGE_ANNOTATES:
        judge_annotations(j);
        break;
    case JUDGE_ORDINARY:
        break;
    }
    if (call != NULL && call->arg_count > 1) {
        check_argument(j, ref, path, "(#2)");
    }
    if (call != NULL && call->arg_count > 2) {
        check_argument(j, ref, path, "(#3)");
    }
    return false;
}
