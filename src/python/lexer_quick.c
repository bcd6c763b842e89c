/*
 * The tokens that most of a program is made of, taken without a look at more than the bytes close by. A window says of 64
 * bytes at once which belong to names, so that the end of a name waits for no byte of it. Whatever is less than plain -
 * long strings, odd indentation, the last bytes of the source - is left to the lexer proper: a quick step that gives up
 * has at most gone over space that means nothing.
 */
#include "base/load.h"
#include "python/lexer_inner.h"
#include "python/scan_window.h"
#include "python/word.h"

/* A name may begin that far into the window; what ends with the window may go on behind it. */
#define LEX_WINDOW_BEGIN 40u
#define QUICK_NAME_MAX   (SP_SCAN_WINDOW - 1u - LEX_WINDOW_BEGIN)
#define QUICK_ROOM       (SP_SCAN_WINDOW + 2u) /* a window, behind a space or a dot */

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

/* Whether a quick step may look at the bytes behind the cursor. */
static bool has_room(const struct sp_lexer *lx)
{
    return lx->limit - lx->at >= QUICK_ROOM;
}

/* Gives the `len` bytes at the cursor. */
static bool give(struct sp_lexer *lx, uint32_t len, struct sp_py_token token,
                 struct sp_py_token *out)
{
    token.start = lx->at;
    token.end = lx->at + len;
    token.line = lx->line;
    token.line_start = lx->line_start;
    *out = token;
    lx->at = token.end;
    lx->last_op = token.op;
    return true;
}

/* How many bytes at the cursor are of a name in ASCII. */
static uint32_t measure_name(struct sp_lexer *lx)
{
    uint32_t behind = lx->at - lx->window_at;
    if (behind > LEX_WINDOW_BEGIN) {
        lx->window = sp_scan_window(lx->ptr + lx->at);
        lx->window_at = lx->at;
        behind = 0;
    }
    return (uint32_t)__builtin_ctzll(~(lx->window >> behind) | 1ULL << QUICK_NAME_MAX);
}

static bool take_name(struct sp_lexer *lx, struct sp_py_token *out)
{
    const uint8_t *ptr = lx->ptr + lx->at;
    uint32_t len = measure_name(lx);
    if (len == QUICK_NAME_MAX || ptr[len] >= 0x80) {
        return false;
    }
    struct sp_py_token token = {.kind = SP_TOKEN_NAME,
                                .op = sp_word_find(ptr, len, sp_load_u64(ptr))};
    return give(lx, len, token, out);
}

/* Digits alone, and no zero before others. */
static bool take_number(struct sp_lexer *lx, struct sp_py_token *out)
{
    const uint8_t *ptr = lx->ptr + lx->at;
    uint32_t len = measure_name(lx);
    bool is_odd = (ptr[0] == '0' && len > 1) || ptr[len] == '.' || ptr[len] >= 0x80;
    for (uint32_t i = 1; i < len; i++) {
        is_odd = is_odd || !sp_lex_is(ptr[i], LEX_DIGIT);
    }
    return !is_odd && len < QUICK_NAME_MAX &&
           give(lx, len, (struct sp_py_token){.kind = SP_TOKEN_NUMBER}, out);
}

/* Whether the byte behind an operator of one character belongs to it; = is looked at before. */
static bool goes_on(uint8_t byte, uint8_t next)
{
    const bool is_doubled = next == byte && (byte == '*' || byte == '/' || byte == '<');
    const bool is_arrow = next == '>' && (byte == '-' || byte == '<' || byte == '>');
    return is_doubled || is_arrow || (byte == '.' && (next == '.' || sp_lex_is(next, LEX_DIGIT)));
}

/* An operator of one character, or of two that end in =. */
static bool take_op(struct sp_lexer *lx, struct sp_py_token *out)
{
    uint8_t byte = lx->ptr[lx->at];
    uint8_t next = lx->ptr[lx->at + 1];
    struct sp_py_token token = {.kind = SP_TOKEN_OP, .op = byte};
    if (!sp_lex_is(next, LEX_OP | LEX_DIGIT)) {
        return give(lx, 1, token, out);
    }
    uint8_t longer = equals[byte];
    if (next == '=' && longer != 0) {
        token.op = longer;
        return give(lx, 2, token, out);
    }
    return !goes_on(byte, next) && give(lx, 1, token, out);
}

/* % and !, which IPython may read. */
static bool take_odd(struct sp_lexer *lx, struct sp_py_token *out)
{
    bool is_lone = lx->ptr[lx->at] == '!' && lx->ptr[lx->at + 1] != '=';
    return lx->mode != SP_PYTHON_CELL && !is_lone && take_op(lx, out);
}

/* A string without a prefix that is short, and neither empty nor escaped. */
static bool take_string(struct sp_lexer *lx, struct sp_py_token *out)
{
    const uint8_t *ptr = lx->ptr + lx->at;
    uint32_t len = sp_scan_quoted(ptr + 1, ptr[0]);
    if (len == 0 || len >= SP_SCAN_QUOTED || ptr[1 + len] != ptr[0]) {
        return false;
    }
    struct sp_py_token token = {.kind = SP_TOKEN_STRING, .quote = 1};
    return give(lx, len + 2, token, out);
}

static bool take_open(struct sp_lexer *lx, struct sp_py_token *out)
{
    struct sp_py_token token = {.kind = SP_TOKEN_OP, .op = lx->ptr[lx->at]};
    if (lx->level == SP_PYTHON_BRACKETS_MAX) {
        return false;
    }
    lx->brackets[lx->level] = token.op;
    lx->bracket_place[lx->level] =
        (struct sp_lexer_bracket){.at = lx->at, .line = lx->line, .line_start = lx->line_start};
    lx->level++;
    return give(lx, 1, token, out);
}

static bool take_close(struct sp_lexer *lx, struct sp_py_token *out)
{
    struct sp_py_token token = {.kind = SP_TOKEN_OP, .op = lx->ptr[lx->at]};
    /* In ASCII ) is one behind (, ] and } are two behind theirs. */
    uint8_t behind = token.op == ')' ? 1 : 2;
    if (lx->level == 0 || lx->brackets[lx->level - 1] + behind != token.op) {
        return false;
    }
    lx->level--;
    return give(lx, 1, token, out);
}

static void next_line(struct sp_lexer *lx)
{
    lx->at++;
    lx->line++;
    lx->line_start = lx->at;
}

/* The end of a logical line. */
static bool take_line(struct sp_lexer *lx, struct sp_py_token *out)
{
    (void)give(lx, 1, (struct sp_py_token){.kind = SP_TOKEN_NEWLINE}, out);
    lx->line++;
    lx->line_start = lx->at;
    lx->has_tokens = false;
    lx->at_line_start = true;
    lx->quick = LEX_FROM_LINE;
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

/* More than one space between two tokens: comments, and in brackets line ends. */
static bool skip_gap(struct sp_lexer *lx)
{
    lx->at = skip_blank(lx, lx->at);
    while (has_room(lx) && lx->ptr[lx->at] == '\n' && lx->level > 0) {
        next_line(lx);
        lx->at = has_room(lx) ? skip_blank(lx, lx->at) : lx->at;
    }
    return has_room(lx);
}

static bool is_prefix(const uint8_t *ptr)
{
    return sp_lex_is(ptr[1], LEX_QUOTE) ||
           (quick[ptr[1]] == QUICK_PREFIX && sp_lex_is(ptr[2], LEX_QUOTE));
}

/* A token behind another one of its line. */
static bool step_behind(struct sp_lexer *lx, struct sp_py_token *out)
{
    lx->at += lx->ptr[lx->at] == ' ' ? 1 : 0;
    uint8_t byte = lx->ptr[lx->at];
    if (quick[byte] >= QUICK_LINE && (byte != '\n' || lx->level > 0)) {
        if (!skip_gap(lx)) {
            return false;
        }
        byte = lx->ptr[lx->at];
    }
    switch ((enum lex_quick)quick[byte]) {
    case QUICK_PREFIX:
        return !is_prefix(lx->ptr + lx->at) && take_name(lx, out);
    case QUICK_NAME:
        return take_name(lx, out);
    case QUICK_NUMBER:
        return take_number(lx, out);
    case QUICK_STRING:
        return take_string(lx, out);
    case QUICK_OP:
        return take_op(lx, out);
    case QUICK_ODD:
        return take_odd(lx, out);
    case QUICK_OPEN:
        return take_open(lx, out);
    case QUICK_CLOSE:
        return take_close(lx, out);
    case QUICK_LINE:
        return lx->level == 0 && take_line(lx, out);
    case QUICK_BLANK:
    case QUICK_NEVER:
        break;
    }
    return false;
}

/* The first name of a line, whose indentation is known. */
static bool take_first(struct sp_lexer *lx, struct sp_py_token *out)
{
    uint8_t kind = quick[lx->ptr[lx->at]];
    bool is_name = kind == QUICK_NAME || (kind == QUICK_PREFIX && !is_prefix(lx->ptr + lx->at));
    if (!is_name || !take_name(lx, out)) {
        return false;
    }
    lx->has_tokens = true;
    lx->at_line_start = false;
    lx->quick = LEX_FROM_TOKEN;
    return true;
}

/* Gives an INDENT or a DEDENT in front of the first name of a line. */
static bool give_layout(struct sp_lexer *lx, enum sp_token_kind kind, struct sp_py_token *out)
{
    lx->at_line_start = false;
    lx->quick = LEX_FROM_LAYOUT;
    return give(lx, 0, (struct sp_py_token){.kind = (uint8_t)kind}, out);
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
    lx->at += column;
    return give_layout(lx, SP_TOKEN_INDENT, out);
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
    lx->at += column;
    return give_layout(lx, SP_TOKEN_DEDENT, out);
}

/* Goes over empty lines and comments; the column of the first line that is neither. */
static uint32_t find_column(struct sp_lexer *lx)
{
    uint32_t end = lx->at;
    while (has_room(lx)) {
        end = skip_blank(lx, lx->at);
        if (lx->limit - end < QUICK_ROOM || lx->ptr[end] != '\n') {
            break;
        }
        lx->at = end;
        next_line(lx);
    }
    return end - lx->line_start;
}

/* The first token of a line that begins with spaces and a name: the name, or what its indentation means. */
static bool step_line(struct sp_lexer *lx, struct sp_py_token *out)
{
    uint32_t column = find_column(lx);
    uint16_t top = (uint16_t)(lx->indents - 1);
    if (lx->limit - lx->line_start < column + QUICK_ROOM ||
        !sp_lex_is(lx->ptr[lx->line_start + column], LEX_NAME)) {
        return false;
    }
    if (column > lx->indent[top]) {
        return take_indent(lx, column, out);
    }
    if (column < lx->indent[top]) {
        return take_dedent(lx, column, out);
    }
    if (column != lx->indent_alt[top]) {
        return false;
    }
    lx->at += column;
    if (take_first(lx, out)) {
        return true;
    }
    lx->at -= column;
    return false;
}

/* Behind an INDENT or DEDENT: another one, or the name. */
static bool step_behind_layout(struct sp_lexer *lx, struct sp_py_token *out)
{
    if (lx->pending < 0) {
        lx->pending++;
        return give_layout(lx, SP_TOKEN_DEDENT, out);
    }
    return take_first(lx, out);
}

static bool step(struct sp_lexer *lx, struct sp_py_token *out)
{
    if (lx->quick == LEX_FROM_TOKEN) {
        return step_behind(lx, out);
    }
    return lx->quick == LEX_FROM_LINE ? step_line(lx, out) : step_behind_layout(lx, out);
}

bool sp_lexer_attribute(struct sp_lexer *lx, struct sp_py_token *out)
{
    if (lx->quick != LEX_FROM_TOKEN || !has_room(lx) || lx->ptr[lx->at] != '.') {
        return false;
    }
    const uint8_t *ptr = lx->ptr + lx->at + 1;
    uint8_t kind = quick[ptr[0]];
    bool is_name = kind == QUICK_NAME || (kind == QUICK_PREFIX && !is_prefix(ptr));
    struct sp_py_token name = {.kind = SP_TOKEN_NAME};
    lx->at++;
    if (is_name && take_name(lx, &name) && name.op == SP_WORD_PLAIN) {
        *out = name;
        return true;
    }
    lx->at = (uint32_t)(ptr - 1 - lx->ptr);
    return false;
}

enum sp_err sp_lexer_next(struct sp_lexer *lx, struct sp_py_token *out)
{
    if (lx->quick != LEX_FROM_ANYWHERE && has_room(lx) && step(lx, out)) {
        return SP_OK;
    }
    return sp_lex_anywhere(lx, out);
}
