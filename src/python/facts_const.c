#include "base/text.h"
#include "python/facts_fold.h"

#define SCHEME_MAX 24U

static bool has_two_underscores(struct sp_slice text)
{
    for (size_t at = sp_slice_find(text, 0, '_'); at + 1 < text.len;
         at = sp_slice_find(text, at + 1, '_')) {
        if (text.ptr[at + 1] == '_') {
            return true;
        }
    }
    return false;
}

static enum sp_err keep(struct sp_facts *f, const struct sp_const *constant, uint32_t *out)
{
    if (f->const_count == f->const_max) {
        SP_TRY(sp_facts_more(f, FACTS_CONSTS, 1));
    }
    f->consts[f->const_count] = *constant;
    *out = f->const_count;
    f->const_count++;
    return SP_OK;
}

enum sp_err sp_facts_const_string(struct sp_facts *f)
{
    struct facts_pending *now = &f->constant;
    bool is_complex = (f->token.flags & SP_TOKEN_ESCAPED) != 0;
    if ((f->open & OPEN_CONST) != 0) {
        now->is_complex = true;
        now->is_joined = false;
        now->constant.place.end = f->token.end;
        return SP_OK;
    }
    *now = (struct facts_pending){.is_arg = sp_facts_begins_argument(f), .is_complex = is_complex};
    now->constant.place = sp_facts_span(&f->token);
    f->open = OPEN_CONST;
    if (now->is_arg) {
        sp_facts_argument_begin(f);
    }
    return SP_OK;
}

/* The text between the fields of an f-string. */
enum sp_err sp_facts_const_text(struct sp_facts *f)
{
    struct sp_slice text = sp_lexer_text(&f->lx, &f->token);
    struct sp_const constant = {.place = sp_facts_span(&f->token), .is_format = true};
    uint32_t ignored = 0;
    bool is_plain = sp_slice_find(text, 0, '\\') == text.len && !has_two_underscores(text);
    return is_plain ? SP_OK : keep(f, &constant, &ignored);
}

/* "module://...": what stands in front of the mark is short. */
static bool has_scheme(struct sp_slice text)
{
    size_t at = sp_slice_find(sp_slice_sub(text, 0, SCHEME_MAX), 0, ':');
    return at + 2 < text.len && text.ptr[at + 1] == '/' && text.ptr[at + 2] == '/';
}

enum sp_err sp_facts_const_close(struct sp_facts *f, uint8_t op)
{
    struct facts_pending *now = &f->constant;
    f->open = 0;
    bool ends = op == ',' || op == ')';
    const struct facts_level *level = f->now;
    bool is_arg = now->is_arg && ends && !now->is_joined && level->arg < 2;
    struct sp_slice text = sp_slice_make(f->lx.ptr + now->constant.place.start,
                                         now->constant.place.end - now->constant.place.start);
    bool is_path = text.len > 1 && text.ptr[1] == '/';
    if (!is_arg && !is_path && !now->is_complex && !has_scheme(text) &&
        !has_two_underscores(text)) {
        return SP_OK;
    }
    uint32_t index = 0;
    SP_TRY(keep(f, &now->constant, &index));
    if (is_arg && level->arg == 0) {
        f->calls[level->call].arg0 = index;
    } else if (is_arg) {
        f->calls[level->call].arg1 = index;
    }
    return SP_OK;
}

/* ---- arguments that are worked out when all is read ---- */

void sp_facts_argument_begin(struct sp_facts *f)
{
    struct facts_level *level = f->now;
    level->may_fold = level->arg < 2;
    level->argument = sp_facts_span(&f->token);
}

void sp_facts_argument_close(struct sp_facts *f)
{
    struct facts_level *level = f->now;
    if (level->kind != BRACKET_CALL) {
        return;
    }
    level->may_fold = false;
    struct sp_call *call = &f->calls[level->call];
    uint32_t known = level->arg == 0 ? call->arg0 : call->arg1;
    level->argument.end = f->token.start;
    if (known != SP_FACTS_NONE || f->fold_count == FACTS_FOLDS_MAX ||
        level->argument.end - level->argument.start > SP_FACTS_CONST_BYTES_MAX) {
        return;
    }
    call->may_fold = true;
    f->folds[f->fold_count] = (struct facts_fold){
        .place = level->argument, .call = level->call, .is_second = level->arg == 1};
    f->fold_count++;
}

enum sp_err sp_facts_fold_all(struct sp_facts *f)
{
    for (uint32_t i = 0; i < f->fold_count; i++) {
        struct sp_const constant;
        uint32_t index = 0;
        struct sp_call *call = &f->calls[f->folds[i].call];
        if (sp_facts_fold(f, &f->folds[i].place, &constant) != SP_OK) {
            continue; /* it stays computed */
        }
        SP_TRY(keep(f, &constant, &index));
        *(f->folds[i].is_second ? &call->arg1 : &call->arg0) = index;
        sp_facts_forgive_getter(f, call);
    }
    return SP_OK;
}

/* ---- decoding ---- */

struct decoder {
    uint8_t *out;
    size_t len;
};

static enum sp_err put(struct decoder *d, uint8_t byte)
{
    if (d->len == SP_FACTS_CONST_BYTES_MAX) {
        return SP_ERR_TOO_BIG;
    }
    d->out[d->len] = byte;
    d->len++;
    return SP_OK;
}

/* Writes one code point; surrogates and the like become a question mark, which no rule looks for. */
static enum sp_err put_point(struct decoder *d, uint32_t c)
{
    if (c < 0x80) {
        return put(d, (uint8_t)c);
    }
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
        return put(d, '?');
    }
    unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t leads[] = {0, 0xC0, 0xE0, 0xF0};
    SP_TRY(put(d, (uint8_t)(leads[more] | c >> (6 * more))));
    while (more > 0) {
        more--;
        SP_TRY(put(d, (uint8_t)(0x80U | (c >> (6 * more) & 0x3FU))));
    }
    return SP_OK;
}

static uint32_t digit_value(uint8_t byte)
{
    if (byte <= '9') {
        return byte - (uint32_t)'0';
    }
    return (byte | 0x20U) - (uint32_t)'a' + 10;
}

/* Up to `most` digits of a base; in Python \x, \u and \U have an exact number, else the string is refused anyway. */
static uint32_t take_digits(struct sp_text *t, unsigned most, sp_text_class *is, unsigned shift)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < most && !sp_text_at_end(t) && is(t->in.ptr[t->at]); i++) {
        value = value << shift | digit_value(t->in.ptr[t->at]);
        t->at++;
    }
    return value;
}

static bool is_octal(uint8_t byte)
{
    return byte >= '0' && byte <= '7';
}

/* \N{...}: letters, digits and the few signs that names of Python are made of; any other name is one question mark. */
static enum sp_err put_named(struct decoder *d, struct sp_text *t)
{
    size_t close = sp_slice_find(t->in, t->at, '}');
    struct sp_slice name = sp_slice_sub(t->in, t->at, close - t->at);
    t->at = close < t->in.len ? close + 1 : close;
    uint8_t last = name.len > 0 ? name.ptr[name.len - 1] | 0x20 : '?';
    if (sp_slice_is_nocase(name, "{low line")) {
        return put(d, '_');
    }
    if (sp_slice_is_nocase(name, "{full stop")) {
        return put(d, '.');
    }
    bool is_letter = sp_text_is_alpha(last) && name.len >= 2 && name.ptr[name.len - 2] == ' ';
    return put(d, is_letter ? last : '?');
}

static enum sp_err put_escape(struct decoder *d, struct sp_text *t)
{
    static const uint8_t plain[][2] = {{'n', '\n'}, {'t', '\t'}, {'r', '\r'}, {'a', '\a'},
                                       {'b', '\b'}, {'f', '\f'}, {'v', '\v'}};
    uint8_t byte = t->in.ptr[t->at];
    if (is_octal(byte)) {
        return put_point(d, take_digits(t, 3, is_octal, 3));
    }
    t->at++;
    switch (byte) {
    case 'x':
        return put_point(d, take_digits(t, 2, sp_text_is_hex, 4));
    case 'u':
        return put_point(d, take_digits(t, 4, sp_text_is_hex, 4));
    case 'U':
        return put_point(d, take_digits(t, 8, sp_text_is_hex, 4));
    case 'N':
        return put_named(d, t);
    case '\n':
        return SP_OK;
    case '\r':
        t->at += sp_text_peek(t) == '\n' ? 1 : 0;
        return SP_OK;
    case '\\':
    case '\'':
    case '"':
        return put(d, byte);
    default:
        break;
    }
    for (size_t i = 0; i < SP_COUNT(plain); i++) {
        if (plain[i][0] == byte) {
            return put(d, plain[i][1]);
        }
    }
    SP_TRY(put(d, '\\')); /* an unknown escape keeps its backslash */
    return put(d, byte);
}

/* What a backslash means in a text: in bytes there are no escapes for characters beyond them. */
enum text_kind { TEXT_PLAIN, TEXT_RAW, TEXT_BYTES };

static bool begins_escape(const struct sp_text *t, enum text_kind kind)
{
    uint8_t next = t->in.ptr[t->at];
    bool is_wide = next == 'u' || next == 'U' || next == 'N';
    return kind == TEXT_PLAIN || (kind == TEXT_BYTES && !is_wide);
}

static enum sp_err put_text(struct decoder *d, struct sp_slice body, enum text_kind kind)
{
    struct sp_text t;
    sp_text_init(&t, body);
    while (!sp_text_at_end(&t)) {
        uint8_t byte = t.in.ptr[t.at];
        t.at++;
        if (byte == '\\' && !sp_text_at_end(&t) && begins_escape(&t, kind)) {
            SP_TRY(put_escape(d, &t));
        } else {
            SP_TRY(put(d, byte));
        }
    }
    return SP_OK;
}

static enum sp_err put_literal(struct decoder *d, const struct sp_lexer *lx,
                               const struct sp_py_token *token)
{
    struct sp_slice text = sp_lexer_text(lx, token);
    size_t width = (token->flags & SP_TOKEN_TRIPLE) != 0 ? 3 : 1;
    struct sp_slice body = sp_slice_sub(text, token->quote, text.len - token->quote - width);
    bool is_bytes = (token->flags & SP_TOKEN_BYTES) != 0;
    bool is_raw = (token->flags & SP_TOKEN_RAW) != 0;
    return put_text(d, body, is_raw ? TEXT_RAW : is_bytes ? TEXT_BYTES : TEXT_PLAIN);
}

enum sp_err sp_facts_literal(const struct sp_lexer *lx, const struct sp_py_token *token,
                             uint8_t *out, size_t *out_len)
{
    struct decoder d = {.out = out};
    SP_TRY(put_literal(&d, lx, token));
    *out_len = d.len;
    return SP_OK;
}

void sp_facts_lexer_inside(struct sp_lexer *lx, struct sp_slice span, enum sp_python_family family)
{
    sp_lexer_init(lx, span, family, SP_PYTHON_TEXT);
    lx->brackets[0] = '(';
    lx->bracket_place[0] = (struct sp_lexer_bracket){.line = 1};
    lx->level = 1;
    lx->at_line_start = false;
}

/* A literal as most are: one quote at each end, and nothing between them that stands for more than itself. */
static bool is_plain(struct sp_slice span)
{
    uint8_t quote = span.len < 2 ? 0 : span.ptr[0];
    return (quote == '\'' || quote == '"') && sp_slice_find(span, 1, quote) == span.len - 1 &&
           sp_slice_find(span, 1, '\\') == span.len;
}

enum sp_err sp_facts_decode(const struct sp_facts *facts, const struct sp_const *constant,
                            uint8_t out[SP_FACTS_CONST_BYTES_MAX], size_t *out_len)
{
    struct decoder d = {.out = out};
    if (constant->is_folded) {
        for (uint32_t i = 0; i < constant->text_len; i++) {
            SP_TRY(put(&d, facts->folded[constant->text_at + i]));
        }
        *out_len = d.len;
        return SP_OK;
    }
    struct sp_slice span = sp_slice_make(facts->lx.ptr + constant->place.start,
                                         constant->place.end - constant->place.start);
    if (constant->is_format || is_plain(span)) {
        struct sp_slice text = constant->is_format ? span : sp_slice_sub(span, 1, span.len - 2);
        SP_TRY(put_text(&d, text, TEXT_PLAIN));
        *out_len = d.len;
        return SP_OK;
    }
    /* The span is read again by a lexer of its own: literals, and plus signs between them. */
    SP_ROOM struct sp_lexer lx;
    struct sp_py_token token = {0};
    sp_facts_lexer_inside(&lx, span, facts->lx.family);
    enum sp_err err = sp_lexer_next(&lx, &token);
    while (err == SP_OK) {
        if (token.kind == SP_TOKEN_STRING) {
            SP_TRY(put_literal(&d, &lx, &token));
        }
        err = sp_lexer_next(&lx, &token);
    }
    *out_len = d.len;
    return lx.fault == SP_PYTHON_BRACKET_OPEN ? SP_OK : err;
}
