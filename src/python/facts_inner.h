/*
 * facts_inner - what the files of facts share; nobody else includes this.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: once.
 */
#ifndef SP_PYTHON_FACTS_INNER_H
#define SP_PYTHON_FACTS_INNER_H

#include "python/facts.h"
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

struct facts_symbol {
    const uint8_t *ptr;
    uint64_t head; /* its first eight bytes */
    uint32_t len;
    uint32_t hash;
    uint32_t meaning; /* the first one, or SP_FACTS_NONE */
    uint32_t round;   /* of settling, in which it got its newest meaning */
    uint32_t flags;
};

/* One dotted path that a symbol can stand for. */
struct facts_meaning {
    uint32_t next, text_at, len;
};

/* One meaning of a symbol: an absolute path, or a reference that is looked at when all bindings are known. */
struct facts_binding {
    uint32_t symbol;
    uint32_t path_at; /* segments, when `ref` is SP_FACTS_NONE */
    uint32_t count;
    uint32_t ref;
};

enum facts_level_kind { LEVEL_GROUP, LEVEL_CALL, LEVEL_INDEX, LEVEL_LIST, LEVEL_DICT };

/* What is known at one depth of brackets. */
struct facts_level {
    uint8_t kind;        /* enum facts_level_kind */
    bool is_params;      /* of a def: names bind */
    bool has_lambda;     /* behind a lambda: values leave by calls */
    bool is_lambda_head; /* between lambda and its colon */
    bool has_comma;      /* the value is a tuple */
    bool is_lost;        /* a target that is no name: values are not followed there */
    bool may_fold;       /* the argument begins like an expression of constants */
    uint32_t call, arg;
    struct sp_span argument; /* where it begins, when may_fold */
    uint32_t first_ref;      /* references inside begin here */
    uint16_t target_count;
    uint16_t group_least; /* the smallest number of targets of one = */
    uint32_t targets[FACTS_TARGETS_MAX];
};

struct facts_chain {
    bool is_open;
    bool has_dot; /* the next name is an attribute */
    bool is_arg;  /* begins an argument */
    struct sp_ref ref;
};

struct facts_pending {
    bool is_open;
    bool is_arg;     /* begins an argument */
    bool is_complex; /* several literals, or escapes */
    bool is_joined;  /* the last token was + */
    struct sp_const constant;
};

struct facts_fold { /* an argument that may be made of constants alone */
    struct sp_span place;
    uint32_t call;
    bool is_second;
};

struct sp_facts {
    struct sp_lexer lx;
    struct sp_py_token token;
    struct sp_syntax syntax;
    uint32_t source_max;
    uint64_t seed; /* of the hash, so that nobody can choose names that collide */
    bool is_lost;  /* a name has more meanings than are kept */

    struct facts_symbol *symbols;
    uint32_t *slots; /* symbols plus one, by hash; 0 is a free one */
    uint32_t symbol_count, symbol_max, slot_mask;
    uint32_t *segments;
    uint32_t segment_count, segment_max;
    struct sp_ref *refs;
    uint32_t ref_count, ref_max;
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
    uint8_t *folded, *fold_room; /* texts worked out, and where */
    uint32_t folded_bytes;
    uint32_t fold_left, names_left; /* steps left for working out, bytes for following names */

    /* the state of the pass */
    struct facts_chain chain;
    struct facts_pending constant;
    struct facts_level levels[FACTS_LEVELS];
    uint32_t level, depth_most, indents;
    uint32_t names_now_count, names_now[FACTS_TARGETS_MAX]; /* of this statement, before its = */
    bool has_star;
    bool in_annotation; /* its names are no targets */
    bool is_compound;
    bool at_statement;
    bool hands_out;  /* the statement gives its value away: return, yield, for */
    bool binds_next; /* for, as, def, class: the next names bind */
    bool for_open,
        is_for_in;          /* behind `for`, in front of its `in`; the last `in` was one of those */
    bool has_bracket;       /* the statement has one */
    bool is_case;           /* the statement begins with the name `case` */
    bool is_prefix;         /* the last operator stood where an operand could */
    uint32_t statement_ref; /* its first reference */
    bool expects_params;    /* between def and its bracket */
    uint8_t last_kind, last_op;
    uint32_t last_keyword; /* enum sp_word */
    bool last_is_operand;
    uint32_t closed_call;  /* of the bracket that the last token closed, or SP_FACTS_NONE */
    uint32_t closed_group; /* first reference inside plain parentheses that the last token closed */
    uint32_t keyword_open; /* keyword argument whose value comes next, or SP_FACTS_NONE */
};

/* Symbols: the names of the source, each kept once. */
void sp_facts_symbols_start(struct sp_facts *f) SP_NONNULL(1);
enum sp_err sp_facts_intern(struct sp_facts *f, const struct sp_py_token *token, uint32_t *out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);
enum sp_err sp_facts_bind(struct sp_facts *f, struct facts_binding binding)
    SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_facts_put_segment(struct sp_facts *f, uint32_t symbol) SP_MUST_CHECK SP_NONNULL(1);

struct sp_span sp_facts_span(const struct sp_py_token *token) SP_NONNULL(1);

/* Reads the next token into f->token. */
enum sp_err sp_facts_next(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);

/* An import statement whose keyword is the current token; leaves the token behind it as the current one. */
enum sp_err sp_facts_import(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_facts_import_from(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);

/* Chains: begin, go on, and end one; `next_op` is what follows it. */
enum sp_err sp_facts_chain_name(struct sp_facts *f, uint32_t symbol) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_facts_chain_dot(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_facts_chain_end(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);

/* Assignments: the last reference becomes the target of the value that follows. */
void sp_facts_assign(struct sp_facts *f, uint32_t ref) SP_NONNULL(1);
enum sp_err sp_facts_name_target(struct sp_facts *f, uint32_t ref) SP_MUST_CHECK SP_NONNULL(1);

static inline bool sp_facts_at_op(const struct sp_facts *f, uint8_t op)
{
    return f->token.kind == SP_TOKEN_OP && f->token.op == op;
}

/* Constants. */
enum sp_err sp_facts_const_string(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_facts_const_text(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_facts_const_end(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);

/* Arguments of calls that are made of constants: noted where they begin and end, worked out when all is read. */
bool sp_facts_begins_argument(const struct sp_facts *f) SP_NONNULL(1);
void sp_facts_argument_begin(struct sp_facts *f) SP_NONNULL(1);
void sp_facts_argument_end(struct sp_facts *f) SP_NONNULL(1);
enum sp_err sp_facts_fold_all(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);
void sp_facts_forgive_getter(struct sp_facts *f, const struct sp_call *call) SP_NONNULL(1, 2);

/* Works out what aliases of aliases mean; marks symbols that stem from imports. */
void sp_facts_settle(struct sp_facts *f) SP_NONNULL(1);

#endif
