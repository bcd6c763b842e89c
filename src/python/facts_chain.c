#include "python/facts_step.h"

/* ---- a chain: NAME(.NAME)*, or the attributes of something computed ---- */

/* chr(...) and bytes(...) may begin a constant. */
static bool makes_constant(const struct facts_symbol *name)
{
    return sp_facts_is_text(name, "chr\0\0\0\0", 3) || sp_facts_is_text(name, "bytes\0\0", 5);
}

/* A name in this place is bound, whatever it stood for before. */
static bool is_binding_place(const struct sp_facts *f)
{
    uint8_t op = f->last.op;
    if ((f->now->is_params && f->level == 1) || f->now->is_lambda_head) {
        bool is_star = op == '*' || op == SP_OP_POWER;
        return op == '(' || op == ',' || (is_star && f->is_prefix) ||
               f->last.keyword == SP_WORD_LAMBDA;
    }
    switch (f->last.keyword) {
    case SP_WORD_DEF:
    case SP_WORD_CLASS:
    case SP_WORD_FOR:
    case SP_WORD_AS:
    case SP_WORD_GLOBAL:
        return true;
    default:
        return f->statement.for_open && f->level == 0 && op == ',';
    }
}

uint8_t sp_facts_bind_name(struct sp_facts *f, uint32_t symbol)
{
    if (f->statement.binds_next || f->now->is_params || f->now->is_lambda_head) {
        f->symbols[symbol].flags |= SYMBOL_BOUND;
    }
    return is_binding_place(f) ? SP_REF_BINDS : 0;
}

void sp_facts_begin_name(struct sp_facts *f, uint32_t symbol)
{
    const struct facts_symbol *name = &f->symbols[symbol];
    if ((f->last.flags & LAST_STATEMENT) != 0) {
        f->statement.is_case = sp_facts_is_text(name, "case\0\0\0", 4);
    }
    if (sp_facts_begins_argument(f)) {
        f->open |= LAST_ARGUMENT;
        if (makes_constant(name)) {
            sp_facts_argument_begin(f);
        }
    }
}

enum sp_err sp_facts_chain_attribute(struct sp_facts *f, uint32_t symbol)
{
    struct sp_ref *ref = &f->refs[f->ref_count];
    if (ref->count == UINT16_MAX) {
        return SP_ERR_FULL;
    }
    if (sp_facts_is_lone(ref)) {
        uint32_t first = ref->path_at;
        ref->path_at = f->segment_count;
        ref->flags &= (uint8_t)~SP_REF_BINDS;
        SP_TRY(sp_facts_put_segment(f, first));
    }
    f->open &= (uint8_t)~OPEN_DOT;
    ref->place.end = f->token.end;
    ref->count++;
    return sp_facts_put_segment(f, symbol);
}

/* A chain at the current token that begins with no name. */
static enum sp_err open_chain(struct sp_facts *f, enum sp_ref_root root)
{
    if (f->ref_count == f->ref_max) {
        SP_TRY(sp_facts_more(f, FACTS_REFS, 1));
    }
    f->refs[f->ref_count] = (struct sp_ref){
        .place = sp_facts_span(&f->token), .path_at = f->segment_count, .root = (uint8_t)root};
    f->open = OPEN_CHAIN;
    return root == SP_ROOT_CALL ? sp_facts_put_segment(f, f->closed.call) : SP_OK;
}

enum sp_err sp_facts_chain_result(struct sp_facts *f)
{
    return open_chain(f, SP_ROOT_CALL);
}

enum sp_err sp_facts_chain_dot(struct sp_facts *f)
{
    if ((f->open & OPEN_CHAIN) == 0) {
        bool is_call = f->last.op == ')' && f->closed.call != SP_FACTS_NONE;
        SP_TRY(open_chain(f, is_call ? SP_ROOT_CALL : SP_ROOT_OBJECT));
    }
    f->open |= OPEN_DOT;
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
        *out = is_target ? !is_tuple || level->group_least > 1 : !f->statement.hands_out;
    } else if (level->kind == BRACKET_CALL) {
        *out = is_target && level->is_params;
    } else {
        *out = level->kind == BRACKET_GROUP && !is_tuple;
    }
    return SP_OK;
}

/* Plain parentheses in which nothing but this value stands: they hand it on to what is around them. */
static bool is_transparent(const struct facts_level *level)
{
    return level->kind == BRACKET_GROUP && !level->has_comma && !level->has_lambda &&
           !level->is_lost && level->target_count == 0;
}

/* At the opening of a bracket: what is around it stays as it is until it closes, so the way out is known now. */
void sp_facts_level_around(struct sp_facts *f)
{
    const struct facts_level *around = f->now - 1;
    uint32_t depth = f->level - 1;
    bool is_plain = f->now->kind == BRACKET_GROUP || f->now->kind == BRACKET_LIST;
    f->now->is_pattern = is_plain && around->is_pattern;
    f->now->outer = depth > 0 && is_transparent(around) ? around->outer : (uint8_t)depth;
}

SP_NOINLINE static enum sp_err follow_outwards(struct sp_facts *f, uint32_t ref)
{
    bool is_followed = false;
    uint32_t depth = f->level;
    for (;; depth = f->levels[depth].outer) {
        SP_TRY(follow_at(f, depth, ref, &is_followed));
        bool is_group = depth > 0 && f->levels[depth].kind == BRACKET_GROUP;
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
SP_NOINLINE static void name_target(struct sp_facts *f, const struct sp_ref *ref)
{
    struct facts_statement *statement = &f->statement;
    if (ref->count == 0 || statement->in_annotation) {
        return;
    }
    if (statement->name_count == FACTS_TARGETS_MAX) {
        f->levels[0].is_lost = true;
        return;
    }
    f->names_now[statement->name_count] =
        sp_facts_is_lone(ref) ? ref->path_at : f->segments[sp_facts_path_at(ref) + ref->count - 1U];
    statement->name_count++;
}

/* `a, b = c = value`: all that stands in front of the last = of a statement without brackets. */
static void mark_targets(struct sp_facts *f)
{
    for (uint32_t i = f->statement_ref; i < f->ref_count; i++) {
        if (sp_facts_is_lone(&f->refs[i])) {
            f->refs[i].flags |= SP_REF_BINDS;
        }
    }
    f->statement_ref = f->ref_count; /* each once, however many = there are */
}

static void assign_statement(struct sp_facts *f)
{
    struct facts_level *level = &f->levels[0];
    struct facts_statement *statement = &f->statement;
    uint32_t count = statement->name_count;
    bool has_lambda = level->is_lambda_head || level->has_lambda;
    if (!statement->has_bracket && !statement->in_annotation && !has_lambda &&
        f->lx.mode != SP_PYTHON_FRAGMENT) {
        mark_targets(f);
    }
    level->is_lost = level->is_lost || statement->has_star || count == 0 ||
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
    statement->name_count = 0;
    statement->in_annotation = false;
    statement->has_star = false;
    level->has_comma = false;
}

static enum sp_err add_keyword(struct sp_facts *f, uint32_t call, const struct sp_ref *ref,
                               uint32_t name)
{
    if (f->keyword_count == f->keyword_max) {
        SP_TRY(sp_facts_more(f, FACTS_KEYWORDS, 1));
    }
    f->keyword_open = f->keyword_count;
    f->keywords[f->keyword_count] = (struct sp_keyword){
        .place = ref->place, .call = call, .name = name, .is_pattern = f->statement.is_case};
    f->keyword_count++;
    return SP_OK;
}

/* An = or := whose left side ended with reference `ref` (SP_FACTS_NONE: with something else). */
enum sp_err sp_facts_assign(struct sp_facts *f, uint32_t ref)
{
    struct facts_level *level = f->now;
    f->keyword_open = SP_FACTS_NONE;
    if (f->level == 0 && f->token.op == '=') {
        assign_statement(f);
        return SP_OK;
    }
    bool has_name = ref != SP_FACTS_NONE && sp_facts_is_lone(&f->refs[ref]);
    level->is_lost = !has_name;
    level->target_count = has_name ? 1 : 0;
    level->group_least = 1;
    if (!has_name) {
        return SP_OK;
    }
    uint32_t symbol = f->refs[ref].path_at;
    level->targets[0] = symbol;
    f->symbols[symbol].flags |= SYMBOL_BOUND;
    f->refs[ref].flags |= SP_REF_STORED;
    bool is_keyword = level->kind == BRACKET_CALL && f->token.op == '=';
    return is_keyword ? add_keyword(f, level->call, &f->refs[ref], symbol) : SP_OK;
}

static void note_argument(struct sp_facts *f, uint32_t ref)
{
    const struct facts_level *level = f->now;
    if (level->arg == 0) {
        f->calls[level->call].arg0_ref = ref;
    } else if (level->arg == 1) {
        f->calls[level->call].arg1_ref = ref;
    }
}

/* An argument of a call, behind which nothing is known of the value. */
static bool leaves_at_once(const struct facts_level *level)
{
    return level->kind != BRACKET_GROUP && level->target_count == 0;
}

/* A value of a statement that binds nothing so far. */
static bool leaves_statement(const struct sp_facts *f, const struct facts_level *level)
{
    return f->statement.hands_out || level->has_lambda || level->is_lost;
}

/* `x = a * b`: what a calculation takes is not what it gives, and no name for it. */
static const bool calculates[256] = {
    ['+'] = true, ['-'] = true,         ['*'] = true,           ['/'] = true,         ['%'] = true,
    ['@'] = true, ['&'] = true,         ['|'] = true,           ['^'] = true,         ['<'] = true,
    ['>'] = true, [SP_OP_POWER] = true, [SP_OP_COMPARE] = true, [SP_OP_OTHER] = true,
};

static inline enum sp_err follow_value(struct sp_facts *f, struct sp_ref *ref, uint8_t op)
{
    if (leaves_at_once(f->now) || calculates[op]) {
        ref->flags |= SP_REF_ESCAPES;
        return SP_OK;
    }
    if (f->level == 0 && f->now->target_count == 0) {
        ref->flags |= leaves_statement(f, f->now) ? SP_REF_ESCAPES : 0;
        return SP_OK;
    }
    return follow_outwards(f, f->ref_count - 1);
}

enum sp_err sp_facts_chain_close(struct sp_facts *f, uint8_t op)
{
    uint32_t number = f->ref_count;
    struct sp_ref *ref = &f->refs[number];
    uint8_t open = f->open;
    f->open = 0;
    f->ref_count++;
    if (op == '[') {
        ref->flags = (uint8_t)((ref->flags & ~SP_REF_BINDS) | SP_REF_INDEXED);
        return SP_OK;
    }
    bool is_equal = op == '=';
    ref->flags |= is_equal && f->level == 0 ? SP_REF_STORED : 0;
    if ((open & OPEN_DOT) != 0) {
        return SP_OK;
    }
    if ((open & LAST_ARGUMENT) != 0 && (op == ',' || op == ')')) {
        note_argument(f, number);
    }
    if (f->now->is_pattern && (f->levels[0].target_count == 0 || is_equal)) {
        name_target(f, ref);
    }
    if (is_equal || op == SP_OP_WALRUS || ref->root == SP_ROOT_OBJECT) {
        return SP_OK;
    }
    return follow_value(f, ref, op);
}
