#include "python/facts.h"

#include "base/clock.h"
#include "base/num.h"
#include "python/facts_inner.h"

struct sp_span sp_facts_span(const struct sp_py_token *token)
{
    return (struct sp_span){.start = token->start,
                            .end = token->end,
                            .line = token->line,
                            .line_start = token->line_start};
}

enum sp_err sp_facts_next(struct sp_facts *f)
{
    SP_TRY(sp_lexer_next(&f->lx, &f->token));
    return f->lx.mode == SP_PYTHON_FRAGMENT ? SP_OK : sp_syntax_take(&f->syntax, &f->token);
}

/* ---- statements ---- */

static void clear_level(struct sp_facts *f, uint32_t depth)
{
    struct facts_level *level = &f->levels[depth];
    level->is_params = false;
    level->has_lambda = false;
    level->is_lambda_head = false;
    level->has_comma = false;
    level->is_lost = false;
    level->may_fold = false;
    level->call = SP_FACTS_NONE;
    level->arg = 0;
    level->target_count = 0;
    level->group_least = 0;
}

static void start_statement(struct sp_facts *f)
{
    clear_level(f, 0);
    f->names_now_count = 0;
    f->has_star = false;
    f->in_annotation = false;
    f->is_compound = false;
    f->hands_out = false;
    f->at_statement = true;
    f->binds_next = false;
    f->for_open = false;
    f->is_for_in = false;
    f->has_bracket = false;
    f->is_case = false;
    f->statement_ref = f->ref_count;
    f->expects_params = false;
}

/* ---- names and keywords ---- */

static bool opens_block(uint32_t keyword)
{
    switch (keyword) {
    case SP_WORD_IF:
    case SP_WORD_ELIF:
    case SP_WORD_ELSE:
    case SP_WORD_WHILE:
    case SP_WORD_FOR:
    case SP_WORD_WITH:
    case SP_WORD_TRY:
    case SP_WORD_EXCEPT:
    case SP_WORD_FINALLY:
    case SP_WORD_DEF:
    case SP_WORD_CLASS:
    case SP_WORD_ASYNC:
        return true;
    default:
        return false;
    }
}

static bool hands_out(uint32_t keyword)
{
    return keyword == SP_WORD_RETURN || keyword == SP_WORD_YIELD || keyword == SP_WORD_FOR ||
           keyword == SP_WORD_WITH || keyword == SP_WORD_RAISE;
}

/* `allow_pickle=True`: the value of a keyword argument, where it is plain. */
static void note_keyword_value(struct sp_facts *f, uint32_t keyword)
{
    if (f->keyword_open == SP_FACTS_NONE || f->last_kind != SP_TOKEN_OP || f->last_op != '=') {
        return;
    }
    enum sp_keyword_value value = SP_KEYWORD_OTHER;
    if (keyword == SP_WORD_TRUE) {
        value = SP_KEYWORD_TRUE;
    } else if (keyword == SP_WORD_FALSE || keyword == SP_WORD_NONE) {
        value = SP_KEYWORD_FALSE;
    }
    f->keywords[f->keyword_open].value = value;
}

static void note_lambda(struct sp_facts *f)
{
    struct facts_level *level = &f->levels[f->level];
    bool begins = f->last_kind == SP_TOKEN_OP && f->last_op == '(';
    level->is_lambda_head = true;
    if (level->kind == LEVEL_CALL && level->arg == 0 && begins && f->level > 0) {
        f->calls[level->call].is_lambda = true;
    }
}

/* Keywords behind which names are bound, up to the next mark that ends it. */
static void note_binding(struct sp_facts *f, uint32_t keyword)
{
    switch (keyword) {
    case SP_WORD_DEF:
    case SP_WORD_CLASS:
    case SP_WORD_FOR:
    case SP_WORD_AS:
    case SP_WORD_GLOBAL:
        f->binds_next = true;
        break;
    case SP_WORD_IN:
        f->binds_next = false;
        f->is_for_in = f->for_open;
        f->for_open = false;
        break;
    default:
        break;
    }
}

static void note_keyword(struct sp_facts *f, uint32_t keyword)
{
    if (f->at_statement) {
        f->is_compound = opens_block(keyword);
    }
    f->hands_out = f->hands_out || hands_out(keyword);
    if (keyword == SP_WORD_LAMBDA) {
        note_lambda(f);
    }
    note_binding(f, keyword);
    f->for_open = f->for_open || keyword == SP_WORD_FOR;
    f->expects_params = keyword == SP_WORD_DEF || (f->expects_params && keyword != SP_WORD_CLASS);
    note_keyword_value(f, keyword);
}

/* True in `out` when the keyword began an import, whose tokens are all taken. */
static enum sp_err on_keyword(struct sp_facts *f, uint32_t keyword, bool *out)
{
    bool is_raise_or_yield = f->last_is_operand || f->last_keyword == SP_WORD_YIELD;
    *out = keyword == SP_WORD_IMPORT || (keyword == SP_WORD_FROM && !is_raise_or_yield);
    if (*out) {
        f->at_statement = false;
        return keyword == SP_WORD_IMPORT ? sp_facts_import(f) : sp_facts_import_from(f);
    }
    note_keyword(f, keyword);
    return SP_OK;
}

static enum sp_err on_name(struct sp_facts *f, bool *out_taken)
{
    uint32_t symbol = 0;
    uint32_t keyword = f->token.op;
    bool is_plain = keyword == SP_WORD_PLAIN;
    if (!is_plain || !f->chain.is_open || !f->chain.has_dot) {
        SP_TRY(sp_facts_chain_end(f));
        SP_TRY(sp_facts_const_end(f));
    }
    if (is_plain) {
        SP_TRY(sp_facts_intern(f, &f->token, &symbol));
        SP_TRY(sp_facts_chain_name(f, symbol));
    } else {
        SP_TRY(on_keyword(f, keyword, out_taken));
    }
    f->last_keyword = keyword;
    f->last_is_operand =
        is_plain || keyword == SP_WORD_NONE || keyword == SP_WORD_TRUE || keyword == SP_WORD_FALSE;
    return SP_OK;
}

/* ---- brackets and other operators ---- */

static enum sp_err open_call(struct sp_facts *f, struct facts_level *level, uint32_t callee)
{
    if (f->call_count == f->call_max) {
        return SP_ERR_FULL;
    }
    level->kind = LEVEL_CALL;
    level->call = f->call_count;
    f->calls[f->call_count] = (struct sp_call){.callee = callee,
                                               .arg0_ref = SP_FACTS_NONE,
                                               .arg0 = SP_FACTS_NONE,
                                               .arg1 = SP_FACTS_NONE,
                                               .arg1_ref = SP_FACTS_NONE};
    f->call_count++;
    return SP_OK;
}

static enum sp_err on_open(struct sp_facts *f, uint32_t ref)
{
    if (f->token.op == '(' && !f->last_is_operand && sp_facts_begins_argument(f)) {
        sp_facts_argument_begin(f);
    }
    /* The lexer allows no more brackets than there are levels. */
    f->level++;
    f->has_bracket = true;
    f->depth_most = (uint32_t)sp_size_max(f->depth_most, f->level);
    clear_level(f, f->level);
    struct facts_level *level = &f->levels[f->level];
    level->first_ref = f->ref_count;
    f->binds_next = false;
    if (f->token.op == '(') {
        level->kind = LEVEL_GROUP;
        level->is_params = f->expects_params;
        f->expects_params = false;
        if (f->last_is_operand) {
            return open_call(f, level, ref);
        }
        return SP_OK;
    }
    level->kind = f->token.op == '{' ? LEVEL_DICT : f->last_is_operand ? LEVEL_INDEX : LEVEL_LIST;
    return SP_OK;
}

/* getattr(os, 'path') does not hand the module on: it is read as os.path. */
void sp_facts_forgive_getter(struct sp_facts *f, const struct sp_call *call)
{
    if (call->arg0_ref == SP_FACTS_NONE || call->arg1 == SP_FACTS_NONE ||
        call->callee == SP_FACTS_NONE) {
        return;
    }
    const struct sp_ref *callee = &f->refs[call->callee];
    if (callee->root != SP_ROOT_NAME || callee->count != 1) {
        return;
    }
    struct sp_slice name = sp_facts_symbol(f, f->segments[callee->path_at]);
    if (sp_slice_is(name, "getattr") || sp_slice_is(name, "hasattr")) {
        f->refs[call->arg0_ref].flags &= (uint8_t)~SP_REF_ESCAPES;
    }
}

/* Behind a call with a constant the result may be a module: it is followed like a name. */
static void on_close(struct sp_facts *f)
{
    const struct facts_level *level = &f->levels[f->level];
    sp_facts_argument_end(f);
    f->closed_call = level->kind == LEVEL_CALL ? level->call : SP_FACTS_NONE;
    f->closed_group = level->kind == LEVEL_GROUP ? level->first_ref : SP_FACTS_NONE;
    f->level--;
    if (f->closed_call == SP_FACTS_NONE) {
        return;
    }
    struct sp_call *call = &f->calls[f->closed_call];
    call->has_args = f->last_kind != SP_TOKEN_OP || f->last_op != '(';
    call->arg_count = call->has_args
                          ? level->arg + (f->last_kind == SP_TOKEN_OP && f->last_op == ',' ? 0 : 1)
                          : 0;
    sp_facts_forgive_getter(f, call);
    if (call->arg0 != SP_FACTS_NONE || call->arg1 != SP_FACTS_NONE || call->may_fold) {
        f->chain = (struct facts_chain){.is_open = true};
        f->chain.ref = (struct sp_ref){.place = sp_facts_span(&f->token),
                                       .path_at = f->segment_count,
                                       .base = f->closed_call,
                                       .root = SP_ROOT_CALL};
    }
}

static void on_comma(struct sp_facts *f)
{
    struct facts_level *level = &f->levels[f->level];
    sp_facts_argument_end(f);
    level->arg++;
    if (f->level == 0) {
        level->has_comma = level->target_count > 0;
        return;
    }
    level->has_comma = true;
    if (!level->is_lambda_head) {
        level->has_lambda = false;
    }
    level->target_count = 0;
    level->is_lost = false;
}

static void on_colon(struct sp_facts *f)
{
    struct facts_level *level = &f->levels[f->level];
    f->binds_next = false;
    if (level->is_lambda_head) {
        level->is_lambda_head = false;
        level->has_lambda = true;
        return;
    }
    if (f->level == 0 && f->is_compound) {
        start_statement(f);
    } else if (f->level == 0) {
        f->in_annotation = true;
    }
}

static void on_plain_op(struct sp_facts *f, uint32_t ref)
{
    f->is_prefix = !f->last_is_operand;
    switch (f->token.op) {
    case ',':
        on_comma(f);
        break;
    case ':':
        on_colon(f);
        break;
    case ';':
        start_statement(f);
        break;
    case '=':
    case SP_OP_WALRUS:
        sp_facts_assign(f, ref);
        break;
    case '*':
        f->has_star = f->has_star || !f->last_is_operand;
        break;
    default:
        break;
    }
}

/* `(x or os).system`: what stands in the parentheses is used in a way that is not followed. */
static void use_group(struct sp_facts *f, uint8_t op)
{
    bool is_use = op == '.' || op == '(' || op == '[';
    for (uint32_t i = f->closed_group; is_use && i < f->ref_count; i++) {
        if ((f->refs[i].flags & (SP_REF_CALLED | SP_REF_INDEXED)) == 0) {
            f->refs[i].flags |= SP_REF_ESCAPES;
        }
    }
}

/* Any operator but a dot behind an operand: it ends the reference and the constant before it. */
static enum sp_err on_ending_op(struct sp_facts *f, uint8_t op)
{
    uint32_t ref = f->chain.is_open ? f->ref_count : SP_FACTS_NONE;
    bool is_close = op == ')' || op == ']' || op == '}';
    SP_TRY(sp_facts_chain_end(f));
    SP_TRY(sp_facts_const_end(f));
    if (op == '(' || op == '[' || op == '{') {
        SP_TRY(on_open(f, ref));
    } else if (is_close) {
        on_close(f);
    } else {
        on_plain_op(f, ref);
    }
    f->last_is_operand = is_close;
    if (op != '=') {
        f->keyword_open = SP_FACTS_NONE;
    }
    return SP_OK;
}

static enum sp_err on_op(struct sp_facts *f)
{
    uint8_t op = f->token.op;
    if (f->closed_group != SP_FACTS_NONE) {
        use_group(f, op);
    }
    if (op == '.' && (f->chain.is_open || f->last_is_operand)) {
        SP_TRY(f->chain.is_open ? SP_OK : sp_facts_const_end(f));
        f->last_is_operand = false;
        return sp_facts_chain_dot(f);
    }
    if (op == '+' && f->constant.is_open && !f->constant.is_joined) {
        f->constant.is_joined = true;
        f->last_is_operand = false;
        return SP_OK;
    }
    return on_ending_op(f, op);
}

/* ---- the pass ---- */

static enum sp_err on_line(struct sp_facts *f)
{
    SP_TRY(sp_facts_chain_end(f));
    SP_TRY(sp_facts_const_end(f));
    if (f->token.kind == SP_TOKEN_INDENT) {
        f->indents++;
        f->depth_most = (uint32_t)sp_size_max(f->depth_most, f->indents);
    } else if (f->token.kind == SP_TOKEN_DEDENT && f->indents > 0) {
        f->indents--;
    }
    start_statement(f);
    f->last_is_operand = false;
    return SP_OK;
}

static enum sp_err on_magic(struct sp_facts *f)
{
    if (f->magic_count == f->magic_max) {
        return SP_ERR_FULL;
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
static void note_number(struct sp_facts *f)
{
    const struct facts_level *level = &f->levels[f->level];
    bool is_first = f->last_kind == SP_TOKEN_OP && (f->last_op == '(' || f->last_op == '-');
    if (f->level > 0 && level->kind == LEVEL_CALL && level->arg == 0 && is_first) {
        f->calls[level->call].is_number = true;
    }
}

/* Literals, the parts of f-strings, magics. */
static enum sp_err on_operand(struct sp_facts *f)
{
    SP_TRY(sp_facts_chain_end(f));
    if (f->token.kind == SP_TOKEN_NUMBER) {
        note_number(f);
    }
    f->last_is_operand = true;
    if (f->token.kind == SP_TOKEN_STRING) {
        return sp_facts_const_string(f);
    }
    SP_TRY(sp_facts_const_end(f));
    if (f->token.kind == SP_TOKEN_FSTRING_MIDDLE) {
        return sp_facts_const_text(f);
    }
    if (f->token.kind == SP_TOKEN_MAGIC) {
        f->last_is_operand = false;
        return on_magic(f);
    }
    bool is_start = f->token.kind == SP_TOKEN_FSTRING_START;
    if (is_start && sp_facts_begins_argument(f)) {
        sp_facts_argument_begin(f);
    }
    f->last_is_operand = !is_start;
    return SP_OK;
}

static enum sp_err on_kind(struct sp_facts *f, bool *out_taken)
{
    switch ((enum sp_token_kind)f->token.kind) {
    case SP_TOKEN_NAME:
        return on_name(f, out_taken);
    case SP_TOKEN_OP:
        f->last_keyword = SP_WORD_PLAIN;
        return on_op(f);
    case SP_TOKEN_END:
    case SP_TOKEN_NEWLINE:
    case SP_TOKEN_INDENT:
    case SP_TOKEN_DEDENT:
        f->last_keyword = SP_WORD_PLAIN;
        return on_line(f);
    case SP_TOKEN_NUMBER:
    case SP_TOKEN_STRING:
    case SP_TOKEN_FSTRING_START:
    case SP_TOKEN_FSTRING_MIDDLE:
    case SP_TOKEN_FSTRING_END:
    case SP_TOKEN_MAGIC:
        f->last_keyword = SP_WORD_PLAIN;
        return on_operand(f);
    }
    return SP_ERR_INVALID;
}

/* An import takes tokens of its own: what is remembered is the one it began with. */
static enum sp_err on_token(struct sp_facts *f, bool *out_taken)
{
    uint8_t kind = f->token.kind;
    uint8_t op = f->token.op;
    *out_taken = false;
    SP_TRY(on_kind(f, out_taken));
    if (kind != SP_TOKEN_OP || op != ')') {
        f->closed_call = SP_FACTS_NONE;
        f->closed_group = SP_FACTS_NONE;
    }
    if (f->at_statement && kind >= SP_TOKEN_NAME) {
        f->at_statement = kind == SP_TOKEN_OP && (op == ';' || op == ':');
    }
    f->last_kind = kind;
    f->last_op = op;
    return SP_OK;
}

static enum sp_err run(struct sp_facts *f)
{
    bool taken = false;
    for (;;) {
        if (!taken) {
            SP_TRY(sp_facts_next(f));
        }
        SP_TRY(on_token(f, &taken));
        if (f->token.kind == SP_TOKEN_END && !taken) {
            return SP_OK;
        }
    }
}

enum sp_err sp_facts_scan(struct sp_facts *f, struct sp_slice source, enum sp_python_family family,
                          enum sp_python_mode mode)
{
    f->segment_count = 0;
    f->ref_count = 0;
    f->import_count = 0;
    f->call_count = 0;
    f->keyword_count = 0;
    f->const_count = 0;
    f->magic_count = 0;
    f->binding_count = 0;
    f->meaning_count = 0;
    f->text_bytes = 0;
    f->fold_count = 0;
    f->folded_bytes = 0;
    f->is_lost = false;
    f->chain.is_open = false;
    f->constant.is_open = false;
    f->level = 0;
    f->depth_most = 0;
    f->indents = 0;
    f->last_kind = SP_TOKEN_NEWLINE;
    f->last_op = 0;
    f->last_keyword = SP_WORD_PLAIN;
    f->last_is_operand = false;
    f->closed_call = SP_FACTS_NONE;
    f->closed_group = SP_FACTS_NONE;
    f->keyword_open = SP_FACTS_NONE;
    start_statement(f);
    if (source.len > f->source_max) {
        return SP_ERR_TOO_BIG;
    }
    sp_lexer_init(&f->lx, source, family, mode);
    sp_syntax_start(&f->syntax, &f->lx);
    sp_facts_symbols_start(f);
    f->names_left = FACTS_NAMES_MAX;
    f->fold_left = FACTS_FOLDED_MAX + 4 * (uint32_t)source.len;
    SP_TRY(run(f));
    SP_TRY(sp_facts_fold_all(f));
    sp_facts_settle(f);
    return SP_OK;
}
