/*
 * The tokens that most of a program is made of, taken without a look at more than the bytes close by. A map, made ahead of
 * time, says which bytes belong to names, so that the end of a name waits for no byte of it. Whatever is less than plain -
 * long strings, odd indentation, the last bytes of the source - is left to the lexer proper: a quick step that gives up
 * has at most gone over space that means nothing.
 */
#include "python/lexer_step.h"

#define NA LEX_AHEAD_NAME
#define NU LEX_AHEAD_NUMBER
#define QU LEX_AHEAD_STRING
#define DO LEX_AHEAD_DOT
#define CO LEX_AHEAD_COMMA
#define CN LEX_AHEAD_COLON
#define EQ LEX_AHEAD_EQUAL
#define OP LEX_AHEAD_OP
#define OD LEX_AHEAD_ODD
#define OB LEX_AHEAD_OPEN
#define CB LEX_AHEAD_CLOSE
#define NL LEX_AHEAD_LINE
#define BL LEX_AHEAD_BLANK
/* clang-format off */
/* Behind these comes LEX_AHEAD_NEVER. */
const uint8_t sp_lex_aheads[256] = {
    /* 00 */ 0,  0,  0,  0,  0,  0,  0,  0,    0,  0,  NL, 0,  0,  0,  0,  0,
    /* 10 */ 0,  0,  0,  0,  0,  0,  0,  0,    0,  0,  0,  0,  0,  0,  0,  0,
    /* 20 */ BL, OD, QU, BL, 0,  OD, OP, QU,   OB, CB, OP, OP, CO, OP, DO, OP,
    /* 30 */ NU, NU, NU, NU, NU, NU, NU, NU,   NU, NU, CN, OP, OP, EQ, OP, 0,
    /* 40 */ OP, NA, NA, NA, NA, NA, NA, NA,   NA, NA, NA, NA, NA, NA, NA, NA,
    /* 50 */ NA, NA, NA, NA, NA, NA, NA, NA,   NA, NA, NA, OB, 0,  CB, OP, NA,
    /* 60 */ 0,  NA, NA, NA, NA, NA, NA, NA,   NA, NA, NA, NA, NA, NA, NA, NA,
    /* 70 */ NA, NA, NA, NA, NA, NA, NA, NA,   NA, NA, NA, OB, OP, CB, OP, 0,
};
/* clang-format on */
#undef NA
#undef NU
#undef QU
#undef DO
#undef CO
#undef CN
#undef EQ
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

SP_NOINLINE bool sp_lex_move_map(struct sp_lexer *lx, uint32_t at)
{
    uint32_t len = lx->limit - at;
    if (len < LEX_STEP_ROOM) {
        return false;
    }
    len = len < SP_PYTHON_MAP_BYTES ? len : SP_PYTHON_MAP_BYTES;
    sp_scan_names(lx->ptr + at, len, lx->names);
    lx->map_at = at;
    lx->map_end = at + len - LEX_STEP_ROOM + 1;
    return true;
}

static void next_line(struct sp_lexer *lx)
{
    lx->at++;
    lx->line++;
    lx->line_start = lx->at;
}

bool sp_lex_step_line(struct sp_lexer *lx, uint32_t at, struct sp_py_token *out)
{
    if (lx->level > 0) {
        return false;
    }
    (void)sp_lex_step(lx, at, 1, SP_TOKEN_NEWLINE, 0, out);
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

bool sp_lex_skip_gap(struct sp_lexer *lx)
{
    uint32_t before = lx->at;
    lx->at = skip_blank(lx, before);
    while (sp_lex_has_room(lx, lx->at) && lx->ptr[lx->at] == '\n' && lx->level > 0) {
        next_line(lx);
        lx->at = sp_lex_has_room(lx, lx->at) ? skip_blank(lx, lx->at) : lx->at;
    }
    return lx->at != before;
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
        return sp_lex_step(lx, at, 1, SP_TOKEN_OP, byte, out);
    }
    uint8_t longer = equals[byte];
    if (next == '=' && longer != 0) {
        return sp_lex_step(lx, at, 2, SP_TOKEN_OP, longer, out);
    }
    if (byte == '*' && next == '*' && lx->ptr[at + 2] != '=') {
        return sp_lex_step(lx, at, 2, SP_TOKEN_OP, SP_OP_POWER, out);
    }
    return !goes_on(byte, next) && sp_lex_step(lx, at, 1, SP_TOKEN_OP, byte, out);
}

/* % and !, which IPython may read. */
static inline bool take_odd(struct sp_lexer *lx, uint32_t at, struct sp_py_token *out)
{
    bool is_lone = lx->ptr[at] == '!' && lx->ptr[at + 1] != '=';
    return lx->mode != SP_PYTHON_CELL && !is_lone && take_op(lx, at, out);
}

static inline bool take_name(struct sp_lexer *lx, uint32_t at, struct sp_py_token *out)
{
    const uint8_t *ptr = lx->ptr + at;
    uint32_t len = sp_lex_measure_plain(lx, at);
    return len != 0 &&
           sp_lex_step(lx, at, len, SP_TOKEN_NAME, sp_word_find(ptr, len, sp_load_u64(ptr)), out);
}

/* The token whose first byte is at an offset, where nothing but a token or a line end stands. */
static inline bool take(struct sp_lexer *lx, enum lex_ahead ahead, uint32_t at,
                        struct sp_py_token *out)
{
    switch (ahead) {
    case LEX_AHEAD_NAME:
        return take_name(lx, at, out);
    case LEX_AHEAD_NUMBER:
        return sp_lex_step_number(lx, at, out);
    case LEX_AHEAD_STRING:
        return sp_lex_step_string(lx, at, out);
    case LEX_AHEAD_DOT:
    case LEX_AHEAD_COMMA:
    case LEX_AHEAD_COLON:
    case LEX_AHEAD_EQUAL:
    case LEX_AHEAD_OP:
        return take_op(lx, at, out);
    case LEX_AHEAD_ODD:
        return take_odd(lx, at, out);
    case LEX_AHEAD_OPEN:
        return sp_lex_step_open(lx, at, lx->ptr[at], out);
    case LEX_AHEAD_CLOSE:
        return sp_lex_step_close(lx, at, lx->ptr[at], out);
    case LEX_AHEAD_LINE:
        return sp_lex_step_line(lx, at, out);
    case LEX_AHEAD_BLANK:
    case LEX_AHEAD_NEVER:
        break;
    }
    return false;
}

/* A token behind another one of its line: behind a gap, or else out of the ordinary. */
static SP_NOINLINE enum sp_err next_behind_gap(struct sp_lexer *lx, struct sp_py_token *out)
{
    return sp_lex_skip_gap(lx) ? sp_lexer_next(lx, out) : sp_lex_anywhere(lx, out);
}

/* Gives an INDENT or a DEDENT in front of the first token of a line. */
static bool give_layout(struct sp_lexer *lx, uint32_t at, enum sp_token_kind kind,
                        struct sp_py_token *out)
{
    lx->at_line_start = false;
    lx->quick = LEX_FROM_LAYOUT;
    return sp_lex_step(lx, at, 0, kind, 0, out);
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
    while (sp_lex_has_room(lx, lx->at)) {
        end = skip_blank(lx, lx->at);
        if (!sp_lex_has_room(lx, end) || lx->ptr[end] != '\n') {
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

/* The first token of a line, whose indentation is known, is at an offset; there is room behind it. */
static enum lex_begin begin_tokens(struct sp_lexer *lx, uint32_t at)
{
    lx->at = at;
    lx->has_tokens = true;
    lx->at_line_start = false;
    lx->quick = LEX_FROM_TOKEN;
    lx->quick_end = lx->map_end;
    return LEX_BEGIN_TOKEN;
}

/* A line that begins with spaces and a token. */
static enum lex_begin begin_line(struct sp_lexer *lx, struct sp_py_token *out)
{
    uint32_t column = find_column(lx);
    uint32_t at = lx->line_start + column;
    uint16_t top = (uint16_t)(lx->indents - 1);
    if (!sp_lex_has_room(lx, at) || !begins_line(lx, lx->ptr[at])) {
        return LEX_BEGIN_ODD;
    }
    if (column == lx->indent[top] && column == lx->indent_alt[top]) {
        return begin_tokens(lx, at);
    }
    bool is_layout = (column > lx->indent[top] && take_indent(lx, column, out)) ||
                     (column < lx->indent[top] && take_dedent(lx, column, out));
    return is_layout ? LEX_BEGIN_LAYOUT : LEX_BEGIN_ODD;
}

enum lex_begin sp_lex_begin(struct sp_lexer *lx, struct sp_py_token *out)
{
    if (!sp_lex_has_room(lx, lx->at)) {
        return LEX_BEGIN_ODD;
    }
    if (lx->quick == LEX_FROM_LINE) {
        return begin_line(lx, out);
    }
    if (lx->pending < 0) {
        lx->pending++;
        (void)give_layout(lx, lx->at, SP_TOKEN_DEDENT, out);
        return LEX_BEGIN_LAYOUT;
    }
    return begin_tokens(lx, lx->at);
}

static SP_NOINLINE enum sp_err next_otherwise(struct sp_lexer *lx, struct sp_py_token *out)
{
    if (lx->quick == LEX_FROM_ANYWHERE) {
        return sp_lex_anywhere(lx, out);
    }
    if (lx->quick == LEX_FROM_TOKEN && sp_lex_has_room(lx, lx->at)) {
        lx->quick_end = lx->map_end;
        return sp_lexer_next(lx, out);
    }
    enum lex_begin begin = lx->quick == LEX_FROM_TOKEN ? LEX_BEGIN_ODD : sp_lex_begin(lx, out);
    if (begin == LEX_BEGIN_LAYOUT) {
        return SP_OK;
    }
    return begin == LEX_BEGIN_TOKEN ? sp_lexer_next(lx, out) : sp_lex_anywhere(lx, out);
}

enum sp_err sp_lexer_next(struct sp_lexer *lx, struct sp_py_token *out)
{
    uint32_t at = 0;
    if (lx->at >= lx->quick_end) {
        return next_otherwise(lx, out);
    }
    enum lex_ahead ahead = sp_lex_ahead(lx, &at);
    return take(lx, ahead, at, out) ? SP_OK : next_behind_gap(lx, out);
}
