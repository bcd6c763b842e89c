#include "policy/judge_ahead.h"

#define BRACKET_TOKENS_MAX 64U /* looked at behind a name; more count as computed */

/* Ways in which an object that is not known leads to a module, or a class to the class of all classes. */

/* ---- exceptions ---- */

/* An AttributeError holds the object that was asked: `except AttributeError as e: e.obj.system("id")`. */
bool judge_exposes(struct sp_judge *j, struct sp_slice attribute)
{
    const struct sp_lexer *lx = sp_facts_lexer(j->submission);
    struct sp_slice code = sp_slice_make(lx->ptr, lx->len);
    size_t count = sp_facts_symbol_count(j->submission);
    if (!sp_slice_is(attribute, "obj") || j->exposes != JUDGE_LOOSE_UNKNOWN) {
        return sp_slice_is(attribute, "obj") && j->exposes == JUDGE_LOOSE_YES;
    }
    bool has_except = sp_slice_search(code, 0, SP_SLICE_LITERAL("except")) < code.len;
    j->exposes = JUDGE_LOOSE_NO;
    for (size_t i = 0; i < count && has_except && j->exposes == JUDGE_LOOSE_NO; i++) {
        if (sp_map_has(&j->table->guarded, sp_facts_symbol(j->submission, (uint32_t)i))) {
            j->exposes = JUDGE_LOOSE_YES;
        }
    }
    return j->exposes == JUDGE_LOOSE_YES;
}

/* ---- references by place ---- */

uint32_t judge_ref_at(const struct sp_judge *j, uint32_t at)
{
    size_t count = 0;
    const struct sp_ref *refs = sp_facts_refs(j->facts, &count);
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (refs[middle].place.start < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && refs[low].place.start == at ? (uint32_t)low : SP_FACTS_NONE;
}

/* ---- the names of a class ---- */

/* The offset behind the bracket that closes the one at `at`, and whether a plain text is all that it holds. SP_FACTS_NONE
   when there is too much in it. */
static uint32_t skip_bracket(const struct sp_judge *j, uint32_t at, bool *out_is_text)
{
    struct sp_lexer lx;
    struct sp_py_token token;
    int depth = 0;
    bool is_text = true;
    *out_is_text = false;
    judge_ahead(j, at, &lx);
    for (unsigned n = 0; n < BRACKET_TOKENS_MAX && sp_lexer_next(&lx, &token) == SP_OK; n++) {
        depth += judge_bracket(&token);
        if (depth == 0) {
            *out_is_text = is_text && n == 2;
            return at + token.end;
        }
        is_text = is_text && (n == 0 || token.kind == SP_TOKEN_STRING);
    }
    return SP_FACTS_NONE;
}

static uint8_t byte_at(const struct sp_judge *j, uint32_t at)
{
    const struct sp_lexer *lx = sp_facts_lexer(j->facts);
    while (at < lx->len && (lx->ptr[at] == ' ' || lx->ptr[at] == '\t')) {
        at++;
    }
    return at < lx->len ? lx->ptr[at] : 0;
}

/* `[k](object)` behind the names of something: what a computed name fetches is called at once. */
bool judge_calls_computed(const struct sp_judge *j, uint32_t at)
{
    bool is_text = false;
    if (at == SP_FACTS_NONE) {
        return true; /* too long to tell */
    }
    if (byte_at(j, at) != '[') {
        return false;
    }
    uint32_t end = skip_bracket(j, at, &is_text);
    if (end == SP_FACTS_NONE) {
        return true;
    }
    uint8_t next = byte_at(j, end);
    return !is_text && (next == '(' || next == '.');
}

/* The same behind the call whose bracket opens at `at`: `vars(x)[k](object)`. */
bool judge_calls_computed_of(const struct sp_judge *j, uint32_t at)
{
    bool is_text = false;
    return judge_calls_computed(j, skip_bracket(j, at, &is_text));
}

static bool is_result_of_type(const struct sp_judge *j, const struct sp_ref *ref)
{
    size_t count = 0;
    const struct sp_call *calls = sp_facts_calls(j->facts, &count);
    const struct sp_ref *refs = sp_facts_refs(j->facts, &count);
    uint32_t base = ref->root == SP_ROOT_CALL ? sp_facts_base(j->facts, ref) : SP_FACTS_NONE;
    uint32_t callee = base == SP_FACTS_NONE ? SP_FACTS_NONE : calls[base].callee;
    return callee != SP_FACTS_NONE && refs[callee].root == SP_ROOT_NAME &&
           refs[callee].count == 1 &&
           sp_slice_is(sp_facts_segment(j->facts, &refs[callee], 0), "type");
}

/* `type(x).__dict__`, `x.__class__.__dict__`: x may be a class, and then these are the names of the class of all classes,
   by which all of them are reached. */
bool judge_names_of_class(const struct sp_judge *j, const struct sp_ref *ref, unsigned index)
{
    if (index > 0 && sp_slice_is(sp_facts_segment(j->facts, ref, index - 1), "__class__")) {
        return true;
    }
    bool is_called = index + 1U == ref->count && judge_calls_computed(j, ref->place.end);
    return is_called || (index == 0 && is_result_of_type(j, ref));
}

/* ---- modules ---- */

/* With modules about as values, `m = x.os` may be one, and nothing is known of it behind that. */
bool judge_leads_to_module(struct sp_judge *j, const struct sp_ref *ref)
{
    struct sp_slice last = sp_facts_segment(j->facts, ref, ref->count - 1U);
    struct sp_slice target = sp_table_reexport(j->table, last);
    unsigned flags = ref->flags & (SP_REF_STORED | SP_REF_BINDS | SP_REF_CALLED);
    return flags == 0 && target.len > 0 && sp_map_has(&j->table->guarded, target) &&
           judge_has_loose_module(j);
}

/* A line of a cell with nothing but this name: the next run finds what it stands for in `_` and `Out`. */
bool judge_is_result(const struct sp_judge *j, const struct sp_ref *ref)
{
    const struct sp_lexer *lx = sp_facts_lexer(j->facts);
    uint32_t start = ref->place.start;
    while (start > 0 && (lx->ptr[start - 1] == ' ' || lx->ptr[start - 1] == '\t')) {
        start--;
    }
    uint8_t before = start == 0 ? '\n' : lx->ptr[start - 1];
    uint8_t next = byte_at(j, ref->place.end);
    bool is_start = before == '\n' || before == '\r' || before == ';';
    bool is_end = next == 0 || next == '\n' || next == '\r' || next == ';' || next == '#';
    return j->policy->is_cell && j->within == NULL && ref->count == 1 && is_start && is_end;
}
