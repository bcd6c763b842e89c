/* Bearers that a pool refuses: token is told, and what was refused with them is offered again with the next, once. */
#include "relay/again.h"

/* A run waits so long at most. token gives up a question to the identity provider by itself; this is for one that hangs. */
#define WAIT_US ((uint64_t)10 * 1000000U)

bool sp_bearers_are_ready(const struct sp_relay_room *room, uint64_t now_us)
{
    return !room->config.needs_bearer ||
           (room->has_heard_bearer && room->bearer == SP_OK && now_us >= room->asked_until_us);
}

void sp_bearers_refused(struct sp_relay_room *room, const struct run *run, uint64_t now_us)
{
    /* One that went with an earlier bearer says nothing of the one of now. */
    if (run->bearer == room->bearer_number && now_us >= room->asked_until_us) {
        room->asked_until_us = now_us + WAIT_US;
        room->ops.bearer_refused(room->ops.ctx);
    }
}

bool sp_bearers_wait(struct sp_relay_room *room, struct run *run, struct sp_slice why,
                     uint64_t now_us)
{
    if (!room->config.needs_bearer || !room->config.rests || run->has_waited ||
        run->attempts >= room->config.attempts_max || room->resting >= SP_RELAY_RESTING_MAX) {
        return false;
    }
    run->has_waited = true;
    if (run->bearer != room->bearer_number) {
        sp_relay_offer(room, run, true, now_us);
        return true;
    }
    sp_buf_clear(&run->refusal);
    if (sp_buf_put(&run->refusal, why) != SP_OK) {
        return false;
    }
    sp_rest_until(room, run, now_us + WAIT_US);
    run->waits_bearer = true;
    sp_bearers_refused(room, run, now_us);
    return true;
}

void sp_bearers_give_up(struct sp_relay_room *room, struct run *run, uint64_t now_us)
{
    SP_AUTO_BUF struct sp_buf why = run->refusal; /* outlives the slot */
    struct sp_msg_outcome outcome = sp_relay_outcome_of(room, run, now_us);
    sp_buf_init(&run->refusal, SP_WHERE_TEXT_MAX);
    run->waits_bearer = false;
    outcome.state = SP_END_NOT_STARTED;
    outcome.err = SP_ERR_POOL_CREDENTIAL;
    outcome.pool_status = 401;
    outcome.detail = sp_buf_slice(&why);
    sp_relay_end_run(room, run, &outcome, (struct sp_slice){NULL, 0}, now_us);
}

void sp_relay_room_bearer(struct sp_relay_room *room, enum sp_err err, bool is_new, uint64_t now_us)
{
    const bool is_other = err == SP_OK && is_new;
    room->has_heard_bearer = true;
    room->bearer = err;
    room->asked_until_us = 0;
    room->bearer_number += is_other ? 1 : 0;
    for (size_t i = 0; room->resting > 0 && i < SP_HTTP_SLOTS_MAX; i++) {
        struct run *run = &room->runs[i];
        if (run->state != RUN_RESTING || !run->waits_bearer) {
            continue;
        }
        room->resting--;
        if (is_other) {
            run->waits_bearer = false;
            sp_rest_wake(room, run, now_us);
        } else {
            sp_bearers_give_up(room, run, now_us);
        }
    }
    for (size_t i = 0; i < room->config.pool_count; i++) {
        sp_lane_pump(room, &room->lanes[i], now_us);
    }
}
