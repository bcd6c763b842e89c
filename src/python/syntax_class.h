/*
 * syntax_class - what a token is to the grammar, and what may come next; nobody but the files of syntax includes this.
 *
 * Runs in: inspect, and the command line.   Allocates: never.
 */
#ifndef SP_PYTHON_SYNTAX_CLASS_H
#define SP_PYTHON_SYNTAX_CLASS_H

#include "python/word.h"

/* A token's class: 0 for a name, the number of a reserved word, or one of these. */
enum class {
    CLASS_NAME = 0,
    CLASS_NUMBER = SP_WORD_COUNT,
    CLASS_STRING,
    CLASS_FSTART,
    CLASS_FMIDDLE,
    CLASS_FEND,
    CLASS_NEWLINE,
    CLASS_INDENT,
    CLASS_DEDENT,
    CLASS_END,
    CLASS_MAGIC,
    CLASS_LPAR,
    CLASS_LSQB,
    CLASS_LBRACE,
    CLASS_RPAR,
    CLASS_RSQB,
    CLASS_RBRACE,
    CLASS_COMMA,
    CLASS_COLON,
    CLASS_SEMI,
    CLASS_DOT,
    CLASS_ELLIPSIS,
    CLASS_EQUAL,
    CLASS_WALRUS,
    CLASS_ARROW,
    CLASS_STAR,
    CLASS_POWER,
    CLASS_SIGN,
    CLASS_TILDE,
    CLASS_BINARY,
    CLASS_AT,
    CLASS_COMPARE,
    CLASS_AUGMENTED,
    CLASS_BANG,
    CLASS_COUNT,
};

/* Why a token needs a closer look. */
#define SPECIAL_SKIP 0x01u /* IPython reads this line, Python could not */
#define SPECIAL_OFF  0x02u /* ... to the end of the source: a session pasted with its prompts */
#define SPECIAL_SOFT 0x04u /* the statement began with match or type */
#define SPECIAL_LATE 0x08u /* a literal has a fault that shows behind the last one */

/* What may come next at a level. */
enum state {
    STATE_FULL,    /* the start of an element */
    STATE_EXPR,    /* the start of an expression inside one */
    STATE_DISJ,    /* of an operand of and, or, not, if: no lambda, no conditional */
    STATE_ARITH,   /* of an operand of arithmetic or a comparison: no not either */
    STATE_IS,      /* behind `is`: `not` may follow */
    STATE_PRIMARY, /* behind await: no sign either */
    STATE_YIELD,   /* behind yield */
    STATE_AFTER,   /* behind an operand */
    STATE_NOT_IN,  /* behind `a not` */
    STATE_DOT,     /* behind the dot of an attribute */
    STATE_FOR,     /* behind the async of a comprehension */
    STATE_START,   /* of a statement */
    STATE_WORDS,   /* a sequence of fixed tokens: `phase` says which */
    STATE_PARAM,   /* between the parts of parameters */
    STATE_TEXT,    /* in the text of an f-string, or behind the expression of a field */
    STATE_PATTERN, /* of a case */
    STATE_COUNT,
};

#endif
