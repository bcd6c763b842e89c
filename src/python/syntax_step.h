/*
 * syntax_step - the grammar's quick steps for tokens that most of a program is made of, open to a compiler that sees
 *               through them: the grammar itself takes them, and who reads tokens and their meaning in one walk.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 * Each is for one state of the level on top. It takes the token wholly, or leaves all as it was: then the automaton
 * proper says what is right. That one says the same about what is taken here, in more instructions.
 */
#ifndef SP_PYTHON_SYNTAX_STEP_H
#define SP_PYTHON_SYNTAX_STEP_H

#include "python/syntax_inner.h"

static inline bool syntax_step_operand(const struct sp_syntax *sx, struct sp_syntax_level *l,
                                       enum shape shape)
{
    syntax_note_start(sx, l);
    return syntax_operand(l, shape);
}

static inline bool syntax_step_attribute(struct sp_syntax_level *l)
{
    l->bits &= (uint16_t)~BIT_INNER;
    return syntax_operand(l, SHAPE_PLACE);
}

static inline bool syntax_step_open(struct sp_syntax *sx, unsigned class)
{
    enum level_kind kind = class == CLASS_LPAR ? LEVEL_CALL : LEVEL_INDEX;
    return syntax_has_room(sx) && syntax_push_level(sx, kind, syntax_permitted[kind]);
}

/* Those of a statement may belong to a with. */
static inline bool syntax_step_group(struct sp_syntax *sx, struct sp_syntax_level *l,
                                     unsigned class)
{
    enum level_kind kind = class == CLASS_LPAR ? LEVEL_GROUP : LEVEL_LIST;
    if ((l->kind == LEVEL_STATEMENT && l->phase == SLOT_WITH) || !syntax_has_room(sx)) {
        return false;
    }
    syntax_note_start(sx, l);
    return syntax_push_level(sx, kind, syntax_permitted[kind]);
}

/* The element that ends here is whole, and nothing around it makes that a question. */
static inline bool syntax_is_plain(const struct sp_syntax_level *l)
{
    return (l->bits & (BIT_COND | BIT_STAR | BIT_POWER)) == 0 &&
           (l->seen & (SEEN_FOR | SEEN_COMP | SEEN_YIELDS)) == 0;
}

/* An argument by place may not stand behind one by name. */
static inline bool syntax_is_argument(const struct sp_syntax_level *l)
{
    return (l->bits & BIT_KEY) != 0 || (l->seen & (SEEN_KEY | SEEN_POWER)) == 0;
}

static inline bool syntax_step_comma(struct sp_syntax_level *l)
{
    if (!syntax_is_plain(l) || (l->permits & PERMIT_COMMA) == 0) {
        return false;
    }
    if (l->kind == LEVEL_CALL) {
        if (!syntax_is_argument(l)) {
            return false;
        }
        l->seen |= (l->bits & BIT_KEY) != 0 ? SEEN_KEY : 0;
    } else if (l->kind <= LEVEL_LIST) {
        syntax_fold(l);
    } else {
        return false;
    }
    l->seen |= SEEN_COMMA;
    return syntax_element(l);
}

/* Back to the level around a call or an index. */
static inline bool syntax_leave(struct sp_syntax *sx, enum shape shape, unsigned bits)
{
    if (sx->has_await) {
        return false;
    }
    sx->top--;
    struct sp_syntax_level *outer = syntax_top(sx);
    outer->bits &= (uint16_t)bits;
    return syntax_operand(outer, shape);
}

static inline bool syntax_step_close(struct sp_syntax *sx, const struct sp_syntax_level *l)
{
    if (!syntax_is_plain(l)) {
        return false;
    }
    if (l->kind == LEVEL_CALL) {
        return syntax_is_argument(l) && syntax_leave(sx, SHAPE_NONE, ~BIT_INNER);
    }
    return l->kind == LEVEL_INDEX && syntax_leave(sx, SHAPE_PLACE, ~0U);
}

static inline bool syntax_step_empty(struct sp_syntax *sx, const struct sp_syntax_level *l)
{
    return l->kind == LEVEL_CALL && (l->seen & (SEEN_COMP | SEEN_YIELDS)) == 0 &&
           syntax_leave(sx, SHAPE_NONE, ~BIT_INNER);
}

/* A name, an attribute or an index, and nothing more. */
static inline bool syntax_is_lone_target(const struct sp_syntax_level *l)
{
    return (l->shape == SHAPE_NAME || l->shape == SHAPE_PLACE) &&
           (l->bits & ~(BIT_INNER | BIT_PAREN)) == 0 && l->seen == 0;
}

static inline bool syntax_step_equal(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if (l->kind == LEVEL_CALL) {
        if (l->shape != SHAPE_NAME || l->bits != 0 || (l->permits & PERMIT_KEY) == 0) {
            return false;
        }
        l->bits = BIT_KEY | BIT_OPS;
        l->state = STATE_EXPR;
        return true;
    }
    bool is_target = l->kind == LEVEL_STATEMENT && !sx->has_await && syntax_is_lone_target(l) &&
                     (l->phase == SLOT_EXPR || l->phase == SLOT_VALUE);
    return is_target && syntax_begin_slot(l, SLOT_VALUE);
}

/* The next line may begin, unless this one is the body of a header that stands on it too. */
static inline bool syntax_end_line(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if (syntax_block(sx)->is_line) {
        return false;
    }
    l->state = STATE_START;
    l->seen = 0;
    sx->at_line_start = true;
    sx->is_lenient = false;
    return true;
}

static inline bool syntax_step_end(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    bool is_slot = l->kind == LEVEL_STATEMENT && l->phase >= SLOT_EXPR && l->phase <= SLOT_RETURN &&
                   (l->phase != SLOT_RETURN || syntax_may_return(sx));
    return is_slot && syntax_is_plain(l) && !sx->has_await && syntax_end_line(sx, l);
}

static inline bool syntax_step_words(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if (l->phase == WANT_BODY) {
        sx->block_due = true;
        l->state = STATE_START;
        return true;
    }
    return l->phase == WANT_END && syntax_end_line(sx, l);
}

/* The colon of if, while and the like, and of for. */
static inline bool syntax_step_head(struct sp_syntax *sx, const struct sp_syntax_level *l)
{
    bool is_slot =
        l->kind == LEVEL_STATEMENT && (l->phase == SLOT_CONDITION || l->phase == SLOT_ITERABLE);
    return is_slot && syntax_is_plain(l) && !sx->has_await && syntax_body(sx);
}

/* What begins like match and type is looked at closely. */
static inline bool syntax_step_start(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    uint8_t first = sx->lx->ptr[sx->token->start];
    if (first == 'm' || first == 't' || !syntax_begin(sx)) {
        return false;
    }
    l->open = syntax_here(sx);
    (void)syntax_begin_slot(l, SLOT_EXPR);
    return syntax_step_operand(sx, l, SHAPE_NAME);
}

static inline bool syntax_step_indent(struct sp_syntax *sx)
{
    bool is_due = sx->block_due;
    sx->at_line_start = sx->at_line_start || is_due;
    sx->block_due = false;
    return is_due;
}

static inline bool syntax_step_dedent(struct sp_syntax *sx)
{
    const struct sp_syntax_block *block = syntax_block(sx);
    if (sx->block_due || sx->blocks == 0 || block->follow == FOLLOW_TRY ||
        block->follow == FOLLOW_DECORATED) {
        return false;
    }
    sx->blocks--;
    syntax_block(sx)->follow = syntax_follows[block->header];
    return true;
}

#endif
