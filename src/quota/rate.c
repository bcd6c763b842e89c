#include "quota/rate.h"

#include "base/num.h"

/* One request costs a minute, in microseconds times the rate. */
#define COST ((uint64_t)60 * 1000000U)

enum sp_err sp_rate_take(struct sp_rate *rate, uint32_t per_minute, uint64_t now_us, uint64_t *out_after_us)
{
    uint64_t now = 0;
    uint64_t next = 0;
    if (per_minute == 0) {
        return SP_OK;
    }
    if (per_minute > SP_RATE_PER_MINUTE_MAX) {
        return SP_ERR_RANGE;
    }
    SP_TRY(sp_u64_mul(now_us, per_minute, &now));
    SP_TRY(sp_u64_add(rate->arrival > now ? rate->arrival : now, COST, &next));
    /* All that is saved up: `per_minute` requests, which is one minute. */
    uint64_t most = 0;
    SP_TRY(sp_u64_add(now, COST * per_minute, &most));
    if (next > most) {
        *out_after_us = (next - most + per_minute - 1) / per_minute;
        return SP_ERR_QUOTA;
    }
    rate->arrival = next;
    return SP_OK;
}

void sp_rate_give(struct sp_rate *rate, uint32_t per_minute)
{
    if (per_minute != 0 && rate->arrival >= COST) {
        rate->arrival -= COST;
    }
}

uint32_t sp_rate_free(const struct sp_rate *rate, uint32_t per_minute, uint64_t now_us)
{
    uint64_t now = 0;
    if (per_minute == 0 || sp_u64_mul(now_us, per_minute, &now) != SP_OK) {
        return 0;
    }
    uint64_t used = rate->arrival > now ? rate->arrival - now : 0;
    uint64_t all = COST * per_minute;
    return used >= all ? 0 : (uint32_t)((all - used) / COST);
}
