/*
 * time - the time that quotas go by: wall time that is never set back.
 *
 * Runs in: admit.   Allocates: never.
 * It starts at the wall clock or at the latest time that was ever written down, whichever is later, and goes on with the
 * monotonic clock; a wall clock that is set forward is followed, one that is set back is not. So no day begins twice and
 * no token comes back to life, across restarts too.
 */
#ifndef SP_QUOTA_TIME_H
#define SP_QUOTA_TIME_H

#include <stdint.h>

#include "base/attr.h"

#define SP_QUOTA_DAY_US ((uint64_t)86400 * 1000000U)

struct sp_quota_clock {
    uint64_t time_us; /* since 1970, as of the latest question */
    uint64_t mono_us;
    uint64_t ahead_us; /* how far the latest question found the wall clock set forward */
};

/* `written_us` is the latest time that is known to have been, 0 for none. */
void sp_quota_clock_start(struct sp_quota_clock *clock, uint64_t written_us, uint64_t mono_us,
                          uint64_t wall_us) SP_NONNULL(1);
uint64_t sp_quota_clock_now(struct sp_quota_clock *clock, uint64_t mono_us, uint64_t wall_us)
    SP_NONNULL(1);

/* The day's number, and how long it lasts from this moment. */
uint32_t sp_quota_day(uint64_t time_us);
uint64_t sp_quota_day_left_us(uint64_t time_us);

#endif
