/*
 * syntax_level - what happens to a level of the automaton, in few instructions; nobody but the files of syntax includes
 * this.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 */
#ifndef SP_PYTHON_SYNTAX_LEVEL_H
#define SP_PYTHON_SYNTAX_LEVEL_H

#include "python/syntax.h"
#include "python/syntax_names.h"

/* What may stand in brackets of each kind, and in each expression of a statement. */
extern const uint16_t syntax_permitted[];
extern const uint16_t syntax_slot_permits[SLOT_COUNT];

static inline struct sp_syntax_level *syntax_top(struct sp_syntax *sx)
{
    return sx->top;
}

static inline struct sp_syntax_block *syntax_block(struct sp_syntax *sx)
{
    return &sx->stack[sx->blocks];
}

/* Where the current token begins. */
static inline uint32_t syntax_here(const struct sp_syntax *sx)
{
    return sx->token->start;
}

/* An operand ended. */
static inline bool syntax_operand(struct sp_syntax_level *l, enum shape shape)
{
    l->state = STATE_AFTER;
    l->shape = (uint8_t)shape;
    l->string = STRING_NONE;
    return true;
}

/* A new element begins. */
static inline bool syntax_element(struct sp_syntax_level *l)
{
    l->state = STATE_FULL;
    l->shape = SHAPE_NONE;
    l->string = STRING_NONE;
    l->bits = 0;
    return true;
}

/* An operand begins: perhaps the element, or an expression in it. */
static inline void syntax_note_start(const struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if (l->state <= STATE_EXPR) {
        l->expression = syntax_here(sx);
        l->start = l->state == STATE_FULL ? l->expression : l->start;
    }
}

/* The whole element is one bare name. */
static inline bool syntax_is_name(const struct sp_syntax_level *l)
{
    return l->state == STATE_AFTER && l->shape == SHAPE_NAME &&
           (l->bits & (BIT_OPS | BIT_STAR | BIT_YIELD | BIT_POWER | BIT_KEY | BIT_WALRUS)) == 0;
}

/* Counts the element that ends into what its level makes as a target. */
static inline void syntax_fold(struct sp_syntax_level *l)
{
    bool is_bad = l->shape == SHAPE_NONE || (l->bits & (BIT_OPS | BIT_YIELD)) != 0;
    if (is_bad && (l->seen & SEEN_BAD) == 0) {
        bool is_inner = (l->bits & BIT_INNER) != 0 && (l->bits & (BIT_OPS | BIT_YIELD)) == 0;
        l->bad = is_inner ? l->inner : l->start;
        l->seen |= SEEN_BAD;
    }
    if ((l->bits & BIT_STAR) != 0) {
        l->seen |= (l->seen & SEEN_STAR) != 0 ? SEEN_STARS : SEEN_STAR;
    }
    l->seen |= l->shape == SHAPE_STARS ? SEEN_NODEL : 0;
}

/* Whether one more level can be opened. */
static inline bool syntax_has_room(const struct sp_syntax *sx)
{
    return sx->top < &sx->levels[SP_SYNTAX_LEVELS_MAX - 1];
}

/* Opens a level, for which there is room. */
static inline bool syntax_push_level(struct sp_syntax *sx, enum level_kind kind, unsigned permits)
{
    const struct sp_syntax_level *outer = syntax_top(sx);
    bool in_lambda = (outer->bits & BIT_LAMBDA) != 0;
    bool in_field = kind == LEVEL_LAMBDA &&
                    (outer->kind == LEVEL_FIELD || (outer->context & CONTEXT_FIELD) != 0);
    uint8_t context = (uint8_t)((outer->context & ~CONTEXT_FIELD) |
                                (in_lambda ? CONTEXT_LAMBDA : 0) | (in_field ? CONTEXT_FIELD : 0));
    sx->top++;
    struct sp_syntax_level *l = syntax_top(sx);
    l->kind = (uint8_t)kind;
    l->context = context;
    l->permits = (uint16_t)permits;
    l->phase = 0;
    l->params = 0;
    l->seen = 0;
    l->count = 0;
    l->open = syntax_here(sx);
    l->start = l->open;
    return syntax_element(l);
}

/* Begins an expression of a statement. */
static inline bool syntax_begin_slot(struct sp_syntax_level *l, enum slot slot)
{
    (void)syntax_element(l);
    l->phase = (uint8_t)slot;
    l->permits = syntax_slot_permits[slot];
    l->seen = slot == SLOT_FOR ? SEEN_FOR : 0;
    return true;
}

/* Between the parts of a parameter. */
enum param {
    PARAM_START,
    PARAM_NAME,  /* behind the name */
    PARAM_STAR,  /* behind * */
    PARAM_POWER, /* behind ** */
    PARAM_SLASH, /* behind / */
    PARAM_ANNOTATION,
    PARAM_DEFAULT,
};

/* What came before, in `params`. */
#define PARAMS_SOME       0x01u
#define PARAMS_SLASH      0x02u
#define PARAMS_STAR       0x04u
#define PARAMS_BARE       0x08u /* a lone * that wants a name behind it */
#define PARAMS_POWER      0x10u
#define PARAMS_DEFAULT    0x20u

/* What the parameter is, in `count`. */
#define PARAM_IS_STAR     0x01u
#define PARAM_IS_POWER    0x02u
#define PARAM_HAS_DEFAULT 0x04u

/* Between two parts of a parameter. */
static inline bool syntax_go(struct sp_syntax_level *l, enum param phase)
{
    l->phase = (uint8_t)phase;
    l->state = STATE_PARAM;
    return true;
}

/* A generator that waits has no value to return. */
static inline bool syntax_may_return(struct sp_syntax *sx)
{
    const struct sp_syntax_block *function = &sx->stack[syntax_block(sx)->function];
    return function->has_value &&
           (!function->has_yield || (function->context & CONTEXT_ASYNC) == 0);
}

/* Neither a clause nor a definition is due, and no line of a match, where `case` stands. */
static inline bool syntax_may_begin(const struct sp_syntax *sx, const struct sp_syntax_block *block)
{
    return sx->at_line_start && !sx->block_due && block->header != HEADER_MATCH &&
           block->follow != FOLLOW_TRY && block->follow != FOLLOW_DECORATED;
}

/* A statement begins that is no clause of another. */
static inline bool syntax_begin(struct sp_syntax *sx)
{
    struct sp_syntax_block *block = syntax_block(sx);
    if (!syntax_may_begin(sx, block)) {
        return false;
    }
    block->follow = FOLLOW_NONE;
    sx->at_line_start = false;
    sx->has_await = false;
    return true;
}

#endif
