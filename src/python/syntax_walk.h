/*
 * syntax_walk - the grammar's quick step for each token that is frequent, where it mostly stands.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 * For a reader that knows which token it has; the current one of the grammar. On false sp_syntax_take says what it is.
 */
#ifndef SP_PYTHON_SYNTAX_WALK_H
#define SP_PYTHON_SYNTAX_WALK_H

#include "python/syntax_step.h"

/* The level on top is in this state, and nothing needs a closer look. */
static inline bool syntax_walk_is(const struct sp_syntax *sx, enum state state)
{
    return sx->special == 0 && sx->top->state == state;
}

/* The start of an operand of any kind. */
static inline bool syntax_walk_wants_operand(const struct sp_syntax *sx)
{
    return sx->special == 0 && sx->top->state <= STATE_ARITH;
}

static inline bool syntax_walk_name(struct sp_syntax *sx)
{
    if (syntax_walk_wants_operand(sx)) {
        return syntax_step_operand(sx, sx->top, SHAPE_NAME);
    }
    return syntax_walk_is(sx, STATE_START) && syntax_step_start(sx, sx->top);
}

/* A dot and a name behind an operand. */
static inline bool syntax_walk_may_have_attribute(const struct sp_syntax *sx)
{
    return syntax_walk_is(sx, STATE_AFTER);
}

static inline bool syntax_walk_number(struct sp_syntax *sx)
{
    return syntax_walk_wants_operand(sx) && syntax_step_operand(sx, sx->top, SHAPE_NONE);
}

/* A literal of text without escapes. */
static inline bool syntax_walk_string(struct sp_syntax *sx)
{
    if (!syntax_walk_wants_operand(sx)) {
        return false;
    }
    (void)syntax_step_operand(sx, sx->top, SHAPE_NONE);
    sx->top->string = STRING_TEXT;
    return true;
}

static inline bool syntax_walk_dot(struct sp_syntax *sx)
{
    bool is_fine = syntax_walk_is(sx, STATE_AFTER);
    sx->top->state = is_fine ? STATE_DOT : sx->top->state;
    return is_fine;
}

static inline bool syntax_walk_comma(struct sp_syntax *sx)
{
    return syntax_walk_is(sx, STATE_AFTER) && syntax_step_comma(sx->top);
}

static inline bool syntax_walk_equal(struct sp_syntax *sx)
{
    return syntax_walk_is(sx, STATE_AFTER) && syntax_step_equal(sx, sx->top);
}

static inline bool syntax_walk_colon(struct sp_syntax *sx)
{
    return syntax_walk_is(sx, STATE_AFTER) && syntax_step_head(sx, sx->top);
}

/* `class` is CLASS_LPAR or CLASS_LSQB. */
static inline bool syntax_walk_open(struct sp_syntax *sx, unsigned class)
{
    if (syntax_walk_is(sx, STATE_AFTER)) {
        return syntax_step_open(sx, class);
    }
    return syntax_walk_is(sx, STATE_FULL) && syntax_step_group(sx, sx->top, class);
}

static inline bool syntax_walk_close(struct sp_syntax *sx, unsigned class)
{
    if (syntax_walk_is(sx, STATE_AFTER)) {
        return syntax_step_close(sx, sx->top);
    }
    return class == CLASS_RPAR && syntax_walk_is(sx, STATE_FULL) && syntax_step_empty(sx, sx->top);
}

static inline bool syntax_walk_line(struct sp_syntax *sx)
{
    if (syntax_walk_is(sx, STATE_AFTER)) {
        return syntax_step_end(sx, sx->top);
    }
    return syntax_walk_is(sx, STATE_WORDS) && syntax_step_words(sx, sx->top);
}

/* An INDENT or a DEDENT. */
static inline bool syntax_walk_layout(struct sp_syntax *sx, bool is_indent)
{
    if (!syntax_walk_is(sx, STATE_START)) {
        return false;
    }
    return is_indent ? syntax_step_indent(sx) : syntax_step_dedent(sx);
}

#endif
