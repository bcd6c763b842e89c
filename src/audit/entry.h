/*
 * entry - reads one entry of the log: the canonical JSON that record writes, and nothing else.
 *
 * Runs in: commands.   Input: hostile (a log of anybody).   Allocates: never; what is read is borrowed.
 * Taken are objects whose members are sorted and differ, strings escaped as RFC 8785 has it, whole numbers up to 2^53 - 1
 * without a sign, arrays and objects of these, nested SP_ENTRY_DEPTH deep. No blank may stand anywhere. Two entries are
 * the same exactly when their bytes are.
 */
#ifndef SP_AUDIT_ENTRY_H
#define SP_AUDIT_ENTRY_H

#include "base/buf.h"
#include "base/where.h"

#define SP_ENTRY_MEMBERS_MAX 64U
#define SP_ENTRY_DEPTH       6U

/* A value as it stands in the text: a string keeps its quotes and escapes. */
struct sp_entry_member {
    struct sp_slice key;
    struct sp_slice value;
};

struct sp_entry {
    struct sp_entry_member members[SP_ENTRY_MEMBERS_MAX];
    size_t count;
};

/* SP_ERR_INVALID, and `out_where` says what and at which column. */
enum sp_err sp_entry_read(struct sp_slice line, struct sp_entry *out, struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(2, 3);

/* The value of a member, empty when it is not there. */
struct sp_slice sp_entry_get(const struct sp_entry *entry, const char *key) SP_NONNULL(1, 2);

/* A number, 0 when it is none; what stands between a string's quotes (escapes and all), empty when it is none. */
uint64_t sp_entry_number(struct sp_slice value);
struct sp_slice sp_entry_text(struct sp_slice value);

/* Appends what a string stands for, escapes resolved; SP_ERR_INVALID when the value is no string. */
enum sp_err sp_entry_unescape(struct sp_slice value, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(2);

/* Whether a value is an array; takes the next item off the front of what stands between its brackets. */
bool sp_entry_items(struct sp_slice value, struct sp_slice *out_rest) SP_NONNULL(2);
bool sp_entry_next(struct sp_slice *rest, struct sp_slice *out_item) SP_NONNULL(1, 2);

#endif
