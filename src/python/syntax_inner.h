/*
 * syntax_inner - what the files of syntax share; nobody else includes this.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 * Every function that answers bool answers whether the token fits. On false the fault is in sx->fault, or it is the
 * plain "invalid syntax" at the current token.
 */
#ifndef SP_PYTHON_SYNTAX_INNER_H
#define SP_PYTHON_SYNTAX_INNER_H

#include "python/syntax.h"
#include "python/syntax_names.h"

static inline struct sp_syntax_level *syntax_top(struct sp_syntax *sx)
{
    return &sx->levels[sx->depth];
}

static inline struct sp_syntax_block *syntax_block(struct sp_syntax *sx)
{
    return &sx->stack[sx->blocks];
}

static inline struct sp_syntax_place syntax_here(const struct sp_syntax *sx)
{
    return (struct sp_syntax_place){
        .start = sx->token->start, .line = sx->token->line, .line_start = sx->token->line_start};
}

static inline bool syntax_fault(struct sp_syntax *sx, enum sp_python_fault fault,
                                struct sp_syntax_place place)
{
    sx->fault = fault;
    sx->fault_at = place;
    return false;
}

/* A fault that CPython finds only when all of the source has been parsed. */
static inline void syntax_defer(struct sp_syntax *sx, enum sp_python_fault fault,
                                struct sp_syntax_place place)
{
    if (sx->deferred == SP_PYTHON_FINE) {
        sx->deferred = fault;
        sx->deferred_at = place;
    }
}

/* Whether the token is this name. */
bool syntax_is_text(const struct sp_syntax *sx, const char *text);

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

/* Opens a level; false when there are too many. */
bool syntax_push(struct sp_syntax *sx, enum level_kind kind, unsigned permits);

/* Closes the level on top, without an operand for the one below. */
void syntax_pop(struct sp_syntax *sx);

/* The context of an expression at this level. */
unsigned syntax_context(const struct sp_syntax *sx);

/* Ends an element behind an operand: it must be whole. */
bool syntax_end_element(struct sp_syntax *sx, struct sp_syntax_level *l);
/* What the elements of this level make as a target. */
enum shape syntax_target(const struct sp_syntax_level *l);
bool syntax_check_target(struct sp_syntax *sx, struct sp_syntax_level *l, bool is_single);

/* The parts. Each takes the current token. */
typedef bool syntax_step(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class);
bool syntax_want_operand(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class);
bool syntax_after_operand(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class);
bool syntax_open(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class);
bool syntax_close(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class);
bool syntax_comma(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class);
bool syntax_colon(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class);
bool syntax_equal(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class);
bool syntax_param(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class);
bool syntax_param_end(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class);
bool syntax_string(struct sp_syntax *sx, struct sp_syntax_level *l);
bool syntax_fstart(struct sp_syntax *sx, struct sp_syntax_level *l);
bool syntax_text(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class);
bool syntax_field_mark(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class);
bool syntax_pattern(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class);
bool syntax_pattern_start(struct sp_syntax *sx);

/* Statements. */
bool syntax_start_statement(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class);
bool syntax_words(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class);
bool syntax_slot_end(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class);
bool syntax_slot(struct sp_syntax *sx, enum slot slot);
bool syntax_want(struct sp_syntax *sx, unsigned phase);
bool syntax_soft(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class,
                 bool *out_is_soft);

/* Blocks. */
bool syntax_body(struct sp_syntax *sx);
bool syntax_line(struct sp_syntax *sx, unsigned class);
void syntax_await(struct sp_syntax *sx);
void syntax_yield(struct sp_syntax *sx);
void syntax_return(struct sp_syntax *sx, struct sp_syntax_level *l);

#endif
