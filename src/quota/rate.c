#include "quota/rate.h"

/* Times beyond this would overflow: they are none. */
#define NOW_US_MAX (UINT64_MAX / 2)

/* The rate was changed: what is not a whole microsecond counts as one, in nobody's favour. */
static struct sp_rate at_rate(const struct sp_rate *rate, uint32_t per_minute)
{
    struct sp_rate now = *rate;
    if (now.per_minute != per_minute) {
        now.arrival_us += now.parts > 0 ? 1 : 0;
        now.parts = 0;
        now.per_minute = per_minute;
    }
    return now;
}

/* One request later. */
static struct sp_rate next_of(const struct sp_rate *rate, uint32_t per_minute, uint64_t now_us)
{
    struct sp_rate next = at_rate(rate, per_minute);
    if (next.arrival_us < now_us) {
        next.arrival_us = now_us;
        next.parts = 0;
    }
    next.arrival_us += SP_RATE_MINUTE_US / per_minute;
    next.parts += (uint32_t)(SP_RATE_MINUTE_US % per_minute);
    if (next.parts >= per_minute) {
        next.parts -= per_minute;
        next.arrival_us++;
    }
    return next;
}

/* All that is saved up is one minute. */
static enum sp_err check(const struct sp_rate *next, uint64_t now_us, uint64_t *out_after_us)
{
    uint64_t most_us = now_us + SP_RATE_MINUTE_US;
    uint64_t needed_us = next->arrival_us + (next->parts > 0 ? 1 : 0);
    if (needed_us > most_us) {
        *out_after_us = needed_us - most_us;
        return SP_ERR_QUOTA;
    }
    return SP_OK;
}

enum sp_err sp_rate_ask(const struct sp_rate *rate, uint32_t per_minute, uint64_t now_us,
                        uint64_t *out_after_us)
{
    if (per_minute == 0) {
        return SP_OK;
    }
    if (per_minute > SP_RATE_PER_MINUTE_MAX || now_us > NOW_US_MAX) {
        return SP_ERR_RANGE;
    }
    struct sp_rate next = next_of(rate, per_minute, now_us);
    return check(&next, now_us, out_after_us);
}

enum sp_err sp_rate_take(struct sp_rate *rate, uint32_t per_minute, uint64_t now_us,
                         uint64_t *out_after_us)
{
    if (per_minute == 0) {
        return SP_OK;
    }
    if (per_minute > SP_RATE_PER_MINUTE_MAX || now_us > NOW_US_MAX) {
        return SP_ERR_RANGE;
    }
    struct sp_rate next = next_of(rate, per_minute, now_us);
    SP_TRY(check(&next, now_us, out_after_us));
    *rate = next;
    return SP_OK;
}

uint32_t sp_rate_free(const struct sp_rate *rate, uint32_t per_minute, uint64_t now_us)
{
    if (per_minute == 0 || per_minute > SP_RATE_PER_MINUTE_MAX) {
        return 0;
    }
    struct sp_rate now = at_rate(rate, per_minute);
    uint64_t ahead_us = now.arrival_us > now_us ? now.arrival_us - now_us : 0;
    if (ahead_us >= SP_RATE_MINUTE_US) {
        return 0;
    }
    /* In parts of a microsecond; at most a minute times the highest rate, which is far below 2^64. */
    uint64_t left = (SP_RATE_MINUTE_US - ahead_us) * per_minute;
    left -= ahead_us > 0 || now.arrival_us == now_us ? now.parts : 0;
    return (uint32_t)(left / SP_RATE_MINUTE_US);
}
