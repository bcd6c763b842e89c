/*
 * scopes_inner - what the files of scopes share; nobody else includes this.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 */
#ifndef SP_PYTHON_SCOPES_INNER_H
#define SP_PYTHON_SCOPES_INNER_H

#include "python/facts_inner.h"
#include "python/scopes.h"

#define SCOPES_MAX 32u
#define BLOCKS_MAX (SP_PYTHON_INDENTS_MAX + 1u)

enum scope_kind { SCOPE_MODULE, SCOPE_FUNCTION, SCOPE_CLASS };
enum walk_use { USE_UNSEEN, USE_PENDING, USE_OWN };

/* Where in `x for t in y if z` a bracket is. Only the first y belongs to the scope around it. */
enum walk_loop { LOOP_NONE, LOOP_FIRST_TARGET, LOOP_FIRST, LOOP_LATER_TARGET, LOOP_LATER };

/* Names in a row, of which those behind the opening and behind a comma bind: parameters. */
struct scope_list {
    bool is_open;
    bool expects;
    bool binds; /* the name is one of them */
    uint32_t depth;
};

struct scope {
    uint8_t kind; /* enum scope_kind */
    bool binds;
    bool is_global;
    bool is_nonlocal;
    bool is_line; /* its body stands on the line of its header */
    uint32_t block;
};

struct scope_bracket {
    uint32_t at;
    uint8_t loop;    /* enum walk_loop */
    bool binds;      /* a target of it is the name */
    bool is_outside; /* the use stands in what the scope around gives it */
};

struct scope_walk {
    struct sp_lexer lx;
    struct sp_py_token token;
    struct sp_slice name;
    uint32_t use_at;
    enum walk_use use;
    uint32_t use_scope;
    bool is_use_direct; /* it stands in that scope, not in one inside */
    bool is_use_sure;   /* the module had bound the name by then */

    /* the statement */
    bool is_start;
    bool is_plain;   /* it begins with no keyword */
    bool has_lambda; /* outside brackets */
    bool has_colon;  /* outside brackets */
    bool has_target; /* `name,` of what may become an assignment */
    bool has_in;     /* of a for */
    bool binds;      /* the name, once it is over */
    bool binds_body; /* the name, in the block below */
    bool in_body;    /* behind the colon of a header, on its line */
    uint32_t first;  /* enum sp_word */
    bool opens;      /* a scope, whose header is being read */
    bool is_named;   /* that scope has the name */
    bool has_params; /* they were read */
    struct scope_list params;
    struct scope_list lambda;
    bool in_lambda; /* in its body */
    bool is_lambda_lost;

    /* the tokens before */
    uint8_t last_kind;
    uint8_t last_op;
    uint8_t last_word;
    bool is_hit;
    bool hit_starts;
    uint8_t hit_op;
    uint8_t hit_word;

    /* where it stands */
    struct scope scopes[SCOPES_MAX];
    uint32_t scope;
    uint32_t block;
    uint32_t block_numbers;
    uint32_t blocks[BLOCKS_MAX];
    uint32_t depth;
    struct scope_bracket brackets[SP_PYTHON_BRACKETS_MAX + 1u];

    /* the module's binding */
    bool is_module_lost; /* it may be taken away again */
    bool is_sure;
    uint32_t sure_block;
    bool is_awaited; /* it holds from the next statement of its block on */
    uint32_t awaited_block;
    bool is_lost;
};

static inline bool at_op(const struct scope_walk *w, uint8_t op)
{
    return w->token.kind == SP_TOKEN_OP && w->token.op == op;
}

static inline bool at_word(const struct scope_walk *w, enum sp_word word)
{
    return w->token.kind == SP_TOKEN_NAME && w->token.op == word;
}

static inline bool is_name(const struct scope_walk *w)
{
    return sp_slice_equal(sp_lexer_text(&w->lx, &w->token), w->name);
}

/* A statement of the scope that is open binds the name. */
void scope_bind(struct scope_walk *w) SP_NONNULL(1);
/* The name stood just before this token. */
void scope_judge_hit(struct scope_walk *w) SP_NONNULL(1);

/* Behind the opening of a list of parameters, and for each token after it. */
void scope_open_list(struct scope_list *list, uint32_t depth) SP_NONNULL(1);
void scope_take_in_list(const struct scope_walk *w, struct scope_list *list) SP_NONNULL(1, 2);
void scope_take_in_lambda(struct scope_walk *w) SP_NONNULL(1);
/* A keyword of a comprehension. */
void scope_take_loop(struct scope_walk *w) SP_NONNULL(1);

#endif
