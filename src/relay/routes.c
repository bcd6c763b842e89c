/* Which pool a run goes to, what ends say of pools, and the runs that rest. */
#include "relay/again.h"

/* --- which pool --- */

/* The best for this session of those that may be asked; when none may, the best. */
static uint8_t pick(const struct sp_relay_room *room, uint64_t session_key, uint64_t now_us)
{
    uint8_t order[SP_RELAY_POOLS_MAX];
    sp_rendezvous_order(room->rendezvous, room->config.pool_count, session_key, order);
    for (size_t i = 0; i < room->config.pool_count; i++) {
        if (sp_breaker_passes(&room->lanes[order[i]].breaker, now_us)) {
            return order[i];
        }
    }
    return order[0];
}

enum sp_err sp_route(struct sp_relay_room *room, struct run *run, enum sp_operation operation,
                     uint64_t now_us)
{
    run->pool = 0;
    run->seat = NULL;
    run->session_key = 0;
    if (room->seats == NULL || operation == SP_OPERATION_SESSION_LIST) {
        return SP_OK; /* a list begins at the first pool and goes on to the others */
    }
    SP_TRY(sp_rendezvous_key(sp_buf_slice(&run->session), &run->session_key));
    const struct sp_seat *seat = sp_seats_find(room->seats, run->session_key, now_us);
    bool is_free = seat == NULL || sp_seat_may_move(seat, 0);
    run->pool = is_free ? pick(room, run->session_key, now_us) : seat->pool;
    if (operation != SP_OPERATION_METADATA) {
        run->seat = sp_seats_begin(room->seats, run->session_key, run->pool, now_us);
    }
    return SP_OK;
}

enum sp_err sp_route_again(struct sp_relay_room *room, struct run *run, uint64_t now_us)
{
    if (run->seat == NULL || !sp_seat_may_move(run->seat, 1)) {
        return SP_OK;
    }
    uint8_t pool = pick(room, run->session_key, now_us);
    if (pool == run->pool) {
        return SP_OK;
    }
    run->pool = pool;
    run->seat->pool = pool;
    if (run->errand != NULL) {
        return sp_relay_errand_target(room, run);
    }
    sp_buf_clear(&run->target);
    return sp_upstream_target(&sp_lane_of(room, run)->pool->upstream, SP_OPERATION_EXECUTE,
                              sp_buf_slice(&run->session), &run->target);
}

void sp_route_end(struct run *run, uint64_t now_us)
{
    if (run->seat != NULL) {
        sp_seats_end(run->seat, now_us);
    }
    run->seat = NULL;
}

/* --- what ends say --- */

static void tell_breaker(const struct sp_relay_room *room, const struct lane *lane,
                         struct sp_slice why)
{
    const struct sp_relay_breaker_news news = {
        .pool = lane->pool->name,
        .is_open = lane->breaker.is_open,
        .open_ms = lane->breaker.open_ms,
        .failures = lane->breaker.failures,
        .why = why,
    };
    room->ops.breaker(room->ops.ctx, &news);
}

void sp_route_failed(struct sp_relay_room *room, struct lane *lane, uint64_t session,
                     struct sp_slice why, uint64_t now_us)
{
    if (sp_breaker_failed(&lane->breaker, session, now_us)) {
        tell_breaker(room, lane, why);
        sp_lane_turn_away(room, lane, now_us);
    }
}

static void succeeded(struct sp_relay_room *room, struct lane *lane)
{
    if (sp_breaker_good(&lane->breaker)) {
        tell_breaker(room, lane, SP_SLICE_LITERAL("it answers again"));
    }
}

/* Code that makes its own session fail is no failure of the pool: who it was for is noted. */
static uint64_t session_of(struct run *run)
{
    if (run->session_key == 0 &&
        sp_rendezvous_key(sp_buf_slice(&run->session), &run->session_key) != SP_OK) {
        run->session_key = 0;
    }
    return run->session_key;
}

static void take_seat(struct run *run)
{
    if (run->seat != NULL) {
        run->seat->is_taken = true;
    }
}

static void heard_answer(struct sp_relay_room *room, struct run *run, unsigned status, bool is_full,
                         uint64_t now_us)
{
    struct lane *lane = sp_lane_of(room, run);
    if (status >= 500 && !is_full) {
        sp_route_failed(room, lane, session_of(run),
                        SP_SLICE_LITERAL("it answers with errors of its own"), now_us);
    } else {
        succeeded(room, lane);
    }
    if (!is_full && status != 401 && status != 403) {
        take_seat(run);
    }
}

void sp_route_heard(struct sp_relay_room *room, struct run *run, const struct sp_http_end *end,
                    bool is_full, uint64_t now_us)
{
    struct lane *lane = sp_lane_of(room, run);
    bool is_trial = run->is_trial;
    run->is_trial = false;
    switch (end->state) {
    case SP_HTTP_ANSWERED:
        heard_answer(room, run, end->status, is_full, now_us);
        break;
    case SP_HTTP_BROKEN:
        take_seat(run);
        if (end->is_too_big) {
            succeeded(room, lane);
        } else {
            sp_route_failed(room, lane, session_of(run), sp_slice_of(end->why), now_us);
        }
        break;
    case SP_HTTP_NO_CONNECTION:
        /* The first time it may have been a connection that the pool had closed in good order. */
        if (is_trial || run->attempts > 1) {
            sp_route_failed(room, lane, 0, sp_slice_of(end->why), now_us);
        }
        break;
    case SP_HTTP_NOT_SENT:
        sp_route_failed(room, lane, 0, sp_slice_of(end->why), now_us);
        break;
    }
}

/* --- runs that rest --- */

bool sp_rest(struct sp_relay_room *room, struct run *run, uint32_t retry_after_ms, uint64_t now_us)
{
    if (!room->config.rests || run->attempts >= room->config.attempts_max ||
        room->resting >= SP_RELAY_RESTING_MAX) {
        return false;
    }
    uint32_t delay_ms =
        sp_retry_delay_ms(run->attempts, retry_after_ms, room->ops.random(room->ops.ctx));
    uint64_t due_us = now_us + (uint64_t)delay_ms * 1000U;
    if (due_us > run->arrived_us + (uint64_t)SP_RETRY_ALL_MS * 1000U) {
        return false;
    }
    sp_rest_until(room, run, due_us);
    return true;
}

void sp_rest_until(struct sp_relay_room *room, struct run *run, uint64_t due_us)
{
    if (run->is_trial) {
        sp_breaker_untried(&sp_lane_of(room, run)->breaker);
        run->is_trial = false;
    }
    run->state = RUN_RESTING;
    run->due_us = due_us;
    room->resting++;
}

void sp_rest_wake(struct sp_relay_room *room, struct run *run, uint64_t now_us)
{
    if (run->audit_generation != room->audit_generation && !run->is_polled) {
        /* Its record has been closed meanwhile: it must not start any more. Nobody hears of this. */
        sp_relay_end_not_started(room, run, RETRY_SOON_MS, SP_SLICE_LITERAL("nobody waits for it"),
                                 now_us);
    } else if (sp_route_again(room, run, now_us) == SP_OK) {
        sp_relay_offer(room, run, true, now_us);
    } else {
        sp_relay_end_not_started(room, run, RETRY_SOON_MS, SP_SLICE_LITERAL("memory is used up"),
                                 now_us);
    }
}

void sp_rest_tick(struct sp_relay_room *room, uint64_t now_us)
{
    for (size_t i = 0; room->resting > 0 && i < SP_HTTP_SLOTS_MAX; i++) {
        struct run *run = &room->runs[i];
        if (run->state != RUN_RESTING || now_us < run->due_us) {
            continue;
        }
        room->resting--;
        if (run->waits_bearer) {
            sp_bearers_give_up(room, run, now_us);
        } else {
            sp_rest_wake(room, run, now_us);
        }
    }
}

void sp_relay_room_stop(struct sp_relay_room *room, uint64_t now_us)
{
    room->config.rests = false;
    for (size_t i = 0; room->resting > 0 && i < SP_HTTP_SLOTS_MAX; i++) {
        if (room->runs[i].state == RUN_RESTING) {
            room->resting--;
            sp_relay_end_not_started(room, &room->runs[i], RETRY_SOON_MS,
                                     SP_SLICE_LITERAL("the service stops"), now_us);
        }
    }
}
