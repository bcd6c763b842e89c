/*
 * lexer - the tokens of Python, as CPython's own tokenizer finds them.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 * One pass, linear time, no recursion: brackets, indentation and f-strings live on stacks with CPython's own bounds.
 * What CPython refuses is refused here; after the first fault every call returns the same one.
 */
#ifndef SP_PYTHON_LEXER_H
#define SP_PYTHON_LEXER_H

#include <stdbool.h>

#include "base/slice.h"
#include "python/token.h"

#define SP_PYTHON_SOURCE_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define SP_PYTHON_BRACKETS_MAX     200u
#define SP_PYTHON_INDENTS_MAX      100u
#define SP_PYTHON_FSTRINGS_MAX     150u
#define SP_PYTHON_FIELDS_MAX       3u /* fields within the format specifications of one f-string */

/* Bytes that quick steps look at ahead of time. */
#define SP_PYTHON_MAP_BYTES        1024u

/*
 * A text submission follows compile(str); a cell may hold IPython's escapes as well. Of a fragment only the tokens are
 * judged: it is read by something that resembles Python, like the query language of pandas.
 */
enum sp_python_mode { SP_PYTHON_TEXT, SP_PYTHON_CELL, SP_PYTHON_FRAGMENT };

/* An f-string that is open. */
struct sp_fstring {
    uint32_t limit_before;                /* the end of input outside it */
    uint16_t level[SP_PYTHON_FIELDS_MAX]; /* bracket depth just inside each open field */
    uint8_t depth;                        /* open fields */
    uint8_t quote;
    uint8_t width; /* 1 or 3 quotes */
    bool is_raw;
    bool in_spec; /* behind the colon of the innermost field */
};

/* Where an open bracket stands. */
struct sp_lexer_bracket {
    uint32_t at;
    uint32_t line;
    uint32_t line_start;
};

struct sp_lexer {
    const uint8_t *ptr;
    uint32_t
        limit; /* the end of what may be read now: of the source, or in 3.11 of the f-string around */
    uint32_t len;
    uint32_t at;
    uint32_t line;
    uint32_t line_start;
    enum sp_python_family family;
    enum sp_python_mode mode;
    bool at_line_start;
    bool has_tokens;    /* on this logical line */
    bool in_text;       /* inside the text of an f-string, not of a field */
    bool is_first;      /* before the first token of the source */
    bool is_flat;       /* an f-string is one token, its fields are not read */
    bool field_empty;   /* nothing yet in the field that was opened last */
    uint8_t last_op;    /* of the token before, or 0 */
    uint8_t quick;      /* enum lex_from */
    uint32_t quick_end; /* quick steps may begin before it: map_end, or 0 when not behind a token */
    uint32_t map_at;    /* the map says which bytes from here on are of names */
    uint32_t map_end;   /* enough of them for a step that begins before this */
    int32_t pending;    /* indents (positive) or dedents (negative) to hand out */
    uint16_t level;
    uint16_t indents;
    uint16_t fstrings;
    uint8_t names[SP_PYTHON_MAP_BYTES / 8 + 8]; /* the map, a bit for each byte */
    uint8_t brackets[SP_PYTHON_BRACKETS_MAX];
    struct sp_lexer_bracket bracket_place[SP_PYTHON_BRACKETS_MAX];
    uint32_t indent[SP_PYTHON_INDENTS_MAX];
    uint32_t indent_alt[SP_PYTHON_INDENTS_MAX]; /* the same column with tabs of width 1 */
    struct sp_fstring fstring[SP_PYTHON_FSTRINGS_MAX];
    enum sp_python_fault fault;
    uint32_t fault_at; /* with the line below: where CPython would point */
    uint32_t fault_line;
    uint32_t fault_line_start;
};

/* Borrows the source. Checks that all of it is UTF-8 without NUL; a fault shows at the first sp_lexer_next. */
void sp_lexer_init(struct sp_lexer *lx, struct sp_slice source, enum sp_python_family family,
                   enum sp_python_mode mode) SP_NONNULL(1);

/* The same of what stands behind `at`, the beginning of a token, in a source that `whole` has read without a fault: its bytes are not checked again. */
void sp_lexer_init_behind(struct sp_lexer *lx, const struct sp_lexer *whole, uint32_t at)
    SP_NONNULL(1, 2);

/* The next token; SP_TOKEN_END again and again at the end. On a fault `lx->fault` and its place say what and where. */
enum sp_err sp_lexer_next(struct sp_lexer *lx, struct sp_py_token *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Ends the source with a fault that a reader of the tokens found, at an offset. Every call after it returns the same. */
enum sp_err sp_lexer_fault(struct sp_lexer *lx, enum sp_python_fault fault, uint32_t at)
    SP_NONNULL(1);

/*
 * Whether this logical line, of which some tokens have been taken, ends in a colon: it heads a block. Looks ahead with
 * a lexer of the caller's; this one stays where it is.
 */
bool sp_lexer_is_header(const struct sp_lexer *lx, struct sp_lexer *ahead) SP_NONNULL(1, 2);

/* The bytes of a token. */
struct sp_slice sp_lexer_text(const struct sp_lexer *lx, const struct sp_py_token *token)
    SP_NONNULL(1, 2);

#endif
