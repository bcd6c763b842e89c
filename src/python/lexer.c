#include "python/lexer.h"

#include "base/text.h"
#include "python/lexer_inner.h"
#include "python/scan.h"
#include "python/unicode.h"
#include "python/word.h"

#define TAB_WIDTH 8u

#define SP        LEX_SPACE
#define NL        LEX_NEWLINE
#define NA        LEX_NAME
#define DI        LEX_DIGIT
#define QU        LEX_QUOTE
#define OP        LEX_OP
#define OB        LEX_OPEN
#define CB        LEX_CLOSE
/* clang-format off */
const uint8_t sp_lex_class[256] = {
    /* 00 */ 0,  0,  0,  0,  0,  0,  0,  0,   0,  SP, NL, 0,  SP, NL, 0,  0,
    /* 10 */ 0,  0,  0,  0,  0,  0,  0,  0,   0,  0,  0,  0,  0,  0,  0,  0,
    /* 20 */ SP, OP, QU, 0,  0,  OP, OP, QU,  OB, CB, OP, OP, OP, OP, OP, OP,
    /* 30 */ DI, DI, DI, DI, DI, DI, DI, DI,  DI, DI, OP, OP, OP, OP, OP, 0,
    /* 40 */ OP, NA, NA, NA, NA, NA, NA, NA,  NA, NA, NA, NA, NA, NA, NA, NA,
    /* 50 */ NA, NA, NA, NA, NA, NA, NA, NA,  NA, NA, NA, OB, 0,  CB, OP, NA,
    /* 60 */ 0,  NA, NA, NA, NA, NA, NA, NA,  NA, NA, NA, NA, NA, NA, NA, NA,
    /* 70 */ NA, NA, NA, NA, NA, NA, NA, NA,  NA, NA, NA, OB, OP, CB, OP, 0,
    /* 80 */ NA, NA, NA, NA, NA, NA, NA, NA,  NA, NA, NA, NA, NA, NA, NA, NA,
    /* 90 */ NA, NA, NA, NA, NA, NA, NA, NA,  NA, NA, NA, NA, NA, NA, NA, NA,
    /* a0 */ NA, NA, NA, NA, NA, NA, NA, NA,  NA, NA, NA, NA, NA, NA, NA, NA,
    /* b0 */ NA, NA, NA, NA, NA, NA, NA, NA,  NA, NA, NA, NA, NA, NA, NA, NA,
    /* c0 */ NA, NA, NA, NA, NA, NA, NA, NA,  NA, NA, NA, NA, NA, NA, NA, NA,
    /* d0 */ NA, NA, NA, NA, NA, NA, NA, NA,  NA, NA, NA, NA, NA, NA, NA, NA,
    /* e0 */ NA, NA, NA, NA, NA, NA, NA, NA,  NA, NA, NA, NA, NA, NA, NA, NA,
    /* f0 */ NA, NA, NA, NA, NA, NA, NA, NA,  NA, NA, NA, NA, NA, NA, NA, NA,
};
/* clang-format on */
#undef SP
#undef NL
#undef NA
#undef DI
#undef QU
#undef OP
#undef OB
#undef CB

enum sp_err sp_lex_fault(struct sp_lexer *lx, enum sp_python_fault fault, uint32_t at)
{
    lx->fault = fault;
    lx->fault_at = at;
    lx->fault_line = lx->line;
    lx->fault_line_start = lx->line_start;
    return sp_python_fault_err(fault);
}

enum sp_err sp_lex_fault_token(struct sp_lexer *lx, enum sp_python_fault fault,
                               const struct sp_py_token *token)
{
    enum sp_err err = sp_lex_fault(lx, fault, token->start);
    lx->fault_line = token->line;
    lx->fault_line_start = token->line_start;
    return err;
}

enum sp_err sp_lexer_fault(struct sp_lexer *lx, enum sp_python_fault fault, uint32_t at)
{
    lx->fault = fault;
    lx->fault_at = at;
    lx->fault_line = 1;
    lx->fault_line_start = 0;
    for (uint32_t i = 0; i < at; i++) {
        bool is_half = lx->ptr[i] == '\r' && i + 1 < lx->len && lx->ptr[i + 1] == '\n';
        if (sp_lex_is(lx->ptr[i], LEX_NEWLINE) && !is_half) {
            lx->fault_line++;
            lx->fault_line_start = i + 1;
        }
    }
    return sp_python_fault_err(fault);
}

static enum sp_python_fault check_bytes(struct sp_slice source, size_t *out_at)
{
    struct sp_text text;
    sp_text_init(&text, source);
    while (!sp_text_at_end(&text)) {
        text.at =
            (size_t)(sp_scan_ascii(source.ptr + text.at, source.ptr + source.len) - source.ptr);
        uint32_t c = 1;
        if (sp_text_at_end(&text)) {
            break;
        }
        *out_at = text.at;
        if (sp_utf8_next(&text, &c) != SP_OK) {
            return SP_PYTHON_UTF8;
        }
        if (c == 0) {
            return SP_PYTHON_NUL;
        }
    }
    return SP_PYTHON_FINE;
}

static void start(struct sp_lexer *lx, struct sp_slice source, enum sp_python_family family,
                  enum sp_python_mode mode)
{
    /* The stacks stay as they are: nothing above their heights is ever read. */
    lx->ptr = source.ptr;
    lx->len = source.len > SP_PYTHON_SOURCE_BYTES_MAX ? 0 : (uint32_t)source.len;
    lx->limit = lx->len;
    lx->at = 0;
    lx->line = 1;
    lx->line_start = 0;
    lx->family = family;
    lx->mode = mode;
    lx->at_line_start = true;
    lx->has_tokens = false;
    lx->in_text = false;
    lx->is_first = true;
    lx->field_empty = false;
    lx->is_flat = false;
    lx->quick = LEX_FROM_ANYWHERE;
    lx->quick_end = 0;
    lx->map_end = 0; /* nowhere yet */
    lx->last_op = 0;
    lx->pending = 0;
    lx->level = 0;
    lx->indents = 1;
    lx->fstrings = 0;
    lx->indent[0] = 0;
    lx->indent_alt[0] = 0;
    lx->fault = SP_PYTHON_FINE;
}

void sp_lexer_init(struct sp_lexer *lx, struct sp_slice source, enum sp_python_family family,
                   enum sp_python_mode mode)
{
    size_t at = 0;
    start(lx, source, family, mode);
    if (source.len > SP_PYTHON_SOURCE_BYTES_MAX) {
        (void)sp_lex_fault(lx, SP_PYTHON_TOO_BIG, 0);
        return;
    }
    enum sp_python_fault fault = check_bytes(source, &at);
    if (fault != SP_PYTHON_FINE) {
        (void)sp_lexer_fault(lx, fault, (uint32_t)at);
        lx->line = lx->fault_line;
        lx->line_start = lx->fault_line_start;
    }
}

void sp_lexer_init_behind(struct sp_lexer *lx, const struct sp_lexer *whole, uint32_t at)
{
    const struct sp_slice source = sp_slice_make(whole->ptr, whole->len);
    const struct sp_slice rest = sp_slice_sub(source, at, source.len);
    if (whole->fault == SP_PYTHON_FINE) {
        start(lx, rest, whole->family, SP_PYTHON_TEXT);
    } else {
        sp_lexer_init(lx, rest, whole->family, SP_PYTHON_TEXT);
    }
}

struct sp_slice sp_lexer_text(const struct sp_lexer *lx, const struct sp_py_token *token)
{
    return sp_slice_make(lx->ptr + token->start, token->end - token->start);
}

void sp_lex_newline(struct sp_lexer *lx)
{
    uint8_t byte = lx->ptr[lx->at];
    lx->at++;
    if (byte == '\r' && lx->at < lx->limit && lx->ptr[lx->at] == '\n') {
        lx->at++;
    }
    lx->line++;
    lx->line_start = lx->at;
}

/* A backslash at the cursor must be followed by a line end, and by something after it. */
static enum sp_err take_continuation(struct sp_lexer *lx)
{
    uint32_t at = lx->at;
    if (sp_lex_in_old_field(lx)) {
        return sp_lex_fault(lx, SP_PYTHON_FSTRING_BACKSLASH, at);
    }
    lx->at++;
    if (lx->at == lx->limit) {
        return sp_lex_fault(lx, SP_PYTHON_CONTINUATION_END, at);
    }
    if (!sp_lex_is(lx->ptr[lx->at], LEX_NEWLINE)) {
        return sp_lex_fault(lx, SP_PYTHON_CONTINUATION, lx->at);
    }
    struct sp_py_token backslash = {.start = at, .line = lx->line, .line_start = lx->line_start};
    sp_lex_newline(lx);
    return lx->at == lx->limit ? sp_lex_fault_token(lx, SP_PYTHON_CONTINUATION_END, &backslash)
                               : SP_OK;
}

static uint32_t count_spaces(const struct sp_lexer *lx)
{
    const uint8_t *at = lx->ptr + lx->at;
    return (uint32_t)(sp_scan_spaces(at, lx->ptr + lx->limit) - at);
}

/* The column where the line's first token stands, once with tabs of 8 and once with tabs of 1, as CPython compares. */
static enum sp_err measure_indent(struct sp_lexer *lx, uint32_t *out_column, uint32_t *out_alt)
{
    uint32_t column = 0;
    uint32_t alt = 0;
    uint32_t joined = 0;
    for (;;) {
        uint8_t byte = sp_lex_peek(lx, 0);
        if (byte == ' ') {
            uint32_t spaces = count_spaces(lx);
            column += spaces;
            alt += spaces;
            lx->at += spaces;
            continue;
        }
        if (byte == '\t') {
            column = (column / TAB_WIDTH + 1) * TAB_WIDTH;
            alt++;
        } else if (byte == '\f') {
            column = 0;
            alt = 0;
        } else if (byte == '\\') {
            /* The first joined line decides: indentation cannot be split over several. */
            joined = joined != 0 ? joined : column;
            SP_TRY(take_continuation(lx));
            continue;
        } else {
            break;
        }
        lx->at++;
    }
    *out_column = joined != 0 ? joined : column;
    *out_alt = joined != 0 ? joined : alt;
    return SP_OK;
}

static enum sp_err set_indent(struct sp_lexer *lx, uint32_t column, uint32_t alt)
{
    uint16_t top = (uint16_t)(lx->indents - 1);
    if (column == lx->indent[top]) {
        return alt == lx->indent_alt[top] ? SP_OK : sp_lex_fault(lx, SP_PYTHON_TABS, lx->at);
    }
    if (column > lx->indent[top]) {
        if (lx->indents == SP_PYTHON_INDENTS_MAX) {
            return sp_lex_fault(lx, SP_PYTHON_INDENT_DEPTH, lx->at);
        }
        if (alt <= lx->indent_alt[top]) {
            return sp_lex_fault(lx, SP_PYTHON_TABS, lx->at);
        }
        lx->indent[lx->indents] = column;
        lx->indent_alt[lx->indents] = alt;
        lx->indents++;
        lx->pending++;
        return SP_OK;
    }
    while (top > 0 && column < lx->indent[top]) {
        top--;
        lx->pending--;
    }
    lx->indents = (uint16_t)(top + 1);
    if (column != lx->indent[top]) {
        return sp_lex_fault(lx, SP_PYTHON_DEDENT, lx->at);
    }
    return alt == lx->indent_alt[top] ? SP_OK : sp_lex_fault(lx, SP_PYTHON_TABS, lx->at);
}

/* At the start of a line: lines that hold only space or a comment do not count. */
static enum sp_err take_indent(struct sp_lexer *lx)
{
    uint32_t column = 0;
    uint32_t alt = 0;
    lx->at_line_start = false;
    SP_TRY(measure_indent(lx, &column, &alt));
    if (lx->level > 0 || lx->at == lx->limit) {
        return SP_OK;
    }
    uint8_t byte = lx->ptr[lx->at];
    if (byte == '#' || sp_lex_is(byte, LEX_NEWLINE)) {
        return SP_OK;
    }
    if (lx->is_first && lx->mode == SP_PYTHON_CELL) {
        /* IPython takes the first line's indentation off the whole cell. */
        lx->indent[0] = column;
        lx->indent_alt[0] = alt;
    }
    lx->is_first = false;
    return set_indent(lx, column, alt);
}

static enum sp_err give_indent(struct sp_lexer *lx, struct sp_py_token *out)
{
    bool is_indent = lx->pending > 0;
    lx->pending += is_indent ? -1 : 1;
    out->kind = is_indent ? SP_TOKEN_INDENT : SP_TOKEN_DEDENT;
    out->end = out->start;
    return SP_OK;
}

static enum sp_err give_end(struct sp_lexer *lx, struct sp_py_token *out)
{
    if (lx->fstrings > 0) {
        return sp_lex_fault(lx, SP_PYTHON_FSTRING_OPEN, lx->at);
    }
    if (lx->level > 0) {
        const struct sp_lexer_bracket *open = &lx->bracket_place[lx->level - 1];
        enum sp_err err = sp_lex_fault(lx, SP_PYTHON_BRACKET_OPEN, open->at);
        lx->fault_line = open->line;
        lx->fault_line_start = open->line_start;
        return err;
    }
    out->end = out->start;
    if (lx->has_tokens) {
        lx->has_tokens = false;
        out->kind = SP_TOKEN_NEWLINE;
        return SP_OK;
    }
    if (lx->indents > 1) {
        lx->indents--;
        out->kind = SP_TOKEN_DEDENT;
        return SP_OK;
    }
    out->kind = SP_TOKEN_END;
    return SP_OK;
}

static enum sp_err take_name(struct sp_lexer *lx, struct sp_py_token *out)
{
    uint8_t all = 0;
    lx->at = (uint32_t)(sp_scan_name(lx->ptr + lx->at, lx->ptr + lx->limit, &all) - lx->ptr);
    if (all >= 0x80) {
        size_t bad = 0;
        struct sp_slice name = sp_slice_make(lx->ptr + out->start, lx->at - out->start);
        if (!sp_unicode_is_name(name, lx->family, &bad)) {
            return sp_lex_fault(lx, SP_PYTHON_CHARACTER, out->start + (uint32_t)bad);
        }
        out->flags = SP_TOKEN_NONASCII;
    } else {
        uint32_t len = lx->at - out->start;
        bool may_be = len <= SP_WORD_LETTERS_MAX;
        out->op = may_be ? sp_word_find(lx->ptr + out->start, len,
                                        sp_word_head(lx->ptr + out->start, len))
                         : SP_WORD_PLAIN;
    }
    return sp_lex_give(lx, SP_TOKEN_NAME, out);
}

/* The letters that prefixes of strings are made of: b f r t u, in either case. */
static bool may_prefix(uint8_t byte)
{
    const uint32_t letters = 1U << 2 | 1U << 6 | 1U << 18 | 1U << 20 | 1U << 21;
    return byte >= 'A' && byte < 0x80 && (letters >> (byte & 0x1FU) & 1U) != 0;
}

static enum sp_err take_name_or_string(struct sp_lexer *lx, struct sp_py_token *out)
{
    uint8_t flags = 0;
    uint8_t next = sp_lex_peek(lx, 1);
    if (!may_prefix(lx->ptr[lx->at]) || (!sp_lex_is(next, LEX_QUOTE) && !may_prefix(next))) {
        return take_name(lx, out);
    }
    uint32_t prefix = sp_lex_prefix(lx, &flags);
    if (prefix > 2) {
        return take_name(lx, out);
    }
    out->flags = flags;
    return sp_lex_string(lx, prefix, out);
}

static void skip_comment(struct sp_lexer *lx)
{
    lx->at = (uint32_t)(sp_scan_line(lx->ptr + lx->at, lx->ptr + lx->limit) - lx->ptr);
}

static enum sp_err take_other(struct sp_lexer *lx, struct sp_py_token *out)
{
    if (lx->ptr[lx->at] == '?' && lx->mode == SP_PYTHON_CELL && lx->level == 0) {
        return sp_lex_magic(lx, out);
    }
    return sp_lex_fault(lx, SP_PYTHON_CHARACTER, lx->at);
}

static enum sp_err take_token(struct sp_lexer *lx, struct sp_py_token *out)
{
    uint8_t byte = lx->ptr[lx->at];
    unsigned class = sp_lex_class[byte];
    if ((class & LEX_NAME) != 0) {
        return take_name_or_string(lx, out);
    }
    if ((class & LEX_DIGIT) != 0 || (byte == '.' && sp_lex_is(sp_lex_peek(lx, 1), LEX_DIGIT))) {
        return sp_lex_number(lx, out);
    }
    if ((class & (LEX_OPEN | LEX_CLOSE)) != 0) {
        return sp_lex_bracket(lx, out);
    }
    if ((class & LEX_OP) != 0) {
        return sp_lex_op(lx, out);
    }
    return (class & LEX_QUOTE) != 0 ? sp_lex_string(lx, 0, out) : take_other(lx, out);
}

/* Takes what stands between tokens. True when a NEWLINE token is due. */
static enum sp_err skip_between(struct sp_lexer *lx, bool *out_newline)
{
    *out_newline = false;
    while (lx->at < lx->limit) {
        uint8_t byte = lx->ptr[lx->at];
        if (sp_lex_is(byte, LEX_SPACE)) {
            lx->at += byte == ' ' ? count_spaces(lx) : 1;
        } else if (sp_lex_is(byte, LEX_NEWLINE)) {
            if (lx->level == 0) {
                lx->at_line_start = true;
                *out_newline = lx->has_tokens;
                return SP_OK;
            }
            sp_lex_newline(lx);
        } else if (byte == '#') {
            if (sp_lex_in_old_field(lx)) {
                return sp_lex_fault(lx, SP_PYTHON_FSTRING_COMMENT, lx->at);
            }
            skip_comment(lx);
        } else if (byte == '\\') {
            SP_TRY(take_continuation(lx));
        } else {
            break;
        }
    }
    return SP_OK;
}

static void place(const struct sp_lexer *lx, struct sp_py_token *out)
{
    *out = (struct sp_py_token){.start = lx->at, .line = lx->line, .line_start = lx->line_start};
}

static enum sp_err give_newline(struct sp_lexer *lx, struct sp_py_token *out)
{
    sp_lex_newline(lx);
    lx->has_tokens = false;
    lx->quick = LEX_FROM_LINE;
    lx->last_op = 0;
    out->kind = SP_TOKEN_NEWLINE;
    out->end = lx->at;
    return SP_OK;
}

/* IPython looks for its escapes at the start of each logical line. */
static bool starts_magic(const struct sp_lexer *lx)
{
    uint8_t byte = lx->ptr[lx->at];
    return lx->mode == SP_PYTHON_CELL && lx->level == 0 && !lx->has_tokens &&
           (byte == '%' || byte == '!' || byte == '?' || byte == ',' || byte == ';' || byte == '/');
}

/* Wherever a token may stand: lines, indentation, comments, and the text of f-strings are looked after. */
enum sp_err sp_lex_anywhere(struct sp_lexer *lx, struct sp_py_token *out)
{
    lx->quick = LEX_FROM_ANYWHERE;
    lx->quick_end = 0;
    if (lx->fault != SP_PYTHON_FINE) {
        return sp_python_fault_err(lx->fault);
    }
    if (lx->in_text) {
        sp_lex_end_spec(lx);
    }
    if (lx->in_text) {
        place(lx, out);
        return sp_lex_text(lx, out);
    }
    bool newline = false;
    do {
        if (lx->at_line_start) {
            SP_TRY(take_indent(lx));
        }
        if (lx->pending != 0) {
            place(lx, out);
            return give_indent(lx, out);
        }
        SP_TRY(skip_between(lx, &newline));
        place(lx, out);
        if (newline) {
            return give_newline(lx, out);
        }
        if (lx->at_line_start) {
            sp_lex_newline(lx);
        }
    } while (lx->at_line_start);
    if (lx->at == lx->limit) {
        return give_end(lx, out);
    }
    return starts_magic(lx) ? sp_lex_magic(lx, out) : take_token(lx, out);
}

bool sp_lexer_is_header(const struct sp_lexer *lx, struct sp_lexer *ahead)
{
    struct sp_py_token token = {0};
    bool is_colon = false;
    ahead->ptr = lx->ptr;
    ahead->len = lx->len;
    ahead->limit = lx->limit;
    ahead->at = lx->at;
    ahead->line = lx->line;
    ahead->line_start = lx->line_start;
    ahead->family = lx->family;
    ahead->mode = lx->mode;
    ahead->at_line_start = false;
    ahead->has_tokens = true;
    ahead->in_text = false;
    ahead->is_first = false;
    ahead->field_empty = false;
    ahead->is_flat = false;
    ahead->quick = LEX_FROM_ANYWHERE;
    ahead->quick_end = 0;
    ahead->map_at = lx->map_at;
    ahead->map_end = lx->map_end;
    for (unsigned i = 0; i < sizeof(ahead->names); i++) {
        ahead->names[i] = lx->names[i];
    }
    ahead->last_op = lx->last_op;
    ahead->pending = 0;
    ahead->level = lx->level;
    ahead->indents = 1;
    ahead->fstrings = 0;
    ahead->fault = SP_PYTHON_FINE;
    for (uint16_t i = 0; i < lx->level; i++) {
        ahead->brackets[i] = lx->brackets[i];
    }
    while (sp_lexer_next(ahead, &token) == SP_OK && token.kind > SP_TOKEN_DEDENT) {
        is_colon = token.kind == SP_TOKEN_OP && token.op == ':';
        if (token.kind == SP_TOKEN_OP && token.op == ';' && ahead->level == 0) {
            return false;
        }
    }
    return is_colon;
}
