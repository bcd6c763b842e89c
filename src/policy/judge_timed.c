#include "policy/judge_ahead.h"
#include "python/names.h"
#include "python/word.h"

/*
 * timeit.timeit("f(x)", setup="...", globals=globals()): two texts that are run, or functions in their place. All of the
 * arguments are looked at, wherever they stand.
 */

#define TOKENS_MAX 512U /* of one call; more are not followed */

struct argument {
    unsigned number;      /* among those without a name */
    struct sp_slice name; /* of a keyword argument */
    struct sp_span value;
    struct sp_py_token first; /* of the value */
    unsigned tokens;          /* of the value */
    bool is_unpacked;
};

struct timed {
    struct sp_judge *j;
    const struct sp_ref *ref;
    struct sp_slice path;
    struct sp_lexer lx;
    struct sp_py_token token;
    struct argument argument;
    int depth;
};

static void clear_argument(struct argument *a, unsigned number)
{
    *a = (struct argument){.number = number, .name = sp_slice_make(NULL, 0)};
}

static bool judge_text_at(struct sp_judge *j, const struct sp_span *value)
{
    uint8_t text[SP_FACTS_CONST_BYTES_MAX];
    struct sp_const constant;
    size_t len = 0;
    if (!sp_names_constant(j->submission, value, &constant) || constant.is_guess ||
        sp_facts_decode(j->facts, &constant, text, &len) != SP_OK) {
        return false;
    }
    j->is_timed = true;
    judge_source(j, text, len, value);
    j->is_timed = false;
    return true;
}

/* A name that holds texts which are judged here, or a function. */
static bool judge_name_at(struct sp_judge *j, const struct sp_span *value)
{
    size_t count = 0;
    const struct sp_ref *refs = sp_facts_refs(j->facts, &count);
    uint32_t number = judge_ref_at(j, value->start);
    return number != SP_FACTS_NONE && refs[number].place.end == value->end &&
           (judge_named_code(j, number, value) ||
            sp_names_is_function(j->submission, &refs[number]));
}

/* Names that are no text to run; whatever else is written may be `setup` in other letters. */
static bool is_run(const struct argument *a)
{
    bool is_harmless = sp_slice_is(a->name, "timer") || sp_slice_is(a->name, "number") ||
                       sp_slice_is(a->name, "repeat") || sp_slice_is(a->name, "globals");
    return a->name.len == 0 ? a->number < 2 : !is_harmless;
}

static void judge_argument(struct timed *t)
{
    const struct argument *a = &t->argument;
    bool is_lambda = a->first.kind == SP_TOKEN_NAME && a->first.op == SP_WORD_LAMBDA;
    if (a->tokens == 0) {
        return;
    }
    bool is_globals = a->tokens == 3 && sp_slice_is(sp_lexer_text(&t->lx, &a->first), "globals");
    if (sp_slice_is(a->name, "globals") && is_globals) {
        t->j->excused_at = a->value.start; /* its own names, for code that is judged here */
    }
    if (a->is_unpacked || (is_run(a) && !is_lambda && a->first.kind != SP_TOKEN_NUMBER &&
                           !judge_text_at(t->j, &a->value) && !judge_name_at(t->j, &a->value))) {
        judge_capabilities(t->j, SP_CAPABILITY_BIT(SP_CAPABILITY_DYNAMIC_CODE), &a->value, t->path);
    }
}

static bool at_op(const struct timed *t, uint8_t op)
{
    return t->token.kind == SP_TOKEN_OP && t->token.op == op;
}

static void take_token(struct timed *t)
{
    struct argument *a = &t->argument;
    uint32_t at = t->ref->place.end;
    if (t->depth == 1 && at_op(t, '=') && a->tokens == 1 && a->first.kind == SP_TOKEN_NAME) {
        struct sp_slice name = sp_lexer_text(&t->lx, &a->first);
        clear_argument(a, a->number);
        a->name = name;
        return;
    }
    if (a->tokens == 0) {
        a->first = t->token;
        a->value.start = at + t->token.start;
        a->is_unpacked = at_op(t, '*') || at_op(t, SP_OP_POWER);
    }
    a->tokens++;
    a->value.end = at + t->token.end;
}

static bool opens(const struct timed *t)
{
    return at_op(t, '(') || at_op(t, '[') || at_op(t, '{');
}

static bool closes(const struct timed *t)
{
    return at_op(t, ')') || at_op(t, ']') || at_op(t, '}');
}

/* One token of the call, from its bracket on. False behind its end. */
static bool step(struct timed *t)
{
    t->depth -= closes(t) ? 1 : 0;
    bool is_end = t->depth == 0 && closes(t);
    if (is_end || (t->depth == 1 && at_op(t, ','))) {
        judge_argument(t);
        clear_argument(&t->argument, t->argument.number + 1);
    } else if (t->depth > 0) {
        take_token(t);
    }
    t->depth += opens(t) ? 1 : 0;
    return !is_end;
}

void judge_timed(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                 struct sp_slice path)
{
    struct timed t = {.j = j, .ref = ref, .path = path};
    if (call == NULL || j->within != NULL) {
        judge_capabilities(j, SP_CAPABILITY_BIT(SP_CAPABILITY_DYNAMIC_CODE), &ref->place, path);
        return;
    }
    clear_argument(&t.argument, 0);
    judge_ahead(j, ref->place.end, &t.lx);
    bool goes_on = true;
    for (unsigned n = 0; goes_on; n++) {
        if (n == TOKENS_MAX || sp_lexer_next(&t.lx, &t.token) != SP_OK ||
            t.token.kind == SP_TOKEN_END) {
            judge_capabilities(j, SP_CAPABILITY_BIT(SP_CAPABILITY_DYNAMIC_CODE), &ref->place, path);
            return;
        }
        goes_on = step(&t);
    }
}
