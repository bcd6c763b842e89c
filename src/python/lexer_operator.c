#include "python/lexer_inner.h"

enum sp_err sp_lex_open(struct sp_lexer *lx, uint8_t bracket)
{
    if (lx->level == SP_PYTHON_BRACKETS_MAX) {
        return sp_lex_fault(lx, SP_PYTHON_BRACKET_DEPTH, lx->at);
    }
    lx->brackets[lx->level] = bracket;
    lx->bracket_place[lx->level] =
        (struct sp_lexer_bracket){.at = lx->at, .line = lx->line, .line_start = lx->line_start};
    lx->level++;
    return SP_OK;
}

enum sp_err sp_lex_close(struct sp_lexer *lx, uint8_t bracket)
{
    if (lx->level == 0) {
        return sp_lex_fault(lx, SP_PYTHON_BRACKET_UNMATCHED, lx->at);
    }
    uint8_t open = lx->brackets[lx->level - 1];
    uint8_t wanted = open == '(' ? ')' : open == '[' ? ']' : '}';
    if (bracket != wanted) {
        return sp_lex_fault(lx, SP_PYTHON_BRACKET_MISMATCH, lx->at);
    }
    lx->level--;
    return SP_OK;
}

/* Operators that an = may follow to make an assignment of them. */
static bool may_augment(uint8_t byte)
{
    switch (byte) {
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case '&':
    case '|':
    case '^':
    case '@':
        return true;
    default:
        return false;
    }
}

/* ** // << >>, and each of them with = */
static uint32_t measure_doubled(const struct sp_lexer *lx, uint8_t byte, uint8_t *out_op)
{
    bool is_augmented = sp_lex_peek(lx, 2) == '=';
    *out_op = is_augmented ? SP_OP_AUGMENTED : byte == '*' ? SP_OP_POWER : SP_OP_OTHER;
    return is_augmented ? 3 : 2;
}

/* An operator that ends in =. */
static uint32_t measure_equal(uint8_t byte, uint8_t *out_op)
{
    if (byte == '=' || byte == '!' || byte == '<' || byte == '>') {
        *out_op = SP_OP_COMPARE;
        return 2;
    }
    if (byte == ':') {
        *out_op = SP_OP_WALRUS;
        return 2;
    }
    *out_op = may_augment(byte) ? SP_OP_AUGMENTED : byte;
    return may_augment(byte) ? 2 : 1;
}

/* The length of the operator at the cursor, and its number. */
static uint32_t measure_op(const struct sp_lexer *lx, uint8_t *out_op)
{
    uint8_t a = lx->ptr[lx->at];
    uint8_t b = sp_lex_peek(lx, 1);
    *out_op = a;
    if (b == a && (a == '*' || a == '/' || a == '<' || a == '>')) {
        return measure_doubled(lx, a, out_op);
    }
    if (b == '=') {
        return measure_equal(a, out_op);
    }
    if (b == '>' && (a == '-' || a == '<')) {
        *out_op = a == '-' ? SP_OP_ARROW : SP_OP_COMPARE;
        return 2;
    }
    if (a == '.' && b == '.' && sp_lex_peek(lx, 2) == '.') {
        *out_op = SP_OP_ELLIPSIS;
        return 3;
    }
    return 1;
}

/* In a cell, `!` outside brackets and `%` behind a lone `=` begin IPython's escapes: Python has no such tokens. */
static bool is_magic_op(const struct sp_lexer *lx, uint8_t op)
{
    if (lx->mode != SP_PYTHON_CELL || lx->level > 0) {
        return false;
    }
    return op == '!' || (op == '%' && lx->last_op == '=');
}

enum sp_err sp_lex_op(struct sp_lexer *lx, struct sp_py_token *out)
{
    uint8_t byte = lx->ptr[lx->at];
    if (sp_lex_field_mark(lx, byte)) {
        if (lx->fault != SP_PYTHON_FINE) {
            return sp_python_fault_err(lx->fault);
        }
        out->op = byte;
        return sp_lex_give(lx, SP_TOKEN_OP, out);
    }
    uint32_t len = measure_op(lx, &out->op);
    if (is_magic_op(lx, out->op)) {
        return sp_lex_magic(lx, out);
    }
    if (out->op == '!') {
        return sp_lex_fault(lx, SP_PYTHON_CHARACTER, lx->at);
    }
    lx->at += len;
    return sp_lex_give(lx, SP_TOKEN_OP, out);
}

enum sp_err sp_lex_bracket(struct sp_lexer *lx, struct sp_py_token *out)
{
    uint8_t byte = lx->ptr[lx->at];
    if (sp_lex_is(byte, LEX_OPEN)) {
        SP_TRY(sp_lex_open(lx, byte));
    } else if (sp_lex_field_mark(lx, byte)) {
        if (lx->fault != SP_PYTHON_FINE) {
            return sp_python_fault_err(lx->fault);
        }
        out->op = byte;
        return sp_lex_give(lx, SP_TOKEN_OP, out);
    } else {
        SP_TRY(sp_lex_close(lx, byte));
    }
    lx->at++;
    out->op = byte;
    return sp_lex_give(lx, SP_TOKEN_OP, out);
}
