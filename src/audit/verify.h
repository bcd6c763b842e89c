/*
 * verify - reads a log line by line and says where it is not what this program would have written.
 *
 * Runs in: commands.   Input: hostile (a log of anybody).   Allocates: one line, and one row an open intent.
 * Checked: canonical form, the schema of each kind, indexes without gaps, times that never go back (but by exactly what
 * a `clock` entry says), each outcome to its one intent, policies that were in force, blanked lines that an entry owns
 * up to, and that a start closes what was open. It needs no server and changes nothing.
 */
#ifndef SP_AUDIT_VERIFY_H
#define SP_AUDIT_VERIFY_H

#include "base/where.h"
#include "codec/json.h"

/* One thing that is wrong; line 0 concerns the whole file. Borrowed for the call. */
struct sp_verify_problem {
    struct sp_slice file;
    uint64_t line;
    const char *text;
};
typedef void sp_verify_fn(void *ctx, const struct sp_verify_problem *problem);

struct sp_verify_totals {
    uint64_t entries;
    uint64_t intents;
    uint64_t outcomes;
    uint64_t open; /* intents without outcome: runs that go on, or were cut off */
    uint64_t problems;
};

struct sp_verify;
enum sp_err sp_verify_new(sp_verify_fn *fn, void *ctx, struct sp_verify **out) SP_MUST_CHECK SP_NONNULL(1, 3);
void sp_verify_free(struct sp_verify *verify);

/* Begins a file, in the order of their names; the name is borrowed until the next. */
void sp_verify_file(struct sp_verify *verify, struct sp_slice name) SP_NONNULL(1);

/* The next bytes of the file, in pieces of any size; fails only for want of memory. */
enum sp_err sp_verify_bytes(struct sp_verify *verify, struct sp_slice bytes) SP_MUST_CHECK SP_NONNULL(1);

/* The file is over; `is_last` when no other follows: a live log's last line may be being written. */
void sp_verify_file_end(struct sp_verify *verify, bool is_last) SP_NONNULL(1);

struct sp_verify_totals sp_verify_totals(const struct sp_verify *verify) SP_NONNULL(1);

#endif
