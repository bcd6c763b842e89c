#include "token/renew.h"

void sp_renew_init(struct sp_renew *r)
{
    *r = (struct sp_renew){.has_value = false};
}

bool sp_renew_is_due(const struct sp_renew *r, uint64_t now_ms)
{
    return !r->is_asking && now_ms >= r->ask_ms;
}

void sp_renew_asked(struct sp_renew *r)
{
    r->is_asking = true;
}

static uint64_t ahead_of(uint64_t lives_ms)
{
    if (lives_ms > SP_RENEW_HALF_OVER_MS) {
        return lives_ms / 2;
    }
    return lives_ms > 2 * SP_RENEW_AHEAD_MS ? lives_ms - SP_RENEW_AHEAD_MS : lives_ms / 2;
}

void sp_renew_got(struct sp_renew *r, uint64_t now_ms, uint64_t lives_ms, uint64_t refresh_ms)
{
    const bool is_said = refresh_ms > 0 && refresh_ms < lives_ms;
    const uint64_t delay = is_said ? refresh_ms : ahead_of(lives_ms);
    r->has_value = true;
    r->is_asking = false;
    r->failures = 0;
    r->end_ms = now_ms + lives_ms;
    /* A value that is at its end when it comes must not make us ask without a pause. */
    r->ask_ms = now_ms + (delay < SP_RENEW_FIRST_DELAY_MS ? SP_RENEW_FIRST_DELAY_MS : delay);
}

static bool may_pass(unsigned status)
{
    return status == 0 || status == 404 || status == 408 || status == 410 || status == 429 ||
           status >= 500;
}

static uint64_t delay_of(const struct sp_renew *r, unsigned status)
{
    if (!may_pass(status)) {
        return SP_RENEW_FINAL_DELAY_MS;
    }
    uint64_t delay = status == 410 ? SP_RENEW_GONE_DELAY_MS : SP_RENEW_FIRST_DELAY_MS;
    for (unsigned i = 1; i < r->failures && delay < SP_RENEW_LAST_DELAY_MS; i++) {
        delay *= 2;
    }
    return delay < SP_RENEW_LAST_DELAY_MS ? delay : SP_RENEW_LAST_DELAY_MS;
}

void sp_renew_failed(struct sp_renew *r, uint64_t now_ms, unsigned status, uint64_t retry_after_ms,
                     uint32_t jitter)
{
    r->is_asking = false;
    r->failures += r->failures < UINT32_MAX;
    uint64_t delay = delay_of(r, status);
    delay += delay / 4 * (jitter % 256) / 256; /* many gateways must not come back together */
    if (retry_after_ms > delay) {
        delay = retry_after_ms < SP_RENEW_RETRY_AFTER_MAX_MS ? retry_after_ms
                                                             : SP_RENEW_RETRY_AFTER_MAX_MS;
    }
    r->ask_ms = now_ms + delay;
}

bool sp_renew_drop(struct sp_renew *r, uint64_t now_ms)
{
    if (!r->has_value || (r->has_dropped && now_ms - r->drop_ms < SP_RENEW_DROP_MS)) {
        return false;
    }
    r->has_value = false;
    r->has_dropped = true;
    r->drop_ms = now_ms;
    r->ask_ms = now_ms;
    return true;
}

bool sp_renew_is_good(const struct sp_renew *r, uint64_t now_ms)
{
    return r->has_value && now_ms + SP_RENEW_MARGIN_MS < r->end_ms;
}

uint64_t sp_renew_next_ms(const struct sp_renew *r, uint64_t now_ms)
{
    uint64_t next = r->is_asking ? UINT64_MAX : r->ask_ms;
    if (sp_renew_is_good(r, now_ms) && r->end_ms != UINT64_MAX &&
        r->end_ms - SP_RENEW_MARGIN_MS < next) {
        next = r->end_ms - SP_RENEW_MARGIN_MS;
    }
    return next;
}
