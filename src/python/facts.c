#include "python/facts.h"

#include "base/clock.h"
#include "base/num.h"
#include "python/facts_step.h"

/* ---- statements ---- */

void sp_facts_statement(struct sp_facts *f)
{
    sp_facts_clear(&f->levels[0]);
    f->statement = (struct facts_statement){.name_count = 0};
    f->statement_ref = f->ref_count;
}

/* ---- lines ---- */

void sp_facts_layout(struct sp_facts *f)
{
    if (f->token.kind == SP_TOKEN_INDENT) {
        f->indents++;
        f->depth_most = (uint32_t)sp_size_max(f->depth_most, f->indents);
    } else if (f->token.kind == SP_TOKEN_DEDENT && f->indents > 0) {
        f->indents--;
    }
}

enum sp_err sp_facts_line(struct sp_facts *f)
{
    SP_TRY(sp_facts_end(f, 0));
    sp_facts_layout(f);
    if ((f->last.flags & LAST_STATEMENT) == 0) {
        sp_facts_statement(f);
    }
    f->last = (struct facts_last){.flags = LAST_STATEMENT};
    return SP_OK;
}

/* ---- operands ---- */

static enum sp_err on_magic(struct sp_facts *f)
{
    if (f->magic_count == f->magic_max) {
        SP_TRY(sp_facts_more(f, FACTS_MAGICS, 1));
    }
    uint32_t at = f->token.start;
    while (at < f->token.end && f->lx.ptr[at] == f->token.op) {
        at++;
    }
    uint32_t end = at;
    while (end < f->token.end && f->lx.ptr[end] > ' ' && f->lx.ptr[end] != '(') {
        end++;
    }
    f->magics[f->magic_count] = (struct sp_magic){.place = sp_facts_span(&f->token),
                                                  .escape = f->token.op,
                                                  .is_cell = (f->token.flags & SP_TOKEN_CELL) != 0,
                                                  .name_at = at,
                                                  .name_end = end};
    f->magic_count++;
    return SP_OK;
}

/* `S(1) / 2`, `S(-1)`: what begins with a number is no text that could be code. */
void sp_facts_number(struct sp_facts *f)
{
    const struct facts_level *level = f->now;
    bool is_first = f->last.op == '(' || f->last.op == '-';
    if (is_first && f->level > 0 && level->kind == BRACKET_CALL && level->arg == 0) {
        f->calls[level->call].is_number = true;
    }
}

/* Literals, the parts of f-strings, magics. */
enum sp_err sp_facts_operand(struct sp_facts *f)
{
    enum sp_token_kind kind = (enum sp_token_kind)f->token.kind;
    bool is_operand = kind != SP_TOKEN_MAGIC && kind != SP_TOKEN_FSTRING_START;
    if (kind != SP_TOKEN_STRING || (f->open & OPEN_CHAIN) != 0) {
        SP_TRY(sp_facts_end(f, 0));
    }
    if (kind == SP_TOKEN_STRING) {
        SP_TRY(sp_facts_const_string(f));
    } else if (kind == SP_TOKEN_NUMBER) {
        sp_facts_number(f);
    } else if (kind == SP_TOKEN_FSTRING_MIDDLE) {
        SP_TRY(sp_facts_const_text(f));
    } else if (kind == SP_TOKEN_MAGIC) {
        SP_TRY(on_magic(f));
    } else if (kind == SP_TOKEN_FSTRING_START && sp_facts_begins_argument(f)) {
        sp_facts_argument_begin(f);
    }
    f->last = (struct facts_last){.flags = is_operand ? LAST_OPERAND : 0};
    return SP_OK;
}

/* ---- the pass ---- */

static void start(struct sp_facts *f, struct sp_slice source)
{
    sp_facts_empty(f, source.len);
    f->fold_count = 0;
    f->folded_bytes = 0;
    f->is_lost = false;
    f->open = 0;
    f->level = 0;
    f->now = &f->levels[0];
    f->now->is_pattern = true;
    f->depth_most = 0;
    f->indents = 0;
    f->last = (struct facts_last){.flags = LAST_STATEMENT};
    f->keyword_open = SP_FACTS_NONE;
    sp_facts_statement(f);
}

typedef enum sp_err walker(struct sp_facts *f);

static enum sp_err scan(struct sp_facts *f, struct sp_slice source, enum sp_python_family family,
                        enum sp_python_mode mode, walker *walk)
{
    start(f, source);
    if (source.len > f->source_max) {
        return SP_ERR_TOO_BIG;
    }
    sp_lexer_init(&f->lx, source, family, mode);
    sp_syntax_start(&f->syntax, &f->lx);
    f->syntax.token = &f->token;
    SP_TRY(sp_facts_symbols_start(f));
    f->names_left = FACTS_NAMES_MAX;
    f->fold_left = FACTS_FOLDED_MAX + 4 * (uint32_t)source.len;
    SP_TRY(walk(f));
    SP_TRY(sp_facts_fold_all(f));
    sp_facts_settle(f);
    return SP_OK;
}

enum sp_err sp_facts_scan(struct sp_facts *f, struct sp_slice source, enum sp_python_family family,
                          enum sp_python_mode mode)
{
    return scan(f, source, family, mode, sp_facts_walk);
}

enum sp_err sp_facts_scan_closely(struct sp_facts *f, struct sp_slice source,
                                  enum sp_python_family family, enum sp_python_mode mode)
{
    return scan(f, source, family, mode, sp_facts_walk_closely);
}
