#include "base/num.h"
#include "base/text.h"
#include "policy/judge_inner.h"

/*
 * Patterns of the policy, and texts of the table, that a string constant may match. Hardly any submission holds one, so
 * the bytes are searched first for a quote with the beginning of a pattern behind it; only then the tokens are walked.
 */

/* `*` is any run of bytes, `?` one of them; the whole text must match. Linear but for the last star. */
static bool matches(struct sp_slice pattern, struct sp_slice text)
{
    size_t p = 0;
    size_t t = 0;
    size_t star = SIZE_MAX;
    size_t resume = 0;
    while (t < text.len) {
        if (p < pattern.len && (pattern.ptr[p] == '?' || pattern.ptr[p] == text.ptr[t]) &&
            pattern.ptr[p] != '*') {
            p++;
            t++;
        } else if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p;
            resume = t;
            p++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            resume++;
            t = resume;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*') {
        p++;
    }
    return p == pattern.len;
}

/* ---- what is looked for ---- */

static void check_pattern(struct sp_judge *j, const struct sp_map_entry *entry,
                          struct sp_slice text, const struct sp_span *span)
{
    if (entry->key.ptr != NULL && matches(entry->key, text)) {
        judge_report(j, (enum sp_rule)entry->value, "string", span,
                     "a text that matches %.*s is on the policy's list",
                     (int)sp_size_min(entry->key.len, 120), (const char *)entry->key.ptr);
    }
}

/* `'text.usetex': False`, `rcParams['text.usetex'] = False`: a setting that is switched off. */
static bool is_switched_off(const struct sp_judge *j, const struct sp_span *span)
{
    const struct sp_lexer *lx = sp_facts_lexer(j->facts);
    struct sp_slice code = sp_slice_make(lx->ptr, lx->len);
    size_t at = span->end;
    bool has_mark = false;
    while (at < code.len && (code.ptr[at] == ' ' || code.ptr[at] == ']' || code.ptr[at] == '=' ||
                             code.ptr[at] == ':' || code.ptr[at] == ',')) {
        has_mark = has_mark || code.ptr[at] == '=' || code.ptr[at] == ':';
        at++;
    }
    struct sp_slice rest = sp_slice_sub(code, at, code.len);
    bool is_word = rest.len > 5 && (rest.ptr[5] == '_' || sp_text_is_alnum(rest.ptr[5]));
    return has_mark && sp_slice_starts(rest, "False") && !is_word;
}

static void check_text(struct sp_judge *j, struct sp_slice text, const struct sp_span *span)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < j->policy->strings.slot_count; i++) {
        check_pattern(j, &j->policy->strings.slots[i], text, span);
    }
    if (sp_map_get(&j->table->quoted, text, &bits) && !is_switched_off(j, span)) {
        judge_capabilities(j, bits, span, text);
    }
}

/* ---- whether the tokens must be walked ---- */

struct starts {
    bool has[256]; /* the first two bytes of a key, mixed */
    bool is_open;  /* a pattern that begins with anything */
};

static uint8_t mixed(uint8_t first, uint8_t second)
{
    return (uint8_t)(first * 7U + second);
}

static bool is_wild(struct sp_slice key, size_t at)
{
    return at >= key.len || key.ptr[at] == '*' || key.ptr[at] == '?';
}

static void add_starts(struct starts *starts, const struct sp_map *map)
{
    for (size_t i = 0; i < map->slot_count; i++) {
        struct sp_slice key = map->slots[i].key;
        if (key.ptr == NULL) {
            continue;
        }
        if (is_wild(key, 0) || is_wild(key, 1)) {
            starts->is_open = true;
        } else {
            starts->has[mixed(key.ptr[0], key.ptr[1])] = true;
        }
    }
}

static bool may_be(const struct starts *starts, struct sp_slice text, size_t at)
{
    return starts->is_open ||
           (text.len - at >= 2 && starts->has[mixed(text.ptr[at], text.ptr[at + 1])]);
}

/* A key, up to its first sign of a pattern, stands at `at`. */
static bool begins(const struct sp_map *map, struct sp_slice code, size_t at)
{
    for (size_t i = 0; i < map->slot_count; i++) {
        struct sp_slice key = map->slots[i].key;
        size_t len = 0;
        while (key.ptr != NULL && len < key.len && key.ptr[len] != '*' && key.ptr[len] != '?') {
            len++;
        }
        if (len > 0 && sp_slice_equal(sp_slice_sub(code, at, len), sp_slice_sub(key, 0, len))) {
            return true;
        }
    }
    return false;
}

/* "{0." or "{0.%s": a format field whose names come from somewhere else. */
static bool is_open_field(struct sp_slice code, size_t at)
{
    bool has_dot = false;
    at++;
    while (at < code.len &&
           (code.ptr[at] == '.' || code.ptr[at] == '_' || sp_text_is_alnum(code.ptr[at]))) {
        has_dot = has_dot || code.ptr[at] == '.';
        at++;
    }
    return has_dot && at < code.len &&
           (code.ptr[at] == '\'' || code.ptr[at] == '"' || code.ptr[at] == '%');
}

/* Behind a quote of this kind. */
static bool may_begin(const struct sp_judge *j, const struct starts *starts, struct sp_slice code,
                      uint8_t quote)
{
    for (size_t at = sp_slice_find(code, 0, quote); at + 1 < code.len;
         at = sp_slice_find(code, at + 1, quote)) {
        if (may_be(starts, code, at + 1) && (begins(&j->policy->strings, code, at + 1) ||
                                             begins(&j->table->quoted, code, at + 1))) {
            return true;
        }
    }
    return false;
}

static bool may_match(const struct sp_judge *j, const struct starts *starts, struct sp_slice code)
{
    if (starts->is_open) {
        return true;
    }
    for (size_t at = sp_slice_find(code, 0, '{'); at < code.len;
         at = sp_slice_find(code, at + 1, '{')) {
        if (is_open_field(code, at)) {
            return true;
        }
    }
    return may_begin(j, starts, code, '\'') || may_begin(j, starts, code, '"');
}

/* ---- the walk ---- */

/* Without prefix and quotes. */
static struct sp_slice inside(struct sp_slice literal)
{
    size_t from = 0;
    while (from < literal.len && literal.ptr[from] != '\'' && literal.ptr[from] != '"') {
        from++;
    }
    struct sp_slice rest = sp_slice_sub(literal, from, literal.len - from);
    bool is_long = rest.len >= 6 && rest.ptr[1] == rest.ptr[0] && rest.ptr[2] == rest.ptr[0];
    size_t width = is_long ? 3 : 1;
    return rest.len < 2 * width ? rest : sp_slice_sub(rest, width, rest.len - 2 * width);
}

static void check_length(struct sp_judge *j, struct sp_slice text, const struct sp_span *span)
{
    if (text.len > j->policy->limits.literal_bytes) {
        judge_report(j, SP_RULE_DENY, "limit", span, "a literal has %zu bytes; %llu are allowed",
                     text.len, (unsigned long long)j->policy->limits.literal_bytes);
    }
}

static void walk(struct sp_judge *j, const struct sp_lexer *whole)
{
    struct sp_py_token token;
    sp_lexer_init(&j->walker, sp_slice_make(whole->ptr, whole->len), whole->family, whole->mode);
    while (sp_lexer_next(&j->walker, &token) == SP_OK && token.kind != SP_TOKEN_END &&
           !judge_is_full(j)) {
        struct sp_slice text = sp_lexer_text(&j->walker, &token);
        struct sp_span span = {.start = token.start, .end = token.end};
        if (token.kind == SP_TOKEN_STRING) {
            check_length(j, text, &span);
            check_text(j, inside(text), &span);
            judge_fields(j, inside(text), &span);
        } else if (token.kind == SP_TOKEN_FSTRING_MIDDLE) {
            check_length(j, text, &span);
            check_text(j, text, &span);
        } else if (token.kind == SP_TOKEN_NUMBER) {
            check_length(j, text, &span);
        }
    }
}

/* `def f(x: "code")`, evaluated when f is registered: which texts are annotations nobody asks, all of them are read. */
void judge_annotations(struct sp_judge *j)
{
    const struct sp_lexer *whole = sp_facts_lexer(j->facts);
    uint8_t text[SP_FACTS_CONST_BYTES_MAX];
    struct sp_lexer lx;
    struct sp_py_token token;
    if (j->has_annotations || j->within != NULL) {
        return;
    }
    j->has_annotations = true;
    j->is_expression = true; /* in a sentence names are only words */
    sp_lexer_init(&lx, sp_slice_make(whole->ptr, whole->len), whole->family, whole->mode);
    while (sp_lexer_next(&lx, &token) == SP_OK && token.kind != SP_TOKEN_END && !judge_is_full(j)) {
        struct sp_slice code = inside(sp_lexer_text(&lx, &token));
        struct sp_span span = {.start = token.start, .end = token.end};
        if (token.kind != SP_TOKEN_STRING || code.len > sizeof(text)) {
            continue;
        }
        for (size_t i = 0; i < code.len; i++) {
            text[i] = code.ptr[i];
        }
        judge_source(j, text, code.len, &span);
    }
    j->is_expression = false;
}

void judge_strings(struct sp_judge *j)
{
    const struct sp_lexer *lx = sp_facts_lexer(j->facts);
    struct sp_slice code = sp_slice_make(lx->ptr, lx->len);
    size_t count = 0;
    const struct sp_const *consts = sp_facts_consts(j->facts, &count);
    if (j->policy->strings.count + j->table->quoted.count == 0 &&
        code.len <= j->policy->limits.literal_bytes) {
        return;
    }
    struct starts starts = {.is_open = false};
    add_starts(&starts, &j->policy->strings);
    add_starts(&starts, &j->table->quoted);
    /* Those that are written with escapes, or in pieces, are read here. */
    for (size_t i = 0; i < count && !judge_is_full(j); i++) {
        uint8_t text[SP_FACTS_CONST_BYTES_MAX];
        size_t len = 0;
        if (sp_facts_decode(j->facts, &consts[i], text, &len) == SP_OK &&
            may_be(&starts, sp_slice_make(text, len), 0)) {
            check_text(j, sp_slice_make(text, len), &consts[i].place);
        }
    }
    if (code.len > j->policy->limits.literal_bytes || may_match(j, &starts, code)) {
        walk(j, lx);
    }
}
