/*
 * rate - requests a minute, exactly, by the generic cell rate algorithm (ITU-T I.371, as GCRA).
 *
 * Runs in: admit.   Allocates: never.
 * A tenant may save up one minute's worth; beyond that its requests become free again one by one, evenly over the
 * minute. The arrival time is kept in microseconds and a remainder in parts of the rate, so that no division rounds in
 * anybody's favour.
 */
#ifndef SP_QUOTA_RATE_H
#define SP_QUOTA_RATE_H

#include <stdint.h>

#include "base/err.h"

#define SP_RATE_PER_MINUTE_MAX 1000000U
#define SP_RATE_MINUTE_US      ((uint64_t)60 * 1000000U)

/* Zeroed is a tenant that has not asked yet. */
struct sp_rate {
    uint64_t arrival_us; /* the theoretical arrival time of the next request */
    uint32_t parts;      /* and so many parts of a microsecond, of `per_minute` */
    uint32_t per_minute; /* that the parts are of */
};

/*
 * Takes one request at `now_us`. SP_ERR_QUOTA when none is free: `*out_after_us` is when the next one is, and nothing
 * was taken. A rate of 0 is no limit; SP_ERR_RANGE over SP_RATE_PER_MINUTE_MAX.
 */
enum sp_err sp_rate_take(struct sp_rate *rate, uint32_t per_minute, uint64_t now_us,
                         uint64_t *out_after_us) SP_MUST_CHECK SP_NONNULL(1, 4);

/* Whether it would be given, without taking it. */
enum sp_err sp_rate_ask(const struct sp_rate *rate, uint32_t per_minute, uint64_t now_us,
                        uint64_t *out_after_us) SP_MUST_CHECK SP_NONNULL(1, 4);

/* How many requests could be taken at once now. */
uint32_t sp_rate_free(const struct sp_rate *rate, uint32_t per_minute, uint64_t now_us)
    SP_NONNULL(1);

#endif
