/*
 * seats - at which of several pools each session sits, as far as this relay has seen.
 *
 * Runs in: relay.   Input: keys of session names.   Allocates: once, at birth.
 * A session that has been at a pool stays there: its state is nowhere else. One that no pool has heard of, and for
 * which nothing is on its way, may sit down elsewhere. Forgotten are sessions that were not used for longer than pools
 * keep them, and the one used longest ago when there is no place.
 */
#ifndef SP_RELAY_SEATS_H
#define SP_RELAY_SEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SP_SEATS_MAX     ((size_t)65536)
#define SP_SEATS_WAYS    ((size_t)8)
#define SP_SEATS_KEEP_US ((uint64_t)3600 * 1000000U)

struct sp_seat {
    uint64_t key; /* 0: empty */
    uint64_t used_us;
    uint32_t under_way; /* requests that are not over */
    uint8_t pool;
    bool is_taken; /* the pool has heard of the session */
};

struct sp_seats;

enum sp_err sp_seats_new(struct sp_seats **out) SP_MUST_CHECK SP_NONNULL(1);
void sp_seats_free(struct sp_seats *seats);

/* NULL: this session was not seen, or not for long. Stays where it is while a request of it is under way. */
struct sp_seat *sp_seats_find(struct sp_seats *seats, uint64_t key, uint64_t now_us) SP_NONNULL(1);

/* A request of the session begins, at this pool; its seat, or NULL when there is no place to remember it. */
struct sp_seat *sp_seats_begin(struct sp_seats *seats, uint64_t key, uint8_t pool, uint64_t now_us)
    SP_NONNULL(1);

/* It is over; a seat that no pool has heard of is free again with the last request. */
void sp_seats_end(struct sp_seat *seat, uint64_t now_us) SP_NONNULL(1);

/* Whether the session may be at another pool: `own` requests of those under way are the asker's. */
bool sp_seat_may_move(const struct sp_seat *seat, uint32_t own) SP_NONNULL(1);

#endif
