/*
 * syntax_inner - what the files of syntax share; nobody else includes this.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 * Every function that answers bool answers whether the token fits. On false the fault is in sx->fault, or it is the
 * plain "invalid syntax" at the current token.
 */
#ifndef SP_PYTHON_SYNTAX_INNER_H
#define SP_PYTHON_SYNTAX_INNER_H

#include "python/syntax_level.h"

static inline bool syntax_fault(struct sp_syntax *sx, enum sp_python_fault fault, uint32_t at)
{
    sx->fault = fault;
    sx->fault_at = at;
    return false;
}

/* A fault that CPython finds only when all of the source has been parsed. */
static inline void syntax_defer(struct sp_syntax *sx, enum sp_python_fault fault, uint32_t at)
{
    if (sx->deferred == SP_PYTHON_FINE) {
        sx->deferred = fault;
        sx->deferred_at = at;
    }
}

/* Whether the token is this name. */
bool syntax_is_text(const struct sp_syntax *sx, const char *text);

extern const uint8_t syntax_operators[256];
extern const uint8_t syntax_kinds[];
extern const uint8_t syntax_follows[];

/* What a token is to the grammar. */
static inline unsigned syntax_class(const struct sp_py_token *token)
{
    if (token->kind == SP_TOKEN_NAME) {
        return token->op;
    }
    return token->kind == SP_TOKEN_OP ? syntax_operators[token->op] : syntax_kinds[token->kind];
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

/* The automaton proper, without quick steps. */
enum sp_err syntax_take_closely(struct sp_syntax *sx, unsigned class) SP_MUST_CHECK SP_NONNULL(1);

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
