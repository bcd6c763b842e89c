#include "python/facts_step.h"

#define WORD_BLOCK     0x01u /* begins a compound statement */
#define WORD_HANDS_OUT 0x02u /* gives a value away */
#define WORD_BINDS     0x04u /* the next names bind, up to the next mark that ends it */
#define WORD_VALUE     0x08u
#define WORD_OTHER     0x10u /* has a step of its own */

static const uint8_t words[SP_WORD_COUNT] = {
    [SP_WORD_IF] = WORD_BLOCK,
    [SP_WORD_ELIF] = WORD_BLOCK,
    [SP_WORD_ELSE] = WORD_BLOCK,
    [SP_WORD_WHILE] = WORD_BLOCK,
    [SP_WORD_FOR] = WORD_BLOCK | WORD_HANDS_OUT | WORD_BINDS | WORD_OTHER,
    [SP_WORD_WITH] = WORD_BLOCK | WORD_HANDS_OUT,
    [SP_WORD_TRY] = WORD_BLOCK,
    [SP_WORD_EXCEPT] = WORD_BLOCK,
    [SP_WORD_FINALLY] = WORD_BLOCK,
    [SP_WORD_DEF] = WORD_BLOCK | WORD_BINDS | WORD_OTHER,
    [SP_WORD_CLASS] = WORD_BLOCK | WORD_BINDS | WORD_OTHER,
    [SP_WORD_ASYNC] = WORD_BLOCK,
    [SP_WORD_RETURN] = WORD_HANDS_OUT,
    [SP_WORD_YIELD] = WORD_HANDS_OUT,
    [SP_WORD_RAISE] = WORD_HANDS_OUT,
    [SP_WORD_AS] = WORD_BINDS,
    [SP_WORD_GLOBAL] = WORD_BINDS,
    [SP_WORD_NONE] = WORD_VALUE,
    [SP_WORD_TRUE] = WORD_VALUE,
    [SP_WORD_FALSE] = WORD_VALUE,
    [SP_WORD_LAMBDA] = WORD_OTHER,
};

/* `allow_pickle=True`: the value of a keyword argument, where it is plain. */
static void note_keyword_value(struct sp_facts *f, uint32_t keyword)
{
    if (f->keyword_open == SP_FACTS_NONE || f->last.op != '=') {
        return;
    }
    enum sp_keyword_value value = SP_KEYWORD_OTHER;
    if (keyword == SP_WORD_TRUE) {
        value = SP_KEYWORD_TRUE;
    } else if (keyword == SP_WORD_FALSE || keyword == SP_WORD_NONE) {
        value = SP_KEYWORD_FALSE;
    }
    f->keywords[f->keyword_open].value = (uint8_t)value;
}

static void note_lambda(struct sp_facts *f)
{
    struct facts_level *level = f->now;
    bool begins = f->last.op == '(';
    level->is_lambda_head = true;
    if (level->kind == BRACKET_CALL && level->arg == 0 && begins && f->level > 0) {
        f->calls[level->call].is_lambda = true;
    }
}

static void note_in(struct sp_facts *f)
{
    f->last.flags = f->statement.for_open ? 0 : SP_REF_TESTED; /* a name behind it is looked up */
    f->statement.binds_next = false;
    f->statement.for_open = false;
}

static void note_other(struct sp_facts *f, uint32_t keyword)
{
    if (keyword == SP_WORD_LAMBDA) {
        note_lambda(f);
    } else if (keyword == SP_WORD_FOR) {
        f->statement.for_open = true;
    } else {
        f->statement.expects_params = keyword == SP_WORD_DEF;
    }
}

static void note_keyword(struct sp_facts *f, uint32_t keyword)
{
    unsigned kind = words[keyword];
    struct facts_statement *statement = &f->statement;
    bool is_first = (f->last.flags & LAST_STATEMENT) != 0;
    statement->is_compound = is_first ? (kind & WORD_BLOCK) != 0 : statement->is_compound;
    statement->hands_out = statement->hands_out || (kind & WORD_HANDS_OUT) != 0;
    statement->binds_next = statement->binds_next || (kind & WORD_BINDS) != 0;
    if ((kind & WORD_OTHER) != 0) {
        note_other(f, keyword);
    }
    if (f->last.op == '=') {
        note_keyword_value(f, keyword);
    }
    f->last = (struct facts_last){.keyword = (uint8_t)keyword,
                                  .flags = (kind & WORD_VALUE) != 0 ? LAST_OPERAND : 0};
    if (keyword == SP_WORD_IN) {
        note_in(f);
    }
}

/* Takes all tokens of an import, and the one that ends it. */
static enum sp_err on_import(struct sp_facts *f, uint8_t keyword)
{
    SP_TRY(keyword == SP_WORD_IMPORT ? sp_facts_import(f) : sp_facts_import_from(f));
    f->last = (struct facts_last){.keyword = keyword};
    return f->token.kind == SP_TOKEN_OP ? sp_facts_operator(f, f->token.op) : sp_facts_line(f);
}

enum sp_err sp_facts_keyword(struct sp_facts *f)
{
    uint8_t keyword = f->token.op;
    bool is_raise_or_yield =
        (f->last.flags & LAST_OPERAND) != 0 || f->last.keyword == SP_WORD_YIELD;
    SP_TRY(sp_facts_end(f, 0));
    if (keyword == SP_WORD_IMPORT || (keyword == SP_WORD_FROM && !is_raise_or_yield)) {
        return on_import(f, keyword);
    }
    note_keyword(f, keyword);
    return SP_OK;
}
