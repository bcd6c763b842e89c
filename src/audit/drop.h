/*
 * drop - removes what is older, or more, than is to be kept: the oldest bundles of entries, and code of days gone by.
 *
 * Runs in: supervisor, since audit itself may remove nothing.   Input: names and times of files only.   Allocates: never.
 * A bundle is old by the time of its file, which nobody in the house can set back. It goes only when audit has recorded
 * that it does (audit/retain.c), the oldest first, so that what is left is one piece. Tiles of hashes always stay.
 */
#ifndef SP_AUDIT_DROP_H
#define SP_AUDIT_DROP_H

#include "audit/tile.h"

struct sp_drop {
    bool is_known;    /* which bundle is the first that is there */
    uint64_t first;   /* that one; until it is known the next to be looked for */
    uint64_t counted; /* bundles before this one are counted ... */
    uint64_t bytes;   /* ... in this, those that are there */
    uint64_t gone_s;  /* when the latest that was removed was last written, seconds since 1970 */
};

/* Looks for the first bundle, at most `most` names; false when it is not found yet, or there is none. */
bool sp_drop_find(int log_dir, struct sp_drop *drop, unsigned most) SP_NONNULL(2);

/* The first bundle that stays when all go that were last written before a time (seconds since 1970); looks at `most`. */
uint64_t sp_drop_due(int log_dir, const struct sp_drop *drop, uint64_t before_s, unsigned most)
    SP_NONNULL(2);

/* Counts the bytes of at most `most` more bundles; true when all that are there are counted. */
bool sp_drop_count(int log_dir, struct sp_drop *drop, unsigned most) SP_NONNULL(2);

/* The same when as many of the oldest go as are too many for `bytes`, of those that were last written before a time. */
uint64_t sp_drop_over(int log_dir, const struct sp_drop *drop, uint64_t bytes, uint64_t before_s,
                      unsigned most) SP_NONNULL(2);

/* Removes at most `most` bundles before that one; true when more of them are there. */
bool sp_drop_some(int log_dir, struct sp_drop *drop, uint64_t until, unsigned most) SP_NONNULL(2);

/* Removes kept code of days that ended before a time (microseconds since 1970), at most `most` objects. */
void sp_drop_code(int own_dir, uint64_t before_us, unsigned most);

#endif
