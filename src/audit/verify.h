/*
 * verify - looks at the entries of a log one by one and says where one is not what this program would have written.
 *
 * Runs in: commands.   Input: hostile (a log of anybody).   Allocates: one row an open intent.
 * Checked: canonical form, the schema of each kind, indexes without gaps, times that never go back (but by exactly what
 * a `clock` entry says), each outcome to its one intent, policies that were in force, and that a start closes what was
 * open. Hashes and signatures are audit/verify_log.h's part.
 */
#ifndef SP_AUDIT_VERIFY_H
#define SP_AUDIT_VERIFY_H

#include "audit/entry.h"

/* One thing that is wrong with an entry. Borrowed for the call. */
struct sp_verify_problem {
    uint64_t index; /* where the entry stands */
    const char *text;
};
typedef void sp_verify_fn(void *ctx, const struct sp_verify_problem *problem);

struct sp_verify_totals {
    uint64_t entries;
    uint64_t intents;
    uint64_t outcomes;
    uint64_t open; /* intents without outcome: runs that go on, or were cut off */
    uint64_t lost; /* entries that starts say were lost before them */
    uint64_t problems;
};

struct sp_verify;

/* `first` is the index of the entry that comes first: what was open before it is not known. */
enum sp_err sp_verify_new(uint64_t first, sp_verify_fn *fn, void *ctx, struct sp_verify **out)
    SP_MUST_CHECK SP_NONNULL(2, 4);
void sp_verify_free(struct sp_verify *verify);

/* The next entry; fails only for want of memory. */
enum sp_err sp_verify_entry(struct sp_verify *verify, struct sp_slice line)
    SP_MUST_CHECK SP_NONNULL(1);

/* What there was up to here. */
struct sp_verify_totals sp_verify_totals(const struct sp_verify *verify) SP_NONNULL(1);

#endif
