#include "base/text.h"
#include "python/lexer_inner.h"

static bool is_word(uint8_t byte)
{
    return sp_lex_is(byte, LEX_NAME | LEX_DIGIT);
}

/* Magics whose argument, or the cell below, is Python that runs here: its tokens follow the name. */
static bool holds_python(struct sp_slice name)
{
    static const char *const names[] = {"time",  "timeit", "prun", "capture",
                                        "memit", "mprun",  "lprun"};
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        if (sp_slice_is(name, names[i])) {
            return true;
        }
    }
    return false;
}

/* To the end of the line; a backslash before the line end joins the next line, as IPython does. */
static void skip_line(struct sp_lexer *lx)
{
    while (lx->at < lx->limit) {
        uint8_t byte = lx->ptr[lx->at];
        if (byte == '\\' && sp_lex_is(sp_lex_peek(lx, 1), LEX_NEWLINE)) {
            lx->at++;
            sp_lex_newline(lx);
        } else if (sp_lex_is(byte, LEX_NEWLINE)) {
            return;
        } else {
            lx->at++;
        }
    }
}

static void skip_cell(struct sp_lexer *lx)
{
    while (lx->at < lx->limit) {
        if (sp_lex_is(lx->ptr[lx->at], LEX_NEWLINE)) {
            sp_lex_newline(lx);
        } else {
            lx->at++;
        }
    }
}

static void skip_magic(struct sp_lexer *lx, struct sp_py_token *out)
{
    uint32_t name_at = lx->at;
    while (is_word(sp_lex_peek(lx, 0)) || sp_lex_peek(lx, 0) == '.') {
        lx->at++;
    }
    if (out->op == '%' && holds_python(sp_slice_make(lx->ptr + name_at, lx->at - name_at))) {
        return;
    }
    if ((out->flags & SP_TOKEN_CELL) != 0) {
        skip_cell(lx);
    } else {
        skip_line(lx);
    }
}

enum sp_err sp_lex_magic(struct sp_lexer *lx, struct sp_py_token *out)
{
    uint8_t byte = lx->ptr[lx->at];
    bool is_first_line = !lx->has_tokens;
    out->op = byte;
    lx->at++;
    if (byte == '?' && !is_first_line) {
        /* Help behind a name: only another question mark can follow. */
        skip_line(lx);
        return sp_lex_give(lx, SP_TOKEN_MAGIC, out);
    }
    if (sp_lex_peek(lx, 0) == byte && (byte == '%' || byte == '!' || byte == '?')) {
        lx->at++;
        out->flags |= byte == '%' ? SP_TOKEN_CELL : 0;
    }
    skip_magic(lx, out);
    return sp_lex_give(lx, SP_TOKEN_MAGIC, out);
}
