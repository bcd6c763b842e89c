#include "python/facts.h"

#include "base/clock.h"
#include "base/num.h"
#include "python/facts_step.h"

enum sp_err sp_facts_next(struct sp_facts *f)
{
    SP_TRY(sp_lexer_next(&f->lx, &f->token));
    return f->lx.mode == SP_PYTHON_FRAGMENT ? SP_OK : sp_syntax_take(&f->syntax, &f->token);
}

/* ---- statements ---- */

static void clear_level(struct facts_level *level)
{
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
    clear_level(&f->levels[0]);
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
    [SP_WORD_IN] = WORD_OTHER,
    [SP_WORD_LAMBDA] = WORD_OTHER,
};

/* `allow_pickle=True`: the value of a keyword argument, where it is plain. */
static void note_keyword_value(struct sp_facts *f, uint32_t keyword)
{
    if (f->keyword_open == SP_FACTS_NONE || f->last.kind != SP_TOKEN_OP || f->last.op != '=') {
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
    struct facts_level *level = f->now;
    bool begins = f->last.kind == SP_TOKEN_OP && f->last.op == '(';
    level->is_lambda_head = true;
    if (level->kind == LEVEL_CALL && level->arg == 0 && begins && f->level > 0) {
        f->calls[level->call].is_lambda = true;
    }
}

static void note_other(struct sp_facts *f, uint32_t keyword)
{
    if (keyword == SP_WORD_LAMBDA) {
        note_lambda(f);
    } else if (keyword == SP_WORD_IN) {
        f->binds_next = false;
        f->is_for_in = f->for_open;
        f->for_open = false;
    } else if (keyword == SP_WORD_FOR) {
        f->for_open = true;
    } else {
        f->expects_params = keyword == SP_WORD_DEF;
    }
}

static void note_keyword(struct sp_facts *f, uint32_t keyword)
{
    unsigned kind = words[keyword];
    f->is_compound = f->at_statement ? (kind & WORD_BLOCK) != 0 : f->is_compound;
    f->hands_out = f->hands_out || (kind & WORD_HANDS_OUT) != 0;
    f->binds_next = f->binds_next || (kind & WORD_BINDS) != 0;
    if ((kind & WORD_OTHER) != 0) {
        note_other(f, keyword);
    }
    if (f->keyword_open != SP_FACTS_NONE) {
        note_keyword_value(f, keyword);
    }
}

/* Remembers the token for the next one; behind most nothing is known of a bracket that has just closed. */
static inline void note_last(struct sp_facts *f, struct facts_last last)
{
    f->last = last;
    f->closed = (struct facts_closed){.call = SP_FACTS_NONE, .group = SP_FACTS_NONE};
}

/* True in `out` when the keyword began an import, whose tokens are all taken. */
static enum sp_err on_keyword(struct sp_facts *f, bool *out)
{
    uint8_t keyword = f->token.op;
    bool is_raise_or_yield = f->last.is_operand || f->last.keyword == SP_WORD_YIELD;
    SP_TRY(sp_facts_chain_end(f));
    SP_TRY(sp_facts_const_end(f));
    *out = keyword == SP_WORD_IMPORT || (keyword == SP_WORD_FROM && !is_raise_or_yield);
    if (*out) {
        SP_TRY(keyword == SP_WORD_IMPORT ? sp_facts_import(f) : sp_facts_import_from(f));
    } else {
        note_keyword(f, keyword);
    }
    f->at_statement = false;
    /* An import takes tokens of its own: what is remembered is the one it began with. */
    note_last(f, (struct facts_last){.kind = SP_TOKEN_NAME,
                                     .op = keyword,
                                     .keyword = keyword,
                                     .is_operand = (words[keyword] & WORD_VALUE) != 0});
    return SP_OK;
}

/* Behind a name most dots begin an attribute: both tokens are taken in one step. */
static inline enum sp_err take_attributes(struct sp_facts *f)
{
    while (sp_syntax_may_have_attribute(&f->syntax) && sp_lexer_attribute(&f->lx, &f->token)) {
        uint32_t symbol = 0;
        sp_syntax_take_attribute(&f->syntax);
        SP_TRY(sp_facts_find(f, &symbol));
        f->chain.has_dot = true;
        SP_TRY(sp_facts_chain_name(f, symbol));
    }
    return SP_OK;
}

static inline enum sp_err on_name(struct sp_facts *f)
{
    uint32_t symbol = 0;
    if (!f->chain.has_dot) {
        SP_TRY(sp_facts_chain_end(f));
        SP_TRY(sp_facts_const_end(f));
    }
    SP_TRY(sp_facts_find(f, &symbol));
    SP_TRY(sp_facts_chain_name(f, symbol));
    SP_TRY(take_attributes(f));
    f->at_statement = false;
    note_last(f, (struct facts_last){.kind = SP_TOKEN_NAME, .is_operand = true});
    return SP_OK;
}

/* ---- brackets and other operators ---- */

static enum sp_err open_call(struct sp_facts *f, struct facts_level *level, uint32_t callee)
{
    if (f->call_count == f->call_max) {
        return SP_ERR_FULL;
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
static uint8_t kind_of(const struct sp_facts *f)
{
    if (f->token.op == '(') {
        return f->last.is_operand ? LEVEL_CALL : LEVEL_GROUP;
    }
    if (f->token.op == '{') {
        return LEVEL_DICT;
    }
    return f->last.is_operand ? LEVEL_INDEX : LEVEL_LIST;
}

static enum sp_err on_open(struct sp_facts *f, uint32_t ref)
{
    if (f->token.op == '(' && !f->last.is_operand && sp_facts_begins_argument(f)) {
        sp_facts_argument_begin(f);
    }
    /* The lexer allows no more brackets than there are levels. */
    f->level++;
    f->now++;
    f->has_bracket = true;
    f->depth_most = (uint32_t)sp_size_max(f->depth_most, f->level);
    clear_level(f->now);
    struct facts_level *level = f->now;
    level->first_ref = f->ref_count;
    f->binds_next = false;
    if (f->token.op == '(') {
        level->is_params = f->expects_params;
        f->expects_params = false;
    }
    level->kind = kind_of(f);
    sp_facts_level_around(f);
    return level->kind == LEVEL_CALL ? open_call(f, level, ref) : SP_OK;
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
static enum sp_err on_close(struct sp_facts *f)
{
    const struct facts_level *level = f->now;
    sp_facts_argument_end(f);
    f->closed.call = level->kind == LEVEL_CALL ? level->call : SP_FACTS_NONE;
    f->closed.group = level->kind == LEVEL_GROUP ? level->first_ref : SP_FACTS_NONE;
    f->level--;
    f->now--;
    if (f->closed.call == SP_FACTS_NONE) {
        return SP_OK;
    }
    struct sp_call *call = &f->calls[f->closed.call];
    call->has_args = f->last.kind != SP_TOKEN_OP || f->last.op != '(';
    call->arg_count = call->has_args
                          ? level->arg + (f->last.kind == SP_TOKEN_OP && f->last.op == ',' ? 0 : 1)
                          : 0;
    sp_facts_forgive_getter(f, call);
    bool is_known = call->arg0 != SP_FACTS_NONE || call->arg1 != SP_FACTS_NONE || call->may_fold;
    return is_known ? sp_facts_chain_result(f) : SP_OK;
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

static void on_colon(struct sp_facts *f)
{
    struct facts_level *level = f->now;
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

/* `(x or os).system`: what stands in the parentheses is used in a way that is not followed. Groups in groups would be
   looked at again and again: the first name of each remembers in `base`, which names have no use for, where it ends. */
static void use_group(struct sp_facts *f)
{
    uint32_t first = SP_FACTS_NONE;
    uint32_t i = f->closed.group;
    while (i < f->ref_count) {
        struct sp_ref *ref = &f->refs[i];
        bool is_name = ref->root == SP_ROOT_NAME;
        first = is_name && first == SP_FACTS_NONE ? i : first;
        if ((ref->flags & (SP_REF_CALLED | SP_REF_INDEXED)) == 0) {
            ref->flags |= SP_REF_ESCAPES;
        }
        i = is_name && ref->base != SP_FACTS_NONE ? ref->base : i + 1;
    }
    if (first != SP_FACTS_NONE) {
        f->refs[first].base = f->ref_count;
    }
}

/* An operator that neither opens nor closes. */
static inline void on_mark(struct sp_facts *f, uint8_t op, uint32_t ref)
{
    switch (op) {
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
        f->has_star = f->has_star || !f->last.is_operand;
        break;
    default:
        break;
    }
}

/* Any operator but a dot behind an operand; the reference and the constant before it have ended. */
static inline enum sp_err on_ending_op(struct sp_facts *f, uint8_t op, uint32_t ref)
{
    switch (op) {
    case '(':
    case '[':
    case '{':
        return on_open(f, ref);
    case ')':
    case ']':
    case '}':
        return on_close(f);
    default:
        f->is_prefix = !f->last.is_operand;
        on_mark(f, op, ref);
        return SP_OK;
    }
}

/* A + behind a constant, which may go on. */
static bool joins_constant(struct sp_facts *f, uint8_t op)
{
    bool is_join = op == '+' && f->constant.is_open && !f->constant.is_joined;
    f->constant.is_joined = f->constant.is_joined || is_join;
    return is_join;
}

static inline bool is_closing(uint8_t op)
{
    return op == ')' || op == ']' || op == '}';
}

static inline bool is_used_by(uint8_t op)
{
    return op == '.' || op == '(' || op == '[';
}

static inline enum sp_err on_op(struct sp_facts *f)
{
    uint8_t op = f->token.op;
    struct facts_last last = {.kind = SP_TOKEN_OP, .op = op, .is_operand = is_closing(op)};
    if (f->closed.group != SP_FACTS_NONE && is_used_by(op)) {
        use_group(f);
    }
    if (op == '.' && (f->chain.is_open || f->last.is_operand)) {
        SP_TRY(f->chain.is_open ? SP_OK : sp_facts_const_end(f));
        SP_TRY(sp_facts_chain_dot(f));
    } else if (!joins_constant(f, op)) {
        uint32_t ref = f->chain.is_open ? f->ref_count : SP_FACTS_NONE;
        SP_TRY(sp_facts_chain_end(f));
        SP_TRY(sp_facts_const_end(f));
        SP_TRY(on_ending_op(f, op, ref));
        f->keyword_open = op == '=' ? f->keyword_open : SP_FACTS_NONE;
    }
    f->at_statement = f->at_statement && (op == ';' || op == ':');
    if (op == ')') {
        f->last = last;
    } else {
        note_last(f, last);
    }
    return SP_OK;
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
    note_last(f, (struct facts_last){.kind = f->token.kind});
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
    const struct facts_level *level = f->now;
    bool is_first = f->last.kind == SP_TOKEN_OP && (f->last.op == '(' || f->last.op == '-');
    if (f->level > 0 && level->kind == LEVEL_CALL && level->arg == 0 && is_first) {
        f->calls[level->call].is_number = true;
    }
}

/* Literals, the parts of f-strings, magics. */
static enum sp_err on_operand(struct sp_facts *f)
{
    enum sp_token_kind kind = (enum sp_token_kind)f->token.kind;
    bool is_operand = kind != SP_TOKEN_MAGIC && kind != SP_TOKEN_FSTRING_START;
    SP_TRY(sp_facts_chain_end(f));
    if (kind == SP_TOKEN_STRING) {
        SP_TRY(sp_facts_const_string(f));
    } else {
        SP_TRY(sp_facts_const_end(f));
    }
    if (kind == SP_TOKEN_NUMBER) {
        note_number(f);
    } else if (kind == SP_TOKEN_FSTRING_MIDDLE) {
        SP_TRY(sp_facts_const_text(f));
    } else if (kind == SP_TOKEN_MAGIC) {
        SP_TRY(on_magic(f));
    } else if (kind == SP_TOKEN_FSTRING_START && sp_facts_begins_argument(f)) {
        sp_facts_argument_begin(f);
    }
    f->at_statement = false;
    note_last(
        f, (struct facts_last){.kind = f->token.kind, .op = f->token.op, .is_operand = is_operand});
    return SP_OK;
}

/* True in `out_taken` when more tokens than this one were taken: the next one is there already. */
static inline enum sp_err on_token(struct sp_facts *f, bool *out_taken)
{
    *out_taken = false;
    if (f->token.kind == SP_TOKEN_NAME) {
        return f->token.op == SP_WORD_PLAIN ? on_name(f) : on_keyword(f, out_taken);
    }
    if (f->token.kind == SP_TOKEN_OP) {
        return on_op(f);
    }
    return f->token.kind <= SP_TOKEN_DEDENT ? on_line(f) : on_operand(f);
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
    f->chain = (struct facts_chain){.is_open = false};
    f->constant.is_open = false;
    f->level = 0;
    f->now = &f->levels[0];
    f->now->is_pattern = true;
    f->depth_most = 0;
    f->indents = 0;
    note_last(f, (struct facts_last){.kind = SP_TOKEN_NEWLINE});
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
