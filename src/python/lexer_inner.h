/*
 * lexer_inner - what the files of the lexer share; nobody else includes this.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 */
#ifndef SP_PYTHON_LEXER_INNER_H
#define SP_PYTHON_LEXER_INNER_H

#include "python/lexer.h"

/* What a byte can begin, or take part in. */
#define LEX_SPACE   0x01u
#define LEX_NEWLINE 0x02u
#define LEX_NAME    0x04u /* starts a name */
#define LEX_DIGIT   0x08u
#define LEX_QUOTE   0x10u
#define LEX_OP      0x20u /* an operator of one or more characters */
#define LEX_OPEN    0x40u
#define LEX_CLOSE   0x80u

extern const uint8_t sp_lex_class[256];

/* From where the next token is taken: what a quick step may rely on. */
enum lex_from {
    LEX_FROM_ANYWHERE,
    LEX_FROM_TOKEN, /* behind a token of this logical line, outside of f-strings, without a fault */
    LEX_FROM_LINE,  /* behind the end of one */
    LEX_FROM_LAYOUT, /* behind its INDENT or DEDENT */
};

/* The next token, wherever one may stand: lines, indentation, comments, and the text of f-strings are looked after. */
enum sp_err sp_lex_anywhere(struct sp_lexer *lx, struct sp_py_token *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

static inline bool sp_lex_is(uint8_t byte, unsigned classes)
{
    return (sp_lex_class[byte] & classes) != 0;
}

/* The byte `ahead` positions on, or 0 past the end: no source holds a NUL by then. */
static inline uint8_t sp_lex_peek(const struct sp_lexer *lx, uint32_t ahead)
{
    return ahead < lx->limit - lx->at ? lx->ptr[lx->at + ahead] : 0;
}

static inline struct sp_fstring *sp_lex_fstring(struct sp_lexer *lx)
{
    return lx->fstrings == 0 ? NULL : &lx->fstring[lx->fstrings - 1];
}

/* Inside a field of 3.11, where CPython allows neither backslash nor comment. */
static inline bool sp_lex_in_old_field(const struct sp_lexer *lx)
{
    return lx->fstrings != 0 && lx->family == SP_PYTHON_311;
}

/* Remembers the first fault, at an offset of the line that is being read. */
enum sp_err sp_lex_fault(struct sp_lexer *lx, enum sp_python_fault fault, uint32_t at)
    SP_NONNULL(1);

/* The same for a token that began on an earlier line. */
enum sp_err sp_lex_fault_token(struct sp_lexer *lx, enum sp_python_fault fault,
                               const struct sp_py_token *token) SP_MUST_CHECK SP_NONNULL(1, 3);

/* Takes the line end at the cursor (LF, CR, or both) and counts the line. */
void sp_lex_newline(struct sp_lexer *lx) SP_NONNULL(1);

/* Opens and closes a bracket whose byte stands at the cursor, without moving it. */
enum sp_err sp_lex_open(struct sp_lexer *lx, uint8_t bracket) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_lex_close(struct sp_lexer *lx, uint8_t bracket) SP_MUST_CHECK SP_NONNULL(1);

/* Ends `out` at the cursor. */
static inline enum sp_err sp_lex_give(struct sp_lexer *lx, enum sp_token_kind kind,
                                      struct sp_py_token *out)
{
    out->kind = (uint8_t)kind;
    out->end = lx->at;
    lx->has_tokens = true;
    lx->field_empty = false;
    lx->quick = lx->fstrings == 0 ? LEX_FROM_TOKEN : LEX_FROM_ANYWHERE;
    lx->quick_end = lx->fstrings == 0 ? lx->map_end : 0;
    lx->last_op = out->op;
    return SP_OK;
}

/* The parts: each takes one token whose first byte stands at the cursor. */
enum sp_err sp_lex_number(struct sp_lexer *lx, struct sp_py_token *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_lex_string(struct sp_lexer *lx, uint32_t prefix, struct sp_py_token *out)
    SP_MUST_CHECK SP_NONNULL(1, 3);
enum sp_err sp_lex_text(struct sp_lexer *lx, struct sp_py_token *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_lex_op(struct sp_lexer *lx, struct sp_py_token *out) SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_lex_bracket(struct sp_lexer *lx, struct sp_py_token *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_lex_magic(struct sp_lexer *lx, struct sp_py_token *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Before the text of an f-string is read: a specification in single quotes ends at a line end, and the field goes on. */
void sp_lex_end_spec(struct sp_lexer *lx) SP_NONNULL(1);

/* A `}`, `:` or `!` that ends or divides the innermost field; true when it did, and `out` is the token. */
bool sp_lex_field_mark(struct sp_lexer *lx, uint8_t byte) SP_NONNULL(1);

/* The length of a string prefix (0 to 2) when a quote follows it, else 3. Sets the flags it means. */
uint32_t sp_lex_prefix(const struct sp_lexer *lx, uint8_t *out_flags) SP_NONNULL(1, 2);

#endif
