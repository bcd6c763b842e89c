/*
 * judge_inner - what the files of judge share; nobody else includes this.
 *
 * Runs in: inspect, commands.   Input: hostile.   Allocates: once.
 */
#ifndef SP_POLICY_JUDGE_INNER_H
#define SP_POLICY_JUDGE_INNER_H

#include "policy/judge.h"
#include "policy/judge_kinds.h"

#define JUDGE_STARS_MAX    20U
#define JUDGE_INERT_MAX    256U /* references that are remembered as harmless */
#define JUDGE_SEGMENTS_MAX 6U   /* of a dotted key of the table */
/* What a keyword makes of a function. */
#define JUDGE_BY_KEYWORD   1U /* dangerous */
#define JUDGE_UNLESS       2U /* harmless */

struct sp_judge {
    const struct sp_table *table;
    struct sp_map words;    /* names that a rule may speak of */
    struct sp_map parents;  /* modules that hold a key of the table */
    struct sp_map specials; /* dotted names to enum judge_special */
    uint8_t *marks; /* by symbol: whether it is such a name, or stands for something imported */
    uint8_t *constant_marks;
    struct sp_map keyword_functions; /* functions that some keyword makes dangerous, or harmless */
    struct sp_map keyword_names;     /* names of keywords that some rule speaks of */
    struct sp_facts *submission;
    struct sp_facts *constant; /* for code inside a constant */
    struct sp_paths *paths;
    struct sp_paths *constant_paths;
    size_t code_bytes_max;
    bool is_read; /* the submission's facts are whole */

    struct sp_slice uploaded; /* modules of inspected uploads */
    struct sp_slice beside;   /* modules in the archive of the file that is judged */
    bool is_file;             /* one that may be part of a package */

    /* of the run */
    const struct sp_policy *policy;
    struct sp_judgement *out;
    const struct sp_facts *facts; /* the ones being judged */
    const struct sp_span *within; /* the constant that they stand in, or NULL */
    bool is_sensitive;            /* something was said of the reference, or its call decides */
    bool is_by_place;             /* what was said of its name holds in this place only */
    bool is_expression; /* of a constant that is an expression: bare names are only names */
    uint32_t inert[JUDGE_INERT_MAX]; /* numbers, from 1, of references, by their names */
    uint32_t excused_at;             /* a `globals` that only hands names to code that is judged */
    bool is_timed;                   /* in a text for timeit, which may take names from __main__ */
    bool has_deny;
    bool has_annotations; /* texts were judged as annotations */
    enum judge_loose { JUDGE_LOOSE_UNKNOWN, JUDGE_LOOSE_NO, JUDGE_LOOSE_YES } loose;
    enum judge_loose exposes; /* see judge_exposes */
    enum judge_loose scheme;  /* the source holds an address */
    struct sp_lexer walker;
    uint32_t ahead_left; /* tokens that may still be read once more: judge_ahead */
    unsigned deny_count; /* findings that deny, so far */
    unsigned star_count;
    uint16_t star_len[JUDGE_STARS_MAX];
    uint8_t star[JUDGE_STARS_MAX][SP_FACTS_PATH_BYTES_MAX];
};

/* A dotted name under construction. */
struct judge_path {
    size_t len;
    uint8_t text[2 * SP_FACTS_PATH_BYTES_MAX];
};

/* Nothing more can be added: the verdict stands, and the rest need not be looked at. */
bool judge_is_full(const struct sp_judge *j) SP_NONNULL(1);

void judge_report(struct sp_judge *j, enum sp_rule rule, const char *name,
                  const struct sp_span *span, const char *format, ...) SP_NONNULL(1, 3, 4, 5)
    SP_PRINTF(5, 6);

/* Reports what a policy says of these capabilities; the first one that it denies, else the first that it mentions. */
void judge_capabilities(struct sp_judge *j, uint32_t bits, const struct sp_span *span,
                        struct sp_slice subject) SP_NONNULL(1, 3);

/* Follows modules through the modules that hold them: `glob.os.system` is `os.system`. */
struct sp_slice judge_canonical(const struct sp_judge *j, struct sp_slice path,
                                struct judge_path *out) SP_NONNULL(1, 3);

/* Judges one dotted name by lists and capabilities. True when something was found. */
bool judge_path_check(struct sp_judge *j, struct sp_slice path, const struct sp_span *span)
    SP_NONNULL(1, 3);

/* Room for the paths of one reference of j->facts. */
static inline struct sp_paths *judge_paths(const struct sp_judge *j)
{
    return j->facts == j->submission ? j->paths : j->constant_paths;
}

/* All facts of j->facts. */
void judge_facts(struct sp_judge *j) SP_NONNULL(1);
void judge_imports(struct sp_judge *j) SP_NONNULL(1);
void judge_import_path(struct sp_judge *j, struct sp_slice path, bool is_module,
                       const struct sp_span *span) SP_NONNULL(1, 4);
void judge_magics(struct sp_judge *j) SP_NONNULL(1);
/* A cell of one line that begins with the name of a magic, without the %. */
void judge_automagic(struct sp_judge *j) SP_NONNULL(1);
void judge_consts(struct sp_judge *j) SP_NONNULL(1);

bool judge_concat(struct judge_path *path, struct sp_slice a, struct sp_slice b) SP_NONNULL(1);
/* A conventional alias that this submission does not bind: `np` from an earlier run. */
struct sp_slice judge_expand_alias(const struct sp_judge *j, struct sp_slice path,
                                   struct judge_path *own) SP_NONNULL(1, 3);
/* `np.load(f, allow_pickle=True)`, and attributes that patterns read. */
void judge_keywords(struct sp_judge *j) SP_NONNULL(1);

/* The same names stand for the same things everywhere: once nothing can be said of them, they need no second look. */
bool judge_is_inert(const struct sp_judge *j, uint32_t number) SP_NONNULL(1);
void judge_note_inert(struct sp_judge *j, uint32_t number) SP_NONNULL(1);
void judge_forget_inert(struct sp_judge *j) SP_NONNULL(1);
/* What is said of a call of this function goes by its arguments. */
bool judge_looks_at_arguments(const struct sp_judge *j, struct sp_slice path) SP_NONNULL(1);

/* `os.environ['OMP_NUM_THREADS']`: a variable that steers a library and nothing else. */
bool judge_is_harmless_variable(const struct sp_judge *j, const struct sp_ref *ref,
                                const struct sp_call *call, struct sp_slice path) SP_NONNULL(1, 2);
/* `yaml.load(f, Loader=yaml.SafeLoader)`: harmless by an argument. True when all is said. */
bool judge_unless(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                  struct sp_slice path) SP_NONNULL(1, 2);

/* Names, modules and code that are put together while the program runs. */
void judge_computed(struct sp_judge *j, const struct sp_span *span, const char *what)
    SP_NONNULL(1, 2, 3);
/* Functions that read a text as code, or as a name: their arguments are looked at. True when `path` is one of them. */
bool judge_special(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                   struct sp_slice path) SP_NONNULL(1, 2);

/* What the arguments say of a call of `path`, and functions that are judged by them alone. */
void judge_call_arguments(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                          struct sp_slice path) SP_NONNULL(1, 2, 3);
/* `df.to_csv('s3://...')` */
void judge_sender(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                  struct sp_slice name) SP_NONNULL(1, 2);
/* False: looked at elsewhere. */
bool judge_call_special(struct sp_judge *j, enum judge_special special, const struct sp_ref *ref,
                        const struct sp_call *call) SP_NONNULL(1, 3);

/* What the fields of a text read when it is a format: "{0.__class__}". */
void judge_fields(struct sp_judge *j, struct sp_slice text, const struct sp_span *span)
    SP_NONNULL(1, 3);

/* All texts, as annotations that somebody evaluates. */
void judge_annotations(struct sp_judge *j) SP_NONNULL(1);

/* A name of Python's own that rules speak of. */
bool judge_is_builtin(const struct sp_judge *j, struct sp_slice name) SP_NONNULL(1);
/* The root of the reference surely is the program's own name where it stands. */
bool judge_is_own_name(struct sp_judge *j, const struct sp_ref *ref) SP_NONNULL(1, 2);
/* The name is bound to what an import brought, and would stand for something else if it were not. */
bool judge_hides(const struct sp_judge *j, uint32_t symbol) SP_NONNULL(1);
/* Judges such a name as if it were not bound, unless it surely is. True when something was found. */
bool judge_hidden(struct sp_judge *j, const struct sp_ref *ref, struct sp_slice path)
    SP_NONNULL(1, 2);

/* A module is used as a value somewhere, so that any object may be one. */
bool judge_has_loose_module(struct sp_judge *j) SP_NONNULL(1);

/* Constants that match a pattern, and literals that are too long. */
void judge_strings(struct sp_judge *j) SP_NONNULL(1);

/* Which references need a closer look. */
enum sp_err judge_learn_words(struct sp_judge *j) SP_MUST_CHECK SP_NONNULL(1);
void judge_mark_words(struct sp_judge *j) SP_NONNULL(1);
/* For facts: a rule may speak of this name. */
bool judge_is_word(const void *judge, struct sp_slice name) SP_NONNULL(1);
/* The bare use of this name says nothing; its attributes and calls still may. */
void judge_forget_word(struct sp_judge *j, const struct sp_ref *ref) SP_NONNULL(1, 2);
bool judge_is_telling(const struct sp_judge *j, const struct sp_ref *ref) SP_NONNULL(1, 2);
/* judge_hides, of the root of a reference. */
bool judge_may_hide(const struct sp_judge *j, const struct sp_ref *ref) SP_NONNULL(1, 2);

/* What a name must hold that is given as an argument: `m = "os"`. How many values; none when it may be anything. */
struct sp_name_values;
unsigned judge_values(const struct sp_judge *j, uint32_t ref, struct sp_name_values *out)
    SP_NONNULL(1, 3);
/* The same for code that such a name holds: true when all of it was judged. */
bool judge_named_code(struct sp_judge *j, uint32_t ref, const struct sp_span *place)
    SP_NONNULL(1, 3);

/* A text that is evaluated; what its readers add to Python is taken out of it. At most SP_FACTS_CONST_BYTES_MAX bytes. */
void judge_source(struct sp_judge *j, uint8_t *text, size_t len, const struct sp_span *place)
    SP_NONNULL(1, 2, 4);
/* Reference `number` is the name in `get_ipython().run_line_magic(...)`, and the magic is harmless. */
bool judge_is_harmless_magic(struct sp_judge *j, uint32_t number) SP_NONNULL(1);

/* Judges a constant as code. */
void judge_code(struct sp_judge *j, uint32_t constant, struct sp_slice callee) SP_NONNULL(1);

#endif
