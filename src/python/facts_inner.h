/*
 * facts_inner - the state that the files of facts share; nobody else includes this.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: once.
 */
#ifndef SP_PYTHON_FACTS_INNER_H
#define SP_PYTHON_FACTS_INNER_H

#include "python/facts.h"
#include "python/facts_lists.h"
#include "python/names.h"
#include "python/syntax.h"
#include "python/word.h"

#define FACTS_TARGETS_MAX 16u
#define FACTS_LEVELS      (SP_PYTHON_BRACKETS_MAX + 1u)

#define FACTS_FOLDS_MAX   1024u /* arguments that are worked out; others stay computed */
#define FACTS_FOLDED_MAX  ((uint32_t)32 * 1024) /* bytes of texts worked out */
#define FACTS_FOLD_ROOM   ((uint32_t)4 * SP_FACTS_CONST_BYTES_MAX)

#define FACTS_NAMES_MAX   ((uint32_t)160 * 1024) /* bytes walked over to follow names */

#define SYMBOL_BOUND      0x01u /* stands in a place that binds it */
#define SYMBOL_IMPORT     0x02u /* an import binds it, or an alias of one */
#define SYMBOL_KEPT       0x04u /* its text is in `names` */

struct facts_symbol {
    uint64_t head; /* its first eight bytes, as sp_load_first gives them */
    uint64_t tail; /* its last eight; 0 when it has no more than that */
    uint32_t at;   /* in the source, or in `names` when it is kept there */
    uint32_t hash;
    uint32_t meaning; /* the first one, or SP_FACTS_NONE */
    uint16_t len;
    uint8_t flags;
    uint8_t round; /* of settling, in which it got its newest meaning */
};

/* One dotted path that a symbol can stand for. */
struct facts_meaning {
    uint32_t next;
    uint32_t text_at;
    uint32_t len;
};

/* One meaning of a symbol: an absolute path, or a reference that is looked at when all bindings are known. */
struct facts_binding {
    uint32_t symbol;
    uint32_t path_at; /* segments, when `ref` is SP_FACTS_NONE */
    uint32_t count;
    uint32_t ref;
};

enum facts_bracket { BRACKET_GROUP, BRACKET_CALL, BRACKET_INDEX, BRACKET_LIST, BRACKET_DICT };

/* What is known at one depth of brackets. */
struct facts_level {
    uint8_t kind;        /* enum facts_bracket */
    bool is_params;      /* of a def: names bind */
    bool is_lambda_head; /* between lambda and its colon */
    bool has_lambda;     /* behind a lambda: values leave by calls */
    bool has_comma;      /* the value is a tuple */
    bool is_lost;        /* a target that is no name: values are not followed there */
    bool may_fold;       /* the argument begins like an expression of constants */
    bool is_pattern;     /* it and all around it are plain brackets: names may be targets */
    uint8_t outer;       /* the next depth outwards where a value is looked at, see follow_value */
    uint32_t call;
    uint32_t arg;
    uint32_t used_from; /* the most references inside that were looked at by use_group ... */
    uint32_t used_to;   /* ... up to this one */
    uint16_t target_count;
    uint16_t group_least;    /* the smallest number of targets of one = */
    uint32_t first_ref;      /* references inside begin here */
    struct sp_span argument; /* where it begins, when may_fold */
    uint32_t targets[FACTS_TARGETS_MAX];
};

/* What is being read. A reference is the one behind all that are known. */
#define OPEN_CHAIN     0x01u
#define OPEN_DOT       0x02u /* the chain goes on: the next name is an attribute */
#define OPEN_CONST     0x04u

/* What the last token makes of a name behind it: flags of references, and these. */
#define LAST_OPERAND   SP_REF_ESCAPES /* a soft keyword takes the value: `match os:` */
#define LAST_ARGUMENT  0x40u          /* it begins an argument */
#define LAST_STATEMENT 0x80u          /* it begins a statement */
#define LAST_IN_NAME   (SP_REF_ESCAPES | SP_REF_TESTED)

/* What the last token was. */
struct facts_last {
    uint8_t op;      /* 0: no operator */
    uint8_t keyword; /* enum sp_word */
    uint16_t flags;
};

/* What the bracket held that closed last; it counts only directly behind a ). */
struct facts_closed {
    uint32_t call;  /* SP_FACTS_NONE: it was none */
    uint32_t group; /* first reference inside plain parentheses, or SP_FACTS_NONE */
};

struct facts_pending {
    bool is_arg;     /* begins an argument */
    bool is_complex; /* several literals, or escapes */
    bool is_joined;  /* the last token was + */
    struct sp_const constant;
};

/* What is known of the statement that is read. */
struct facts_statement {
    bool binds_next; /* for, as, def, class: the next names bind */
    bool for_open;   /* behind `for`, in front of its `in` */
    bool has_star;
    bool in_annotation; /* its names are no targets */
    bool is_compound;
    bool hands_out;      /* gives its value away: return, yield, for */
    bool has_bracket;    /* it has one */
    bool is_case;        /* it begins with the name `case` */
    bool expects_params; /* between def and its bracket */
    uint8_t name_count;  /* of names_now */
};

struct facts_fold { /* an argument that may be made of constants alone */
    struct sp_span place;
    uint32_t call;
    bool is_second;
};

struct sp_facts {
    /* What nearly every token touches stands first, where instructions reach it by a short offset. */
    struct sp_py_token token;
    struct facts_last last;
    uint8_t open; /* OPEN_ bits, and LAST_ARGUMENT of a reference that begins an argument */
    uint32_t ref_count, ref_max;
    struct sp_ref *refs;
    struct facts_level *now; /* levels[level] */
    int32_t *slots;          /* symbols plus one, by hash; 0 is a free one */
    struct facts_symbol *symbols;
    uint64_t seed; /* of the hash, so that nobody can choose names that collide */
    uint32_t slot_mask;
    uint32_t symbol_count, symbol_due; /* symbol_due: the count that needs more room */
    uint32_t segment_count, segment_max;
    uint32_t level;
    uint32_t *segments;
    struct facts_statement statement;
    struct facts_closed closed;

    struct sp_lexer lx;
    struct sp_syntax syntax;
    uint32_t source_max;
    uint32_t list_most[FACTS_LIST_COUNT];  /* items that there is room for at all */
    size_t budget, bytes_left, bytes_most; /* of lists; bytes_most: that a scan has used */
    bool is_lost;                          /* a name has more meanings than are kept */

    uint32_t symbol_max;
    struct sp_import *imports;
    uint32_t import_count, import_max;
    struct sp_call *calls;
    uint32_t call_count, call_max;
    struct sp_keyword *keywords;
    uint32_t keyword_count, keyword_max;
    struct sp_const *consts;
    uint32_t const_count, const_max;
    struct sp_magic *magics;
    uint32_t magic_count, magic_max;
    struct facts_binding *bindings;
    uint32_t binding_count, binding_max;
    struct facts_meaning *meanings;
    uint32_t meaning_count, meaning_max;
    uint8_t *texts; /* of meanings */
    uint32_t text_bytes, text_max;
    uint8_t *names; /* NFKC forms of names that are not ASCII */
    uint32_t name_bytes, name_max;
    struct facts_fold *folds;
    uint32_t fold_count;
    uint8_t *folded; /* texts worked out */
    uint32_t folded_bytes;
    uint8_t *fold_room;
    uint32_t fold_left;  /* steps that are left for working out */
    uint32_t names_left; /* bytes that are left for following names */

    sp_facts_word_fn *is_word; /* NULL: all are */
    const void *word_context;

    /* more of the state of the pass */
    struct facts_pending constant;
    struct facts_level levels[FACTS_LEVELS];
    uint32_t depth_most;
    uint32_t indents;
    uint32_t names_now[FACTS_TARGETS_MAX]; /* of this statement, before its = */
    bool is_prefix;                        /* the last star stood where an operand could */
    uint32_t statement_ref; /* its first reference, or the first that no = has marked */
    uint32_t keyword_open;  /* keyword argument whose value comes next, or SP_FACTS_NONE */
};

#endif
