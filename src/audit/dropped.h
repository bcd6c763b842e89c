/*
 * dropped - whether the entries that a log lacks at its beginning are those that it says were dropped.
 *
 * Runs in: commands.   Input: hostile (a log of anybody).   Allocates: never.
 */
#ifndef SP_AUDIT_DROPPED_H
#define SP_AUDIT_DROPPED_H

#include "audit/entry.h"
#include "audit/merkle.h"

struct sp_dropped {
    uint64_t first;      /* the oldest entry that is there */
    struct sp_node root; /* of all before it, from the tiles */
    uint64_t recorded;   /* entries before this one may be gone */
};

/* Whether an entry with this text can matter: then it is given here. NULL, or what is wrong with it. */
bool sp_dropped_may_care(struct sp_slice line);
const char *sp_dropped_entry(struct sp_dropped *dropped, struct sp_slice line) SP_NONNULL(1);

/* Whether more is gone than was recorded, after the last entry. */
bool sp_dropped_is_too_much(const struct sp_dropped *dropped) SP_NONNULL(1);

#endif
