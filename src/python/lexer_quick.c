/*
 * The tokens that most of a program is made of, taken without a look at more than the bytes close by. A map, made ahead of
 * time, says which bytes belong to names, so that the end of a name waits for no byte of it. Whatever is less than plain -
 * long strings, odd indentation, the last bytes of the source - is left to the lexer proper: a quick step that gives up
 * has at most gone over space that means nothing.
 */
#include "base/load.h"
#include "python/lexer_inner.h"
#include "python/scan_window.h"
#include "python/word.h"

/* A step looks at no more than a space or a dot, a quote and what sp_scan_quoted reads, and one byte behind. */
#define QUICK_ROOM     (SP_SCAN_QUOTED + 4u)
#define QUICK_NAME_MAX SP_SCAN_QUOTED /* longer names may go on behind the map */

enum lex_quick {
    QUICK_NEVER,
    QUICK_NAME,
    QUICK_PREFIX, /* a name, unless it is the prefix of a string */
    QUICK_NUMBER,
    QUICK_STRING,
    QUICK_OP,
    QUICK_ODD,
    QUICK_OPEN,
    QUICK_CLOSE,
    QUICK_LINE,
    QUICK_BLANK, /* a space, a comment */
};

#define NA QUICK_NAME
#define PR QUICK_PREFIX
#define NU QUICK_NUMBER
#define QU QUICK_STRING
#define OP QUICK_OP
#define OD QUICK_ODD
#define OB QUICK_OPEN
#define CB QUICK_CLOSE
#define NL QUICK_LINE
#define BL QUICK_BLANK
/* clang-format off */
/* Behind these comes QUICK_NEVER: names that are not ASCII are looked at closely. */
static const uint8_t quick[256] = {
    /* 00 */ 0,  0,  0,  0,  0,  0,  0,  0,    0,  0,  NL, 0,  0,  0,  0,  0,
    /* 10 */ 0,  0,  0,  0,  0,  0,  0,  0,    0,  0,  0,  0,  0,  0,  0,  0,
    /* 20 */ BL, OD, QU, BL, 0,  OD, OP, QU,   OB, CB, OP, OP, OP, OP, OP, OP,
    /* 30 */ NU, NU, NU, NU, NU, NU, NU, NU,   NU, NU, OP, OP, OP, OP, OP, 0,
    /* 40 */ OP, NA, PR, NA, NA, NA, PR, NA,   NA, NA, NA, NA, NA, NA, NA, NA,
    /* 50 */ NA, NA, PR, NA, PR, PR, NA, NA,   NA, NA, NA, OB, 0,  CB, OP, NA,
    /* 60 */ 0,  NA, PR, NA, NA, NA, PR, NA,   NA, NA, NA, NA, NA, NA, NA, NA,
    /* 70 */ NA, NA, PR, NA, PR, PR, NA, NA,   NA, NA, NA, OB, OP, CB, OP, 0,
};
/* clang-format on */
#undef NA
#undef PR
#undef NU
#undef QU
#undef OP
#undef OD
#undef OB
#undef CB
#undef NL
#undef BL

/* What an operator is with = behind it; 0 when that is another token. */
static const uint8_t equals[256] = {
    ['='] = SP_OP_COMPARE,   ['!'] = SP_OP_COMPARE,   ['<'] = SP_OP_COMPARE,
    ['>'] = SP_OP_COMPARE,   [':'] = SP_OP_WALRUS,    ['+'] = SP_OP_AUGMENTED,
    ['-'] = SP_OP_AUGMENTED, ['*'] = SP_OP_AUGMENTED, ['/'] = SP_OP_AUGMENTED,
    ['%'] = SP_OP_AUGMENTED, ['&'] = SP_OP_AUGMENTED, ['|'] = SP_OP_AUGMENTED,
    ['^'] = SP_OP_AUGMENTED, ['@'] = SP_OP_AUGMENTED,
};

/* Makes the map begin at an offset; false when so little is left that no quick step may begin there. */
static SP_NOINLINE bool move_map(struct sp_lexer *lx, uint32_t at)
{
    uint32_t len = lx->limit - at;
    if (len < QUICK_ROOM) {
        return false;
    }
    len = len < SP_PYTHON_MAP_BYTES ? len : SP_PYTHON_MAP_BYTES;
    sp_scan_names(lx->ptr + at, len, lx->names);
    lx->map_at = at;
    lx->map_end = at + len - QUICK_ROOM + 1;
    return true;
}

/* Whether a quick step may begin at an offset. */
static inline bool has_room(struct sp_lexer *lx, uint32_t at)
{
    return at < lx->map_end || move_map(lx, at);
}

/* Gives the `len` bytes at an offset. */
static inline bool give(struct sp_lexer *lx, uint32_t at, uint32_t len, enum sp_token_kind kind,
                        uint8_t op, struct sp_py_token *out)
{
    /* One by one: as a whole the token would be cleared first, with wider stores that hold up the reading of it. */
    const uint32_t line = lx->line;
    const uint32_t line_start = lx->line_start;
    out->kind = (uint8_t)kind;
    out->op = op;
    out->flags = 0;
    out->quote = 0;
    out->start = at;
    out->end = at + len;
    out->line = line;
    out->line_start = line_start;
    lx->at = at + len;
    lx->last_op = op;
    return true;
}

/* How many bytes at an offset are of a name in ASCII. */
static inline uint32_t measure_name(const struct sp_lexer *lx, uint32_t at)
{
    uint32_t behind = at - lx->map_at;
    uint64_t names = sp_load_bits(lx->names + behind / 8) >> behind % 8;
    return (uint32_t)__builtin_ctzll(~names | 1ULL << QUICK_NAME_MAX);
}

static inline bool take_name(struct sp_lexer *lx, uint32_t at, struct sp_py_token *out)
{
    const uint8_t *ptr = lx->ptr + at;
    uint32_t len = measure_name(lx, at);
    if (len == QUICK_NAME_MAX || ptr[len] >= 0x80) {
        return false;
    }
    return give(lx, at, len, SP_TOKEN_NAME, sp_word_find(ptr, len, sp_load_u64(ptr)), out);
}

/* Digits alone, and no zero before others. */
static inline bool take_number(struct sp_lexer *lx, uint32_t at, struct sp_py_token *out)
{
    const uint8_t *ptr = lx->ptr + at;
    uint32_t len = measure_name(lx, at);
    bool is_odd = (ptr[0] == '0' && len > 1) || ptr[len] == '.' || ptr[len] >= 0x80;
    for (uint32_t i = 1; i < len; i++) {
        is_odd = is_odd || !sp_lex_is(ptr[i], LEX_DIGIT);
    }
    return !is_odd && len < QUICK_NAME_MAX && give(lx, at, len, SP_TOKEN_NUMBER, 0, out);
}

/* Whether the byte behind an operator of one character belongs to it; = is looked at before. */
static inline bool goes_on(uint8_t byte, uint8_t next)
{
    const bool is_doubled = next == byte && (byte == '*' || byte == '/' || byte == '<');
    const bool is_arrow = next == '>' && (byte == '-' || byte == '<' || byte == '>');
    return is_doubled || is_arrow || (byte == '.' && (next == '.' || sp_lex_is(next, LEX_DIGIT)));
}

/* An operator of one character, or of two that end in =, or **. */
static inline bool take_op(struct sp_lexer *lx, uint32_t at, struct sp_py_token *out)
{
    uint8_t byte = lx->ptr[at];
    uint8_t next = lx->ptr[at + 1];
    if (!sp_lex_is(next, LEX_OP | LEX_DIGIT)) {
        return give(lx, at, 1, SP_TOKEN_OP, byte, out);
    }
    uint8_t longer = equals[byte];
    if (next == '=' && longer != 0) {
        return give(lx, at, 2, SP_TOKEN_OP, longer, out);
    }
    if (byte == '*' && next == '*' && lx->ptr[at + 2] != '=') {
        return give(lx, at, 2, SP_TOKEN_OP, SP_OP_POWER, out);
    }
    return !goes_on(byte, next) && give(lx, at, 1, SP_TOKEN_OP, byte, out);
}

/* % and !, which IPython may read. */
static inline bool take_odd(struct sp_lexer *lx, uint32_t at, struct sp_py_token *out)
{
    bool is_lone = lx->ptr[at] == '!' && lx->ptr[at + 1] != '=';
    return lx->mode != SP_PYTHON_CELL && !is_lone && take_op(lx, at, out);
}

/* A string without a prefix that is short and not escaped. */
static inline bool take_string(struct sp_lexer *lx, uint32_t at, struct sp_py_token *out)
{
    const uint8_t *ptr = lx->ptr + at;
    uint32_t len = sp_scan_quoted(ptr + 1, ptr[0]);
    bool is_triple = len == 0 && ptr[2] == ptr[0];
    if (is_triple || len >= SP_SCAN_QUOTED || ptr[1 + len] != ptr[0]) {
        return false;
    }
    (void)give(lx, at, len + 2, SP_TOKEN_STRING, 0, out);
    out->quote = 1;
    return true;
}

static inline bool take_open(struct sp_lexer *lx, uint32_t at, struct sp_py_token *out)
{
    uint8_t byte = lx->ptr[at];
    if (lx->level == SP_PYTHON_BRACKETS_MAX) {
        return false;
    }
    lx->brackets[lx->level] = byte;
    lx->bracket_place[lx->level] =
        (struct sp_lexer_bracket){.at = at, .line = lx->line, .line_start = lx->line_start};
    lx->level++;
    return give(lx, at, 1, SP_TOKEN_OP, byte, out);
}

static inline bool take_close(struct sp_lexer *lx, uint32_t at, struct sp_py_token *out)
{
    uint8_t byte = lx->ptr[at];
    /* In ASCII ) is one behind (, ] and } are two behind theirs. */
    uint8_t behind = byte == ')' ? 1 : 2;
    if (lx->level == 0 || lx->brackets[lx->level - 1] + behind != byte) {
        return false;
    }
    lx->level--;
    return give(lx, at, 1, SP_TOKEN_OP, byte, out);
}

static void next_line(struct sp_lexer *lx)
{
    lx->at++;
    lx->line++;
    lx->line_start = lx->at;
}

/* The end of a logical line. */
static inline bool take_line(struct sp_lexer *lx, uint32_t at, struct sp_py_token *out)
{
    if (lx->level > 0) {
        return false;
    }
    (void)give(lx, at, 1, SP_TOKEN_NEWLINE, 0, out);
    lx->line++;
    lx->line_start = lx->at;
    lx->has_tokens = false;
    lx->at_line_start = true;
    lx->quick = LEX_FROM_LINE;
    lx->quick_end = 0;
    return true;
}

/* Where the spaces at an offset end, and a comment behind them. */
static uint32_t skip_blank(const struct sp_lexer *lx, uint32_t at)
{
    const uint8_t *ptr = lx->ptr + at;
    ptr += sp_scan_blanks(ptr);
    if (ptr[0] == '#') {
        ptr = sp_scan_line(ptr, lx->ptr + lx->limit);
    }
    return (uint32_t)(ptr - lx->ptr);
}

/* Goes over more than one space between two tokens: comments, and in brackets line ends. */
static void skip_gap(struct sp_lexer *lx)
{
    lx->at = skip_blank(lx, lx->at);
    while (has_room(lx, lx->at) && lx->ptr[lx->at] == '\n' && lx->level > 0) {
        next_line(lx);
        lx->at = has_room(lx, lx->at) ? skip_blank(lx, lx->at) : lx->at;
    }
}

static inline bool is_prefix(const uint8_t *ptr)
{
    return sp_lex_is(ptr[1], LEX_QUOTE) ||
           (quick[ptr[1]] == QUICK_PREFIX && sp_lex_is(ptr[2], LEX_QUOTE));
}

/* The token whose first byte is at an offset, where nothing but a token or a line end stands. */
static inline bool take(struct sp_lexer *lx, uint32_t at, struct sp_py_token *out)
{
    const uint8_t *ptr = lx->ptr + at;
    switch ((enum lex_quick)quick[ptr[0]]) {
    case QUICK_PREFIX:
        return !is_prefix(ptr) && take_name(lx, at, out);
    case QUICK_NAME:
        return take_name(lx, at, out);
    case QUICK_NUMBER:
        return take_number(lx, at, out);
    case QUICK_STRING:
        return take_string(lx, at, out);
    case QUICK_OP:
        return take_op(lx, at, out);
    case QUICK_ODD:
        return take_odd(lx, at, out);
    case QUICK_OPEN:
        return take_open(lx, at, out);
    case QUICK_CLOSE:
        return take_close(lx, at, out);
    case QUICK_LINE:
        return take_line(lx, at, out);
    case QUICK_BLANK:
    case QUICK_NEVER:
        break;
    }
    return false;
}

/* A token behind another one of its line: behind a gap, or else out of the ordinary. */
static SP_NOINLINE enum sp_err next_behind_gap(struct sp_lexer *lx, struct sp_py_token *out)
{
    uint32_t at = lx->at;
    skip_gap(lx);
    return lx->at == at ? sp_lex_anywhere(lx, out) : sp_lexer_next(lx, out);
}

/* Gives an INDENT or a DEDENT in front of the first token of a line. */
static bool give_layout(struct sp_lexer *lx, uint32_t at, enum sp_token_kind kind,
                        struct sp_py_token *out)
{
    lx->at_line_start = false;
    lx->quick = LEX_FROM_LAYOUT;
    return give(lx, at, 0, kind, 0, out);
}

/* Indentation of spaces that is deeper than the line before. */
static bool take_indent(struct sp_lexer *lx, uint32_t column, struct sp_py_token *out)
{
    if (lx->indents == SP_PYTHON_INDENTS_MAX || column <= lx->indent_alt[lx->indents - 1]) {
        return false;
    }
    lx->indent[lx->indents] = column;
    lx->indent_alt[lx->indents] = column;
    lx->indents++;
    return give_layout(lx, lx->at + column, SP_TOKEN_INDENT, out);
}

static bool take_dedent(struct sp_lexer *lx, uint32_t column, struct sp_py_token *out)
{
    uint16_t top = (uint16_t)(lx->indents - 1);
    int32_t count = 0;
    while (top > 0 && column < lx->indent[top]) {
        top--;
        count++;
    }
    if (column != lx->indent[top] || column != lx->indent_alt[top]) {
        return false;
    }
    lx->indents = (uint16_t)(top + 1);
    lx->pending = 1 - count;
    return give_layout(lx, lx->at + column, SP_TOKEN_DEDENT, out);
}

/* Goes over empty lines and comments; the column of the first line that is neither. */
static uint32_t find_column(struct sp_lexer *lx)
{
    uint32_t end = lx->at;
    while (has_room(lx, lx->at)) {
        end = skip_blank(lx, lx->at);
        if (!has_room(lx, end) || lx->ptr[end] != '\n') {
            break;
        }
        lx->at = end;
        next_line(lx);
    }
    return end - lx->line_start;
}

/* Whether a line begins with a token that a byte stands for. In a cell IPython may read what is no name. */
static bool begins_line(const struct sp_lexer *lx, uint8_t byte)
{
    return lx->mode == SP_PYTHON_CELL ? sp_lex_is(byte, LEX_NAME)
                                      : sp_lex_is(byte, ~(LEX_SPACE | LEX_NEWLINE));
}

/* The first token of a line, whose indentation is known: `at` is its first byte, and there is room behind it. */
static enum sp_err take_first(struct sp_lexer *lx, uint32_t at, struct sp_py_token *out)
{
    lx->at = at;
    lx->has_tokens = true;
    lx->at_line_start = false;
    lx->quick = LEX_FROM_TOKEN;
    lx->quick_end = lx->map_end;
    return sp_lexer_next(lx, out);
}

/* The first token of a line that begins with spaces and a token: that token, or what its indentation means. */
static enum sp_err next_of_line(struct sp_lexer *lx, struct sp_py_token *out)
{
    uint32_t column = find_column(lx);
    uint32_t at = lx->line_start + column;
    uint16_t top = (uint16_t)(lx->indents - 1);
    if (!has_room(lx, at) || !begins_line(lx, lx->ptr[at])) {
        return sp_lex_anywhere(lx, out);
    }
    if (column == lx->indent[top] && column == lx->indent_alt[top]) {
        return take_first(lx, at, out);
    }
    bool is_layout = (column > lx->indent[top] && take_indent(lx, column, out)) ||
                     (column < lx->indent[top] && take_dedent(lx, column, out));
    return is_layout ? SP_OK : sp_lex_anywhere(lx, out);
}

/* Behind an INDENT or DEDENT: another one, or the first token. */
static enum sp_err next_behind_layout(struct sp_lexer *lx, struct sp_py_token *out)
{
    if (lx->pending < 0) {
        lx->pending++;
        (void)give_layout(lx, lx->at, SP_TOKEN_DEDENT, out);
        return SP_OK;
    }
    return take_first(lx, lx->at, out);
}

static SP_NOINLINE enum sp_err next_otherwise(struct sp_lexer *lx, struct sp_py_token *out)
{
    if (lx->quick == LEX_FROM_ANYWHERE || !has_room(lx, lx->at)) {
        return sp_lex_anywhere(lx, out);
    }
    if (lx->quick == LEX_FROM_TOKEN) {
        lx->quick_end = lx->map_end;
        return sp_lexer_next(lx, out);
    }
    return lx->quick == LEX_FROM_LINE ? next_of_line(lx, out) : next_behind_layout(lx, out);
}

bool sp_lexer_attribute(struct sp_lexer *lx, struct sp_py_token *out)
{
    uint32_t at = lx->at;
    if (at >= lx->quick_end || lx->ptr[at] != '.') {
        return false;
    }
    const uint8_t *ptr = lx->ptr + at + 1;
    uint8_t kind = quick[ptr[0]];
    bool is_name = kind == QUICK_NAME || (kind == QUICK_PREFIX && !is_prefix(ptr));
    struct sp_py_token name = {.kind = SP_TOKEN_NAME};
    if (is_name && take_name(lx, at + 1, &name) && name.op == SP_WORD_PLAIN) {
        *out = name;
        return true;
    }
    lx->at = at;
    return false;
}

enum sp_err sp_lexer_next(struct sp_lexer *lx, struct sp_py_token *out)
{
    uint32_t at = lx->at;
    if (at >= lx->quick_end) {
        return next_otherwise(lx, out);
    }
    at += lx->ptr[at] == ' ' ? 1 : 0;
    return take(lx, at, out) ? SP_OK : next_behind_gap(lx, out);
}
