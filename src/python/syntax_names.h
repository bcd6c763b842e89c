/*
 * syntax_names - the states, levels and blocks of the automaton; nobody but the files of syntax includes this.
 *
 * Runs in: inspect, and the command line.   Allocates: never.
 */
#ifndef SP_PYTHON_SYNTAX_NAMES_H
#define SP_PYTHON_SYNTAX_NAMES_H

#include "python/syntax_class.h"

enum level_kind {
    LEVEL_STATEMENT,
    LEVEL_GROUP,
    LEVEL_LIST,
    LEVEL_BRACE,
    LEVEL_CALL,
    LEVEL_BASES,
    LEVEL_INDEX,
    LEVEL_PARAMS,
    LEVEL_LAMBDA,
    LEVEL_TYPES,
    LEVEL_FSTRING,
    LEVEL_FIELD,
    LEVEL_WITH,
    LEVEL_NAMES, /* of from ... import ( */
    LEVEL_PATTERN_GROUP,
    LEVEL_PATTERN_LIST,
    LEVEL_PATTERN_MAP,
    LEVEL_PATTERN_CLASS,
};

/* What an element may hold. */
#define PERMIT_STAR   0x0001u
#define PERMIT_WALRUS 0x0002u
#define PERMIT_YIELD  0x0004u
#define PERMIT_COMMA  0x0008u
#define PERMIT_COMP   0x0010u
#define PERMIT_POWER  0x0020u /* ** in front */
#define PERMIT_WIDE   0x0040u /* a starred element is any expression */
#define PERMIT_KEY    0x0080u /* name=value */
#define PERMIT_EMPTY  0x0100u

/* What the element being read holds. */
#define BIT_OPS       0x0001u /* an operator: it is no target */
#define BIT_STAR      0x0002u
#define BIT_NARROW    0x0004u /* only operands of | and tighter operators */
#define BIT_COND      0x0008u /* between if and else */
#define BIT_LAMBDA    0x0010u
#define BIT_YIELD     0x0020u
#define BIT_WALRUS    0x0040u
#define BIT_POWER     0x0080u
#define BIT_KEY       0x0100u
#define BIT_SLICE     0x0200u
#define BIT_INNER     0x0400u /* `inner` says what cannot be assigned to */
#define BIT_PAREN     0x0800u /* began with a target in parentheses */

/* What the elements so far held. */
#define SEEN_COMMA    0x0001u
#define SEEN_BAD      0x0002u /* one is no target */
#define SEEN_STAR     0x0004u
#define SEEN_STARS    0x0008u
#define SEEN_NODEL    0x0010u /* one holds a star: del cannot have it */
#define SEEN_COMP     0x0020u
#define SEEN_FOR      0x0040u /* between for and in */
#define SEEN_YIELD    0x0080u
#define SEEN_KEY      0x0100u
#define SEEN_POWER    0x0200u
#define SEEN_AS       0x0400u
#define SEEN_IMPURE   0x0800u /* with (: something that no item of a with can be */
#define SEEN_ASYNC    0x1000u
#define SEEN_FIRST    0x2000u /* the first iterable of a comprehension is being read */
#define SEEN_YIELDS   0x4000u /* a yield somewhere inside */

enum shape {
    SHAPE_NONE,
    SHAPE_NAME,
    SHAPE_PLACE, /* an attribute, or an index */
    SHAPE_PAREN, /* one of them in parentheses */
    SHAPE_SEQ,   /* a tuple or list of targets */
    SHAPE_STARS, /* the same with a star somewhere inside */
};

enum string_kind { STRING_NONE, STRING_TEXT, STRING_BYTES, STRING_TEMPLATE };

/* What an expression of a statement is for. */
enum slot {
    SLOT_NONE,
    SLOT_EXPR,
    SLOT_VALUE,
    SLOT_AUGMENT,
    SLOT_ANNOTATION,
    SLOT_ANNOTATED,
    SLOT_RETURN,
    SLOT_RAISE,
    SLOT_CAUSE,
    SLOT_DEL,
    SLOT_ASSERT,
    SLOT_MESSAGE,
    SLOT_CONDITION,
    SLOT_FOR,
    SLOT_ITERABLE,
    SLOT_WITH,
    SLOT_WITH_AS,
    SLOT_EXCEPT,
    SLOT_DECORATOR,
    SLOT_RESULT,
    SLOT_MATCH,
    SLOT_GUARD,
    SLOT_TYPE,
    SLOT_CASE,
    SLOT_COUNT,
};

/* The next token of a statement that is a fixed sequence here. */
enum phase {
    WANT_END = SLOT_COUNT, /* a line end or semicolon */
    WANT_COLON,
    WANT_BODY, /* behind the colon of a header */
    WANT_GLOBAL,
    WANT_GLOBAL_MORE,
    WANT_MODULE,
    WANT_MODULE_MORE,
    WANT_ALIAS,
    WANT_ALIAS_MORE,
    WANT_FROM,
    WANT_FROM_PART,
    WANT_FROM_MORE,
    WANT_NAMES,
    WANT_FROM_NAME,
    WANT_FROM_NAME_MORE,
    WANT_FROM_ALIAS,
    WANT_FROM_ALIAS_MORE,
    WANT_DEF,
    WANT_DEF_OPEN,
    WANT_DEF_PAREN,
    WANT_DEF_MORE,
    WANT_CLASS,
    WANT_CLASS_OPEN,
    WANT_CLASS_PAREN,
    WANT_EXCEPT,
    WANT_EXCEPT_AS,
    WANT_ASYNC,
    WANT_TYPE_OPEN,
    WANT_TYPE_EQUAL,
    WANT_WITH_CLOSE,
    WANT_MAGIC_MORE,
};

enum header {
    HEADER_MODULE,
    HEADER_IF,
    HEADER_ELSE,
    HEADER_LOOP,
    HEADER_LOOP_ELSE,
    HEADER_TRY,
    HEADER_EXCEPT,
    HEADER_EXCEPT_BARE,
    HEADER_EXCEPT_STAR,
    HEADER_TRY_ELSE,
    HEADER_FINALLY,
    HEADER_WITH,
    HEADER_DEF,
    HEADER_CLASS,
    HEADER_MATCH,
    HEADER_CASE,
};

/* Which clauses may follow a block. */
enum follow {
    FOLLOW_NONE,
    FOLLOW_IF,
    FOLLOW_LOOP,
    FOLLOW_TRY,
    FOLLOW_EXCEPT,
    FOLLOW_EXCEPT_BARE,
    FOLLOW_EXCEPT_STAR,
    FOLLOW_FINALLY,
    FOLLOW_DECORATED,
};

#define CONTEXT_FUNCTION 0x01u
#define CONTEXT_ASYNC    0x02u
#define CONTEXT_LOOP     0x04u
#define CONTEXT_CLASS    0x08u
#define CONTEXT_GROUP    0x10u /* in except*: nothing may leave it */
#define CONTEXT_FIELD    0x20u /* a lambda in a field of an f-string, outside of brackets */
#define CONTEXT_LAMBDA   0x40u

#endif
