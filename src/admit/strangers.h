/*
 * strangers - refused logins, counted and folded, so that nobody fills the log from outside.
 *
 * Runs in: admit.   Input: who was refused and why.   Allocates: never.
 * One summary a kind and second at most. Counts are exact; sources are told apart as far as a small table reaches.
 */
#ifndef SP_ADMIT_STRANGERS_H
#define SP_ADMIT_STRANGERS_H

#include "wire/msg.h"

#define SP_STRANGERS_KINDS   5U
#define SP_STRANGERS_SOURCES 64U

struct sp_strangers_kind {
    enum sp_err err;
    uint32_t count;
    uint64_t from_us;
    uint32_t sources;
    uint64_t seen[SP_STRANGERS_SOURCES]; /* hashes of the sources counted so far */
    char latest[SP_MSG_NAME_MAX];
    size_t latest_len;
};

/* Zeroed is empty. */
struct sp_strangers {
    struct sp_strangers_kind kinds[SP_STRANGERS_KINDS];
};

/* Counts one refusal at `wall_us`. Only the four errors of tokens are kinds; others are counted as an unknown token. */
void sp_strangers_count(struct sp_strangers *s, enum sp_err err, struct sp_slice source,
                        uint64_t wall_us) SP_NONNULL(1);

/* Fills in the summary of kind number `kind` (borrowing from `s`); false when it has none. */
bool sp_strangers_summary(const struct sp_strangers *s, unsigned kind, uint64_t wall_us,
                          struct sp_msg_strangers *out) SP_NONNULL(1, 4);

/* Starts that kind anew, after its summary was sent. */
void sp_strangers_clear(struct sp_strangers *s, unsigned kind) SP_NONNULL(1);

#endif
