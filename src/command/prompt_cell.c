#include "command/prompt_cell.h"

#include <stdlib.h>

#include "python/lexer.h"

static bool wants_more(enum sp_python_fault fault)
{
    return fault == SP_PYTHON_BRACKET_OPEN || fault == SP_PYTHON_TRIPLE_OPEN ||
           fault == SP_PYTHON_CONTINUATION_END || fault == SP_PYTHON_INDENT_MISSING;
}

static bool ends_with_empty_line(struct sp_slice text)
{
    size_t newlines = 0;
    while (text.len > 0 && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == ' ')) {
        newlines += text.ptr[text.len - 1] == '\n';
        text.len--;
    }
    return newlines >= 2;
}

/* Reads to the end; whether some logical line opened a block or was a decorator. */
static bool has_block(struct sp_lexer *lx)
{
    struct sp_py_token token;
    uint8_t last = 0;
    bool is_first = true;
    bool is_block = false;
    while (sp_lexer_next(lx, &token) == SP_OK && token.kind != SP_TOKEN_END) {
        const bool is_op = token.kind == SP_TOKEN_OP;
        if (token.kind == SP_TOKEN_NEWLINE) {
            is_block = is_block || last == ':';
            is_first = true;
            continue;
        }
        is_block =
            is_block || token.kind == SP_TOKEN_INDENT || (is_first && is_op && token.op == '@');
        is_first = token.kind == SP_TOKEN_INDENT || token.kind == SP_TOKEN_DEDENT;
        last = is_op ? token.op : 0;
    }
    return is_block || last == ':';
}

bool sp_prompt_is_whole(struct sp_slice text)
{
    struct sp_lexer *lx = calloc(1, sizeof(*lx));
    if (lx == NULL) {
        return true;
    }
    sp_lexer_init(lx, text, SP_PYTHON_311, SP_PYTHON_CELL);
    const bool is_block = has_block(lx);
    const enum sp_python_fault fault = lx->fault;
    free(lx);
    if (wants_more(fault)) {
        return false;
    }
    return fault != SP_PYTHON_FINE || !is_block || ends_with_empty_line(text);
}
