/*
 * The walk over a source: the lexer, the grammar and the facts take each token together, so that what one found out about
 * it the others need not ask again. For each token that is frequent there is a short way; every other one, and whatever
 * is odd about these, goes through walk_closely, which asks the three one after another. Both find the same facts.
 */
#include "base/num.h"
#include "python/facts_step.h"
#include "python/lexer_step.h"
#include "python/syntax_walk.h"

/* ---- names ---- */

/* A name of the program, which is the current token. */
static inline enum sp_err take_symbol(struct sp_facts *f, uint32_t symbol)
{
    if ((f->open & OPEN_DOT) != 0) {
        SP_TRY(sp_facts_chain_attribute(f, symbol));
    } else {
        SP_TRY(sp_facts_end(f, 0));
        SP_TRY(sp_facts_chain_name(f, symbol));
    }
    f->last = (struct facts_last){.flags = LAST_OPERAND};
    return SP_OK;
}

static enum sp_err on_name(struct sp_facts *f)
{
    const struct sp_py_token *token = &f->token;
    uint32_t symbol = 0;
    int32_t found = 0;
    if ((token->flags & SP_TOKEN_NONASCII) != 0 || f->lx.len - token->start < 8) {
        SP_TRY(sp_facts_intern(f, token, &symbol));
        return take_symbol(f, symbol);
    }
    SP_TRY(sp_facts_find(f, token->start, token->end - token->start, &found));
    return take_symbol(f, (uint32_t)found);
}

/* ---- brackets and other operators ---- */

static enum sp_err open_call(struct sp_facts *f, struct facts_level *level, uint32_t callee)
{
    if (f->call_count == f->call_max) {
        SP_TRY(sp_facts_more(f, FACTS_CALLS, 1));
    }
    level->call = f->call_count;
    f->calls[f->call_count] = (struct sp_call){.callee = callee,
                                               .arg0_ref = SP_FACTS_NONE,
                                               .arg0 = SP_FACTS_NONE,
                                               .arg1 = SP_FACTS_NONE,
                                               .arg1_ref = SP_FACTS_NONE};
    f->call_count++;
    return SP_OK;
}

/* What the bracket opens that is the current token. */
static uint8_t kind_of(uint8_t op, bool is_behind_operand)
{
    if (op == '(') {
        return is_behind_operand ? BRACKET_CALL : BRACKET_GROUP;
    }
    if (op == '{') {
        return BRACKET_DICT;
    }
    return is_behind_operand ? BRACKET_INDEX : BRACKET_LIST;
}

/* What was used inside brackets was used around them, too. */
static void note_used(struct facts_level *level, uint32_t from, uint32_t to)
{
    if (to - from > level->used_to - level->used_from) {
        level->used_from = from;
        level->used_to = to;
    }
}

/* `(x or os).system`: what stands in the parentheses is used in a way that is not followed. Groups in groups would be
   looked at again and again: the greatest part that was looked at is remembered at each depth. */
static void use_group(struct sp_facts *f)
{
    const struct facts_level *inside = f->now + 1; /* as the bracket left it */
    uint32_t i = f->closed.group;
    while (i < f->ref_count) {
        struct sp_ref *ref = &f->refs[i];
        bool is_known = i == inside->used_from && i < inside->used_to;
        if (!is_known && (ref->flags & (SP_REF_CALLED | SP_REF_INDEXED)) == 0) {
            ref->flags |= SP_REF_ESCAPES;
        }
        i = is_known ? inside->used_to : i + 1;
    }
    note_used(f->now, f->closed.group, f->ref_count);
}

/* A dot or a bracket goes on with what stands before it. */
static inline void go_on(struct sp_facts *f)
{
    if (f->last.op == ')' && f->closed.group != SP_FACTS_NONE) {
        use_group(f);
    }
}

static inline enum sp_err on_open(struct sp_facts *f, uint8_t op)
{
    uint32_t ref = (f->open & OPEN_CHAIN) != 0 ? f->ref_count : SP_FACTS_NONE;
    uint8_t kind = kind_of(op, (f->last.flags & LAST_OPERAND) != 0);
    if (op != '{') {
        go_on(f);
    }
    SP_TRY(sp_facts_end(f, op));
    if (op == '(' && kind == BRACKET_GROUP && sp_facts_begins_argument(f)) {
        sp_facts_argument_begin(f);
    }
    /* The lexer allows no more brackets than there are levels. */
    f->level++;
    f->now++;
    f->statement.has_bracket = true;
    f->statement.binds_next = false;
    f->depth_most = (uint32_t)sp_size_max(f->depth_most, f->level);
    struct facts_level *level = f->now;
    sp_facts_clear(level);
    level->first_ref = f->ref_count;
    level->kind = kind;
    if (op == '(') {
        level->is_params = f->statement.expects_params;
        f->statement.expects_params = false;
    }
    sp_facts_level_around(f);
    bool is_call = kind == BRACKET_CALL;
    f->last = (struct facts_last){.op = op, .flags = is_call ? LAST_ARGUMENT : 0};
    return is_call ? open_call(f, level, ref) : SP_OK;
}

/* getattr(os, 'path') does not hand the module on: it is read as os.path. */
void sp_facts_forgive_getter(struct sp_facts *f, const struct sp_call *call)
{
    if (call->arg0_ref == SP_FACTS_NONE || call->arg1 == SP_FACTS_NONE ||
        call->callee == SP_FACTS_NONE) {
        return;
    }
    const struct sp_ref *callee = &f->refs[call->callee];
    if (!sp_facts_is_lone(callee)) {
        return;
    }
    struct sp_slice name = sp_facts_symbol(f, callee->path_at);
    if (sp_slice_is(name, "getattr") || sp_slice_is(name, "hasattr")) {
        f->refs[call->arg0_ref].flags &= (uint8_t)~SP_REF_ESCAPES;
    }
}

/* Behind a call with a constant the result may be a module: it is followed like a name. */
static enum sp_err close_call(struct sp_facts *f, const struct facts_level *level)
{
    struct sp_call *call = &f->calls[level->call];
    call->has_args = f->last.op != '(';
    size_t arg_count = (size_t)level->arg + (f->last.op == ',' ? 0 : 1);
    call->arg_count = call->has_args ? (uint16_t)sp_size_min(arg_count, UINT16_MAX) : 0;
    bool is_known = call->arg0 != SP_FACTS_NONE || call->arg1 != SP_FACTS_NONE || call->may_fold;
    if (!is_known) {
        return SP_OK;
    }
    sp_facts_forgive_getter(f, call);
    return sp_facts_chain_result(f);
}

static inline enum sp_err on_close(struct sp_facts *f, uint8_t op)
{
    SP_TRY(sp_facts_end(f, op));
    const struct facts_level *level = f->now;
    sp_facts_argument_end(f);
    bool is_call = level->kind == BRACKET_CALL;
    f->closed.call = is_call ? level->call : SP_FACTS_NONE;
    f->closed.group = level->kind == BRACKET_GROUP ? level->first_ref : SP_FACTS_NONE;
    f->level--;
    f->now--;
    if (level->used_to != 0) {
        note_used(f->now, level->used_from, level->used_to);
    }
    SP_TRY(is_call ? close_call(f, level) : SP_OK);
    f->last = (struct facts_last){.op = op, .flags = LAST_OPERAND};
    return SP_OK;
}

static inline enum sp_err on_comma(struct sp_facts *f)
{
    SP_TRY(sp_facts_end(f, ','));
    struct facts_level *level = f->now;
    sp_facts_argument_end(f);
    level->arg++;
    f->last = (struct facts_last){.op = ','};
    if (f->level == 0) {
        level->has_comma = level->target_count > 0;
        return SP_OK;
    }
    level->has_comma = true;
    if (!level->is_lambda_head) {
        level->has_lambda = false;
    }
    level->target_count = 0;
    level->is_lost = false;
    f->last.flags = level->kind == BRACKET_CALL ? LAST_ARGUMENT : 0;
    return SP_OK;
}

/* True when a statement begins behind it. */
static bool begins_body(struct sp_facts *f)
{
    struct facts_level *level = f->now;
    f->statement.binds_next = false;
    if (level->is_lambda_head) {
        level->is_lambda_head = false;
        level->has_lambda = true;
        return false;
    }
    if (f->level == 0 && f->statement.is_compound) {
        sp_facts_statement(f);
        return true;
    }
    f->statement.in_annotation = f->statement.in_annotation || f->level == 0;
    return false;
}

static inline enum sp_err on_colon(struct sp_facts *f)
{
    SP_TRY(sp_facts_end(f, ':'));
    unsigned flags = begins_body(f) ? LAST_STATEMENT : f->last.flags & LAST_STATEMENT;
    f->last = (struct facts_last){.op = ':', .flags = (uint16_t)flags};
    return SP_OK;
}

/* = or := */
static inline enum sp_err on_equal(struct sp_facts *f, uint8_t op)
{
    uint32_t ref = (f->open & OPEN_CHAIN) != 0 ? f->ref_count : SP_FACTS_NONE;
    SP_TRY(sp_facts_end(f, op));
    SP_TRY(sp_facts_assign(f, ref));
    f->last = (struct facts_last){.op = op};
    return SP_OK;
}

/* * or ** */
static enum sp_err on_star(struct sp_facts *f, uint8_t op)
{
    SP_TRY(sp_facts_end(f, op));
    f->is_prefix = (f->last.flags & LAST_OPERAND) == 0;
    f->statement.has_star = f->statement.has_star || (f->is_prefix && op == '*');
    f->last = (struct facts_last){.op = op};
    return SP_OK;
}

/* A dot; behind what has attributes, another one follows. */
static inline enum sp_err on_dot(struct sp_facts *f)
{
    bool is_behind_operand = (f->open & OPEN_CHAIN) != 0 || (f->last.flags & LAST_OPERAND) != 0;
    go_on(f);
    if ((f->open & OPEN_CHAIN) == 0) {
        SP_TRY(sp_facts_end(f, '.'));
    }
    if (is_behind_operand) {
        SP_TRY(sp_facts_chain_dot(f));
    }
    f->last = (struct facts_last){.op = '.'};
    return SP_OK;
}

/* A + behind a constant, which may go on. */
static bool joins_constant(struct sp_facts *f)
{
    if ((f->open & OPEN_CONST) == 0 || f->constant.is_joined) {
        return false;
    }
    f->constant.is_joined = true;
    f->last = (struct facts_last){.op = '+'};
    return true;
}

/* An operator that means nothing but the end of what stands before it, and semicolons. */
static enum sp_err on_mark(struct sp_facts *f, uint8_t op)
{
    SP_TRY(sp_facts_end(f, op));
    f->last = (struct facts_last){.op = op, .flags = op == ';' ? LAST_STATEMENT : 0};
    if (op == ';') {
        sp_facts_statement(f);
    }
    return SP_OK;
}

enum sp_err sp_facts_operator(struct sp_facts *f, uint8_t op)
{
    switch (op) {
    case '(':
    case '[':
    case '{':
        return on_open(f, op);
    case ')':
    case ']':
    case '}':
        return on_close(f, op);
    case '.':
        return on_dot(f);
    case ',':
        return on_comma(f);
    case ':':
        return on_colon(f);
    case '=':
    case SP_OP_WALRUS:
        return on_equal(f, op);
    case '*':
    case SP_OP_POWER:
        return on_star(f, op);
    case '+':
        return joins_constant(f) ? SP_OK : on_mark(f, op);
    default:
        return on_mark(f, op);
    }
}

/* ---- one token, looked at closely ---- */

enum sp_err sp_facts_next(struct sp_facts *f)
{
    SP_TRY(sp_lexer_next(&f->lx, &f->token));
    return f->lx.mode == SP_PYTHON_FRAGMENT ? SP_OK : sp_syntax_take(&f->syntax, &f->token);
}

/* Tokens that are neither operators nor names of the program. */
static enum sp_err on_other(struct sp_facts *f)
{
    if (f->token.kind == SP_TOKEN_NAME) {
        return sp_facts_keyword(f);
    }
    return f->token.kind <= SP_TOKEN_DEDENT ? sp_facts_line(f) : sp_facts_operand(f);
}

/* A token of any kind, each part by itself: what is rare, and what quick steps leave. */
static SP_NOINLINE enum sp_err walk_closely(struct sp_facts *f)
{
    SP_TRY(sp_facts_next(f));
    if (f->token.kind == SP_TOKEN_OP) {
        return sp_facts_operator(f, f->token.op);
    }
    bool is_name = f->token.kind == SP_TOKEN_NAME && f->token.op == SP_WORD_PLAIN;
    return is_name ? on_name(f) : on_other(f);
}

/* The grammar's part, when its quick step has not taken the token. */
static inline enum sp_err parse(struct sp_facts *f, bool is_taken)
{
    return is_taken ? SP_OK : sp_syntax_take(&f->syntax, &f->token);
}

/* A reserved word, whose token was given as a name. */
static SP_NOINLINE enum sp_err walk_word(struct sp_facts *f, int32_t symbol)
{
    f->token.op = (uint8_t)FACTS_WORD(symbol);
    f->lx.last_op = f->token.op;
    SP_TRY(sp_syntax_take(&f->syntax, &f->token));
    return sp_facts_keyword(f);
}

static inline enum sp_err walk_name(struct sp_facts *f, uint32_t at)
{
    int32_t symbol = 0;
    if (!sp_lex_step_name(&f->lx, at, &f->token)) {
        return walk_closely(f);
    }
    SP_TRY(sp_facts_find(f, at, f->token.end - at, &symbol));
    if (symbol < 0) {
        return walk_word(f, symbol);
    }
    SP_TRY(parse(f, syntax_walk_name(&f->syntax)));
    return take_symbol(f, (uint32_t)symbol);
}

static inline enum sp_err walk_number(struct sp_facts *f, uint32_t at)
{
    if (!sp_lex_step_number(&f->lx, at, &f->token)) {
        return walk_closely(f);
    }
    SP_TRY(parse(f, syntax_walk_number(&f->syntax)));
    SP_TRY(sp_facts_end(f, 0));
    sp_facts_number(f);
    f->last = (struct facts_last){.flags = LAST_OPERAND};
    return SP_OK;
}

static inline enum sp_err walk_string(struct sp_facts *f, uint32_t at)
{
    if (!sp_lex_step_string(&f->lx, at, &f->token)) {
        return walk_closely(f);
    }
    SP_TRY(parse(f, syntax_walk_string(&f->syntax)));
    return sp_facts_operand(f);
}

/* A dot with the name behind it. */
static inline enum sp_err walk_attribute(struct sp_facts *f, uint32_t at)
{
    int32_t symbol = 0;
    uint32_t len = sp_lex_measure_attribute(&f->lx, at);
    if (len == 0 || !syntax_walk_may_have_attribute(&f->syntax)) {
        return walk_closely(f);
    }
    SP_TRY(sp_facts_find(f, at + 1, len, &symbol));
    if (symbol < 0) {
        return walk_closely(f); /* a reserved word is none */
    }
    if ((f->open & OPEN_CHAIN) == 0) {
        (void)sp_lex_step(&f->lx, at, 1, SP_TOKEN_OP, '.', &f->token);
        SP_TRY(on_dot(f));
    }
    (void)sp_lex_step(&f->lx, at + 1, len, SP_TOKEN_NAME, SP_WORD_PLAIN, &f->token);
    (void)syntax_step_attribute(f->syntax.top);
    SP_TRY(sp_facts_chain_attribute(f, (uint32_t)symbol));
    f->last = (struct facts_last){.flags = LAST_OPERAND};
    return SP_OK;
}

static inline enum sp_err walk_comma(struct sp_facts *f, uint32_t at)
{
    (void)sp_lex_step_mark(&f->lx, at, ',', &f->token);
    SP_TRY(parse(f, syntax_walk_comma(&f->syntax)));
    return on_comma(f);
}

static inline enum sp_err walk_colon(struct sp_facts *f, uint32_t at)
{
    if (!sp_lex_step_mark(&f->lx, at, ':', &f->token)) {
        return walk_closely(f);
    }
    SP_TRY(parse(f, syntax_walk_colon(&f->syntax)));
    return on_colon(f);
}

static inline enum sp_err walk_equal(struct sp_facts *f, uint32_t at)
{
    if (!sp_lex_step_mark(&f->lx, at, '=', &f->token)) {
        return walk_closely(f);
    }
    SP_TRY(parse(f, syntax_walk_equal(&f->syntax)));
    return on_equal(f, '=');
}

static inline enum sp_err walk_open(struct sp_facts *f, uint32_t at)
{
    uint8_t op = f->lx.ptr[at];
    if (op == '{' || !sp_lex_step_open(&f->lx, at, op, &f->token)) {
        return walk_closely(f);
    }
    SP_TRY(parse(f, syntax_walk_open(&f->syntax, op == '(' ? CLASS_LPAR : CLASS_LSQB)));
    return on_open(f, op);
}

static inline enum sp_err walk_close(struct sp_facts *f, uint32_t at)
{
    uint8_t op = f->lx.ptr[at];
    if (op == '}' || !sp_lex_step_close(&f->lx, at, op, &f->token)) {
        return walk_closely(f);
    }
    SP_TRY(parse(f, syntax_walk_close(&f->syntax, op == ')' ? CLASS_RPAR : CLASS_RSQB)));
    return on_close(f, op);
}

/* Comments and spaces between two tokens, in brackets line ends. */
static inline enum sp_err walk_gap(struct sp_facts *f)
{
    return sp_lex_skip_gap(&f->lx) ? SP_OK : walk_closely(f);
}

/* A line end: outside of brackets it ends a logical line, and the next one's indentation follows. */
static inline enum sp_err walk_line(struct sp_facts *f, uint32_t at)
{
    if (!sp_lex_step_line(&f->lx, at, &f->token)) {
        return walk_gap(f);
    }
    SP_TRY(parse(f, syntax_walk_line(&f->syntax)));
    SP_TRY(sp_facts_line(f));
    while (sp_lex_begin(&f->lx, &f->token) == LEX_BEGIN_LAYOUT) {
        SP_TRY(parse(f, syntax_walk_layout(&f->syntax, f->token.kind == SP_TOKEN_INDENT)));
        sp_facts_layout(f);
    }
    return SP_OK;
}

/* Lexer, grammar and facts take each token together: what one found out about it the others need not ask again. */
static enum sp_err walk(struct sp_facts *f)
{
    for (;;) {
        uint32_t at = 0;
        enum sp_err err = SP_OK;
        switch (sp_lex_ahead(&f->lx, &at)) {
        case LEX_AHEAD_NAME:
            err = walk_name(f, at);
            break;
        case LEX_AHEAD_NUMBER:
            err = walk_number(f, at);
            break;
        case LEX_AHEAD_STRING:
            err = walk_string(f, at);
            break;
        case LEX_AHEAD_DOT:
            err = walk_attribute(f, at);
            break;
        case LEX_AHEAD_COMMA:
            err = walk_comma(f, at);
            break;
        case LEX_AHEAD_COLON:
            err = walk_colon(f, at);
            break;
        case LEX_AHEAD_EQUAL:
            err = walk_equal(f, at);
            break;
        case LEX_AHEAD_OPEN:
            err = walk_open(f, at);
            break;
        case LEX_AHEAD_CLOSE:
            err = walk_close(f, at);
            break;
        case LEX_AHEAD_LINE:
            err = walk_line(f, at);
            break;
        case LEX_AHEAD_BLANK:
            err = walk_gap(f);
            break;
        case LEX_AHEAD_OP:
        case LEX_AHEAD_ODD:
        case LEX_AHEAD_NEVER:
            err = walk_closely(f);
            if (f->token.kind == SP_TOKEN_END) {
                return err;
            }
            break;
        }
        if (err != SP_OK) {
            return err;
        }
    }
}

enum sp_err sp_facts_walk_closely(struct sp_facts *f)
{
    do {
        SP_TRY(walk_closely(f));
    } while (f->token.kind != SP_TOKEN_END);
    return SP_OK;
}

enum sp_err sp_facts_walk(struct sp_facts *f)
{
    /* What only resembles Python has no grammar. */
    return f->lx.mode == SP_PYTHON_FRAGMENT ? sp_facts_walk_closely(f) : walk(f);
}
