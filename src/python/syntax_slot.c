#include "python/syntax_inner.h"

#define END_LINE  0x01u
#define END_COLON 0x02u
#define END_EMPTY 0x04u /* nothing need stand there */

/* What each expression of a statement may be. */
const uint16_t syntax_slot_permits[SLOT_COUNT] = {
    [SLOT_EXPR] = PERMIT_STAR | PERMIT_YIELD | PERMIT_COMMA,
    [SLOT_VALUE] = PERMIT_STAR | PERMIT_YIELD | PERMIT_COMMA,
    [SLOT_AUGMENT] = PERMIT_STAR | PERMIT_YIELD | PERMIT_COMMA,
    [SLOT_ANNOTATED] = PERMIT_STAR | PERMIT_YIELD | PERMIT_COMMA,
    [SLOT_RETURN] = PERMIT_STAR | PERMIT_COMMA,
    [SLOT_DEL] = PERMIT_COMMA | PERMIT_STAR,
    [SLOT_CONDITION] = PERMIT_WALRUS,
    [SLOT_FOR] = PERMIT_STAR | PERMIT_COMMA,
    [SLOT_ITERABLE] = PERMIT_STAR | PERMIT_COMMA,
    [SLOT_WITH_AS] = PERMIT_STAR,
    [SLOT_DECORATOR] = PERMIT_WALRUS,
    [SLOT_MATCH] = PERMIT_STAR | PERMIT_WALRUS | PERMIT_COMMA,
    [SLOT_GUARD] = PERMIT_WALRUS,
};

/* What ends it. */
static const uint8_t slot_ends[SLOT_COUNT] = {
    [SLOT_EXPR] = END_LINE,
    [SLOT_VALUE] = END_LINE,
    [SLOT_AUGMENT] = END_LINE,
    [SLOT_ANNOTATION] = END_LINE,
    [SLOT_ANNOTATED] = END_LINE,
    [SLOT_RETURN] = END_LINE | END_EMPTY,
    [SLOT_RAISE] = END_LINE | END_EMPTY,
    [SLOT_CAUSE] = END_LINE,
    [SLOT_DEL] = END_LINE,
    [SLOT_ASSERT] = END_LINE,
    [SLOT_MESSAGE] = END_LINE,
    [SLOT_CONDITION] = END_COLON,
    [SLOT_ITERABLE] = END_COLON,
    [SLOT_WITH] = END_COLON,
    [SLOT_WITH_AS] = END_COLON,
    [SLOT_EXCEPT] = END_COLON,
    [SLOT_DECORATOR] = END_LINE,
    [SLOT_RESULT] = END_COLON,
    [SLOT_MATCH] = END_COLON,
    [SLOT_GUARD] = END_COLON,
    [SLOT_TYPE] = END_LINE,
};

bool syntax_slot(struct sp_syntax *sx, enum slot slot)
{
    return syntax_begin_slot(syntax_top(sx), slot);
}

bool syntax_want(struct sp_syntax *sx, unsigned phase)
{
    struct sp_syntax_level *l = syntax_top(sx);
    l->state = STATE_WORDS;
    l->phase = (uint8_t)phase;
    return true;
}

/* ---- the end of an expression ---- */

static bool check_await(struct sp_syntax *sx)
{
    if (sx->has_await) {
        syntax_defer(sx, SP_PYTHON_AWAIT, sx->await);
    }
    return true;
}

/* The elements are whole, and a lone star is no value. */
static bool check_value(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    bool has_comma = (l->seen & SEEN_COMMA) != 0;
    if (l->state == STATE_FULL ? !has_comma : !syntax_end_element(sx, l)) {
        return false;
    }
    if ((l->seen & SEEN_STAR) != 0 && !has_comma) {
        syntax_defer(sx, SP_PYTHON_STAR_HERE, l->start);
    }
    return check_await(sx);
}

static bool check_del(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if (!syntax_check_target(sx, l, false)) {
        return false;
    }
    if ((l->seen & (SEEN_STAR | SEEN_NODEL)) != 0) {
        return syntax_fault(sx, SP_PYTHON_TARGET, l->start);
    }
    return check_await(sx);
}

static bool end_line(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    unsigned ends = slot_ends[l->phase];
    bool is_empty = l->state == STATE_FULL && (l->seen & SEEN_COMMA) == 0;
    if ((ends & END_LINE) == 0 || (l->phase == SLOT_DECORATOR && class == CLASS_SEMI)) {
        return false;
    }
    if (is_empty && (ends & END_EMPTY) != 0) {
        return syntax_line(sx, class);
    }
    if (l->phase == SLOT_DEL ? !check_del(sx, l) : !check_value(sx, l)) {
        return false;
    }
    if (l->phase == SLOT_RETURN) {
        syntax_return(sx, l);
    }
    if (l->phase == SLOT_DECORATOR) {
        syntax_block(sx)->follow = FOLLOW_DECORATED;
    }
    return syntax_line(sx, class);
}

/* Whether nothing but the line end follows the current token. */
static bool ends_line(const struct sp_syntax *sx)
{
    uint32_t at = sx->token->end;
    while (at < sx->lx->len && (sx->lx->ptr[at] == ' ' || sx->lx->ptr[at] == '\t')) {
        at++;
    }
    return at == sx->lx->len || sx->lx->ptr[at] == '\n' || sx->lx->ptr[at] == '\r' ||
           sx->lx->ptr[at] == '#';
}

/* `target: annotation`. */
static bool annotate(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    bool is_single = l->state == STATE_AFTER && l->shape != SHAPE_NONE && l->shape < SHAPE_SEQ;
    bool is_plain = (l->bits & (BIT_OPS | BIT_STAR | BIT_YIELD)) == 0;
    bool is_behind_group = l->shape == SHAPE_PLACE && (l->bits & BIT_PAREN) != 0;
    if (l->phase != SLOT_EXPR) {
        return false;
    }
    if (!is_single || !is_plain || is_behind_group || (l->seen & SEEN_COMMA) != 0) {
        bool is_whole = l->state == STATE_AFTER && (l->bits & BIT_COND) == 0;
        return is_whole && !ends_line(sx) && syntax_fault(sx, SP_PYTHON_ANNOTATION, l->open);
    }
    (void)syntax_slot(sx, SLOT_ANNOTATION);
    l->state = STATE_EXPR;
    return check_await(sx);
}

static bool end_colon(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if ((slot_ends[l->phase] & END_COLON) == 0) {
        return annotate(sx, l);
    }
    if ((l->phase == SLOT_WITH || l->phase == SLOT_WITH_AS) && l->state != STATE_AFTER) {
        return false; /* a comma behind the last item stands within brackets only */
    }
    if (l->phase == SLOT_WITH_AS) {
        return syntax_check_target(sx, l, false) && syntax_body(sx);
    }
    return check_value(sx, l) && syntax_body(sx);
}

/* ---- assignments ---- */

static bool assign(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if (l->phase == SLOT_ANNOTATION) {
        return syntax_end_element(sx, l) && syntax_slot(sx, SLOT_ANNOTATED);
    }
    if (l->phase != SLOT_EXPR && l->phase != SLOT_VALUE) {
        return false;
    }
    if (l->state == STATE_AFTER && (l->bits & BIT_COND) != 0) {
        return syntax_fault(sx, SP_PYTHON_ELSE_MISSING, l->start);
    }
    return syntax_check_target(sx, l, false) && check_await(sx) && syntax_slot(sx, SLOT_VALUE);
}

static bool augment(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    bool is_single = l->shape != SHAPE_NONE && l->shape < SHAPE_SEQ;
    bool is_plain = (l->bits & (BIT_OPS | BIT_STAR | BIT_YIELD)) == 0;
    if (l->phase != SLOT_EXPR) {
        return false;
    }
    if (!is_single || !is_plain || (l->seen & SEEN_COMMA) != 0) {
        return syntax_fault(sx, SP_PYTHON_AUGMENTED, l->open);
    }
    return check_await(sx) && syntax_slot(sx, SLOT_AUGMENT);
}

/* ---- with and except ---- */

static bool alias(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if (!syntax_end_element(sx, l)) {
        return false;
    }
    if (l->kind == LEVEL_WITH) {
        if (l->phase == SLOT_WITH_AS) {
            return false;
        }
        uint16_t seen = l->seen & (SEEN_IMPURE | SEEN_COMMA);
        (void)syntax_slot(sx, SLOT_WITH_AS);
        l->seen = seen | SEEN_AS;
        return true;
    }
    if (l->phase == SLOT_WITH) {
        return check_await(sx) && syntax_slot(sx, SLOT_WITH_AS);
    }
    return l->phase == SLOT_EXCEPT && (l->seen & SEEN_AS) == 0 && check_await(sx) &&
           syntax_want(sx, WANT_EXCEPT_AS);
}

static bool next_with(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    (void)syntax_slot(sx, SLOT_WITH);
    l->seen = SEEN_COMMA;
    return true;
}

/* A comma where the slot is no tuple: the next item. */
static bool next_item(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if (l->kind == LEVEL_WITH) {
        uint16_t seen = (l->seen & (SEEN_IMPURE | SEEN_AS)) | SEEN_COMMA;
        l->seen &= (uint16_t)~SEEN_COMMA; /* of the items, not of the target */
        if (!syntax_check_target(sx, l, false)) {
            return false;
        }
        (void)syntax_element(l);
        l->phase = 0;
        l->permits = PERMIT_COMMA;
        l->seen = seen;
        return true;
    }
    switch (l->phase) {
    case SLOT_ASSERT:
        return syntax_slot(sx, SLOT_MESSAGE);
    case SLOT_WITH:
        return check_await(sx) && next_with(sx, l);
    case SLOT_WITH_AS:
        l->seen &= (uint16_t) ~(SEEN_STAR | SEEN_STARS | SEEN_BAD);
        return syntax_check_target(sx, l, false) && next_with(sx, l);
    case SLOT_EXCEPT:
        /* Without parentheses since 3.14. */
        if (sx->lx->family < SP_PYTHON_314) {
            return syntax_fault(sx, SP_PYTHON_EXCEPT_TYPES, l->start);
        }
        (void)syntax_slot(sx, SLOT_EXCEPT);
        l->seen = SEEN_AS;
        return true;
    default:
        return false;
    }
}

/* ---- what ends or divides an expression of a statement ---- */

bool syntax_slot_end(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    switch (class) {
    case CLASS_COMMA:
        return next_item(sx, l);
    case SP_WORD_AS:
        return alias(sx, l);
    default:
        break;
    }
    if (l->kind != LEVEL_STATEMENT) {
        return false;
    }
    switch (class) {
    case CLASS_NEWLINE:
    case CLASS_SEMI:
        return end_line(sx, l, class);
    case CLASS_COLON:
        return end_colon(sx, l);
    case CLASS_EQUAL:
        return assign(sx, l);
    case CLASS_AUGMENTED:
        return augment(sx, l);
    case SP_WORD_FROM:
        return l->phase == SLOT_RAISE && syntax_end_element(sx, l) && check_await(sx) &&
               syntax_slot(sx, SLOT_CAUSE);
    case CLASS_MAGIC:
        /* `name = !command` and `name?`: IPython takes the rest of the line. */
        return syntax_want(sx, WANT_END);
    default:
        return false;
    }
}
