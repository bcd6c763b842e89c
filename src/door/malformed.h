/*
 * malformed - requests that broke a rule of HTTP, counted by rule, so that the log has their number and nobody fills it.
 *
 * Runs in: door.   Input: which rule (fixed texts), and whose connection it was.   Allocates: never.
 * Counts are exact; sources are told apart as far as a small table reaches, and rules past the bound are one.
 */
#ifndef SP_DOOR_MALFORMED_H
#define SP_DOOR_MALFORMED_H

#include "wire/msg.h"

#define SP_MALFORMED_RULES   48U
#define SP_MALFORMED_SOURCES 32U

struct sp_malformed_rule {
    enum sp_err err;
    const char *rule; /* a fixed text; NULL: this place is free */
    uint32_t count;
    uint64_t from_us;
    uint32_t sources;
    uint64_t seen[SP_MALFORMED_SOURCES]; /* hashes of the sources counted so far */
    char latest[SP_MSG_NAME_MAX + 1];
};

/* Zeroed is empty. */
struct sp_malformed {
    struct sp_malformed_rule rules[SP_MALFORMED_RULES];
};

/* Counts one at `wall_us`. `rule` is kept, not copied; NULL is `other`. */
void sp_malformed_count(struct sp_malformed *m, enum sp_err err, const char *rule,
                        struct sp_slice source, uint64_t wall_us) SP_NONNULL(1);

/* Fills in the summary of place `at` (borrowing from `m`); false when it has none. Then starts that place anew. */
bool sp_malformed_summary(const struct sp_malformed *m, unsigned at, uint64_t wall_us,
                          struct sp_msg_malformed *out) SP_NONNULL(1, 4);
void sp_malformed_clear(struct sp_malformed *m, unsigned at) SP_NONNULL(1);

#endif
