/*
 * lexer_step - the quick steps of the lexer for tokens that most of a program is made of, open to a compiler that sees
 *              through them: the lexer itself takes them, and who reads tokens and their meaning in one walk.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 * A step takes the token whose first byte stands at `at`, where sp_lex_ahead said so, or leaves all as it was: what is
 * less than plain is the lexer's proper. A map, made ahead of time, says which bytes belong to names, so that the end of a
 * name waits for no byte of it.
 */
#ifndef SP_PYTHON_LEXER_STEP_H
#define SP_PYTHON_LEXER_STEP_H

#include "base/load.h"
#include "python/lexer_inner.h"
#include "python/scan_window.h"
#include "python/word.h"

/* A step looks at no more than a space or a dot, a quote and what sp_scan_quoted reads, and one byte behind. */
#define LEX_STEP_ROOM     (SP_SCAN_QUOTED + 4u)
#define LEX_STEP_NAME_MAX SP_SCAN_QUOTED /* longer names may go on behind the map */

/* What a byte begins. */
enum lex_ahead {
    LEX_AHEAD_NEVER, /* names that are not ASCII among others: they are looked at closely */
    LEX_AHEAD_NAME,
    LEX_AHEAD_NUMBER,
    LEX_AHEAD_STRING,
    LEX_AHEAD_DOT,
    LEX_AHEAD_COMMA,
    LEX_AHEAD_COLON,
    LEX_AHEAD_EQUAL,
    LEX_AHEAD_OP,
    LEX_AHEAD_ODD, /* % and !, which IPython may read */
    LEX_AHEAD_OPEN,
    LEX_AHEAD_CLOSE,
    LEX_AHEAD_LINE,
    LEX_AHEAD_BLANK, /* a space, a comment */
};
extern const uint8_t sp_lex_aheads[256];

/* Makes the map begin at an offset; false when so little is left that no quick step may begin there. */
bool sp_lex_move_map(struct sp_lexer *lx, uint32_t at) SP_NONNULL(1);

/* The end of a logical line. */
bool sp_lex_step_line(struct sp_lexer *lx, uint32_t at, struct sp_py_token *out) SP_NONNULL(1, 3);

/* Goes over more than one space between two tokens: comments, and in brackets line ends. True when there was any. */
bool sp_lex_skip_gap(struct sp_lexer *lx) SP_NONNULL(1);

/* How a logical line goes on behind its begin, or behind an INDENT or DEDENT. */
enum lex_begin {
    LEX_BEGIN_ODD,    /* the lexer proper says */
    LEX_BEGIN_LAYOUT, /* with an INDENT or DEDENT, which was taken */
    LEX_BEGIN_TOKEN,  /* with a token, which is next */
};
enum lex_begin sp_lex_begin(struct sp_lexer *lx, struct sp_py_token *out) SP_NONNULL(1, 2);

/* Whether a quick step may begin at an offset. */
static inline bool sp_lex_has_room(struct sp_lexer *lx, uint32_t at)
{
    return at < lx->map_end || sp_lex_move_map(lx, at);
}

/* What the next token begins with, and where: LEX_AHEAD_NEVER when no quick step may be taken. */
static inline enum lex_ahead sp_lex_ahead(const struct sp_lexer *lx, uint32_t *out_at)
{
    uint32_t at = lx->at;
    if (at >= lx->quick_end) {
        return LEX_AHEAD_NEVER;
    }
    /* Both bytes are looked up at once: everything waits for what this says. */
    const uint8_t *ptr = lx->ptr + at;
    uint32_t blank = ptr[0] == ' ' ? 1 : 0;
    uint8_t first = sp_lex_aheads[ptr[0]];
    uint8_t second = sp_lex_aheads[ptr[1]];
    *out_at = at + blank;
    return (enum lex_ahead)(first ^ ((first ^ second) & (0U - blank)));
}

/* Gives the `len` bytes at an offset. */
static inline bool sp_lex_step(struct sp_lexer *lx, uint32_t at, uint32_t len,
                               enum sp_token_kind kind, uint8_t op, struct sp_py_token *out)
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
static inline uint32_t sp_lex_measure_name(const struct sp_lexer *lx, uint32_t at)
{
    uint32_t behind = at - lx->map_at;
    uint64_t names = sp_load_bits(lx->names + behind / 8) >> behind % 8;
    return (uint32_t)__builtin_ctzll(~names | 1ULL << LEX_STEP_NAME_MAX);
}

/* The length of a name at an offset, where one begins: 0 when it goes on with what is not ASCII, or may be a prefix. */
static inline uint32_t sp_lex_measure_plain(const struct sp_lexer *lx, uint32_t at)
{
    uint32_t len = sp_lex_measure_name(lx, at);
    bool is_odd = len == LEX_STEP_NAME_MAX || sp_lex_is(lx->ptr[at + len], LEX_QUOTE | LEX_NAME);
    return is_odd ? 0 : len;
}

/* The length of the name behind the dot at an offset: 0 when there is none. */
static inline uint32_t sp_lex_measure_attribute(const struct sp_lexer *lx, uint32_t at)
{
    bool is_name = sp_lex_aheads[lx->ptr[at + 1]] == LEX_AHEAD_NAME;
    return is_name ? sp_lex_measure_plain(lx, at + 1) : 0;
}

/* A name, which may be a reserved word: `op` does not say so. */
static inline bool sp_lex_step_name(struct sp_lexer *lx, uint32_t at, struct sp_py_token *out)
{
    uint32_t len = sp_lex_measure_plain(lx, at);
    return len != 0 && sp_lex_step(lx, at, len, SP_TOKEN_NAME, SP_WORD_PLAIN, out);
}

/* Digits alone, and no zero before others. */
static inline bool sp_lex_step_number(struct sp_lexer *lx, uint32_t at, struct sp_py_token *out)
{
    const uint8_t *ptr = lx->ptr + at;
    uint32_t len = sp_lex_measure_name(lx, at);
    bool is_odd = (ptr[0] == '0' && len > 1) || ptr[len] == '.' || ptr[len] >= 0x80;
    for (uint32_t i = 1; i < len; i++) {
        is_odd = is_odd || !sp_lex_is(ptr[i], LEX_DIGIT);
    }
    return !is_odd && len < LEX_STEP_NAME_MAX && sp_lex_step(lx, at, len, SP_TOKEN_NUMBER, 0, out);
}

/* A comma, or a colon or = that no other = follows. */
static inline bool sp_lex_step_mark(struct sp_lexer *lx, uint32_t at, uint8_t mark,
                                    struct sp_py_token *out)
{
    bool is_longer = mark != ',' && lx->ptr[at + 1] == '=';
    return !is_longer && sp_lex_step(lx, at, 1, SP_TOKEN_OP, mark, out);
}

/* A string without a prefix that is short and not escaped. */
static inline bool sp_lex_step_string(struct sp_lexer *lx, uint32_t at, struct sp_py_token *out)
{
    const uint8_t *ptr = lx->ptr + at;
    uint32_t len = sp_scan_quoted(ptr + 1, ptr[0]);
    bool is_triple = len == 0 && ptr[2] == ptr[0];
    if (is_triple || len >= SP_SCAN_QUOTED || ptr[1 + len] != ptr[0]) {
        return false;
    }
    (void)sp_lex_step(lx, at, len + 2, SP_TOKEN_STRING, 0, out);
    out->quote = 1;
    return true;
}

static inline bool sp_lex_step_open(struct sp_lexer *lx, uint32_t at, uint8_t bracket,
                                    struct sp_py_token *out)
{
    if (lx->level == SP_PYTHON_BRACKETS_MAX) {
        return false;
    }
    lx->brackets[lx->level] = bracket;
    lx->bracket_place[lx->level] =
        (struct sp_lexer_bracket){.at = at, .line = lx->line, .line_start = lx->line_start};
    lx->level++;
    return sp_lex_step(lx, at, 1, SP_TOKEN_OP, bracket, out);
}

static inline bool sp_lex_step_close(struct sp_lexer *lx, uint32_t at, uint8_t bracket,
                                     struct sp_py_token *out)
{
    /* In ASCII ) is one behind (, ] and } are two behind theirs. */
    uint8_t behind = bracket == ')' ? 1 : 2;
    if (lx->level == 0 || lx->brackets[lx->level - 1] + behind != bracket) {
        return false;
    }
    lx->level--;
    return sp_lex_step(lx, at, 1, SP_TOKEN_OP, bracket, out);
}

#endif
