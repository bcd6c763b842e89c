#include "policy/judge_ahead.h"

/* A call is looked through a few times, and its tokens are about a third of its bytes; short code may nest as it likes. */
#define TOKENS_LEAST    4096U
#define TOKENS_PER_BYTE 2U

void judge_ahead_begin(struct sp_judge *j, size_t code_bytes)
{
    j->ahead_left = TOKENS_LEAST + TOKENS_PER_BYTE * (uint32_t)code_bytes;
}

void judge_ahead(const struct sp_judge *j, uint32_t at, struct sp_lexer *out)
{
    sp_lexer_init_behind(out, sp_facts_lexer(j->facts), at);
}

bool judge_ahead_next(struct sp_judge *j, struct sp_lexer *lx, struct sp_py_token *out)
{
    if (j->ahead_left == 0) {
        return false;
    }
    j->ahead_left--;
    return sp_lexer_next(lx, out) == SP_OK && out->kind != SP_TOKEN_END;
}

bool judge_ahead_is_spent(const struct sp_judge *j)
{
    return j->ahead_left == 0;
}

int judge_bracket(const struct sp_py_token *token)
{
    const uint8_t op = token->kind == SP_TOKEN_OP ? token->op : 0;
    const bool opens = op == '(' || op == '[' || op == '{';
    const bool closes = op == ')' || op == ']' || op == '}';
    return opens ? 1 : closes ? -1 : 0;
}
