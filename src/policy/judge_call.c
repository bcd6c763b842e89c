#include "base/num.h"
#include "base/text.h"
#include "policy/judge_ahead.h"
#include "python/names.h"

/* What the arguments of a call say, where the function alone says nothing. */

unsigned judge_values(const struct sp_judge *j, uint32_t ref, struct sp_name_values *out)
{
    size_t count = 0;
    const struct sp_ref *refs = sp_facts_refs(j->facts, &count);
    out->count = 0;
    if (j->facts != j->submission || ref >= count ||
        !sp_names_values(j->submission, &refs[ref], out)) {
        return 0;
    }
    return out->count;
}

bool judge_named_code(struct sp_judge *j, uint32_t ref, const struct sp_span *place)
{
    struct sp_name_values values;
    uint8_t text[SP_FACTS_CONST_BYTES_MAX];
    size_t len = 0;
    if (j->within != NULL || judge_values(j, ref, &values) == 0) {
        return false;
    }
    for (unsigned i = 0; i < values.count; i++) {
        if (values.value[i].is_guess ||
            sp_facts_decode(j->facts, &values.value[i], text, &len) != SP_OK) {
            return false;
        }
        judge_source(j, text, len, place);
    }
    return true;
}

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

/* Whether there is an address anywhere in the source; looked up once. */
static bool has_scheme(struct sp_judge *j)
{
    const struct sp_lexer *lx = sp_facts_lexer(j->facts);
    struct sp_slice code = sp_slice_make(lx->ptr, lx->len);
    bool is_known = j->within == NULL && j->scheme != JUDGE_LOOSE_UNKNOWN;
    if (is_known) {
        return j->scheme == JUDGE_LOOSE_YES;
    }
    bool has = sp_slice_search(code, 0, SP_SLICE_LITERAL("://")) < code.len;
    if (j->within == NULL) {
        j->scheme = has ? JUDGE_LOOSE_YES : JUDGE_LOOSE_NO;
    }
    return has;
}

/* The first argument, or a name that holds constants, begins with a scheme. */
static bool has_address(struct sp_judge *j, const struct sp_call *call)
{
    uint8_t text[SP_FACTS_CONST_BYTES_MAX];
    struct sp_name_values values = {.count = 0};
    bool is_named = call->arg0 == SP_FACTS_NONE && call->arg0_ref != SP_FACTS_NONE && has_scheme(j);
    if (is_named) {
        (void)judge_values(j, call->arg0_ref, &values);
    }
    for (unsigned i = 0; i < values.count; i++) {
        size_t len = 0;
        if (sp_facts_decode(j->facts, &values.value[i], text, &len) == SP_OK &&
            is_address(sp_slice_make(text, len))) {
            return true;
        }
    }
    return is_address(decoded(j, call->arg0, text));
}

/* A literal that begins like an address. */
static bool is_literal_address(const struct sp_lexer *lx, const struct sp_py_token *token)
{
    bool is_text = token->kind == SP_TOKEN_FSTRING_MIDDLE || token->kind == SP_TOKEN_STRING;
    size_t quotes = token->kind == SP_TOKEN_STRING ? token->quote : 0;
    struct sp_slice text = sp_lexer_text(lx, token);
    return is_text && is_address(sp_slice_sub(text, quotes, text.len));
}

/* A name that begins what an argument is put together from holds an address: `base + path`, f"{base}/x". */
static bool names_address(const struct sp_judge *j, uint32_t at)
{
    uint8_t text[SP_FACTS_CONST_BYTES_MAX];
    struct sp_name_values values;
    size_t len = 0;
    (void)judge_values(j, judge_ref_at(j, at), &values);
    for (unsigned v = 0; v < values.count; v++) {
        if (sp_facts_decode(j->facts, &values.value[v], text, &len) == SP_OK &&
            is_address(sp_slice_make(text, len))) {
            return true;
        }
    }
    return false;
}

/* The token may begin a text: behind a bracket, a comma, the name of an argument, or a brace of an f-string. */
static bool begins_text(const struct sp_py_token *last)
{
    return last->kind == SP_TOKEN_OP &&
           (last->op == '(' || last->op == ',' || last->op == '=' || last->op == '{');
}

/* One of the arguments in the brackets at `at` begins like an address, or is put together with one: f"https://{host}". */
static bool holds_address(struct sp_judge *j, uint32_t at)
{
    struct sp_lexer lx;
    struct sp_py_token token;
    struct sp_py_token last = {.kind = SP_TOKEN_END};
    int depth = 0;
    if (!has_scheme(j)) {
        return false;
    }
    judge_ahead(j, at, &lx);
    while (judge_ahead_next(j, &lx, &token)) {
        depth += judge_bracket(&token);
        bool is_name = token.kind == SP_TOKEN_NAME && begins_text(&last) && depth <= 2;
        if ((depth == 1 && is_literal_address(&lx, &token)) ||
            (is_name && names_address(j, at + token.start))) {
            return true;
        }
        if (depth <= 0) {
            return false;
        }
        last = token;
    }
    return judge_ahead_is_spent(j);
}

static void check_address(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                          struct sp_slice path)
{
    uint32_t bits = 0;
    if (!sp_map_get(&j->table->urls, path, &bits) ||
        !(has_address(j, call) || holds_address(j, ref->place.end))) {
        return;
    }
    enum sp_rule rule = j->policy->capability[SP_CAPABILITY_NETWORK];
    j->out->capabilities |= bits;
    judge_report(j, rule, "network", span_of(j, call, ref),
                 "%.*s reads from the network here; upload the file and read it from /mnt/data",
                 (int)sp_size_min(path.len, 120), (const char *)path.ptr);
}

void judge_sender(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                  struct sp_slice name)
{
    uint32_t bits = 0;
    if (!sp_map_get(&j->table->senders, name, &bits)) {
        return;
    }
    j->is_sensitive = true;
    if (call != NULL && (has_address(j, call) || holds_address(j, ref->place.end))) {
        j->out->capabilities |= bits;
        judge_report(j, j->policy->capability[SP_CAPABILITY_NETWORK], "network",
                     span_of(j, call, ref),
                     "%.*s writes to the network here; write to /mnt/data and fetch the file",
                     (int)sp_size_min(name.len, 120), (const char *)name.ptr);
    }
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

/* Whether `*` or `**` unpacks something in the brackets behind `at`. Only a few functions are asked about. */
static bool has_unpacking(struct sp_judge *j, uint32_t at)
{
    struct sp_lexer lx;
    struct sp_py_token token;
    int depth = 0;
    bool is_start = false;
    judge_ahead(j, at, &lx);
    while (judge_ahead_next(j, &lx, &token)) {
        struct sp_slice text = sp_lexer_text(&lx, &token);
        const uint8_t op = token.kind == SP_TOKEN_OP && text.len > 0 ? text.ptr[0] : 0;
        if (op == '*' && depth == 1 && is_start) {
            return true;
        }
        depth += judge_bracket(&token);
        if (depth <= 0) {
            return false;
        }
        is_start = depth == 1 && (op == ',' || judge_bracket(&token) > 0);
    }
    return judge_ahead_is_spent(j);
}

/* ---- functions that an argument makes harmless ---- */

static bool has_keyword(const struct sp_judge *j, const struct sp_call *call, struct sp_slice name,
                        bool must_be_true)
{
    size_t count = 0;
    size_t keyword_count = 0;
    const struct sp_call *calls = sp_facts_calls(j->facts, &count);
    const struct sp_keyword *keywords = sp_facts_keywords(j->facts, &keyword_count);
    for (size_t i = 0; i < keyword_count; i++) {
        const struct sp_keyword *k = &keywords[i];
        if (&calls[k->call] == call && sp_slice_equal(sp_facts_symbol(j->facts, k->name), name)) {
            return must_be_true ? k->value == SP_KEYWORD_TRUE : k->value != SP_KEYWORD_FALSE;
        }
    }
    return false;
}

/* `argv=['']`: the name of a program, and no arguments. */
static bool is_list_of_one(const struct sp_judge *j, uint32_t at)
{
    const struct sp_lexer *lx = sp_facts_lexer(j->facts);
    struct sp_slice code = sp_slice_make(lx->ptr, lx->len);
    struct sp_slice quote = sp_slice_sub(code, (size_t)at + 2, 1);
    bool is_quote = sp_slice_is(quote, "'") || sp_slice_is(quote, "\"");
    if (!sp_slice_starts(sp_slice_sub(code, at, 2), "=[") || !is_quote) {
        return false;
    }
    size_t end = sp_slice_find(code, (size_t)at + 3, quote.ptr[0]);
    uint8_t line_end = '\n';
    return sp_slice_is(sp_slice_sub(code, end + 1, 1), "]") &&
           sp_slice_find(code, at, line_end) > end;
}

/* All arguments have names, and none has one of "-a-b", but for a list of one text. */
static bool has_none_of(const struct sp_judge *j, const struct sp_call *call, struct sp_slice names)
{
    size_t count = 0;
    size_t keyword_count = 0;
    unsigned own = 0;
    const struct sp_call *calls = sp_facts_calls(j->facts, &count);
    const struct sp_keyword *keywords = sp_facts_keywords(j->facts, &keyword_count);
    for (size_t i = 0; i < keyword_count; i++) {
        struct sp_slice name = sp_facts_symbol(j->facts, keywords[i].name);
        bool is_own = &calls[keywords[i].call] == call;
        own += is_own ? 1 : 0;
        if (is_own && sp_slice_search(names, 0, name) < names.len &&
            !is_list_of_one(j, keywords[i].place.end)) {
            return false;
        }
    }
    return own == call->arg_count;
}

/* The second argument, or the one of this name, is a text that begins so. */
static bool has_text(const struct sp_judge *j, const struct sp_call *call, struct sp_slice name,
                     struct sp_slice start)
{
    uint8_t buffer[SP_FACTS_CONST_BYTES_MAX];
    size_t count = 0;
    const struct sp_keyword *keywords = sp_facts_keywords(j->facts, &count);
    const struct sp_lexer *lx = sp_facts_lexer(j->facts);
    struct sp_slice code = sp_slice_make(lx->ptr, lx->len);
    struct sp_slice second = decoded(j, call->arg1, buffer);
    if (start.len > 0 && sp_slice_equal(sp_slice_sub(second, 0, start.len), start)) {
        return true;
    }
    const struct sp_call *calls = sp_facts_calls(j->facts, &count);
    (void)sp_facts_keywords(j->facts, &count);
    for (size_t i = 0; i < count; i++) {
        size_t at = keywords[i].place.end;
        struct sp_slice quote = sp_slice_sub(code, at + 1, 1);
        bool is_own = &calls[keywords[i].call] == call &&
                      sp_slice_equal(sp_facts_symbol(j->facts, keywords[i].name), name);
        if (is_own && sp_slice_is(sp_slice_sub(code, at, 1), "=") &&
            (sp_slice_is(quote, "'") || sp_slice_is(quote, "\""))) {
            return sp_slice_equal(sp_slice_sub(code, at + 2, start.len), start);
        }
    }
    return false;
}

/*
 * `argument` is "Loader" (it, or a second one, is there), "weights_only=True", "mode=w" (it, or the second one, begins so),
 * "-argv-module" (arguments with other names only), or empty for functions that are harmless without any.
 */
static bool is_excused(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                       struct sp_slice argument)
{
    size_t equals = sp_slice_find(argument, 0, '=');
    if (call == NULL || !call->has_args) {
        return call != NULL && (argument.len == 0 || argument.ptr[0] == '-');
    }
    if (argument.len == 0 || has_unpacking(j, ref->place.end)) {
        return false;
    }
    if (argument.ptr[0] == '-') {
        return has_none_of(j, call, argument);
    }
    struct sp_slice value = sp_slice_sub(argument, equals + 1, argument.len);
    if (value.len > 0 && !sp_slice_is(value, "True")) {
        return has_text(j, call, sp_slice_sub(argument, 0, equals), value);
    }
    bool is_second = equals == argument.len && call->arg_count > 1;
    bool has = has_keyword(j, call, sp_slice_sub(argument, 0, equals), equals < argument.len);
    return has || is_second;
}

bool judge_unless(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                  struct sp_slice path)
{
    uint32_t kind = 0;
    const struct sp_map *keys = &j->table->unless;
    if (!sp_map_get(&j->keyword_functions, path, &kind) || kind != JUDGE_UNLESS) {
        return false;
    }
    j->is_sensitive = true;
    for (size_t i = 0; i < keys->slot_count; i++) {
        struct sp_slice key = keys->slots[i].key;
        size_t open = key.ptr == NULL ? 0 : sp_slice_find(key, 0, '(');
        if (key.ptr != NULL && sp_slice_equal(sp_slice_sub(key, 0, open), path) &&
            !is_excused(j, ref, call, sp_slice_sub(key, open + 1, key.len - open - 2))) {
            judge_capabilities(j, keys->slots[i].value, &ref->place, path);
        }
    }
    return j->policy->names.count == 0;
}

/* ---- variables of the environment ---- */

/* The text in `['TEXT']` behind `at`; only where it is written plainly. */
static struct sp_slice index_text(const struct sp_judge *j, uint32_t at)
{
    const struct sp_lexer *whole = sp_facts_lexer(j->facts);
    struct sp_slice code = sp_slice_make(whole->ptr, whole->len);
    struct sp_slice quote = sp_slice_sub(code, (size_t)at + 1, 1);
    bool is_plain = sp_slice_is(sp_slice_sub(code, at, 1), "[") &&
                    (sp_slice_is(quote, "'") || sp_slice_is(quote, "\""));
    if (!is_plain) {
        return sp_slice_make(NULL, 0);
    }
    size_t end = sp_slice_find(code, (size_t)at + 2, quote.ptr[0]);
    bool is_whole = sp_slice_is(sp_slice_sub(code, end + 1, 1), "]");
    return is_whole ? sp_slice_sub(code, (size_t)at + 2, end - at - 2) : sp_slice_make(NULL, 0);
}

bool judge_is_harmless_variable(const struct sp_judge *j, const struct sp_ref *ref,
                                const struct sp_call *call, struct sp_slice path)
{
    uint8_t text[SP_FACTS_CONST_BYTES_MAX];
    struct sp_slice name = sp_slice_make(NULL, 0);
    if (!sp_slice_starts(path, "os.") || j->policy->names.count > 0) {
        return false;
    }
    if (sp_slice_is(path, "os.environ") && (ref->flags & SP_REF_INDEXED) != 0) {
        name = index_text(j, ref->place.end);
    } else if (call != NULL &&
               (sp_slice_is(path, "os.environ.get") || sp_slice_is(path, "os.getenv") ||
                sp_slice_is(path, "os.environ.setdefault"))) {
        name = decoded(j, call->arg0, text);
    }
    return name.len > 0 && sp_map_has(&j->table->variables, name);
}

bool judge_looks_at_arguments(const struct sp_judge *j, struct sp_slice path)
{
    return sp_map_has(&j->table->urls, path) || sp_map_has(&j->keyword_functions, path) ||
           reads_texts(j, path);
}

void judge_call_arguments(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                          struct sp_slice path)
{
    check_address(j, ref, call, path);
    if (call->arg0 != SP_FACTS_NONE && j->within == NULL && reads_texts(j, path)) {
        j->is_expression = true;
        judge_code(j, call->arg0, path);
        j->is_expression = false;
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

/* patch("os.system") reaches what the text names; patch.dict(settings) needs none. */
static void check_target(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                         bool needs_text)
{
    uint8_t buffer[SP_FACTS_CONST_BYTES_MAX];
    struct sp_slice text = call == NULL ? sp_slice_make(NULL, 0) : decoded(j, call->arg0, buffer);
    if (text.len == 0 && !needs_text) {
        return;
    }
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
    } else if (special == JUDGE_TARGET || special == JUDGE_TARGET_TEXT) {
        check_target(j, ref, call, special == JUDGE_TARGET);
    } else {
        return false;
    }
    return true;
}
