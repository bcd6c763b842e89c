/*
 * schema - the members of each kind of entry, as a table: what verify checks, and what docs/log-format.md describes.
 *
 * Runs in: commands.   Input: hostile (a log of anybody).   Allocates: never.
 */
#ifndef SP_AUDIT_SCHEMA_H
#define SP_AUDIT_SCHEMA_H

#include "audit/entry.h"

/* What a member holds. */
enum sp_schema_type {
    SP_SCHEMA_TEXT,
    SP_SCHEMA_NUMBER,   /* a whole number up to 2^53 - 1 */
    SP_SCHEMA_DIGEST,   /* 64 lower-case hexadecimal digits */
    SP_SCHEMA_EXCHANGE, /* 16 of them */
    SP_SCHEMA_TIME,     /* RFC 3339 in UTC with microseconds */
    SP_SCHEMA_STATE,    /* how a run ended */
    SP_SCHEMA_TEXTS,    /* an array of texts */
    SP_SCHEMA_DIGESTS,
    SP_SCHEMA_FINDINGS, /* an array of objects: sp_schema_finding */
};

struct sp_schema_member {
    const char *name;
    enum sp_schema_type type;
};

#define SP_SCHEMA_MEMBERS_MAX 32U

/* All members of a kind, in the order of the alphabet; all must be there and no others. */
struct sp_schema_kind {
    const char *name;
    struct sp_schema_member members[SP_SCHEMA_MEMBERS_MAX]; /* a NULL name ends them */
};

extern const struct sp_schema_kind sp_schema_kinds[];
extern const size_t sp_schema_kind_count;
extern const struct sp_schema_kind sp_schema_finding;

/* NULL when there is no such kind. */
const struct sp_schema_kind *sp_schema_find(struct sp_slice name);

/* Whether an entry is of its kind's form; SP_ERR_INVALID, and `out_where->text` names the member. */
enum sp_err sp_schema_check(const struct sp_entry *entry, const struct sp_schema_kind *kind,
                            struct sp_where *out_where) SP_MUST_CHECK SP_NONNULL(1, 2, 3);

#endif
