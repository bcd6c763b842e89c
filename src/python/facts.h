/*
 * facts - what a piece of Python imports, names, calls and spells out, found in one pass over its tokens.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: once, in proportion to the longest source.
 * Names are followed without regard to order and scope: a name may be whatever it is bound to anywhere. That finds too
 * much rather than too little. What does not fit the memory given ends the scan with SP_ERR_FULL, which denies.
 */
#ifndef SP_PYTHON_FACTS_H
#define SP_PYTHON_FACTS_H

#include "python/lexer.h"

#define SP_FACTS_PATHS_MAX       8u /* meanings of one name; more are refused */
#define SP_FACTS_PATH_BYTES_MAX  ((size_t)256)
/* Of a constant that is read as a name or as code. */
#define SP_FACTS_CONST_BYTES_MAX ((size_t)4096)
#define SP_FACTS_NONE            UINT32_MAX

/* A place in the source, in bytes. */
struct sp_span {
    uint32_t start;
    uint32_t end;
};

/* `import a.b as c`, or one name of `from a.b import c as d` (then `name` is c, or "*"). */
struct sp_import {
    struct sp_span statement;
    struct sp_span place; /* of the module in `import`, of the name in `from ... import` */
    uint32_t module_at;   /* segments of the module */
    uint16_t module_count;
    uint16_t dots; /* of a relative import */
    uint32_t name; /* symbol, or SP_FACTS_NONE */
    bool is_from;
    bool is_star;
};

/* What stands before the first segment of a reference. */
enum sp_ref_root {
    SP_ROOT_OBJECT, /* something computed: only the attribute names are known */
    SP_ROOT_NAME,   /* the first segment is a name of the program */
    SP_ROOT_CALL,   /* the result of a call, see sp_facts_base */
};
#define SP_REF_CALLED  0x01u /* directly followed by ( */
#define SP_REF_ESCAPES 0x02u /* used as a value in a way that is not followed */
#define SP_REF_STORED  0x04u /* the target of an assignment */
#define SP_REF_INDEXED 0x08u /* directly followed by [ */
#define SP_REF_TESTED  0x10u /* behind `in`: only looked up */
#define SP_REF_BINDS   0x20u /* a name that is bound here: of a def, a class, a parameter, a target */

/* A name with its attributes: `a.b.c`. */
struct sp_ref {
    struct sp_span place;
    uint32_t path_at; /* where its names are; of a lone name its symbol */
    uint16_t count;
    uint8_t root;
    uint8_t flags;
};

/* A string constant, perhaps of several literals side by side or joined by +. The span is what is decoded, if not folded. */
struct sp_const {
    struct sp_span place;
    uint32_t text_at;
    uint16_t text_len;
    bool is_format : 1; /* text of an f-string */
    bool is_folded : 1; /* worked out, from slices, formats, join and the like */
    bool is_guess : 1;  /* ... with chr or bytes, which may have been bound anew */
};

/* A call with what is known of its first two arguments. */
struct sp_call {
    uint32_t callee;    /* reference, or SP_FACTS_NONE */
    uint32_t arg0_ref;  /* the first argument is exactly this reference */
    uint32_t arg0;      /* ... or exactly this constant */
    uint32_t arg1;      /* the second argument is exactly this constant */
    uint32_t arg1_ref;  /* ... or exactly this reference */
    uint16_t arg_count; /* UINT16_MAX: that many or more */
    bool has_args : 1;
    bool is_number : 1; /* the first argument begins with a number or a sign: it is no text */
    bool is_lambda : 1; /* the first argument is a lambda */
    bool may_fold : 1;  /* an argument was looked at for being a constant when all was read */
};

enum sp_keyword_value { SP_KEYWORD_OTHER, SP_KEYWORD_FALSE, SP_KEYWORD_TRUE };
/* `name=value` in a call. */
struct sp_keyword {
    struct sp_span place;
    uint32_t call;
    uint32_t name;
    bool is_pattern; /* of a class pattern: `case object(name=x)` reads the attribute */
    uint8_t value;   /* enum sp_keyword_value */
};

struct sp_magic {
    struct sp_span place;
    uint8_t escape; /* % ! ? , ; / */
    bool is_cell;
    uint32_t name_at; /* offsets of the name behind the escape */
    uint32_t name_end;
};

struct sp_facts;
/* Memory for sources of at most `source_bytes_max`. */
enum sp_err sp_facts_new(size_t source_bytes_max, struct sp_facts **out)
    SP_MUST_CHECK SP_NONNULL(2);
void sp_facts_free(struct sp_facts *facts);
void sp_facts_free_cleanup(struct sp_facts **facts);
#define SP_AUTO_FACTS SP_CLEANUP(sp_facts_free_cleanup)

/*
 * Scans a source and forgets the one before. The source is borrowed until then. A fault of the lexer is returned and
 * stays readable by sp_facts_lexer; SP_ERR_TOO_BIG and SP_ERR_FULL when memory does not do.
 */
enum sp_err sp_facts_scan(struct sp_facts *facts, struct sp_slice source,
                          enum sp_python_family family, enum sp_python_mode mode)
    SP_MUST_CHECK SP_NONNULL(1);
const struct sp_lexer *sp_facts_lexer(const struct sp_facts *facts) SP_NONNULL(1);

/* Deepest brackets and indentation seen, and lines. */
unsigned sp_facts_depth(const struct sp_facts *facts) SP_NONNULL(1);
unsigned sp_facts_lines(const struct sp_facts *facts) SP_NONNULL(1);

/* The lists, in the order of the source; each pointer is valid until the next scan. */
const struct sp_import *sp_facts_imports(const struct sp_facts *facts, size_t *out_count)
    SP_NONNULL(1, 2);
const struct sp_ref *sp_facts_refs(const struct sp_facts *facts, size_t *out_count)
    SP_NONNULL(1, 2);
const struct sp_call *sp_facts_calls(const struct sp_facts *facts, size_t *out_count)
    SP_NONNULL(1, 2);
const struct sp_keyword *sp_facts_keywords(const struct sp_facts *facts, size_t *out_count)
    SP_NONNULL(1, 2);
const struct sp_magic *sp_facts_magics(const struct sp_facts *facts, size_t *out_count)
    SP_NONNULL(1, 2);

/* Constants that may hide something: with two underscores in a row, escapes, or several literals. */
const struct sp_const *sp_facts_consts(const struct sp_facts *facts, size_t *out_count)
    SP_NONNULL(1, 2);
const struct sp_const *sp_facts_const(const struct sp_facts *facts, uint32_t index) SP_NONNULL(1);

/* Bytes that scans have used so far, with the state that each has: the most of all. */
size_t sp_facts_memory(const struct sp_facts *facts) SP_NONNULL(1);
/* Names gave up on being followed: too many meanings. */
bool sp_facts_is_lost(const struct sp_facts *facts) SP_NONNULL(1);

/* Distinct names of this source, the most that there can be, whether one stands for something imported. */
size_t sp_facts_symbol_count(const struct sp_facts *facts) SP_NONNULL(1);
size_t sp_facts_symbol_most(const struct sp_facts *facts) SP_NONNULL(1);
bool sp_facts_has_meaning(const struct sp_facts *facts, uint32_t symbol) SP_NONNULL(1);

/* The name of a symbol, in NFKC. */
struct sp_slice sp_facts_symbol(const struct sp_facts *facts, uint32_t symbol) SP_NONNULL(1);
/* The number of the call whose result a reference of SP_ROOT_CALL begins with; SP_FACTS_NONE for others. */
uint32_t sp_facts_base(const struct sp_facts *facts, const struct sp_ref *ref) SP_NONNULL(1, 2);
/* Segment `index` of a reference. */
struct sp_slice sp_facts_segment(const struct sp_facts *facts, const struct sp_ref *ref,
                                 unsigned index) SP_NONNULL(1, 2);

/* "a.b", "..c" of an import's module; SP_ERR_TOO_BIG when it does not fit. */
enum sp_err sp_facts_module(const struct sp_facts *facts, const struct sp_import *import,
                            uint8_t out[SP_FACTS_PATH_BYTES_MAX], size_t *out_len)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3, 4);

/* Decodes a constant; SP_ERR_TOO_BIG when it does not fit. Bytes and characters are told apart by nobody here. */
enum sp_err sp_facts_decode(const struct sp_facts *facts, const struct sp_const *constant,
                            uint8_t out[SP_FACTS_CONST_BYTES_MAX], size_t *out_len)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3, 4);

/* Dotted names that a reference can stand for: imported modules and names with aliases followed. */
struct sp_paths {
    unsigned count;
    bool is_import; /* the root is bound by an import, or by an alias of one */
    bool is_bound;  /* the root is bound to something in this source */
    uint16_t len[SP_FACTS_PATHS_MAX];
    uint8_t text[SP_FACTS_PATHS_MAX][SP_FACTS_PATH_BYTES_MAX];
};

/*
 * A name without a binding stands for itself. SP_ERR_FULL when there are too many meanings, or one is too long.
 * A reference into a computed object has no path.
 */
enum sp_err sp_facts_resolve(const struct sp_facts *facts, const struct sp_ref *ref,
                             struct sp_paths *out) SP_MUST_CHECK SP_NONNULL(1, 2, 3);

/* The meanings of a symbol alone; for attribute names that were bound to a module somewhere. */
enum sp_err sp_facts_resolve_symbol(const struct sp_facts *facts, uint32_t symbol,
                                    struct sp_paths *out) SP_MUST_CHECK SP_NONNULL(1, 3);
uint32_t sp_facts_segment_symbol(const struct sp_facts *facts, const struct sp_ref *ref,
                                 unsigned index) SP_NONNULL(1, 2);
/* Columns count characters from 1. */
struct sp_place {
    uint32_t line;
    uint32_t column;
    uint32_t end_line;
    uint32_t end_column;
};
struct sp_place sp_facts_place(const struct sp_facts *facts, const struct sp_span *span)
    SP_NONNULL(1, 2);
/* Where CPython would point for the fault that ended the scan. */
struct sp_place sp_facts_fault_place(const struct sp_facts *facts) SP_NONNULL(1);

#endif
