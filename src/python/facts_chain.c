#include "python/facts_step.h"

/* ---- a chain: NAME(.NAME)*, or the attributes of something computed ---- */

/* chr(...) and bytes(...) may begin a constant. */
static bool makes_constant(const struct sp_facts *f)
{
    struct sp_slice name = sp_lexer_text(&f->lx, &f->token);
    return (name.len == 3 && sp_slice_is(name, "chr")) ||
           (name.len == 5 && sp_slice_is(name, "bytes"));
}

static inline enum sp_err open_chain(struct sp_facts *f, enum sp_ref_root root, uint32_t base,
                                     unsigned flags)
{
    if (f->ref_count == f->ref_max) {
        return SP_ERR_FULL;
    }
    f->refs[f->ref_count] = (struct sp_ref){.place = sp_facts_span(&f->token),
                                            .path_at = f->segment_count,
                                            .base = base,
                                            .root = (uint8_t)root,
                                            .flags = (uint8_t)flags};
    f->chain = (struct facts_chain){.is_open = true};
    return SP_OK;
}

/* Behind `in` a name may only be looked up. */
static inline unsigned flags_behind(const struct sp_facts *f)
{
    return f->last.keyword == SP_WORD_IN && !f->is_for_in ? SP_REF_TESTED : 0;
}

/* A name in this place is bound, whatever it stood for before. */
static bool is_binding_place(const struct sp_facts *f)
{
    bool is_op = f->last.kind == SP_TOKEN_OP;
    if ((f->now->is_params && f->level == 1) || f->now->is_lambda_head) {
        bool is_star = f->last.op == '*' || f->last.op == SP_OP_POWER;
        bool behind_mark =
            is_op && (f->last.op == '(' || f->last.op == ',' || (is_star && f->is_prefix));
        return behind_mark || f->last.keyword == SP_WORD_LAMBDA;
    }
    switch (f->last.keyword) {
    case SP_WORD_DEF:
    case SP_WORD_CLASS:
    case SP_WORD_FOR:
    case SP_WORD_AS:
    case SP_WORD_GLOBAL:
        return true;
    default:
        return f->for_open && f->level == 0 && is_op && f->last.op == ',';
    }
}

static inline enum sp_err open_name(struct sp_facts *f, uint32_t symbol)
{
    /* `match os:` and the like: a soft keyword takes the value. */
    SP_TRY(open_chain(f, SP_ROOT_NAME, SP_FACTS_NONE,
                      flags_behind(f) | (f->last.is_operand ? SP_REF_ESCAPES : 0) |
                          (is_binding_place(f) ? SP_REF_BINDS : 0)));
    f->is_case = f->is_case || (f->at_statement && sp_slice_is(sp_facts_symbol(f, symbol), "case"));
    if (sp_facts_begins_argument(f)) {
        f->chain.is_arg = true;
        if (makes_constant(f)) {
            sp_facts_argument_begin(f);
        }
    }
    if (f->binds_next || f->now->is_params || f->now->is_lambda_head) {
        f->symbols[symbol].flags |= SYMBOL_BOUND;
    }
    return SP_OK;
}

enum sp_err sp_facts_chain_name(struct sp_facts *f, uint32_t symbol)
{
    if (!f->chain.has_dot) {
        SP_TRY(open_name(f, symbol));
    }
    struct sp_ref *ref = &f->refs[f->ref_count];
    f->chain.has_dot = false;
    ref->place.end = f->token.end;
    if (ref->count == UINT16_MAX) {
        return SP_ERR_FULL;
    }
    ref->count++;
    return sp_facts_put_segment(f, symbol);
}

enum sp_err sp_facts_chain_result(struct sp_facts *f)
{
    return open_chain(f, SP_ROOT_CALL, f->closed.call, 0);
}

enum sp_err sp_facts_chain_dot(struct sp_facts *f)
{
    if (!f->chain.is_open) {
        bool is_call = f->closed.call != SP_FACTS_NONE;
        SP_TRY(open_chain(f, is_call ? SP_ROOT_CALL : SP_ROOT_OBJECT, f->closed.call, 0));
    }
    f->chain.has_dot = true;
    return SP_OK;
}

/* ---- where its value goes ---- */

static enum sp_err bind_targets(struct sp_facts *f, const struct facts_level *level, uint32_t ref)
{
    for (uint16_t i = 0; i < level->target_count; i++) {
        struct facts_binding binding = {.symbol = level->targets[i], .ref = ref};
        SP_TRY(sp_facts_bind(f, binding));
    }
    return SP_OK;
}

/* A value that stands alone at this depth; true in `out` when the names it goes to are all known. */
static enum sp_err follow_at(struct sp_facts *f, uint32_t depth, uint32_t ref, bool *out)
{
    const struct facts_level *level = &f->levels[depth];
    bool is_tuple = level->has_comma || (depth == f->level && sp_facts_at_op(f, ','));
    bool is_target = level->target_count > 0;
    SP_TRY(bind_targets(f, level, ref));
    if (level->has_lambda || level->is_lost) {
        *out = false;
    } else if (depth == 0) {
        /* `a, b = x, y` has a name for each; one name for a tuple is not followed. */
        *out = is_target ? !is_tuple || level->group_least > 1 : !f->hands_out;
    } else if (level->kind == LEVEL_CALL) {
        *out = is_target && level->is_params;
    } else {
        *out = level->kind == LEVEL_GROUP && !is_tuple;
    }
    return SP_OK;
}

/* Plain parentheses in which nothing but this value stands: they hand it on to what is around them. */
static bool is_transparent(const struct facts_level *level)
{
    return level->kind == LEVEL_GROUP && !level->has_comma && !level->has_lambda &&
           !level->is_lost && level->target_count == 0;
}

/* At the opening of a bracket: what is around it stays as it is until it closes, so the way out is known now. */
void sp_facts_level_around(struct sp_facts *f)
{
    const struct facts_level *around = f->now - 1;
    uint32_t depth = f->level - 1;
    bool is_plain = f->now->kind == LEVEL_GROUP || f->now->kind == LEVEL_LIST;
    f->now->is_pattern = is_plain && around->is_pattern;
    f->now->outer = depth > 0 && is_transparent(around) ? around->outer : (uint8_t)depth;
}

static enum sp_err follow_value(struct sp_facts *f, uint32_t ref)
{
    bool is_followed = false;
    uint32_t depth = f->level;
    for (;; depth = f->levels[depth].outer) {
        SP_TRY(follow_at(f, depth, ref, &is_followed));
        bool is_group = depth > 0 && f->levels[depth].kind == LEVEL_GROUP;
        if (!is_followed || !is_group) {
            break;
        }
    }
    if (!is_followed) {
        f->refs[ref].flags |= SP_REF_ESCAPES;
    }
    return SP_OK;
}

/* Names that stand in a pattern of names before an = become its targets. */
static void name_target(struct sp_facts *f, const struct sp_ref *ref)
{
    if (!f->now->is_pattern || ref->count == 0 || f->in_annotation) {
        return;
    }
    if (f->names_now_count == FACTS_TARGETS_MAX) {
        f->levels[0].is_lost = true;
        return;
    }
    f->names_now[f->names_now_count] = f->segments[ref->path_at + ref->count - 1U];
    f->names_now_count++;
}

/* `a, b = c = value`: all that stands in front of the last = of a statement without brackets. */
static void mark_targets(struct sp_facts *f)
{
    for (uint32_t i = f->statement_ref; i < f->ref_count; i++) {
        if (f->refs[i].root == SP_ROOT_NAME && f->refs[i].count == 1) {
            f->refs[i].flags |= SP_REF_BINDS;
        }
    }
    f->statement_ref = f->ref_count; /* each once, however many = there are */
}

static void assign_statement(struct sp_facts *f)
{
    struct facts_level *level = &f->levels[0];
    uint32_t count = f->names_now_count;
    bool has_lambda = level->is_lambda_head || level->has_lambda;
    if (!f->has_bracket && !f->in_annotation && !has_lambda && f->lx.mode != SP_PYTHON_FRAGMENT) {
        mark_targets(f);
    }
    level->is_lost = level->is_lost || f->has_star || count == 0 ||
                     count > (uint32_t)FACTS_TARGETS_MAX - level->target_count;
    if (level->target_count == 0 || count < level->group_least) {
        level->group_least = (uint16_t)count;
    }
    for (uint32_t i = 0; i < count; i++) {
        f->symbols[f->names_now[i]].flags |= SYMBOL_BOUND;
        if (level->target_count < FACTS_TARGETS_MAX) {
            level->targets[level->target_count] = f->names_now[i];
            level->target_count++;
        }
    }
    f->names_now_count = 0;
    f->in_annotation = false;
    f->has_star = false;
    level->has_comma = false;
}

static void add_keyword(struct sp_facts *f, uint32_t call, const struct sp_ref *ref, uint32_t name)
{
    if (f->keyword_count < f->keyword_max) {
        f->keyword_open = f->keyword_count;
        f->keywords[f->keyword_count] = (struct sp_keyword){
            .place = ref->place, .call = call, .name = name, .is_pattern = f->is_case};
        f->keyword_count++;
    }
}

/* An = or := whose left side ended with reference `ref` (SP_FACTS_NONE: with something else). */
void sp_facts_assign(struct sp_facts *f, uint32_t ref)
{
    struct facts_level *level = f->now;
    if (f->level == 0 && f->token.op == '=') {
        assign_statement(f);
        return;
    }
    bool has_name =
        ref != SP_FACTS_NONE && f->refs[ref].root == SP_ROOT_NAME && f->refs[ref].count == 1;
    level->is_lost = !has_name;
    level->target_count = has_name ? 1 : 0;
    level->group_least = 1;
    if (!has_name) {
        return;
    }
    uint32_t symbol = f->segments[f->refs[ref].path_at];
    level->targets[0] = symbol;
    f->symbols[symbol].flags |= SYMBOL_BOUND;
    f->refs[ref].flags |= SP_REF_STORED;
    if (level->kind == LEVEL_CALL && f->token.op == '=') {
        add_keyword(f, level->call, &f->refs[ref], symbol);
    }
}

static void note_argument(struct sp_facts *f, uint32_t ref)
{
    const struct facts_level *level = f->now;
    bool ends = sp_facts_at_op(f, ',') || sp_facts_at_op(f, ')');
    if (ends && level->arg == 0) {
        f->calls[level->call].arg0_ref = ref;
    } else if (ends && level->arg == 1) {
        f->calls[level->call].arg1_ref = ref;
    }
}

static unsigned flags_before(const struct sp_facts *f)
{
    if (f->token.kind != SP_TOKEN_OP) {
        return 0;
    }
    switch (f->token.op) {
    case '(':
        return SP_REF_CALLED;
    case '[':
        return SP_REF_INDEXED;
    case '=':
        return f->level == 0 ? SP_REF_STORED : 0;
    default:
        return 0;
    }
}

/* An argument of a call, behind which nothing is known of the value. */
static bool leaves_at_once(const struct facts_level *level)
{
    return level->kind != LEVEL_GROUP && level->target_count == 0;
}

enum sp_err sp_facts_chain_close(struct sp_facts *f)
{
    uint32_t number = f->ref_count;
    struct sp_ref *ref = &f->refs[number];
    struct facts_chain chain = f->chain;
    f->chain = (struct facts_chain){.is_open = false};
    f->ref_count++;
    ref->flags |= (uint8_t)flags_before(f);
    if (ref->count != 1 || (ref->flags & SP_REF_INDEXED) != 0) {
        ref->flags &= (uint8_t)~SP_REF_BINDS;
    }
    if ((ref->flags & (SP_REF_CALLED | SP_REF_INDEXED)) != 0 || chain.has_dot) {
        return SP_OK;
    }
    if (chain.is_arg) {
        note_argument(f, number);
    }
    bool is_equal = sp_facts_at_op(f, '=');
    if (f->levels[0].target_count == 0 || is_equal) {
        name_target(f, ref);
    }
    if (is_equal || sp_facts_at_op(f, SP_OP_WALRUS) || ref->root == SP_ROOT_OBJECT) {
        return SP_OK;
    }
    if (leaves_at_once(f->now)) {
        ref->flags |= SP_REF_ESCAPES;
        return SP_OK;
    }
    return follow_value(f, number);
}
