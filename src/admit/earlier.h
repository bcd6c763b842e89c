/*
 * earlier - runs that began before this admit did and may go on: they count until they end or their time is over.
 *
 * Runs in: admit.   Input: what audit tells.   Allocates: a row each, bounded.
 * Until audit has told all of them, as many count as the leases on the store allow for.
 */
#ifndef SP_ADMIT_EARLIER_H
#define SP_ADMIT_EARLIER_H

#include "quota/quota.h"
#include "wire/msg.h"

#define SP_EARLIER_MAX (8 * SP_EXCHANGE_SLOTS)

struct sp_earlier_run {
    sp_exchange exchange; /* 0: no word of its end will come */
    uint32_t node;
    uint64_t until_us; /* monotonic */
};

/* Zeroed is empty. */
struct sp_earlier {
    struct sp_earlier_run *runs;
    size_t count;
    size_t room;
    bool is_known; /* audit has told all */
    bool
        is_short; /* one could not be taken in: what the leases allow for counts until its time is over */
};

void sp_earlier_done(struct sp_earlier *earlier) SP_NONNULL(1);

/* From audit. What comes after the last of them is not listened to: it is among those that were let in here. */
void sp_earlier_told(struct sp_earlier *earlier, struct sp_quota *quota,
                     const struct sp_msg_still *msg, uint64_t mono_us) SP_NONNULL(1, 2, 3);

/* One of them ended; nothing happens for another exchange. */
void sp_earlier_ended(struct sp_earlier *earlier, struct sp_quota *quota, sp_exchange exchange)
    SP_NONNULL(1, 2);

/* Lets those go whose time is over. */
void sp_earlier_tick(struct sp_earlier *earlier, struct sp_quota *quota, uint64_t mono_us)
    SP_NONNULL(1, 2);

#endif
