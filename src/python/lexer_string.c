#include "python/lexer_inner.h"
#include "python/scan_window.h"

static unsigned prefix_flag(uint8_t byte, enum sp_python_family family)
{
    switch (byte | 0x20) {
    case 'b':
        return SP_TOKEN_BYTES;
    case 'r':
        return SP_TOKEN_RAW;
    case 'f':
        return SP_TOKEN_FORMAT;
    case 't':
        return family >= SP_PYTHON_314 ? SP_TOKEN_FORMAT : 0;
    default:
        return 0;
    }
}

static bool is_quote(uint8_t byte)
{
    return byte == '\'' || byte == '"';
}

uint32_t sp_lex_prefix(const struct sp_lexer *lx, uint8_t *out_flags)
{
    uint8_t a = lx->ptr[lx->at];
    uint8_t b = sp_lex_peek(lx, 1);
    unsigned first = prefix_flag(a, lx->family);
    if (is_quote(b)) {
        *out_flags = (uint8_t)first;
        return first != 0 || (a | 0x20) == 'u' ? 1 : 3;
    }
    unsigned second = prefix_flag(b, lx->family);
    /* Two letters: one of them is r, the other b, f or t. */
    bool has_raw = (first == SP_TOKEN_RAW) != (second == SP_TOKEN_RAW);
    if (first == 0 || second == 0 || !has_raw || !is_quote(sp_lex_peek(lx, 2))) {
        return 3;
    }
    *out_flags = (uint8_t)(first | second);
    return 2;
}

static bool quotes_at(const struct sp_lexer *lx, uint8_t quote, unsigned width)
{
    return sp_lex_peek(lx, 0) == quote &&
           (width == 1 || (sp_lex_peek(lx, 1) == quote && sp_lex_peek(lx, 2) == quote));
}

/* A backslash and the character behind it; a line end counts as one character. */
static void skip_escape(struct sp_lexer *lx)
{
    lx->at++;
    if (lx->at < lx->limit) {
        if (sp_lex_is(lx->ptr[lx->at], LEX_NEWLINE)) {
            sp_lex_newline(lx);
        } else {
            lx->at++;
        }
    }
}

/* Goes over text of several lines, window by window, to what matters in it other than LF. Where a line ends in it nobody can
   foretell, so that no branch is taken on that. */
static void skip_windows(struct sp_lexer *lx, uint8_t quote, uint8_t *all)
{
    uint64_t marks = 0;
    while (marks == 0 && lx->limit - lx->at >= SP_SCAN_WINDOW) {
        const uint8_t *ptr = lx->ptr + lx->at;
        marks = sp_scan_window_of(ptr, quote) | sp_scan_window_of(ptr, '\\') |
                sp_scan_window_of(ptr, '\r');
        uint64_t before = (marks & (0 - marks)) - 1; /* all, when there is no mark */
        uint64_t ends = sp_scan_window_of(ptr, '\n') & before;
        *all |= (sp_scan_window_high(ptr) & before) != 0 ? 0x80 : 0;
        uint32_t last = SP_SCAN_WINDOW - (uint32_t)__builtin_clzll(ends | 1);
        lx->line_start = ends != 0 ? lx->at + last : lx->line_start;
        lx->line += (uint32_t)__builtin_popcountll(ends);
        lx->at += marks != 0 ? (uint32_t)__builtin_ctzll(marks) : SP_SCAN_WINDOW;
    }
}

/* Runs to the closing quotes and stays in front of them. */
static enum sp_err find_close(struct sp_lexer *lx, uint8_t quote, unsigned width,
                              struct sp_py_token *token)
{
    uint8_t all = 0;
    const uint8_t *end = lx->ptr + lx->limit;
    for (;;) {
        if (width == 3) {
            skip_windows(lx, quote, &all);
        }
        lx->at = (uint32_t)(sp_scan_string(lx->ptr + lx->at, end, quote, &all) - lx->ptr);
        if (lx->at == lx->limit) {
            break;
        }
        uint8_t byte = lx->ptr[lx->at];
        if (byte == quote) {
            if (quotes_at(lx, quote, width)) {
                bool is_bytes = (token->flags & SP_TOKEN_BYTES) != 0;
                return is_bytes && all >= 0x80
                           ? sp_lex_fault_token(lx, SP_PYTHON_BYTES_NONASCII, token)
                           : SP_OK;
            }
            lx->at++;
        } else if (byte == '\\') {
            token->flags |= SP_TOKEN_ESCAPED;
            all |= sp_lex_peek(lx, 1);
            skip_escape(lx);
        } else {
            if (width == 1) {
                break;
            }
            sp_lex_newline(lx);
        }
    }
    return sp_lex_fault_token(lx, width == 1 ? SP_PYTHON_STRING_OPEN : SP_PYTHON_TRIPLE_OPEN,
                              token);
}

/* In 3.11 the whole f-string is one token first: its end is found before its fields are read. */
static enum sp_err bound_old_fstring(struct sp_lexer *lx, struct sp_fstring *f,
                                     struct sp_py_token *token)
{
    uint32_t at = lx->at;
    uint32_t line = lx->line;
    uint32_t line_start = lx->line_start;
    SP_TRY(find_close(lx, f->quote, f->width, token));
    lx->limit = lx->at;
    lx->at = at;
    lx->line = line;
    lx->line_start = line_start;
    return SP_OK;
}

static enum sp_err open_fstring(struct sp_lexer *lx, uint8_t quote, unsigned width,
                                struct sp_py_token *out)
{
    if (lx->fstrings == SP_PYTHON_FSTRINGS_MAX) {
        return sp_lex_fault_token(lx, SP_PYTHON_FSTRING_DEPTH, out);
    }
    struct sp_fstring *f = &lx->fstring[lx->fstrings];
    *f = (struct sp_fstring){.limit_before = lx->limit,
                             .quote = quote,
                             .width = (uint8_t)width,
                             .is_raw = (out->flags & SP_TOKEN_RAW) != 0};
    if (lx->family == SP_PYTHON_311) {
        SP_TRY(bound_old_fstring(lx, f, out));
        if (lx->fstrings > 0 && (out->flags & SP_TOKEN_ESCAPED) != 0) {
            return sp_lex_fault_token(lx, SP_PYTHON_FSTRING_BACKSLASH, out);
        }
    }
    lx->fstrings++;
    lx->in_text = true;
    return sp_lex_give(lx, SP_TOKEN_FSTRING_START, out);
}

enum sp_err sp_lex_string(struct sp_lexer *lx, uint32_t prefix, struct sp_py_token *out)
{
    lx->at += prefix;
    uint8_t quote = lx->ptr[lx->at];
    unsigned width = quotes_at(lx, quote, 3) ? 3 : 1;
    lx->at += width;
    out->quote = (uint8_t)(prefix + width);
    if (width == 3) {
        out->flags |= SP_TOKEN_TRIPLE;
    }
    if ((out->flags & SP_TOKEN_FORMAT) != 0 && !lx->is_flat) {
        return open_fstring(lx, quote, width, out);
    }
    SP_TRY(find_close(lx, quote, width, out));
    if (sp_lex_in_old_field(lx) && (out->flags & SP_TOKEN_ESCAPED) != 0) {
        return sp_lex_fault_token(lx, SP_PYTHON_FSTRING_BACKSLASH, out);
    }
    lx->at += width;
    return sp_lex_give(lx, SP_TOKEN_STRING, out);
}

/* ---- the text between the fields ---- */

static enum sp_err open_field(struct sp_lexer *lx, struct sp_fstring *f, struct sp_py_token *out)
{
    unsigned most = lx->family == SP_PYTHON_311 ? SP_PYTHON_FIELDS_MAX - 1 : SP_PYTHON_FIELDS_MAX;
    if (f->depth >= most) {
        return sp_lex_fault(lx, SP_PYTHON_FSTRING_DEPTH, lx->at);
    }
    SP_TRY(sp_lex_open(lx, '{'));
    f->level[f->depth] = lx->level;
    f->depth++;
    f->in_spec = false;
    lx->in_text = false;
    lx->at++;
    out->op = '{';
    SP_TRY(sp_lex_give(lx, SP_TOKEN_OP, out));
    lx->field_empty = true;
    return SP_OK;
}

/* Takes the closing `}` at the cursor; behind it stands text again. */
static enum sp_err close_field(struct sp_lexer *lx, struct sp_fstring *f)
{
    SP_TRY(sp_lex_close(lx, '}'));
    f->depth--;
    f->in_spec = f->depth > 0;
    lx->in_text = true;
    lx->at++;
    return SP_OK;
}

static enum sp_err close_fstring(struct sp_lexer *lx, struct sp_fstring *f, struct sp_py_token *out)
{
    if (f->depth > 0) {
        return sp_lex_fault(lx, SP_PYTHON_FSTRING_OPEN, lx->at);
    }
    lx->at += f->width;
    lx->limit = f->limit_before;
    lx->fstrings--;
    lx->in_text = false;
    return sp_lex_give(lx, SP_TOKEN_FSTRING_END, out);
}

/* \N{NAME}: the braces are no field. */
static void skip_named(struct sp_lexer *lx, const struct sp_fstring *f)
{
    lx->at += 2;
    while (lx->at < lx->limit) {
        uint8_t byte = lx->ptr[lx->at];
        if (sp_lex_is(byte, LEX_NEWLINE) || (byte == f->quote && lx->family != SP_PYTHON_311)) {
            return;
        }
        lx->at++;
        if (byte == '}') {
            return;
        }
    }
}

static void skip_text_escape(struct sp_lexer *lx, const struct sp_fstring *f)
{
    uint8_t next = sp_lex_peek(lx, 1);
    if (next == '{' || next == '}') {
        lx->at++; /* the brace keeps its meaning */
        return;
    }
    bool is_named = next == 'N' && sp_lex_peek(lx, 2) == '{' && !f->is_raw;
    skip_escape(lx);
    if (is_named) {
        lx->at--;
        skip_named(lx, f);
    }
}

/* Whether the text goes on at a brace: a doubled one outside a specification is only a character. */
static bool is_doubled(const struct sp_lexer *lx, const struct sp_fstring *f, uint8_t brace)
{
    return sp_lex_peek(lx, 0) == brace && sp_lex_peek(lx, 1) == brace && !f->in_spec;
}

/* Runs over text to the next field, the end of this one, or the closing quotes. */
static enum sp_err skip_text(struct sp_lexer *lx, const struct sp_fstring *f,
                             const struct sp_py_token *out)
{
    while (lx->at < lx->limit) {
        uint8_t byte = lx->ptr[lx->at];
        if (byte == '{' || byte == '}') {
            if (!is_doubled(lx, f, byte)) {
                return SP_OK;
            }
            lx->at += 2;
        } else if (byte == '\\') {
            skip_text_escape(lx, f);
        } else if (byte == f->quote && lx->family != SP_PYTHON_311 &&
                   quotes_at(lx, f->quote, f->width)) {
            return SP_OK;
        } else if (sp_lex_is(byte, LEX_NEWLINE)) {
            if (f->width == 1 && f->in_spec) {
                return SP_OK;
            }
            if (f->width == 1) {
                return sp_lex_fault_token(lx, SP_PYTHON_STRING_OPEN, out);
            }
            sp_lex_newline(lx);
        } else {
            lx->at++;
        }
    }
    return lx->family == SP_PYTHON_311 ? SP_OK : sp_lex_fault_token(lx, SP_PYTHON_STRING_OPEN, out);
}

void sp_lex_end_spec(struct sp_lexer *lx)
{
    struct sp_fstring *f = sp_lex_fstring(lx);
    if (f->in_spec && f->width == 1 && sp_lex_is(sp_lex_peek(lx, 0), LEX_NEWLINE)) {
        /* Only the closing brace may follow. */
        f->in_spec = false;
        lx->in_text = false;
    }
}

enum sp_err sp_lex_text(struct sp_lexer *lx, struct sp_py_token *out)
{
    struct sp_fstring *f = sp_lex_fstring(lx);
    SP_TRY(skip_text(lx, f, out));
    if (lx->at > out->start) {
        return sp_lex_give(lx, SP_TOKEN_FSTRING_MIDDLE, out);
    }
    uint8_t byte = sp_lex_peek(lx, 0);
    if (byte == '{') {
        return open_field(lx, f, out);
    }
    if (byte == '}') {
        if (!f->in_spec) {
            return sp_lex_fault(lx, SP_PYTHON_FSTRING_BRACE, lx->at);
        }
        SP_TRY(close_field(lx, f));
        out->op = '}';
        return sp_lex_give(lx, SP_TOKEN_OP, out);
    }
    return close_fstring(lx, f, out);
}

bool sp_lex_field_mark(struct sp_lexer *lx, uint8_t byte)
{
    struct sp_fstring *f = sp_lex_fstring(lx);
    if (f == NULL || f->depth == 0 || f->level[f->depth - 1] != lx->level) {
        return false;
    }
    bool is_convert = byte == '!' && sp_lex_peek(lx, 1) != '=';
    bool is_debug = byte == '=' && sp_lex_peek(lx, 1) != '=';
    if (byte != '}' && byte != ':' && !is_convert && !is_debug) {
        return false;
    }
    if (lx->field_empty) {
        (void)sp_lex_fault(lx, SP_PYTHON_FSTRING_EMPTY, lx->at);
        return true;
    }
    if (byte == '}') {
        /* The fault, if any, is remembered; the caller looks. */
        return close_field(lx, f) == SP_OK || lx->fault != SP_PYTHON_FINE;
    }
    if (byte == ':') {
        f->in_spec = true;
        lx->in_text = true;
    }
    lx->at++;
    return true;
}
