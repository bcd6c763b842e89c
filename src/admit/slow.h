/*
 * slow - sources of refused logins, slowed by a rate each (GCRA): IPv4 by address, IPv6 by /64.
 *
 * Runs in: admit.   Input: addresses of strangers.   Allocates: one table, once.
 * A bounded table: who fills it from many addresses pushes out those that failed longest ago, and is still slowed by
 * each of them. A source that is over its rate is told to wait, and no signature is checked for it.
 */
#ifndef SP_ADMIT_SLOW_H
#define SP_ADMIT_SLOW_H

#include "base/err.h"
#include "base/slice.h"

#define SP_SLOW_SETS 2048U
#define SP_SLOW_WAYS 4U

struct sp_slow;

/* `per_minute` failures at once, and as many a minute; 0 slows nobody. `seed` keeps outsiders from choosing places. */
enum sp_err sp_slow_new(uint32_t per_minute, uint64_t seed, struct sp_slow **out)
    SP_MUST_CHECK SP_NONNULL(3);
void sp_slow_free(struct sp_slow *slow);

/* How long this source has to wait before its next failure is taken as one, 0 for not at all. */
uint64_t sp_slow_wait_us(const struct sp_slow *slow, struct sp_slice source, uint64_t mono_us)
    SP_NONNULL(1);

/* It failed. One that has to wait already does not make its wait longer. */
void sp_slow_failed(struct sp_slow *slow, struct sp_slice source, uint64_t mono_us) SP_NONNULL(1);

#endif
