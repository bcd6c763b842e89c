#include "relay/breaker.h"

#define SOON_MS 1000U

void sp_breaker_init(struct sp_breaker *breaker, uint32_t failures_max)
{
    *breaker = (struct sp_breaker){.failures_max = failures_max};
}

bool sp_breaker_passes(const struct sp_breaker *breaker, uint64_t now_us)
{
    return !breaker->is_open || (!breaker->is_tried && now_us >= breaker->open_until_us);
}

bool sp_breaker_try(struct sp_breaker *breaker)
{
    breaker->is_tried = breaker->is_open;
    return breaker->is_tried;
}

bool sp_breaker_good(struct sp_breaker *breaker)
{
    bool was_open = breaker->is_open;
    sp_breaker_init(breaker, breaker->failures_max);
    return was_open;
}

static void open_for(struct sp_breaker *breaker, uint32_t ms, uint64_t now_us)
{
    breaker->is_open = true;
    breaker->is_tried = false;
    breaker->open_ms = ms < SP_BREAKER_LAST_MS ? ms : SP_BREAKER_LAST_MS;
    breaker->open_until_us = now_us + (uint64_t)breaker->open_ms * 1000U;
}

bool sp_breaker_failed(struct sp_breaker *breaker, uint64_t session, uint64_t now_us)
{
    bool is_same = session != 0 && session == breaker->last_session;
    if (breaker->is_open) {
        /* Requests that were on their way when it opened say nothing new. */
        if (!breaker->is_tried) {
            return false;
        }
        open_for(breaker, breaker->open_ms * 2, now_us);
        return true;
    }
    breaker->last_session = session;
    if (breaker->failures_max == 0 || is_same || ++breaker->failures < breaker->failures_max) {
        return false;
    }
    open_for(breaker, SP_BREAKER_FIRST_MS, now_us);
    return true;
}

void sp_breaker_untried(struct sp_breaker *breaker)
{
    breaker->is_tried = false;
}

uint32_t sp_breaker_wait_ms(const struct sp_breaker *breaker, uint64_t now_us)
{
    if (!breaker->is_open || now_us >= breaker->open_until_us) {
        return SOON_MS;
    }
    uint64_t left_ms = (breaker->open_until_us - now_us + 999) / 1000;
    return left_ms < SOON_MS ? SOON_MS : (uint32_t)left_ms;
}
