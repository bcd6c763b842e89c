#include "relay/room.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/own.h"
#include "base/secret.h"
#include "codec/http_field.h"
#include "crypto/hash.h"
#include "relay/again.h"
#include "relay/seen.h"

static enum sp_err init_lanes(struct sp_relay_room *room)
{
    for (size_t i = 0; i < room->config.pool_count; i++) {
        const struct sp_relay_pool *pool = &room->config.pools[i];
        sp_lane_init(room, i);
        room->rendezvous[i].weight = pool->weight;
        SP_TRY(sp_rendezvous_key(pool->name, &room->rendezvous[i].key));
    }
    return room->config.pool_count > 1 ? sp_seats_new(&room->seats) : SP_OK;
}

enum sp_err sp_relay_room_new(const struct sp_relay_config *config, const struct sp_relay_ops *ops,
                              struct sp_relay_room **out)
{
    if (config->pool_count == 0 || config->pool_count > SP_RELAY_POOLS_MAX) {
        return SP_ERR_RANGE;
    }
    struct sp_relay_room *room = calloc(1, sizeof(*room));
    if (room == NULL) {
        return SP_ERR_NOMEM;
    }
    room->config = *config;
    room->ops = *ops;
    for (size_t i = 0; i < SP_HTTP_SLOTS_MAX; i++) {
        sp_buf_init(&room->runs[i].session, SP_MSG_SESSION_MAX);
        sp_buf_init(&room->runs[i].traceparent, SP_MSG_SESSION_MAX);
        sp_buf_init(&room->runs[i].target, SP_UPSTREAM_TARGET_BYTES_MAX);
        sp_buf_init(&room->runs[i].body, REQUEST_BYTES_MAX);
        sp_buf_init(&room->runs[i].refusal, SP_WHERE_TEXT_MAX);
    }
    enum sp_err err = sp_shelf_new(&room->shelf);
    if (err == SP_OK) {
        err = init_lanes(room);
    }
    if (err != SP_OK) {
        sp_relay_room_free(room);
        return err;
    }
    *out = room;
    return SP_OK;
}

void sp_relay_room_free(struct sp_relay_room *room)
{
    if (room == NULL) {
        return;
    }
    for (size_t i = 0; i < SP_HTTP_SLOTS_MAX; i++) {
        sp_buf_done(&room->runs[i].session);
        sp_buf_done(&room->runs[i].traceparent);
        sp_buf_done(&room->runs[i].target);
        sp_buf_done(&room->runs[i].body);
        sp_buf_done(&room->runs[i].refusal);
        sp_relay_errand_free(room->runs[i].errand);
    }
    for (size_t i = 0; i < SP_RELAY_POOLS_MAX; i++) {
        sp_lane_done(&room->lanes[i]);
    }
    sp_shelf_free(room->shelf);
    sp_seats_free(room->seats);
    free(room);
}

size_t sp_relay_room_busy(const struct sp_relay_room *room)
{
    return room->busy;
}

/* --- ends --- */

static void release(struct sp_relay_room *room, struct run *run, uint64_t now_us)
{
    if (run->is_trial) {
        sp_breaker_untried(&sp_lane_of(room, run)->breaker);
    }
    sp_route_end(run, now_us);
    run->state = RUN_NONE;
    room->busy--;
    room->free_hint = (size_t)(run - room->runs);
    run->ticket = 0;
    sp_relay_errand_free(run->errand);
    run->errand = NULL;
    if (run->body.room > REQUEST_KEEP_BYTES) {
        sp_buf_done(&run->body);
    }
}

struct sp_msg_outcome sp_relay_outcome_of(const struct sp_relay_room *room, const struct run *run,
                                          uint64_t now_us)
{
    return (struct sp_msg_outcome){
        .exchange = run->exchange,
        .pool = room->lanes[run->pool].pool->name,
        .attempts = run->attempts,
        .relay_us = now_us > run->arrived_us ? now_us - run->arrived_us : 0,
        .answer = SP_PAYLOAD_EMPTY,
        .content = SP_PAYLOAD_EMPTY,
    };
}

/* What became of a run that nobody waited for stays until somebody asks. */
static void keep_on_shelf(struct sp_relay_room *room, const struct run *run,
                          const struct sp_msg_outcome *outcome, struct sp_slice answer,
                          uint64_t now_us)
{
    const struct sp_execution execution = {
        .state = outcome->err == SP_OK ? SP_EXECUTION_ENDED : SP_EXECUTION_BROKEN,
        .err = outcome->err,
        .detail = outcome->detail,
        .result = answer,
    };
    if (run->ticket != 0) {
        sp_shelf_end(room->shelf, run->ticket, &execution, now_us);
    }
}

/* The slot is free before the outcome is told: whoever hears of it may send the next run at once. */
void sp_relay_end_run(struct sp_relay_room *room, struct run *run, struct sp_msg_outcome *outcome,
                      struct sp_slice answer, uint64_t now_us)
{
    bool is_wanted = run->audit_generation == room->audit_generation;
    keep_on_shelf(room, run, outcome, answer, now_us);
    release(room, run, now_us);
    if (is_wanted) {
        room->ops.outcome(room->ops.ctx, outcome, answer);
    }
}

void sp_relay_end_not_started(struct sp_relay_room *room, struct run *run, uint32_t retry_ms,
                              struct sp_slice detail, uint64_t now_us)
{
    if (run->is_polled) {
        sp_poll_again(room, run, retry_ms, now_us); /* it started: only the question did not */
        return;
    }
    struct sp_msg_outcome outcome = sp_relay_outcome_of(room, run, now_us);
    outcome.state = SP_END_NOT_STARTED;
    outcome.err = SP_ERR_POOL_UNAVAILABLE;
    outcome.detail = detail;
    outcome.retry_after_ms = retry_ms;
    sp_relay_end_run(room, run, &outcome, (struct sp_slice){NULL, 0}, now_us);
}

void sp_relay_end_unknown(struct sp_relay_room *room, struct run *run, const char *why,
                          uint64_t now_us)
{
    struct sp_where text;
    struct sp_msg_outcome outcome = sp_relay_outcome_of(room, run, now_us);
    sp_where_set(&text, 0, 0, "it was sent to the pool, and no whole answer came: %s", why);
    outcome.state = SP_END_UNKNOWN;
    outcome.err = SP_ERR_OUTCOME_UNKNOWN;
    outcome.detail = sp_slice_of(text.text);
    sp_relay_end_run(room, run, &outcome, (struct sp_slice){NULL, 0}, now_us);
}

uint8_t sp_relay_end_number(enum sp_upstream_end end)
{
    switch (end) {
    case SP_UPSTREAM_UNKNOWN:
        return SP_END_UNKNOWN;
    case SP_UPSTREAM_NOT_STARTED:
        return SP_END_NOT_STARTED;
    case SP_UPSTREAM_DONE:
        return SP_END_DONE;
    }
    return SP_END_UNKNOWN;
}

uint32_t sp_relay_retry_ms(enum sp_err err, const struct sp_http_end *end)
{
    if (end->retry_after_s > 0) {
        return end->retry_after_s * 1000U; /* at most a day: http.h */
    }
    if (err == SP_ERR_SESSIONS_FULL) {
        return RETRY_FULL_MS;
    }
    return err == SP_ERR_POOL_UNAVAILABLE ? RETRY_SOON_MS : 0;
}

/* Zeros for what is empty, and where the digest fails: that of the answer as a whole is what counts. */
static void digest(struct sp_slice text, uint8_t out[SP_DIGEST_BYTES])
{
    if (text.len > 0 && sp_sha256(text, out) != SP_OK) {
        sp_wipe(out, SP_DIGEST_BYTES);
    }
}

static void fill_done(struct sp_msg_outcome *outcome, const struct sp_result *result)
{
    digest(result->out_text, outcome->stdout_digest);
    digest(result->err_text, outcome->stderr_digest);
    digest(result->value_json, outcome->result_digest);
    outcome->run_status = sp_slice_of(sp_run_status_name(result->status));
    outcome->run_ms = result->time_ms;
    outcome->stdout_bytes = result->out_text.len;
    outcome->stderr_bytes = result->err_text.len;
    outcome->result_bytes = result->value_json.len;
}

/* The answer is not the run's end: it goes on at the pool, or it surely did not start and may be offered again. */
static bool offers_again(struct sp_relay_room *room, struct run *run, const struct sp_http_end *end,
                         const struct sp_upstream_answer *answer, uint64_t now_us)
{
    if (answer->end == SP_UPSTREAM_DONE) {
        return false;
    }
    if (run->is_polled) {
        sp_poll_answered(room, run, end, answer, now_us);
        return true;
    }
    if (answer->running_id.len > 0) {
        return sp_poll_begin(room, run, answer->running_id, end->retry_after_s * 1000U, now_us);
    }
    if (end->status == 401) {
        return sp_bearers_wait(room, run, sp_slice_of(answer->reason.text), now_us);
    }
    return answer->err == SP_ERR_SESSIONS_FULL &&
           sp_rest(room, run, end->retry_after_s * 1000U, now_us);
}

static void end_answered(struct sp_relay_room *room, struct run *run, const struct sp_http_end *end,
                         uint64_t now_us)
{
    SP_AUTO_UPSTREAM_ANSWER struct sp_upstream_answer answer = {.end = SP_UPSTREAM_UNKNOWN};
    SP_AUTO_BUF struct sp_buf encoded;
    struct sp_writer w;
    sp_buf_init(&encoded, ANSWER_BYTES_MAX);
    sp_writer_init(&w, &encoded);
    if (sp_upstream_read(&sp_lane_of(room, run)->pool->upstream, end->status, end->body, &answer) !=
        SP_OK) {
        sp_relay_end_unknown(room, run, "memory is used up", now_us);
        return;
    }
    sp_route_heard(room, run, end, answer.err == SP_ERR_SESSIONS_FULL, now_us);
    if (offers_again(room, run, end, &answer, now_us)) {
        return;
    }
    struct sp_msg_outcome outcome = sp_relay_outcome_of(room, run, now_us);
    SP_AUTO_BUF struct sp_buf seen;
    sp_buf_init(&seen, SP_SEEN_BYTES_MAX);
    if (answer.end == SP_UPSTREAM_DONE) {
        answer.result.is_shell = run->is_shell;
        sp_result_write(&w, &answer.result);
        if (sp_writer_end(&w) != SP_OK ||
            sp_seen_read(answer.doc, answer.witness, &seen) != SP_OK) {
            sp_relay_end_unknown(room, run, "the answer is over its limit", now_us);
            return;
        }
        fill_done(&outcome, &answer.result);
        outcome.runtime = sp_buf_slice(&seen);
    }
    outcome.state = sp_relay_end_number(answer.end);
    outcome.err = answer.err;
    outcome.detail = sp_slice_of(answer.reason.text);
    outcome.retry_after_ms = sp_relay_retry_ms(answer.err, end);
    outcome.pool_status = (uint16_t)end->status;
    if (end->status == 401) {
        sp_bearers_refused(room, run, now_us);
    }
    sp_relay_end_run(room, run, &outcome, sp_buf_slice(&encoded), now_us);
}

void sp_relay_offer(struct sp_relay_room *room, struct run *run, bool at_front, uint64_t now_us)
{
    struct sp_breaker *breaker = &sp_lane_of(room, run)->breaker;
    run->is_trial = false;
    if (!sp_breaker_passes(breaker, now_us)) {
        sp_relay_end_not_started(
            room, run, sp_breaker_wait_ms(breaker, now_us),
            SP_SLICE_LITERAL("the pool failed again and again, and is left alone for a while"),
            now_us);
        return;
    }
    run->is_trial = sp_breaker_try(breaker);
    sp_lane_queue(room, run, at_front, now_us);
}

/* What only looks did nothing, whether it looked or not: the client may try it again. */
static void end_broken(struct sp_relay_room *room, struct run *run, const struct sp_http_end *end,
                       uint64_t now_us)
{
    if (run->errand != NULL && sp_operation_is_reading(run->errand->order.operation)) {
        struct sp_where text;
        sp_where_set(&text, 0, 0, "no whole answer of the pool came: %s", end->why);
        sp_relay_end_not_started(room, run, RETRY_SOON_MS, sp_slice_of(text.text), now_us);
    } else {
        sp_relay_end_unknown(room, run, end->why, now_us);
    }
}

/* The first time it may only have been a connection that the pool had closed meanwhile: another one may do at once. */
static void end_unconnected(struct sp_relay_room *room, struct run *run,
                            const struct sp_http_end *end, uint64_t now_us)
{
    bool is_at_once = run->attempts == 1 || !room->config.rests;
    bool has_time = now_us < run->arrived_us + (uint64_t)SP_RETRY_ALL_MS * 1000U;
    if (is_at_once && has_time && run->attempts < room->config.attempts_max) {
        sp_relay_offer(room, run, true, now_us);
    } else if (!sp_rest(room, run, 0, now_us)) {
        sp_relay_end_not_started(room, run, RETRY_SOON_MS, sp_slice_of(end->why), now_us);
    }
}

void sp_relay_room_part(struct sp_relay_room *room, size_t slot, unsigned what,
                        struct sp_slice data)
{
    struct run *run = &room->runs[slot];
    struct sp_msg_part part = {.exchange = run->exchange,
                               .what = (uint8_t)what,
                               .lost = run->parts_lost,
                               .data = SP_PAYLOAD_EMPTY};
    if (what >= SP_PART_COUNT || run->state != RUN_AT_POOL || !run->is_stream ||
        run->audit_generation != room->audit_generation || data.len == 0) {
        return;
    }
    run->parts_lost = room->ops.part(room->ops.ctx, &part, data) == SP_OK ? 0 : run->parts_lost + 1;
}

void sp_relay_room_ended(struct sp_relay_room *room, size_t slot, const struct sp_http_end *end,
                         uint64_t now_us)
{
    struct run *run = &room->runs[slot];
    struct lane *lane = sp_lane_of(room, run);
    SP_ASSERT(run->state == RUN_AT_POOL);
    lane->at_pool--;
    if (end->state != SP_HTTP_ANSWERED) {
        sp_route_heard(room, run, end, false, now_us);
    }
    if (end->state != SP_HTTP_ANSWERED && run->is_polled) {
        sp_poll_again(room, run, 0, now_us); /* asking starts nothing */
        sp_lane_pump(room, lane, now_us);
        return;
    }
    switch (end->state) {
    case SP_HTTP_ANSWERED:
        if (run->errand == NULL) {
            end_answered(room, run, end, now_us);
        } else if (sp_relay_errand_answered(room, run, end, now_us)) {
            sp_relay_offer(room, run, true, now_us);
            sp_lane_pump(room, sp_lane_of(room, run), now_us);
        }
        break;
    case SP_HTTP_BROKEN:
        end_broken(room, run, end, now_us);
        break;
    case SP_HTTP_NO_CONNECTION:
        end_unconnected(room, run, end, now_us);
        break;
    case SP_HTTP_NOT_SENT:
        sp_relay_end_not_started(room, run, RETRY_SOON_MS, sp_slice_of(end->why), now_us);
        break;
    }
    sp_lane_pump(room, lane, now_us);
}

/* --- peers --- */

void sp_relay_room_audit_lost(struct sp_relay_room *room)
{
    room->audit_generation++;
}

/* --- runs --- */

static size_t find_free(const struct sp_relay_room *room)
{
    for (size_t i = 0; i < SP_HTTP_SLOTS_MAX; i++) {
        size_t slot = (room->free_hint + i) % SP_HTTP_SLOTS_MAX;
        if (room->runs[slot].state == RUN_NONE) {
            return slot;
        }
    }
    return NO_SLOT;
}

/* Only a whole traceparent travels on, in the words of version 00, which are all that is known of a later one. */
static enum sp_err put_traceparent(struct sp_slice given, struct sp_buf *out)
{
    const struct sp_slice rest = sp_http_traceparent(given);
    if (rest.len == 0) {
        return SP_OK;
    }
    SP_TRY(sp_buf_put_text(out, "00"));
    return sp_buf_put(out, rest);
}

static enum sp_err build_run(struct sp_relay_room *room, struct run *run,
                             const struct sp_msg_run *msg, const struct sp_order *order,
                             uint64_t now_us)
{
    const struct sp_upstream *upstream = &sp_lane_of(room, run)->pool->upstream;
    /* The order is inspection's word, the time what audit was told and admit has reserved: a worker that was taken over
     * must not have a run go on for longer. */
    if (order->timeout_s > msg->run_ms_max / 1000U) {
        return SP_ERR_RANGE;
    }
    SP_TRY(sp_upstream_target(upstream, order->operation, msg->session, &run->target));
    SP_TRY(sp_upstream_body(upstream, order, &run->body));
    uint32_t seconds =
        order->timeout_s < UINT32_MAX / 2000U ? order->timeout_s : UINT32_MAX / 2000U;
    run->timeout_ms = seconds * 1000U + SP_RELAY_MARGIN_MS;
    run->denied = order->denied;
    run->is_shell = order->is_shell;
    run->may_own_code = order->may_own_code;
    return order->is_async ? sp_shelf_begin(room->shelf, msg->owner, msg->session, msg->execution,
                                            now_us, &run->ticket)
                           : SP_OK;
}

static enum sp_err build_request(struct sp_relay_room *room, struct run *run,
                                 struct sp_msg_run *msg, uint64_t now_us)
{
    struct sp_order order = {0};
    sp_buf_clear(&run->session);
    sp_buf_clear(&run->target);
    sp_buf_clear(&run->body);
    sp_buf_clear(&run->traceparent);
    SP_TRY(sp_order_read(msg->order.bytes, &order));
    (void)snprintf(run->template_key, sizeof(run->template_key), "%016llx",
                   (unsigned long long)msg->template_key);
    if (order.operation != msg->operation) {
        return SP_ERR_WIRE;
    }
    SP_TRY(sp_buf_put(&run->session, msg->session));
    SP_TRY(sp_route(room, run, order.operation, now_us));
    SP_TRY(put_traceparent(msg->traceparent, &run->traceparent));
    return order.operation == SP_OPERATION_EXECUTE ? build_run(room, run, msg, &order, now_us)
                                                   : sp_relay_errand_new(room, run, msg);
}

/* A question about a run is answered here. True when `msg` was one. */
static bool tell_execution(struct sp_relay_room *room, const struct sp_msg_run *msg)
{
    struct sp_order order = {0};
    if (msg->operation != SP_OPERATION_EXECUTION_GET ||
        sp_order_read(msg->order.bytes, &order) != SP_OK || order.operation != msg->operation) {
        return false;
    }
    sp_relay_tell_execution(room, msg, order.id);
    return true;
}

static void refuse(struct sp_relay_room *room, const struct sp_msg_run *msg, enum sp_err err,
                   const char *detail)
{
    struct sp_msg_outcome outcome = {
        .exchange = msg->exchange,
        .state = SP_END_NOT_STARTED,
        .err = err,
        .retry_after_ms = RETRY_SOON_MS,
        .detail = sp_slice_of(detail),
        .answer = SP_PAYLOAD_EMPTY,
    };
    room->ops.outcome(room->ops.ctx, &outcome, (struct sp_slice){NULL, 0});
}

void sp_relay_room_run(struct sp_relay_room *room, struct sp_msg_run *run, uint64_t now_us)
{
    size_t slot = find_free(room);
    if (tell_execution(room, run)) {
        return;
    }
    if (slot == NO_SLOT) {
        refuse(room, run, SP_ERR_POOL_UNAVAILABLE, "too many runs are on their way to the pool");
        return;
    }
    struct run *at = &room->runs[slot];
    enum sp_err err = build_request(room, at, run, now_us);
    if (err != SP_OK) {
        sp_route_end(at, now_us);
        sp_relay_errand_free(at->errand);
        at->errand = NULL;
    }
    if (err == SP_ERR_WIRE) {
        refuse(room, run, SP_ERR_UNAVAILABLE, "the order cannot be read; nothing ran");
        return;
    }
    if (err != SP_OK) {
        bool is_taken = err == SP_ERR_CONFLICT;
        refuse(room, run, is_taken ? err : SP_ERR_POOL_UNAVAILABLE, sp_err_text(err));
        return;
    }
    at->exchange = run->exchange;
    at->arrived_us = now_us;
    at->attempts = 0;
    at->audit_generation = room->audit_generation;
    at->is_trial = false;
    at->is_polled = false;
    at->waits_bearer = false;
    at->has_waited = false;
    at->parts_lost = 0;
    at->is_stream = run->is_stream != 0 && run->is_async == 0 && at->errand == NULL;
    room->busy++;
    struct lane *lane = sp_lane_of(room, at);
    sp_relay_offer(room, at, false, now_us);
    sp_lane_pump(room, lane, now_us);
}

void sp_relay_room_tick(struct sp_relay_room *room, uint64_t now_us)
{
    sp_shelf_tick(room->shelf, now_us);
    sp_rest_tick(room, now_us);
    for (size_t i = 0; i < room->config.pool_count; i++) {
        sp_lane_tick(room, &room->lanes[i], now_us);
    }
}
