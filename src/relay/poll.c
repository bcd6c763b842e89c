/* Runs that a pool goes on with although it was asked to wait for their end: they are asked after until they are over. */
#include "relay/again.h"

#define POLL_FIRST_MS 250U
#define POLL_LAST_MS  2000U

/* For as long as the run's own request might have taken. */
static uint64_t deadline_us(const struct run *run)
{
    return run->arrived_us + (uint64_t)run->timeout_ms * 1000U;
}

bool sp_poll_begin(struct sp_relay_room *room, struct run *run, struct sp_slice id,
                   uint32_t retry_after_ms, uint64_t now_us)
{
    const struct sp_upstream *upstream = &sp_lane_of(room, run)->pool->upstream;
    if (!room->config.rests) {
        return false;
    }
    sp_buf_clear(&run->target);
    if (sp_upstream_poll_target(upstream, id, sp_buf_slice(&run->session), &run->target) != SP_OK) {
        return false;
    }
    sp_buf_clear(&run->body);
    run->is_polled = true;
    run->poll_ms = POLL_FIRST_MS;
    sp_poll_again(room, run, retry_after_ms, now_us);
    return true;
}

void sp_poll_again(struct sp_relay_room *room, struct run *run, uint32_t retry_after_ms,
                   uint64_t now_us)
{
    const uint32_t delay_ms = retry_after_ms > run->poll_ms ? retry_after_ms : run->poll_ms;
    const uint64_t due_us = now_us + (uint64_t)delay_ms * 1000U;
    if (!room->config.rests || now_us >= deadline_us(run)) {
        sp_relay_end_unknown(room, run, "the pool goes on with it beyond its time", now_us);
        return;
    }
    run->poll_ms = run->poll_ms < POLL_LAST_MS / 2 ? run->poll_ms * 2 : POLL_LAST_MS;
    sp_rest_until(room, run, due_us < deadline_us(run) ? due_us : deadline_us(run));
}

void sp_poll_answered(struct sp_relay_room *room, struct run *run, const struct sp_http_end *end,
                      const struct sp_upstream_answer *answer, uint64_t now_us)
{
    const bool may_pass =
        end->status == 401 || end->status == 408 || end->status == 429 || end->status >= 500;
    if (end->status == 401) {
        sp_bearers_refused(room, run, now_us);
    }
    if (may_pass || answer->running_id.len > 0) {
        sp_poll_again(room, run, end->retry_after_s * 1000U, now_us);
    } else {
        sp_relay_end_unknown(room, run, answer->reason.text, now_us);
    }
}
