/*
 * policy - the rules for submissions: read, merged along `extends`, printed whole.
 *
 * Runs in: supervisor, inspect, commands.   Input: the operator's files.   Allocates: at load.
 * The resolved text says everything that a policy means, without `extends`; its SHA-256 names the policy (the caller
 * computes it). A policy whose own tests fail is not loaded.
 */
#ifndef SP_POLICY_POLICY_H
#define SP_POLICY_POLICY_H

#include "base/buf.h"
#include "base/where.h"
#include "format/kind.h"
#include "policy/table.h"
#include "wire/exchange.h"
#include "wire/finding.h"

#define SP_POLICY_NAME_BYTES_MAX    ((size_t)64)
#define SP_POLICY_TEXT_BYTES_MAX    ((size_t)1024 * 1024)
#define SP_POLICY_EXTENDS_MAX       8U
#define SP_POLICY_TESTS_MAX         ((size_t)1024)
#define SP_POLICY_PATTERN_BYTES_MAX ((size_t)256)

/* What a rule says. The first three are enum sp_action; zero denies. */
enum sp_rule { SP_RULE_DENY, SP_RULE_WARN, SP_RULE_SHADOW, SP_RULE_ALLOW, SP_RULE_COUNT };

enum sp_policy_python {
    SP_POLICY_PYTHON_ANY,
    SP_POLICY_PYTHON_311,
    SP_POLICY_PYTHON_312,
    SP_POLICY_PYTHON_314
};

/*    field             highest      without a word */
#define SP_POLICY_LIMIT_LIST(X)                                                                    \
    X(code_bytes, 67108864, 262144) /* of a submission, or of a file of code */                    \
    X(lines, 67108864, 20000)                                                                      \
    X(depth, 100000, 100)                 /* of brackets and blocks */                             \
    X(literal_bytes, 67108864, 262144)    /* of one literal */                                     \
    X(timeout_seconds, 86400, 86400)      /* that a run may ask for */                             \
    X(upload_bytes, 134217728, 134217728) /* of one file */                                        \
    X(archive_members, 1000000, 10000)                                                             \
    X(archive_bytes, 68719476736, 1073741824) /* unpacked, all members together */                 \
    X(archive_ratio, 100000, 200)             /* unpacked to packed, of one member */              \
    X(archive_depth, 8, 3)

struct sp_policy_limits {
#define SP_POLICY_LIMIT_AS_FIELD(field, highest, otherwise) uint64_t field;
    SP_POLICY_LIMIT_LIST(SP_POLICY_LIMIT_AS_FIELD)
#undef SP_POLICY_LIMIT_AS_FIELD
};

/*    what can be said of uploads beside their type */
#define SP_UPLOAD_RULE_LIST(X)                                                                     \
    X(SP_UPLOAD_FILE_NAME, "file-name")       /* a name that leads out of its folder */            \
    X(SP_UPLOAD_SHADOWED, "shadowed-module")  /* code that is called like a module of the image */ \
    X(SP_UPLOAD_POLYGLOT, "polyglot")         /* one file that is of two types */                  \
    X(SP_UPLOAD_OPAQUE, "opaque")             /* what cannot be looked into */                     \
    X(SP_UPLOAD_ARCHIVE_PATH, "archive-path") /* a member that is unpacked somewhere else */       \
    X(SP_UPLOAD_ARCHIVE_LINK, "archive-link") /* a link or a device */                             \
    X(SP_UPLOAD_ARCHIVE_LIMIT, "archive-limit") /* too much, too deep, too many */

enum sp_upload_rule {
#define SP_UPLOAD_RULE_AS_ENUM(id, name) id,
    SP_UPLOAD_RULE_LIST(SP_UPLOAD_RULE_AS_ENUM)
#undef SP_UPLOAD_RULE_AS_ENUM
        SP_UPLOAD_RULE_COUNT
};

struct sp_policy_test {
    char *code;
    size_t code_len;
    char *file; /* the code is a file of this name that is uploaded; NULL for a submission */
    char rule[SP_FINDING_RULE_MAX + 1]; /* empty: any */
    bool expects_deny;
    bool expects_finding; /* "warn": allowed, with a finding */
    unsigned line;
};

struct sp_policy {
    char name[SP_POLICY_NAME_BYTES_MAX + 1];
    enum sp_policy_python python;
    bool is_cell;     /* IPython's escapes are read */
    bool only_listed; /* a module that no list allows is denied */
    enum sp_rule unknown_module;
    enum sp_rule syntax;
    struct sp_policy_limits limits;
    enum sp_rule capability[SP_CAPABILITY_COUNT];
    enum sp_rule kind[SP_KIND_COUNT];          /* of uploads */
    enum sp_rule upload[SP_UPLOAD_RULE_COUNT]; /* what else is said of them */
    uint16_t
        runtime_denied; /* capabilities (bits, as SP_CAPABILITY_BIT) that raise in the embedded pool's sessions */
    bool runtime_own_code;    /* a run may import and execute what it wrote itself */
    struct sp_map modules;    /* dotted module -> enum sp_rule; the longest one that fits counts */
    struct sp_map names;      /* dotted name -> enum sp_rule */
    struct sp_map attributes; /* attribute -> enum sp_rule */
    struct sp_map strings;    /* pattern of a constant -> enum sp_rule */
    struct sp_policy_test *tests;
    size_t test_count;
};

/* Gives the text of a policy that another extends; the buffer is the callee's to fill. */
typedef enum sp_err sp_policy_source_fn(void *ctx, struct sp_slice name, struct sp_buf *out);

/* Built-in names first, then a path to a file (one with a slash or a dot). SP_ERR_NOT_FOUND for neither. */
enum sp_err sp_policy_source(void *ctx, struct sp_slice name, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(3);

/* Reads `text` and what it extends. SP_ERR_CONFIG with place and reason. Tests are read, not run: see judge.h. */
enum sp_err sp_policy_load(struct sp_slice text, sp_policy_source_fn *source, void *ctx,
                           struct sp_policy *out, struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(4);

/* Finds a policy by name or path and loads it. Its name is the given one, of a file without its
   folder and ending, unless the file says otherwise. */
enum sp_err sp_policy_open(struct sp_slice name, struct sp_policy *out, struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(2);
void sp_policy_done(struct sp_policy *policy) SP_NONNULL(1);

/* Appends the resolved text: equal policies give equal bytes, and loading it gives an equal policy (without tests). */
enum sp_err sp_policy_print(const struct sp_policy *policy, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

const char *sp_rule_name(enum sp_rule rule);
const char *sp_upload_rule_name(enum sp_upload_rule rule);

/* The names of the built-in policies, in order; NULL at the end. */
const char *sp_policy_builtin(size_t index);

#endif
