/*
 * seen - verified tokens, remembered by their digest until they expire or their issuer's keys change.
 *
 * Runs in: admit.   Input: hostile (tokens), but only verified ones get in.   Allocates: one table, once.
 */
#ifndef SP_IDENTITY_SEEN_H
#define SP_IDENTITY_SEEN_H

#include "crypto/hash.h"
#include "identity/issuer.h"

#define SP_SEEN_SETS 2048U
#define SP_SEEN_WAYS 4U

struct sp_seen_row {
    uint8_t digest[SP_SHA256_BYTES];
    uint64_t generation; /* of the issuer's keys */
    uint64_t used;       /* a count of look-ups; 0: free */
    struct sp_identity identity;
};

struct sp_seen;
enum sp_err sp_seen_new(struct sp_seen **out) SP_MUST_CHECK SP_NONNULL(1);
void sp_seen_free(struct sp_seen *seen);

/* What this token stood for, if it still does; NULL otherwise. Lent until the next call. */
const struct sp_identity *sp_seen_find(struct sp_seen *seen, const uint8_t digest[SP_SHA256_BYTES],
                                       const struct sp_issuers *issuers, uint64_t wall_us)
    SP_NONNULL(1, 2, 3);

/* Remembers it, in the place of what was not asked for the longest; lends the copy. */
const struct sp_identity *sp_seen_keep(struct sp_seen *seen, const uint8_t digest[SP_SHA256_BYTES],
                                       const struct sp_issuers *issuers,
                                       const struct sp_identity *identity) SP_NONNULL(1, 2, 3, 4);

#endif
