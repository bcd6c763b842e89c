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
#include "policy/table.h"
#include "wire/exchange.h"
#include "wire/finding.h"

#define SP_POLICY_NAME_BYTES_MAX ((size_t)64)
#define SP_POLICY_TEXT_BYTES_MAX ((size_t)1024 * 1024)
#define SP_POLICY_EXTENDS_MAX    8U
#define SP_POLICY_TESTS_MAX      ((size_t)1024)

/* What a rule says. The first three are enum sp_action; zero denies. */
enum sp_rule { SP_RULE_DENY, SP_RULE_WARN, SP_RULE_SHADOW, SP_RULE_ALLOW, SP_RULE_COUNT };

enum sp_policy_python {
    SP_POLICY_PYTHON_ANY,
    SP_POLICY_PYTHON_311,
    SP_POLICY_PYTHON_312,
    SP_POLICY_PYTHON_314
};

struct sp_policy_limits {
    uint64_t code_bytes;
    uint64_t lines;
    uint64_t depth;
};

struct sp_policy_test {
    char *code;
    size_t code_len;
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
    struct sp_map modules;    /* dotted module -> enum sp_rule; the longest one that fits counts */
    struct sp_map names;      /* dotted name -> enum sp_rule */
    struct sp_map attributes; /* attribute -> enum sp_rule */
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

/* Finds a policy by name or path and loads it. Its name is the given one unless the file says otherwise. */
enum sp_err sp_policy_open(struct sp_slice name, struct sp_policy *out, struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(2);
void sp_policy_done(struct sp_policy *policy) SP_NONNULL(1);

/* Appends the resolved text: equal policies give equal bytes, and loading it gives an equal policy (without tests). */
enum sp_err sp_policy_print(const struct sp_policy *policy, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

const char *sp_rule_name(enum sp_rule rule);

/* The names of the built-in policies, in order; NULL at the end. */
const char *sp_policy_builtin(size_t index);

#endif
