#include "python/syntax_inner.h"

/* What may stand in brackets of each kind. */
const uint16_t syntax_permitted[] = {
    [LEVEL_GROUP] = PERMIT_STAR | PERMIT_WALRUS | PERMIT_YIELD | PERMIT_COMMA | PERMIT_COMP,
    [LEVEL_WITH] = PERMIT_STAR | PERMIT_WALRUS | PERMIT_YIELD | PERMIT_COMMA | PERMIT_COMP,
    [LEVEL_LIST] = PERMIT_STAR | PERMIT_WALRUS | PERMIT_COMMA | PERMIT_COMP,
    [LEVEL_BRACE] = PERMIT_STAR | PERMIT_WALRUS | PERMIT_COMMA | PERMIT_COMP | PERMIT_POWER,
    [LEVEL_CALL] = PERMIT_STAR | PERMIT_WALRUS | PERMIT_COMMA | PERMIT_COMP | PERMIT_POWER |
                   PERMIT_WIDE | PERMIT_KEY,
    [LEVEL_BASES] =
        PERMIT_STAR | PERMIT_WALRUS | PERMIT_COMMA | PERMIT_POWER | PERMIT_WIDE | PERMIT_KEY,
    [LEVEL_INDEX] = PERMIT_STAR | PERMIT_WALRUS | PERMIT_COMMA | PERMIT_WIDE,
};

/* What `{` turns out to open. */
enum brace { BRACE_UNKNOWN, BRACE_SET, BRACE_KEY, BRACE_VALUE };

bool syntax_push(struct sp_syntax *sx, enum level_kind kind, unsigned permits)
{
    if (!syntax_has_room(sx)) {
        return syntax_fault(sx, SP_PYTHON_BRACKET_DEPTH, syntax_here(sx));
    }
    return syntax_push_level(sx, kind, permits);
}

/* A yield inside a comprehension belongs to no function, but in its first iterable, or in a lambda. */
static void pass_yield(struct sp_syntax *sx, const struct sp_syntax_level *inner,
                       struct sp_syntax_level *outer)
{
    if ((inner->seen & SEEN_YIELDS) == 0 || (outer->bits & BIT_LAMBDA) != 0) {
        return;
    }
    if ((outer->seen & SEEN_COMP) != 0 && (outer->seen & SEEN_FIRST) == 0) {
        syntax_defer(sx, SP_PYTHON_YIELD_INSIDE, sx->yield);
    }
    outer->seen |= SEEN_YIELDS;
}

void syntax_pop(struct sp_syntax *sx)
{
    const struct sp_syntax_level *inner = syntax_top(sx);
    bool is_generator =
        (inner->seen & SEEN_COMP) != 0 && (inner->kind == LEVEL_GROUP || inner->kind == LEVEL_CALL);
    if (sx->has_await && sx->await_level >= inner) {
        sx->has_await = !is_generator;
        sx->await_level = inner - 1;
    }
    sx->top--;
    pass_yield(sx, inner, syntax_top(sx));
}

static bool pop(struct sp_syntax *sx, enum shape shape)
{
    syntax_pop(sx);
    return syntax_operand(syntax_top(sx), shape);
}

bool syntax_open(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    enum level_kind kind = LEVEL_BRACE;
    if (class == CLASS_LPAR) {
        bool is_with = l->kind == LEVEL_STATEMENT && l->phase == SLOT_WITH &&
                       l->state == STATE_FULL && (l->seen & SEEN_COMMA) == 0;
        kind = l->state == STATE_AFTER ? LEVEL_CALL : is_with ? LEVEL_WITH : LEVEL_GROUP;
    } else if (class == CLASS_LSQB) {
        kind = l->state == STATE_AFTER ? LEVEL_INDEX : LEVEL_LIST;
    }
    return syntax_push(sx, kind, syntax_permitted[kind]);
}

/* ---- targets ---- */

enum shape syntax_target(const struct sp_syntax_level *l)
{
    if ((l->seen & (SEEN_BAD | SEEN_COMP)) != 0) {
        return SHAPE_NONE;
    }
    return (l->seen & (SEEN_STAR | SEEN_NODEL)) != 0 ? SHAPE_STARS : SHAPE_SEQ;
}

/* Ends the targets that were read at a level: each must be something that can be assigned to. */
bool syntax_check_target(struct sp_syntax *sx, struct sp_syntax_level *l, bool is_single)
{
    if (l->state == STATE_AFTER) {
        syntax_fold(l);
    } else if (l->state != STATE_FULL || (l->seen & SEEN_COMMA) == 0) {
        return false;
    }
    bool has_comma = (l->seen & SEEN_COMMA) != 0;
    if ((l->seen & SEEN_BAD) != 0) {
        return syntax_fault(sx, SP_PYTHON_TARGET, l->bad);
    }
    bool is_lone = (l->seen & SEEN_STAR) != 0 && !has_comma;
    if (is_lone || (l->seen & SEEN_STARS) != 0) {
        syntax_defer(sx, is_lone ? SP_PYTHON_TARGET_STAR : SP_PYTHON_TARGET_STARS,
                     is_lone ? l->start : l->open);
    }
    if (is_single && (has_comma || l->shape >= SHAPE_SEQ)) {
        return syntax_fault(sx, SP_PYTHON_TARGET, l->start);
    }
    return true;
}

/* ---- the end of an element ---- */

static bool end_argument(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    bool is_key = (l->bits & BIT_KEY) != 0;
    bool is_power = (l->bits & BIT_POWER) != 0;
    bool is_star = (l->bits & BIT_STAR) != 0;
    if (is_star && (l->seen & SEEN_POWER) != 0) {
        return syntax_fault(sx, SP_PYTHON_ARGUMENT_ORDER, l->open);
    }
    if (!is_key && !is_power && !is_star && (l->seen & (SEEN_KEY | SEEN_POWER)) != 0) {
        return syntax_fault(sx, SP_PYTHON_ARGUMENT_ORDER, syntax_here(sx));
    }
    l->seen |= (is_key ? SEEN_KEY : 0) | (is_power ? SEEN_POWER : 0);
    return true;
}

bool syntax_end_element(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if (l->state != STATE_AFTER || (l->seen & SEEN_FOR) != 0) {
        return false;
    }
    if ((l->bits & BIT_COND) != 0) {
        bool is_colon = sx->token->kind == SP_TOKEN_OP && sx->token->op == ':';
        return !is_colon && syntax_fault(sx, SP_PYTHON_ELSE_MISSING, l->expression);
    }
    if (l->kind == LEVEL_CALL || l->kind == LEVEL_BASES) {
        return end_argument(sx, l);
    }
    const unsigned impure = SEEN_YIELD | SEEN_COMP;
    if (l->kind == LEVEL_WITH &&
        ((l->bits & (BIT_STAR | BIT_WALRUS)) != 0 || (l->seen & impure) != 0)) {
        l->seen |= SEEN_IMPURE;
    }
    syntax_fold(l);
    return true;
}

/* ---- commas ---- */

static bool comma_in_braces(struct sp_syntax_level *l)
{
    switch ((enum brace)l->phase) {
    case BRACE_UNKNOWN:
        l->phase = (l->bits & BIT_POWER) != 0 ? BRACE_KEY : BRACE_SET;
        break;
    case BRACE_VALUE:
        l->phase = BRACE_KEY;
        break;
    case BRACE_KEY:
        if ((l->bits & BIT_POWER) == 0) {
            return false;
        }
        break;
    case BRACE_SET:
        break;
    }
    l->permits = l->phase == BRACE_SET ? PERMIT_STAR | PERMIT_WALRUS | PERMIT_COMMA
                                       : PERMIT_POWER | PERMIT_COMMA;
    return syntax_element(l);
}

static bool comma_behind_element(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    bool is_empty_slice = l->state == STATE_FULL && (l->bits & BIT_SLICE) != 0;
    if (!is_empty_slice && !syntax_end_element(sx, l)) {
        return false;
    }
    if (l->kind == LEVEL_STATEMENT && (l->permits & PERMIT_COMMA) == 0) {
        return syntax_slot_end(sx, l, CLASS_COMMA);
    }
    if ((l->permits & PERMIT_COMMA) == 0 || (l->seen & SEEN_COMP) != 0) {
        return (l->seen & SEEN_COMP) != 0 && l->kind == LEVEL_CALL &&
               syntax_fault(sx, SP_PYTHON_GENERATOR, l->start);
    }
    l->seen |= SEEN_COMMA;
    if (l->kind == LEVEL_BRACE) {
        return comma_in_braces(l);
    }
    return syntax_element(l);
}

bool syntax_comma(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    if ((l->seen & SEEN_FOR) != 0) {
        syntax_fold(l);
        l->seen |= SEEN_COMMA;
        return syntax_element(l);
    }
    if (l->kind == LEVEL_PARAMS || l->kind == LEVEL_LAMBDA || l->kind == LEVEL_TYPES) {
        return syntax_param_end(sx, l, class);
    }
    if (l->kind == LEVEL_WITH && l->phase == SLOT_WITH_AS) {
        return syntax_slot_end(sx, l, class);
    }
    return comma_behind_element(sx, l);
}

/* ---- colons and equal signs ---- */

static bool colon_in_braces(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    const unsigned never = BIT_STAR | BIT_POWER | BIT_WALRUS;
    bool is_key = l->phase == BRACE_UNKNOWN || l->phase == BRACE_KEY;
    if (!is_key || (l->bits & never) != 0 || (l->seen & SEEN_COMP) != 0 ||
        !syntax_end_element(sx, l)) {
        return false;
    }
    l->phase = BRACE_VALUE;
    l->permits = PERMIT_COMMA | PERMIT_COMP;
    (void)syntax_element(l);
    l->state = STATE_EXPR;
    return true;
}

static bool colon_in_index(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    const unsigned never = BIT_STAR | BIT_WALRUS;
    bool has_slice = (l->bits & BIT_SLICE) != 0;
    if ((l->bits & never) != 0 || (l->state == STATE_AFTER && !syntax_end_element(sx, l))) {
        return false;
    }
    l->count = has_slice ? (uint16_t)(l->count + 1U) : 1;
    (void)syntax_element(l);
    l->bits = BIT_SLICE;
    return l->count <= 2;
}

bool syntax_colon(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    switch (l->kind) {
    case LEVEL_BRACE:
        return colon_in_braces(sx, l);
    case LEVEL_INDEX:
        return colon_in_index(sx, l);
    case LEVEL_LAMBDA:
        return syntax_param_end(sx, l, class);
    case LEVEL_FIELD:
        return syntax_field_mark(sx, l, class);
    case LEVEL_STATEMENT:
        return syntax_slot_end(sx, l, class);
    default:
        return false;
    }
}

static bool equal_in_call(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if ((l->permits & PERMIT_KEY) == 0 || l->state != STATE_AFTER) {
        return false;
    }
    if (!syntax_is_name(l)) {
        return syntax_fault(sx, SP_PYTHON_KEYWORD, l->start);
    }
    l->bits |= BIT_KEY | BIT_OPS;
    l->state = STATE_EXPR;
    return true;
}

bool syntax_equal(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    switch (l->kind) {
    case LEVEL_CALL:
    case LEVEL_BASES:
        return equal_in_call(sx, l);
    case LEVEL_PARAMS:
    case LEVEL_LAMBDA:
    case LEVEL_TYPES:
        return syntax_param_end(sx, l, class);
    case LEVEL_FIELD:
        return syntax_field_mark(sx, l, class);
    case LEVEL_STATEMENT:
        return syntax_slot_end(sx, l, class);
    default:
        return false;
    }
}

/* ---- closing ---- */

/* The shape of what parentheses or a list hold, as a target. */
static bool pop_sequence(struct sp_syntax *sx, const struct sp_syntax_level *l, enum shape shape)
{
    uint32_t bad = l->bad;
    bool has_bad = shape == SHAPE_NONE && (l->seen & SEEN_BAD) != 0 && (l->seen & SEEN_COMP) == 0;
    if (!pop(sx, shape)) {
        return false;
    }
    struct sp_syntax_level *outer = syntax_top(sx);
    if (has_bad) {
        outer->inner = bad;
        outer->bits |= BIT_INNER;
    }
    outer->bits |= shape == SHAPE_PAREN ? BIT_PAREN : 0;
    return true;
}

static bool close_group(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    bool has_comma = (l->seen & SEEN_COMMA) != 0;
    bool is_empty = l->state == STATE_FULL;
    if (is_empty && (l->seen & SEEN_COMP) != 0) {
        return false;
    }
    if (!is_empty && !syntax_end_element(sx, l)) {
        return false;
    }
    if (!is_empty && !has_comma && (l->seen & SEEN_STAR) != 0 && (l->seen & SEEN_COMP) == 0) {
        return syntax_fault(sx, SP_PYTHON_STAR_HERE, l->start);
    }
    enum shape shape = syntax_target(l);
    if (!is_empty && !has_comma && shape != SHAPE_NONE && l->shape <= SHAPE_PAREN) {
        shape = SHAPE_PAREN;
    }
    return pop_sequence(sx, l, shape);
}

static bool close_with(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if ((l->seen & SEEN_AS) == 0) {
        return close_group(sx, l);
    }
    bool is_target = l->phase == SLOT_WITH_AS;
    l->seen &= (uint16_t) ~(is_target ? SEEN_COMMA : 0U); /* of the items, not of the target */
    if (l->state == STATE_AFTER && is_target && !syntax_check_target(sx, l, false)) {
        return false;
    }
    if (l->state == STATE_AFTER && !is_target && !syntax_end_element(sx, l)) {
        return false;
    }
    bool is_end = l->state == STATE_AFTER || (l->state == STATE_FULL && !is_target);
    if (!is_end || (l->seen & SEEN_IMPURE) != 0 || !pop(sx, SHAPE_NONE)) {
        return false;
    }
    return syntax_want(sx, WANT_COLON);
}

static bool close_list(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    bool is_end = l->state == STATE_FULL ? (l->seen & SEEN_COMP) == 0 : syntax_end_element(sx, l);
    return is_end && pop_sequence(sx, l, syntax_target(l));
}

static bool close_brace(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if (l->state == STATE_FULL) {
        return (l->seen & SEEN_COMP) == 0 && pop(sx, SHAPE_NONE);
    }
    bool lacks_value = l->phase == BRACE_KEY && (l->bits & BIT_POWER) == 0;
    return !lacks_value && syntax_end_element(sx, l) && pop(sx, SHAPE_NONE);
}

static bool close_call(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    bool is_bases = l->kind == LEVEL_BASES;
    if (l->state == STATE_FULL ? (l->seen & SEEN_COMP) != 0 : !syntax_end_element(sx, l)) {
        return false;
    }
    if (!pop(sx, SHAPE_NONE)) {
        return false;
    }
    syntax_top(sx)->bits &= (uint16_t)~BIT_INNER;
    return !is_bases || syntax_want(sx, WANT_COLON);
}

static bool close_index(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    bool may_be_empty = (l->bits & BIT_SLICE) != 0 || (l->seen & SEEN_COMMA) != 0;
    if (l->state == STATE_FULL ? !may_be_empty : !syntax_end_element(sx, l)) {
        return false;
    }
    return pop(sx, SHAPE_PLACE);
}

bool syntax_close(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    switch (l->kind) {
    case LEVEL_GROUP:
        return close_group(sx, l);
    case LEVEL_WITH:
        return close_with(sx, l);
    case LEVEL_LIST:
        return close_list(sx, l);
    case LEVEL_BRACE:
        return close_brace(sx, l);
    case LEVEL_CALL:
    case LEVEL_BASES:
        return close_call(sx, l);
    case LEVEL_INDEX:
        return close_index(sx, l);
    case LEVEL_PARAMS:
    case LEVEL_TYPES:
        return syntax_param_end(sx, l, class);
    case LEVEL_FIELD:
        return class == CLASS_RBRACE && syntax_field_mark(sx, l, class);
    default:
        return false;
    }
}
