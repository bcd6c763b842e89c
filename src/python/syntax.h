/*
 * syntax - whether a stream of tokens is a program of Python: the grammar that CPython's parser accepts.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 * A pushdown automaton that is fed one token after another: its stack holds open brackets, lambdas and f-strings, and
 * a second one holds blocks. Work for a token does not depend on what came before, so that the whole is linear.
 * What follows from the meaning of names over a whole function (global and nonlocal, repeated arguments) is not judged
 * here: code that passes may still be refused by compile().
 */
#ifndef SP_PYTHON_SYNTAX_H
#define SP_PYTHON_SYNTAX_H

#include "python/lexer.h"

#define SP_SYNTAX_LEVELS_MAX 512u
#define SP_SYNTAX_BLOCKS_MAX (SP_PYTHON_INDENTS_MAX + 2u)

/* One open bracket, lambda head, f-string, or the statement itself. Places are offsets of tokens. */
struct sp_syntax_level {
    uint8_t kind;    /* enum level_kind */
    uint8_t context; /* CONTEXT_ bits of a lambda around */
    uint8_t state;   /* enum state: what may come next */
    uint8_t shape;   /* of the operand that ended last */
    uint8_t string;  /* what kind of literal it is, if it is one */
    uint8_t phase;   /* within the kind, or the slot of a statement */
    uint8_t params;  /* of parameters: what came before */
    uint16_t permits;
    uint16_t bits; /* of the element that is being read */
    uint16_t seen; /* of all elements so far */
    uint16_t count;
    uint32_t open;       /* the bracket itself */
    uint32_t start;      /* of the element */
    uint32_t expression; /* of the innermost whole expression in it */
    uint32_t bad;        /* the first element that cannot be assigned to */
    uint32_t inner;      /* within the operand: what cannot be assigned to */
};

struct sp_syntax_block {
    uint8_t header;  /* enum header */
    uint8_t follow;  /* which clauses may come next in it */
    uint8_t context; /* CONTEXT_ bits */
    bool is_line;    /* a body on the line of its header */
    bool has_yield;  /* of a function */
    bool has_value;  /* a return with a value */
    uint8_t function;
    uint32_t value; /* ... and where */
};

struct sp_syntax {
    struct sp_lexer *lx;
    const struct sp_py_token *token;
    struct sp_syntax_level *top; /* the innermost level */
    uint16_t blocks;
    bool at_line_start; /* compound statements may begin */
    bool block_due;     /* the line ended in the colon of a header */
    bool is_lenient;    /* to the end of the line: IPython reads it, not Python */
    uint8_t special;    /* SPECIAL_ bits: the next token needs more than a step of the automaton */
    uint8_t header;     /* of the statement whose colon is awaited */
    uint8_t pending;    /* context bits that its body gets */
    uint32_t await;     /* an await that only an async generator expression excuses */
    uint32_t yield;     /* the last one */
    const struct sp_syntax_level *await_level;
    bool has_await;
    enum sp_python_fault fault;
    uint32_t fault_at;
    enum sp_python_fault
        deferred; /* of the compiler: a fault of the parser behind it comes first */
    uint32_t deferred_at;
    enum sp_python_fault late; /* of a string: CPython sees it at the token behind all literals */
    struct sp_syntax_level levels[SP_SYNTAX_LEVELS_MAX];
    struct sp_syntax_block stack[SP_SYNTAX_BLOCKS_MAX];
    struct sp_lexer ahead; /* for the look along a line that begins with `match` */
};

/* Before the first token of a source. Borrows the lexer. */
void sp_syntax_start(struct sp_syntax *sx, struct sp_lexer *lx) SP_NONNULL(1, 2);

/* Takes one token. What cannot be part of a program becomes the lexer's fault, with CPython's place. */
enum sp_err sp_syntax_take(struct sp_syntax *sx, const struct sp_py_token *token)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* The same without quick steps, which tests compare it with. */
enum sp_err sp_syntax_take_closely(struct sp_syntax *sx, const struct sp_py_token *token)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
