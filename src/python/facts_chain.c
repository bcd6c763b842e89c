#include "python/facts_inner.h"

/* ---- a chain: NAME(.NAME)*, or the attributes of something computed ---- */

bool sp_facts_begins_argument(const struct sp_facts *f)
{
    return f->level > 0 && f->levels[f->level].kind == LEVEL_CALL && f->last_kind == SP_TOKEN_OP &&
           (f->last_op == '(' || f->last_op == ',');
}

/* chr(...) and bytes(...) may begin a constant. */
static bool makes_constant(const struct sp_facts *f)
{
    struct sp_slice name = sp_lexer_text(&f->lx, &f->token);
    return (name.len == 3 && sp_slice_is(name, "chr")) ||
           (name.len == 5 && sp_slice_is(name, "bytes"));
}

static void open_chain(struct sp_facts *f, enum sp_ref_root root, uint32_t base)
{
    f->chain.is_open = true;
    f->chain.has_dot = false;
    f->chain.is_arg = root == SP_ROOT_NAME && sp_facts_begins_argument(f);
    f->chain.ref = (struct sp_ref){
        .place = sp_facts_span(&f->token),
        .path_at = f->segment_count,
        .base = base,
        .root = (uint8_t)root,
        .flags = f->last_keyword == SP_WORD_IN && !f->is_for_in ? SP_REF_TESTED : 0};
    if (f->chain.is_arg && makes_constant(f)) {
        sp_facts_argument_begin(f);
    }
    if (root == SP_ROOT_NAME && f->last_is_operand) {
        /* `match os:` and the like: a soft keyword takes the value. */
        f->chain.ref.flags |= SP_REF_ESCAPES;
    }
}

/* A name in this place is bound, whatever it stood for before. */
static bool is_binding_place(const struct sp_facts *f, const struct facts_level *level)
{
    if ((level->is_params && f->level == 1) || level->is_lambda_head) {
        bool is_star = f->last_op == '*' || f->last_op == SP_OP_POWER;
        bool behind_mark = f->last_kind == SP_TOKEN_OP &&
                           (f->last_op == '(' || f->last_op == ',' || (is_star && f->is_prefix));
        return behind_mark || f->last_keyword == SP_WORD_LAMBDA;
    }
    switch (f->last_keyword) {
    case SP_WORD_DEF:
    case SP_WORD_CLASS:
    case SP_WORD_FOR:
    case SP_WORD_AS:
    case SP_WORD_GLOBAL:
        return true;
    default:
        return f->for_open && f->level == 0 && f->last_kind == SP_TOKEN_OP && f->last_op == ',';
    }
}

enum sp_err sp_facts_chain_name(struct sp_facts *f, uint32_t symbol)
{
    struct facts_level *level = &f->levels[f->level];
    if (!f->chain.has_dot) {
        bool binds = is_binding_place(f, level);
        f->is_case =
            f->is_case || (f->at_statement && sp_slice_is(sp_facts_symbol(f, symbol), "case"));
        open_chain(f, SP_ROOT_NAME, SP_FACTS_NONE);
        f->chain.ref.flags |= binds ? SP_REF_BINDS : 0;
        if (f->binds_next || level->is_params || level->is_lambda_head) {
            f->symbols[symbol].flags |= SYMBOL_BOUND;
        }
    }
    f->chain.has_dot = false;
    f->chain.ref.place.end = f->token.end;
    if (f->chain.ref.count == UINT16_MAX) {
        return SP_ERR_FULL;
    }
    f->chain.ref.count++;
    return sp_facts_put_segment(f, symbol);
}

enum sp_err sp_facts_chain_dot(struct sp_facts *f)
{
    if (!f->chain.is_open) {
        bool is_call = f->closed_call != SP_FACTS_NONE;
        open_chain(f, is_call ? SP_ROOT_CALL : SP_ROOT_OBJECT, f->closed_call);
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

static enum sp_err follow_value(struct sp_facts *f, uint32_t ref)
{
    bool is_followed = false;
    uint32_t depth = f->level;
    for (;; depth--) {
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
enum sp_err sp_facts_name_target(struct sp_facts *f, uint32_t ref)
{
    const struct sp_ref *r = &f->refs[ref];
    for (uint32_t depth = f->level; depth > 0; depth--) {
        if (f->levels[depth].kind != LEVEL_GROUP && f->levels[depth].kind != LEVEL_LIST) {
            return SP_OK;
        }
    }
    if (r->count == 0 || f->in_annotation) {
        return SP_OK;
    }
    if (f->names_now_count == FACTS_TARGETS_MAX) {
        f->levels[0].is_lost = true;
        return SP_OK;
    }
    f->names_now[f->names_now_count] = f->segments[r->path_at + r->count - 1U];
    f->names_now_count++;
    return SP_OK;
}

/* `a, b = c = value`: all that stands in front of the last = of a statement without brackets. */
static void mark_targets(struct sp_facts *f)
{
    for (uint32_t i = f->statement_ref; i < f->ref_count; i++) {
        if (f->refs[i].root == SP_ROOT_NAME && f->refs[i].count == 1) {
            f->refs[i].flags |= SP_REF_BINDS;
        }
    }
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
    struct facts_level *level = &f->levels[f->level];
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
    const struct facts_level *level = &f->levels[f->level];
    bool ends = sp_facts_at_op(f, ',') || sp_facts_at_op(f, ')');
    if (f->chain.is_arg && ends && level->arg == 0) {
        f->calls[level->call].arg0_ref = ref;
    } else if (f->chain.is_arg && ends && level->arg == 1) {
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

enum sp_err sp_facts_chain_end(struct sp_facts *f)
{
    if (!f->chain.is_open) {
        return SP_OK;
    }
    f->chain.is_open = false;
    if (f->ref_count == f->ref_max) {
        return SP_ERR_FULL;
    }
    uint32_t ref = f->ref_count;
    f->chain.ref.flags |= (uint8_t)flags_before(f);
    if (f->chain.ref.count != 1 || (f->chain.ref.flags & SP_REF_INDEXED) != 0) {
        f->chain.ref.flags &= (uint8_t)~SP_REF_BINDS;
    }
    f->refs[ref] = f->chain.ref;
    f->ref_count++;
    bool is_used = (f->chain.ref.flags & (SP_REF_CALLED | SP_REF_INDEXED)) != 0;
    if (is_used || f->chain.has_dot) {
        return SP_OK;
    }
    note_argument(f, ref);
    if (f->levels[0].target_count == 0 || sp_facts_at_op(f, '=')) {
        SP_TRY(sp_facts_name_target(f, ref));
    }
    bool is_target = sp_facts_at_op(f, '=') || sp_facts_at_op(f, SP_OP_WALRUS);
    return is_target || f->chain.ref.root == SP_ROOT_OBJECT ? SP_OK : follow_value(f, ref);
}
