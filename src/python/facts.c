#include "python/facts.h"

#include "base/clock.h"
#include "base/num.h"
#include "python/facts_step.h"

static inline enum sp_err next(struct sp_facts *f)
{
    SP_TRY(sp_lexer_next(&f->lx, &f->token));
    return f->lx.mode == SP_PYTHON_FRAGMENT ? SP_OK : sp_syntax_take(&f->syntax, &f->token);
}

enum sp_err sp_facts_next(struct sp_facts *f)
{
    return next(f);
}

/* ---- statements ---- */

static void clear_level(struct facts_level *level)
{
    level->is_params = false;
    level->is_lambda_head = false;
    level->has_lambda = false;
    level->has_comma = false;
    level->is_lost = false;
    level->may_fold = false;
    level->call = SP_FACTS_NONE;
    level->arg = 0;
    level->used_from = 0;
    level->used_to = 0;
    level->target_count = 0;
    level->group_least = 0;
}

static void start_statement(struct sp_facts *f)
{
    clear_level(&f->levels[0]);
    f->statement = (struct facts_statement){.name_count = 0};
    f->statement_ref = f->ref_count;
}

/* ---- names and keywords ---- */

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
    if (level->kind == LEVEL_CALL && level->arg == 0 && begins && f->level > 0) {
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

static enum sp_err on_mark(struct sp_facts *f, uint8_t op, uint32_t ref) SP_MUST_CHECK;
static enum sp_err on_line(struct sp_facts *f) SP_MUST_CHECK;

/* Takes all tokens of an import, and the one that ends it. */
static enum sp_err on_import(struct sp_facts *f, uint8_t keyword)
{
    SP_TRY(keyword == SP_WORD_IMPORT ? sp_facts_import(f) : sp_facts_import_from(f));
    f->last = (struct facts_last){.keyword = keyword};
    return f->token.kind == SP_TOKEN_OP ? on_mark(f, f->token.op, SP_FACTS_NONE) : on_line(f);
}

static enum sp_err on_keyword(struct sp_facts *f)
{
    uint8_t keyword = f->token.op;
    bool is_raise_or_yield =
        (f->last.flags & LAST_OPERAND) != 0 || f->last.keyword == SP_WORD_YIELD;
    SP_TRY(sp_facts_end(f));
    if (keyword == SP_WORD_IMPORT || (keyword == SP_WORD_FROM && !is_raise_or_yield)) {
        return on_import(f, keyword);
    }
    note_keyword(f, keyword);
    return SP_OK;
}

/* Behind a name most dots begin an attribute: both tokens are taken in one step. */
static inline enum sp_err take_attributes(struct sp_facts *f)
{
    while (sp_syntax_may_have_attribute(&f->syntax) && sp_lexer_attribute(&f->lx, &f->token)) {
        uint32_t symbol = 0;
        sp_syntax_take_attribute(&f->syntax);
        SP_TRY(sp_facts_find(f, &symbol));
        SP_TRY(sp_facts_chain_attribute(f, symbol));
    }
    return SP_OK;
}

static inline enum sp_err on_name(struct sp_facts *f)
{
    uint32_t symbol = 0;
    SP_TRY(sp_facts_find(f, &symbol));
    if ((f->open & OPEN_DOT) != 0) {
        SP_TRY(sp_facts_chain_attribute(f, symbol));
    } else {
        SP_TRY(sp_facts_end(f));
        SP_TRY(sp_facts_chain_name(f, symbol));
    }
    f->last = (struct facts_last){.flags = LAST_OPERAND};
    return take_attributes(f);
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
        return is_behind_operand ? LEVEL_CALL : LEVEL_GROUP;
    }
    if (op == '{') {
        return LEVEL_DICT;
    }
    return is_behind_operand ? LEVEL_INDEX : LEVEL_LIST;
}

static enum sp_err on_open(struct sp_facts *f, uint8_t op, uint32_t ref)
{
    uint8_t kind = kind_of(op, (f->last.flags & LAST_OPERAND) != 0);
    if (op == '(' && kind == LEVEL_GROUP && sp_facts_begins_argument(f)) {
        sp_facts_argument_begin(f);
    }
    /* The lexer allows no more brackets than there are levels. */
    f->level++;
    f->now++;
    f->statement.has_bracket = true;
    f->statement.binds_next = false;
    f->depth_most = (uint32_t)sp_size_max(f->depth_most, f->level);
    struct facts_level *level = f->now;
    clear_level(level);
    level->first_ref = f->ref_count;
    level->kind = kind;
    if (op == '(') {
        level->is_params = f->statement.expects_params;
        f->statement.expects_params = false;
    }
    sp_facts_level_around(f);
    bool is_call = kind == LEVEL_CALL;
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

/* What was used inside brackets was used around them, too. */
static void note_used(struct facts_level *level, uint32_t from, uint32_t to)
{
    if (to - from > level->used_to - level->used_from) {
        level->used_from = from;
        level->used_to = to;
    }
}

static enum sp_err on_close(struct sp_facts *f, uint8_t op)
{
    const struct facts_level *level = f->now;
    sp_facts_argument_end(f);
    bool is_call = level->kind == LEVEL_CALL;
    f->closed.call = is_call ? level->call : SP_FACTS_NONE;
    f->closed.group = level->kind == LEVEL_GROUP ? level->first_ref : SP_FACTS_NONE;
    f->level--;
    f->now--;
    if (level->used_to != 0) {
        note_used(f->now, level->used_from, level->used_to);
    }
    SP_TRY(is_call ? close_call(f, level) : SP_OK);
    f->last = (struct facts_last){.op = op, .flags = LAST_OPERAND};
    return SP_OK;
}

static void on_comma(struct sp_facts *f)
{
    struct facts_level *level = f->now;
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

/* True when a statement begins behind it. */
static bool on_colon(struct sp_facts *f)
{
    struct facts_level *level = f->now;
    f->statement.binds_next = false;
    if (level->is_lambda_head) {
        level->is_lambda_head = false;
        level->has_lambda = true;
        return false;
    }
    if (f->level == 0 && f->statement.is_compound) {
        start_statement(f);
        return true;
    }
    f->statement.in_annotation = f->statement.in_annotation || f->level == 0;
    return false;
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

/* An operator that neither opens nor closes; the reference and the constant before it have ended. */
static enum sp_err on_mark(struct sp_facts *f, uint8_t op, uint32_t ref)
{
    unsigned flags = 0;
    switch (op) {
    case ',':
        on_comma(f);
        flags = f->now->kind == LEVEL_CALL ? LAST_ARGUMENT : 0;
        break;
    case ':':
        flags = on_colon(f) ? LAST_STATEMENT : f->last.flags & LAST_STATEMENT;
        break;
    case ';':
        start_statement(f);
        flags = LAST_STATEMENT;
        break;
    case '=':
    case SP_OP_WALRUS:
        SP_TRY(sp_facts_assign(f, ref));
        break;
    case '*':
    case SP_OP_POWER:
        f->is_prefix = (f->last.flags & LAST_OPERAND) == 0;
        f->statement.has_star = f->statement.has_star || (f->is_prefix && op == '*');
        break;
    default:
        break;
    }
    f->last = (struct facts_last){.op = op, .flags = (uint16_t)flags};
    return SP_OK;
}

/* A dot behind what has attributes. */
static enum sp_err on_dot(struct sp_facts *f)
{
    if ((f->open & OPEN_CHAIN) == 0) {
        SP_TRY(sp_facts_end(f));
    }
    SP_TRY(sp_facts_chain_dot(f));
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

enum op_class { OP_PLAIN, OP_MARK, OP_OPENS, OP_CLOSES, OP_DOT, OP_PLUS };

static const uint8_t op_classes[256] = {
    ['('] = OP_OPENS,  ['['] = OP_OPENS,        ['{'] = OP_OPENS,         [')'] = OP_CLOSES,
    [']'] = OP_CLOSES, ['}'] = OP_CLOSES,       ['.'] = OP_DOT,           ['+'] = OP_PLUS,
    [','] = OP_MARK,   [':'] = OP_MARK,         [';'] = OP_MARK,          ['='] = OP_MARK,
    ['*'] = OP_MARK,   [SP_OP_POWER] = OP_MARK, [SP_OP_WALRUS] = OP_MARK,
};

static inline enum sp_err on_op(struct sp_facts *f)
{
    uint8_t op = f->token.op;
    enum op_class class = (enum op_class)op_classes[op];
    uint32_t ref = (f->open & OPEN_CHAIN) != 0 ? f->ref_count : SP_FACTS_NONE;
    if (class == OP_CLOSES) {
        SP_TRY(sp_facts_end(f));
        return on_close(f, op);
    }
    bool is_behind_group = f->last.op == ')' && f->closed.group != SP_FACTS_NONE;
    if (is_behind_group && (op == '.' || op == '(' || op == '[')) {
        use_group(f);
    }
    if (class == OP_OPENS) {
        SP_TRY(sp_facts_end(f));
        return on_open(f, op, ref);
    }
    bool is_behind_operand = ref != SP_FACTS_NONE || (f->last.flags & LAST_OPERAND) != 0;
    if (class == OP_DOT && is_behind_operand) {
        return on_dot(f);
    }
    if (class == OP_PLUS && joins_constant(f)) {
        return SP_OK;
    }
    SP_TRY(sp_facts_end(f));
    if (class == OP_MARK) {
        return on_mark(f, op, ref);
    }
    f->last = (struct facts_last){.op = op};
    return SP_OK;
}

/* ---- the pass ---- */

static enum sp_err on_line(struct sp_facts *f)
{
    SP_TRY(sp_facts_end(f));
    if (f->token.kind == SP_TOKEN_INDENT) {
        f->indents++;
        f->depth_most = (uint32_t)sp_size_max(f->depth_most, f->indents);
    } else if (f->token.kind == SP_TOKEN_DEDENT && f->indents > 0) {
        f->indents--;
    }
    if ((f->last.flags & LAST_STATEMENT) == 0) {
        start_statement(f);
    }
    f->last = (struct facts_last){.flags = LAST_STATEMENT};
    return SP_OK;
}

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
static void note_number(struct sp_facts *f)
{
    const struct facts_level *level = f->now;
    bool is_first = f->last.op == '(' || f->last.op == '-';
    if (is_first && f->level > 0 && level->kind == LEVEL_CALL && level->arg == 0) {
        f->calls[level->call].is_number = true;
    }
}

/* Literals, the parts of f-strings, magics. */
static enum sp_err on_operand(struct sp_facts *f)
{
    enum sp_token_kind kind = (enum sp_token_kind)f->token.kind;
    bool is_operand = kind != SP_TOKEN_MAGIC && kind != SP_TOKEN_FSTRING_START;
    if (kind != SP_TOKEN_STRING || (f->open & OPEN_CHAIN) != 0) {
        SP_TRY(sp_facts_end(f));
    }
    if (kind == SP_TOKEN_STRING) {
        SP_TRY(sp_facts_const_string(f));
    } else if (kind == SP_TOKEN_NUMBER) {
        note_number(f);
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

/* Tokens that are neither operators nor names of the program. */
static enum sp_err on_other(struct sp_facts *f)
{
    if (f->token.kind == SP_TOKEN_NAME) {
        return on_keyword(f);
    }
    return f->token.kind <= SP_TOKEN_DEDENT ? on_line(f) : on_operand(f);
}

static enum sp_err run(struct sp_facts *f)
{
    for (;;) {
        SP_TRY(next(f));
        if (f->token.kind == SP_TOKEN_OP) {
            SP_TRY(on_op(f));
        } else if (f->token.kind == SP_TOKEN_NAME && f->token.op == SP_WORD_PLAIN) {
            SP_TRY(on_name(f));
        } else {
            SP_TRY(on_other(f));
            if (f->token.kind == SP_TOKEN_END) {
                return SP_OK;
            }
        }
    }
}

enum sp_err sp_facts_scan(struct sp_facts *f, struct sp_slice source, enum sp_python_family family,
                          enum sp_python_mode mode)
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
    start_statement(f);
    if (source.len > f->source_max) {
        return SP_ERR_TOO_BIG;
    }
    sp_lexer_init(&f->lx, source, family, mode);
    sp_syntax_start(&f->syntax, &f->lx);
    SP_TRY(sp_facts_symbols_start(f));
    f->names_left = FACTS_NAMES_MAX;
    f->fold_left = FACTS_FOLDED_MAX + 4 * (uint32_t)source.len;
    SP_TRY(run(f));
    SP_TRY(sp_facts_fold_all(f));
    sp_facts_settle(f);
    return SP_OK;
}
