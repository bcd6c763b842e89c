#include "relay/room.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/own.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "relay/room_inner.h"

static void pump(struct sp_relay_room *room, uint64_t now_us);

enum sp_err sp_relay_room_new(const struct sp_relay_config *config, const struct sp_relay_ops *ops,
                              struct sp_relay_room **out)
{
    struct sp_relay_room *room = calloc(1, sizeof(*room));
    if (room == NULL) {
        return SP_ERR_NOMEM;
    }
    room->config = *config;
    room->ops = *ops;
    room->first = NO_SLOT;
    room->last = NO_SLOT;
    room->next_ticket = 1;
    room->first_ticket = 1;
    if (sp_shelf_new(&room->shelf) != SP_OK) {
        free(room);
        return SP_ERR_NOMEM;
    }
    for (size_t i = 0; i < SP_HTTP_SLOTS_MAX; i++) {
        sp_buf_init(&room->runs[i].traceparent, SP_MSG_SESSION_MAX);
        sp_buf_init(&room->runs[i].target, SP_UPSTREAM_TARGET_BYTES_MAX);
        sp_buf_init(&room->runs[i].body, REQUEST_BYTES_MAX);
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
        sp_buf_done(&room->runs[i].traceparent);
        sp_buf_done(&room->runs[i].target);
        sp_buf_done(&room->runs[i].body);
        sp_relay_errand_free(room->runs[i].errand);
    }
    sp_shelf_free(room->shelf);
    while (room->stash_count > 0) {
        sp_close(room->stash[--room->stash_count]);
    }
    free(room);
}

size_t sp_relay_room_busy(const struct sp_relay_room *room)
{
    return room->busy;
}

/* --- the queue of runs that wait --- */

static void queue_put(struct sp_relay_room *room, size_t slot, bool at_front)
{
    struct run *run = &room->runs[slot];
    run->state = RUN_WAITING;
    room->waiting++;
    if (room->first == NO_SLOT) {
        run->next = NO_SLOT;
        room->first = slot;
        room->last = slot;
    } else if (at_front) {
        run->next = room->first;
        room->first = slot;
    } else {
        run->next = NO_SLOT;
        room->runs[room->last].next = slot;
        room->last = slot;
    }
}

static size_t queue_take(struct sp_relay_room *room)
{
    size_t slot = room->first;
    SP_ASSERT(slot != NO_SLOT);
    room->first = room->runs[slot].next;
    if (room->first == NO_SLOT) {
        room->last = NO_SLOT;
    }
    room->waiting--;
    return slot;
}

/* --- ends --- */

static void release(struct sp_relay_room *room, struct run *run)
{
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

struct sp_msg_outcome sp_relay_outcome_of(const struct run *run, uint64_t now_us)
{
    return (struct sp_msg_outcome){
        .exchange = run->exchange,
        .attempts = run->attempts,
        .relay_us = now_us > run->arrived_us ? now_us - run->arrived_us : 0,
        .answer = SP_PAYLOAD_EMPTY,
        .content = SP_PAYLOAD_EMPTY,
    };
}

/* What became of a run that nobody waited for stays until somebody asks. */
static void keep_on_shelf(struct sp_relay_room *room, const struct run *run,
                          const struct sp_msg_outcome *outcome, struct sp_slice answer, uint64_t now_us)
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
    release(room, run);
    if (is_wanted) {
        room->ops.outcome(room->ops.ctx, outcome, answer);
    }
}

static void end_not_started(struct sp_relay_room *room, struct run *run, enum sp_err err,
                            struct sp_slice detail, uint64_t now_us)
{
    struct sp_msg_outcome outcome = sp_relay_outcome_of(run, now_us);
    outcome.state = SP_END_NOT_STARTED;
    outcome.err = err;
    outcome.detail = detail;
    outcome.retry_after_ms = RETRY_SOON_MS;
    sp_relay_end_run(room, run, &outcome, (struct sp_slice){NULL, 0}, now_us);
}

void sp_relay_end_unknown(struct sp_relay_room *room, struct run *run, const char *why, uint64_t now_us)
{
    struct sp_where text;
    struct sp_msg_outcome outcome = sp_relay_outcome_of(run, now_us);
    sp_where_set(&text, 0, 0, "the run was sent to the pool, and no whole answer came: %s", why);
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

static void end_answered(struct sp_relay_room *room, struct run *run, const struct sp_http_end *end,
                         uint64_t now_us)
{
    SP_AUTO_UPSTREAM_ANSWER struct sp_upstream_answer answer = {.end = SP_UPSTREAM_UNKNOWN};
    SP_AUTO_BUF struct sp_buf encoded;
    struct sp_writer w;
    sp_buf_init(&encoded, ANSWER_BYTES_MAX);
    sp_writer_init(&w, &encoded);
    if (sp_upstream_read(&room->config.upstream, end->status, end->body, &answer) != SP_OK) {
        sp_relay_end_unknown(room, run, "memory is used up", now_us);
        return;
    }
    struct sp_msg_outcome outcome = sp_relay_outcome_of(run, now_us);
    if (answer.end == SP_UPSTREAM_DONE) {
        sp_result_write(&w, &answer.result);
        if (sp_writer_end(&w) != SP_OK) {
            sp_relay_end_unknown(room, run, "the answer is over its limit", now_us);
            return;
        }
        fill_done(&outcome, &answer.result);
    }
    outcome.state = sp_relay_end_number(answer.end);
    outcome.err = answer.err;
    outcome.detail = sp_slice_of(answer.reason.text);
    outcome.retry_after_ms = sp_relay_retry_ms(answer.err, end);
    outcome.pool_status = (uint16_t)end->status;
    bool is_refused = end->status == 401;
    sp_relay_end_run(room, run, &outcome, sp_buf_slice(&encoded), now_us);
    if (is_refused) {
        room->ops.bearer_refused(room->ops.ctx);
    }
}

void sp_relay_room_ended(struct sp_relay_room *room, size_t slot, const struct sp_http_end *end,
                         uint64_t now_us)
{
    struct run *run = &room->runs[slot];
    SP_ASSERT(run->state == RUN_AT_POOL);
    room->at_pool--;
    switch (end->state) {
    case SP_HTTP_ANSWERED:
        if (run->errand == NULL) {
            end_answered(room, run, end, now_us);
        } else if (sp_relay_errand_answered(room, run, end, now_us)) {
            queue_put(room, slot, true);
        }
        break;
    case SP_HTTP_BROKEN:
        /* What only looks did nothing, whether it looked or not: it may be tried again. */
        if (run->errand != NULL && sp_operation_is_reading(run->errand->order.operation)) {
            end_not_started(room, run, SP_ERR_POOL_UNAVAILABLE, sp_slice_of(end->why), now_us);
        } else {
            sp_relay_end_unknown(room, run, end->why, now_us);
        }
        break;
    case SP_HTTP_NO_CONNECTION:
        if (run->attempts < SP_RELAY_ATTEMPTS_MAX) {
            queue_put(room, slot, true);
            break;
        }
        end_not_started(room, run, SP_ERR_POOL_UNAVAILABLE, sp_slice_of(end->why), now_us);
        break;
    case SP_HTTP_NOT_SENT:
        end_not_started(room, run, SP_ERR_POOL_UNAVAILABLE, sp_slice_of(end->why), now_us);
        break;
    }
    pump(room, now_us);
}

/* --- connections --- */

enum sp_err sp_relay_room_take_connection(struct sp_relay_room *room, int *out_fd)
{
    while (room->stash_count > 0) {
        int fd = room->stash[--room->stash_count];
        if (room->ops.is_alive(room->ops.ctx, fd)) {
            *out_fd = fd;
            return SP_OK;
        }
        sp_close(fd);
    }
    return SP_ERR_NOT_FOUND;
}

/* As many as the runs that wait can use, and some ahead; never more than may be open. */
static void ask_for_connections(struct sp_relay_room *room, uint64_t now_us)
{
    size_t may_start = room->config.connections_max > room->at_pool
                           ? room->config.connections_max - room->at_pool
                           : 0;
    size_t wanted = room->waiting < may_start ? room->waiting : may_start;
    if (room->stash_count == 0 && room->ops.idle(room->ops.ctx) == 0 && wanted < may_start) {
        wanted += room->config.spare < may_start - wanted ? room->config.spare : may_start - wanted;
    }
    if (now_us < room->dial_not_before_us) {
        return;
    }
    while (room->stash_count + room->tickets_out < wanted &&
           room->stash_count + room->tickets_out < SP_RELAY_STASH_MAX) {
        if (!room->ops.dial(room->ops.ctx, room->next_ticket)) {
            return;
        }
        room->next_ticket++;
        room->tickets_out++;
    }
}

void sp_relay_room_dialled(struct sp_relay_room *room, uint32_t ticket, enum sp_err err,
                           int take_fd, struct sp_slice detail, uint64_t now_us)
{
    SP_AUTO_CLOSE int fd = take_fd;
    if (ticket < room->first_ticket || ticket >= room->next_ticket || room->tickets_out == 0) {
        return;
    }
    room->tickets_out--;
    if (err == SP_OK && fd >= 0 && room->stash_count < SP_RELAY_STASH_MAX) {
        room->stash[room->stash_count++] = sp_take_fd(&fd);
    } else if (room->waiting > 0 && room->at_pool == 0) {
        struct run *run = &room->runs[queue_take(room)];
        end_not_started(room, run, SP_ERR_POOL_UNAVAILABLE, detail, now_us);
    } else if (room->waiting == 0) {
        room->dial_not_before_us =
            now_us + RETRY_SOON_MS * 1000U; /* those asked for ahead need no hurry */
    }
    pump(room, now_us);
}

void sp_relay_room_dial_wired(struct sp_relay_room *room, uint64_t now_us)
{
    room->dial_not_before_us = 0;
    pump(room, now_us);
}

void sp_relay_room_dial_lost(struct sp_relay_room *room)
{
    room->tickets_out = 0;
    room->first_ticket = room->next_ticket;
}

void sp_relay_room_bearer(struct sp_relay_room *room, enum sp_err err, uint64_t now_us)
{
    room->has_heard_bearer = true;
    room->bearer = err;
    pump(room, now_us);
}

void sp_relay_room_audit_lost(struct sp_relay_room *room)
{
    room->audit_generation++;
}

/* --- runs --- */

static void start_run(struct sp_relay_room *room, size_t slot, uint64_t now_us)
{
    struct run *run = &room->runs[slot];
    struct sp_http_request request = {.target = sp_buf_slice(&run->target),
                                      .traceparent = sp_buf_slice(&run->traceparent),
                                      .body = sp_buf_slice(&run->body),
                                      .timeout_ms = run->timeout_ms};
    if (run->errand != NULL) {
        sp_relay_errand_request(run->errand, &request);
    }
    run->state = RUN_AT_POOL;
    run->attempts++;
    room->at_pool++;
    enum sp_err err = room->ops.start(room->ops.ctx, slot, &request);
    if (err != SP_OK) {
        room->at_pool--;
        end_not_started(room, run, SP_ERR_POOL_UNAVAILABLE, sp_slice_of(sp_err_text(err)), now_us);
    }
}

/* Starts what can start, asks for what is missing. Ends that happen meanwhile join this round. */
static void pump(struct sp_relay_room *room, uint64_t now_us)
{
    if (room->is_pumping) {
        return;
    }
    room->is_pumping = true;
    bool has_bearer =
        !room->config.needs_bearer || (room->has_heard_bearer && room->bearer == SP_OK);
    while (room->waiting > 0 && room->config.needs_bearer && room->has_heard_bearer &&
           room->bearer != SP_OK) {
        struct run *run = &room->runs[queue_take(room)];
        end_not_started(room, run, SP_ERR_POOL_UNAVAILABLE,
                        SP_SLICE_LITERAL("there is no credential for the pool"), now_us);
    }
    while (has_bearer && room->waiting > 0 && room->at_pool < room->config.connections_max &&
           (room->stash_count > 0 || room->ops.idle(room->ops.ctx) > 0)) {
        start_run(room, queue_take(room), now_us);
    }
    ask_for_connections(room, now_us);
    room->is_pumping = false;
}

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

/* Only a whole traceparent of version 00 travels on (W3C Trace Context): it is made of hexadecimal digits and dashes. */
static bool is_traceparent(struct sp_slice text)
{
    static const char form[] = "00-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";
    for (size_t i = 0; i < text.len && i < sizeof(form) - 1; i++) {
        bool is_digit = (text.ptr[i] >= '0' && text.ptr[i] <= '9') ||
                        (text.ptr[i] >= 'a' && text.ptr[i] <= 'f');
        if (form[i] == 'h' ? !is_digit : text.ptr[i] != (uint8_t)form[i]) {
            return false;
        }
    }
    return text.len == sizeof(form) - 1;
}

static enum sp_err build_run(struct sp_relay_room *room, struct run *run, const struct sp_msg_run *msg,
                             const struct sp_order *order, uint64_t now_us)
{
    SP_TRY(sp_upstream_target(&room->config.upstream, order->operation, msg->session, &run->target));
    SP_TRY(sp_upstream_body(&room->config.upstream, order, &run->body));
    uint32_t seconds = order->timeout_s < UINT32_MAX / 2000U ? order->timeout_s : UINT32_MAX / 2000U;
    run->timeout_ms = seconds * 1000U + SP_RELAY_MARGIN_MS;
    return order->is_async ? sp_shelf_begin(room->shelf, msg->session, msg->execution, now_us, &run->ticket)
                           : SP_OK;
}

static enum sp_err build_request(struct sp_relay_room *room, struct run *run, struct sp_msg_run *msg,
                                 uint64_t now_us)
{
    struct sp_order order = {0};
    sp_buf_clear(&run->target);
    sp_buf_clear(&run->body);
    sp_buf_clear(&run->traceparent);
    SP_TRY(sp_order_read(msg->order.bytes, &order));
    if (order.operation != msg->operation) {
        return SP_ERR_WIRE;
    }
    if (is_traceparent(msg->traceparent)) {
        SP_TRY(sp_buf_put(&run->traceparent, msg->traceparent));
    }
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

enum sp_err sp_relay_room_run(struct sp_relay_room *room, struct sp_msg_run *run, uint64_t now_us)
{
    size_t slot = find_free(room);
    if (tell_execution(room, run)) {
        return SP_OK;
    }
    if (slot == NO_SLOT) {
        refuse(room, run, SP_ERR_POOL_UNAVAILABLE, "too many runs are on their way to the pool");
        return SP_OK;
    }
    struct run *at = &room->runs[slot];
    enum sp_err err = build_request(room, at, run, now_us);
    if (err != SP_OK) {
        sp_relay_errand_free(at->errand);
        at->errand = NULL;
    }
    if (err == SP_ERR_WIRE) {
        return err;
    }
    if (err != SP_OK) {
        bool is_taken = err == SP_ERR_CONFLICT;
        refuse(room, run, is_taken ? err : SP_ERR_POOL_UNAVAILABLE, sp_err_text(err));
        return SP_OK;
    }
    at->exchange = run->exchange;
    at->arrived_us = now_us;
    at->attempts = 0;
    at->audit_generation = room->audit_generation;
    room->busy++;
    queue_put(room, slot, false);
    pump(room, now_us);
    return SP_OK;
}

void sp_relay_room_tick(struct sp_relay_room *room, uint64_t now_us)
{
    sp_shelf_tick(room->shelf, now_us);
    /* The queue is in order of arrival but for the few that were put back, which are older: the first is the oldest. */
    while (room->waiting > 0 &&
           now_us >= room->runs[room->first].arrived_us + SP_RELAY_WAIT_MS * 1000U) {
        struct run *run = &room->runs[queue_take(room)];
        end_not_started(room, run, SP_ERR_POOL_UNAVAILABLE,
                        SP_SLICE_LITERAL("no connection to the pool came free in time"), now_us);
    }
    pump(room, now_us);
}
