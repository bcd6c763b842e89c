#include "base/num.h"
#include "base/text.h"
#include "policy/judge_inner.h"

/* What the arguments of a call say, where the function alone says nothing. */

static struct sp_slice decoded(const struct sp_judge *j, uint32_t constant,
                               uint8_t text[SP_FACTS_CONST_BYTES_MAX])
{
    size_t len = 0;
    const struct sp_const *found = sp_facts_const(j->facts, constant);
    if (found == NULL || sp_facts_decode(j->facts, found, text, &len) != SP_OK) {
        return sp_slice_make(NULL, 0);
    }
    return sp_slice_make(text, len);
}

static const struct sp_span *span_of(const struct sp_judge *j, const struct sp_call *call,
                                     const struct sp_ref *ref)
{
    const struct sp_const *found = sp_facts_const(j->facts, call->arg0);
    return found == NULL ? &ref->place : &found->place;
}

/* ---- addresses ---- */

/* "https://...": a scheme that goes somewhere else. */
static bool is_address(struct sp_slice text)
{
    size_t at = 0;
    while (at < text.len &&
           (sp_text_is_alnum(text.ptr[at]) || text.ptr[at] == '+' || text.ptr[at] == '-')) {
        at++;
    }
    struct sp_slice scheme = sp_slice_sub(text, 0, at);
    bool is_local = sp_slice_is_nocase(scheme, "file") || sp_slice_is_nocase(scheme, "sqlite") ||
                    sp_slice_is_nocase(scheme, "memory");
    return at > 0 && !is_local && sp_slice_is(sp_slice_sub(text, at, 3), "://");
}

static void check_address(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                          struct sp_slice path)
{
    uint8_t text[SP_FACTS_CONST_BYTES_MAX];
    uint32_t bits = 0;
    if (!sp_map_get(&j->table->urls, path, &bits) || !is_address(decoded(j, call->arg0, text))) {
        return;
    }
    enum sp_rule rule = j->policy->capability[SP_CAPABILITY_NETWORK];
    j->out->capabilities |= bits;
    judge_report(j, rule, "network", span_of(j, call, ref),
                 "%.*s reads from the network here; upload the file and read it from /mnt/data",
                 (int)sp_size_min(path.len, 120), (const char *)path.ptr);
}

/* ---- texts that are read as expressions ---- */

static bool reads_texts(const struct sp_judge *j, struct sp_slice path)
{
    size_t first = sp_slice_find(path, 0, '.');
    size_t second = sp_slice_find(path, first + 1, '.');
    return sp_map_has(&j->table->texts, sp_slice_sub(path, 0, first)) ||
           sp_map_has(&j->table->texts, sp_slice_sub(path, 0, second));
}

/* ---- arguments that are unpacked ---- */

static int bracket_of(uint8_t byte)
{
    bool opens = byte == '(' || byte == '[' || byte == '{';
    bool closes = byte == ')' || byte == ']' || byte == '}';
    return opens ? 1 : closes ? -1 : 0;
}

/* Whether `*` or `**` unpacks something in the brackets behind `at`. Only a few functions are asked about. */
static bool has_unpacking(const struct sp_judge *j, uint32_t at)
{
    const struct sp_lexer *whole = sp_facts_lexer(j->facts);
    struct sp_lexer lx;
    struct sp_py_token token;
    int depth = 0;
    bool is_start = false;
    sp_lexer_init(&lx, sp_slice_make(whole->ptr + at, whole->len - at), whole->family,
                  SP_PYTHON_TEXT);
    while (sp_lexer_next(&lx, &token) == SP_OK && token.kind != SP_TOKEN_END) {
        struct sp_slice text = sp_lexer_text(&lx, &token);
        uint8_t op = token.kind == SP_TOKEN_OP && text.len > 0 ? text.ptr[0] : 0;
        if (op == '*' && depth == 1 && is_start) {
            return true;
        }
        depth += bracket_of(op);
        if (depth <= 0) {
            return false;
        }
        is_start = depth == 1 && (op == ',' || bracket_of(op) > 0);
    }
    return false;
}

bool judge_looks_at_arguments(const struct sp_judge *j, struct sp_slice path)
{
    return sp_map_has(&j->table->urls, path) || sp_map_has(&j->keyword_functions, path) ||
           reads_texts(j, path);
}

void judge_call_arguments(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                          struct sp_slice path)
{
    if (call->arg0 != SP_FACTS_NONE) {
        check_address(j, ref, call, path);
        if (j->within == NULL && reads_texts(j, path)) {
            j->is_expression = true;
            judge_code(j, call->arg0, path);
            j->is_expression = false;
        }
    }
    if (call->has_args && sp_map_has(&j->keyword_functions, path) &&
        has_unpacking(j, ref->place.end)) {
        judge_capabilities(j, SP_CAPABILITY_BIT(SP_CAPABILITY_DESERIALIZE), &ref->place, path);
    }
}

/* ---- functions of their own kind ---- */

/* help() starts a pager and a prompt; a text as its argument is imported. */
static void check_help(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call)
{
    uint8_t buffer[SP_FACTS_CONST_BYTES_MAX];
    if (call == NULL || (call->has_args && call->arg0 == SP_FACTS_NONE)) {
        return;
    }
    struct sp_slice text = decoded(j, call->arg0, buffer);
    size_t end = sp_slice_find(text, 0, '.');
    if (!call->has_args || sp_slice_is(text, "modules")) {
        judge_capabilities(j, SP_CAPABILITY_BIT(SP_CAPABILITY_DYNAMIC_CODE), &ref->place,
                           SP_SLICE_LITERAL("help without an object"));
    } else if (sp_map_has(&j->table->image, sp_slice_sub(text, 0, end))) {
        judge_import_path(j, text, true, span_of(j, call, ref));
    }
}

/* "module://x" makes matplotlib import x. */
static void check_backend(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call)
{
    static const char start[] = "module://";
    uint8_t buffer[SP_FACTS_CONST_BYTES_MAX];
    struct sp_slice text = call == NULL ? sp_slice_make(NULL, 0) : decoded(j, call->arg0, buffer);
    if (sp_slice_starts(text, start)) {
        judge_import_path(j, sp_slice_sub(text, sizeof(start) - 1, text.len), true,
                          span_of(j, call, ref));
    }
}

/* patch("os.system") reaches what the text names. */
static void check_target(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call)
{
    uint8_t buffer[SP_FACTS_CONST_BYTES_MAX];
    struct sp_slice text = call == NULL ? sp_slice_make(NULL, 0) : decoded(j, call->arg0, buffer);
    if (text.len == 0) {
        judge_capabilities(j, SP_CAPABILITY_BIT(SP_CAPABILITY_DYNAMIC_CODE), &ref->place,
                           SP_SLICE_LITERAL("a patch of a computed name"));
        return;
    }
    judge_import_path(j, text, false, span_of(j, call, ref));
}

bool judge_call_special(struct sp_judge *j, enum judge_special special, const struct sp_ref *ref,
                        const struct sp_call *call)
{
    if (special == JUDGE_HELP) {
        check_help(j, ref, call);
    } else if (special == JUDGE_BACKEND) {
        check_backend(j, ref, call);
    } else if (special == JUDGE_TARGET) {
        check_target(j, ref, call);
    } else {
        return false;
    }
    return true;
}
