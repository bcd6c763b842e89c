/* One pool's lane: the runs that wait for a connection to it, and the connections. */
#include "base/assert.h"
#include "base/own.h"
#include "codec/hex.h"
#include "relay/again.h"
#include "wire/session_act.h"

/* All names of capabilities, or the digits of a digest. */
#define FIELD_BYTES_MAX ((size_t)128)

/* What a pool has to say how a run goes on. */
#define POLL_ANSWER_MS  10000U

/* A ticket is the lane's number and, below it, a number that the lane counts up, round and round. */
#define TICKET_SHIFT    28U
#define TICKET_MASK     ((1U << TICKET_SHIFT) - 1)

_Static_assert(SP_RELAY_POOLS_MAX <= 1U << (32 - TICKET_SHIFT),
               "a lane's number has its place in a ticket");

void sp_lane_init(struct sp_relay_room *room, size_t number)
{
    struct lane *lane = &room->lanes[number];
    *lane = (struct lane){
        .pool = &room->config.pools[number],
        .number = (uint8_t)number,
        .first = NO_SLOT,
        .last = NO_SLOT,
        .next_ticket = 1,
        .first_ticket = 1,
    };
    sp_breaker_init(&lane->breaker, room->config.failures_max);
}

void sp_lane_done(struct lane *lane)
{
    while (lane->stash_count > 0) {
        sp_close(lane->stash[--lane->stash_count]);
    }
}

/* --- the queue of runs that wait --- */

void sp_lane_queue(struct sp_relay_room *room, struct run *run, bool at_front, uint64_t now_us)
{
    struct lane *lane = sp_lane_of(room, run);
    size_t slot = (size_t)(run - room->runs);
    run->state = RUN_WAITING;
    run->queued_us = now_us;
    lane->waiting++;
    if (lane->first == NO_SLOT) {
        run->next = NO_SLOT;
        lane->first = slot;
        lane->last = slot;
    } else if (at_front) {
        run->next = lane->first;
        lane->first = slot;
    } else {
        run->next = NO_SLOT;
        room->runs[lane->last].next = slot;
        lane->last = slot;
    }
}

static struct run *queue_take(struct sp_relay_room *room, struct lane *lane)
{
    SP_ASSERT(lane->first != NO_SLOT);
    struct run *run = &room->runs[lane->first];
    lane->first = run->next;
    if (lane->first == NO_SLOT) {
        lane->last = NO_SLOT;
    }
    lane->waiting--;
    return run;
}

/* --- connections --- */

enum sp_err sp_relay_room_take_connection(struct sp_relay_room *room, size_t pool, int *out_fd)
{
    struct lane *lane = &room->lanes[pool];
    while (lane->stash_count > 0) {
        int fd = lane->stash[--lane->stash_count];
        if (room->ops.is_alive(room->ops.ctx, fd)) {
            *out_fd = fd;
            return SP_OK;
        }
        sp_close(fd);
    }
    return SP_ERR_NOT_FOUND;
}

static size_t idle_of(const struct sp_relay_room *room, const struct lane *lane)
{
    return room->ops.idle(room->ops.ctx, lane->number);
}

/* As many as the runs that wait can use, and some ahead; never more than may be open. */
static void ask_for_connections(struct sp_relay_room *room, struct lane *lane, uint64_t now_us)
{
    size_t may_start = room->config.connections_max > lane->at_pool
                           ? room->config.connections_max - lane->at_pool
                           : 0;
    size_t wanted = lane->waiting < may_start ? lane->waiting : may_start;
    if (lane->stash_count == 0 && idle_of(room, lane) == 0 && wanted < may_start) {
        wanted += room->config.spare < may_start - wanted ? room->config.spare : may_start - wanted;
    }
    if (now_us < lane->dial_not_before_us) {
        return;
    }
    while (lane->stash_count + lane->tickets_out < wanted &&
           lane->stash_count + lane->tickets_out < SP_RELAY_STASH_MAX) {
        uint32_t ticket = (uint32_t)lane->number << TICKET_SHIFT | lane->next_ticket;
        if (!room->ops.dial(room->ops.ctx, lane->number, ticket)) {
            return;
        }
        lane->next_ticket = (lane->next_ticket + 1) & TICKET_MASK;
        lane->tickets_out++;
    }
}

static bool is_our_ticket(const struct lane *lane, uint32_t number)
{
    uint32_t given = (lane->next_ticket - lane->first_ticket) & TICKET_MASK;
    return lane->tickets_out > 0 && ((number - lane->first_ticket) & TICKET_MASK) < given;
}

/* When nobody's connection will come free, the run that waits longest has had its try. */
static void after_failed_dial(struct sp_relay_room *room, struct lane *lane, struct sp_slice detail,
                              uint64_t now_us)
{
    struct run *run = lane->waiting > 0 && lane->at_pool == 0 ? queue_take(room, lane) : NULL;
    if (run == NULL && lane->waiting == 0) {
        lane->dial_not_before_us =
            now_us + (uint64_t)RETRY_SOON_MS * 1000; /* those asked for ahead need no hurry */
    }
    if (run != NULL) {
        run->attempts++;
        run->is_trial = false;
    }
    sp_route_failed(room, lane, 0, detail, now_us);
    if (run != NULL && !sp_rest(room, run, 0, now_us)) {
        sp_relay_end_not_started(room, run, RETRY_SOON_MS, detail, now_us);
    }
}

void sp_relay_room_dialled(struct sp_relay_room *room, uint32_t ticket, enum sp_err err,
                           int take_fd, struct sp_slice detail, uint64_t now_us)
{
    SP_AUTO_CLOSE int fd = take_fd;
    size_t number = ticket >> TICKET_SHIFT;
    if (number >= room->config.pool_count ||
        !is_our_ticket(&room->lanes[number], ticket & TICKET_MASK)) {
        return;
    }
    struct lane *lane = &room->lanes[number];
    lane->tickets_out--;
    if (err == SP_OK && fd >= 0 && lane->stash_count < SP_RELAY_STASH_MAX) {
        lane->stash[lane->stash_count++] = sp_take_fd(&fd);
    } else {
        after_failed_dial(room, lane, detail, now_us);
    }
    sp_lane_pump(room, lane, now_us);
}

void sp_relay_room_dial_wired(struct sp_relay_room *room, uint64_t now_us)
{
    for (size_t i = 0; i < room->config.pool_count; i++) {
        room->lanes[i].dial_not_before_us = 0;
        sp_lane_pump(room, &room->lanes[i], now_us);
    }
}

void sp_relay_room_dial_lost(struct sp_relay_room *room)
{
    for (size_t i = 0; i < room->config.pool_count; i++) {
        room->lanes[i].tickets_out = 0;
        room->lanes[i].first_ticket = room->lanes[i].next_ticket;
    }
}

/* --- runs --- */

/* A run that rested has less time left: whoever gave it does not wait for longer. */
static uint32_t time_left_ms(const struct run *run, uint64_t now_us)
{
    uint64_t passed_ms = run->attempts == 0 ? 0 : (now_us - run->arrived_us) / 1000U;
    return run->timeout_ms - (uint32_t)(passed_ms < SP_RETRY_ALL_MS ? passed_ms : SP_RETRY_ALL_MS);
}

/* What an embedded pool is told beside the request; another pool would not know what it means. */
static enum sp_err add_fields(const struct lane *lane, const struct run *run,
                              struct sp_http_request *request, struct sp_buf *texts)
{
    size_t count = 1;
    if (!lane->pool->upstream.is_embedded) {
        return SP_OK;
    }
    request->fields[0] =
        (struct sp_http_field){"X-Sallyport-Template", sp_slice_of(run->template_key)};
    if (run->errand != NULL) {
        const struct sp_order *order = &run->errand->order;
        SP_TRY(order->is_code ? sp_hex_encode(order->file, texts) : SP_OK);
        request->fields[1] = (struct sp_http_field){order->is_code ? "X-Sallyport-Approved" : NULL,
                                                    sp_buf_slice(texts)};
        return SP_OK;
    }
    SP_TRY(sp_act_list(run->denied, texts));
    if (texts->len > 0) {
        request->fields[count++] = (struct sp_http_field){"X-Sallyport-Deny", sp_buf_slice(texts)};
    }
    request->fields[count] = (struct sp_http_field){"X-Sallyport-Own-Code",
                                                    run->may_own_code ? SP_SLICE_LITERAL("allow")
                                                                      : SP_SLICE_LITERAL("deny")};
    return SP_OK;
}

static void start_run(struct sp_relay_room *room, struct lane *lane, struct run *run,
                      uint64_t now_us)
{
    struct sp_http_request request = {.target = sp_buf_slice(&run->target),
                                      .traceparent = sp_buf_slice(&run->traceparent),
                                      .body = sp_buf_slice(&run->body),
                                      .is_stream =
                                          run->is_stream && lane->pool->upstream.is_embedded,
                                      .timeout_ms = time_left_ms(run, now_us)};
    SP_AUTO_BUF struct sp_buf texts;
    sp_buf_init(&texts, FIELD_BYTES_MAX);
    if (run->errand != NULL) {
        sp_relay_errand_request(run->errand, &request);
    }
    if (run->is_polled) {
        request.method = "GET";
        request.timeout_ms = POLL_ANSWER_MS;
    }
    run->state = RUN_AT_POOL;
    run->attempts = (uint16_t)(run->attempts + (run->is_polled ? 0 : 1));
    run->bearer = room->bearer_number;
    lane->at_pool++;
    enum sp_err err = add_fields(lane, run, &request, &texts);
    if (err == SP_OK) {
        err = room->ops.start(room->ops.ctx, lane->number, (size_t)(run - room->runs), &request);
    }
    if (err != SP_OK) {
        lane->at_pool--;
        sp_relay_end_not_started(room, run, RETRY_SOON_MS, sp_slice_of(sp_err_text(err)), now_us);
    }
}

void sp_lane_pump(struct sp_relay_room *room, struct lane *lane, uint64_t now_us)
{
    if (lane->is_pumping) {
        return;
    }
    lane->is_pumping = true;
    while (lane->waiting > 0 && room->config.needs_bearer && room->has_heard_bearer &&
           room->bearer != SP_OK) {
        sp_relay_end_not_started(room, queue_take(room, lane), RETRY_SOON_MS,
                                 SP_SLICE_LITERAL("there is no credential for the pool"), now_us);
    }
    while (sp_bearers_are_ready(room, now_us) && lane->waiting > 0 &&
           lane->at_pool < room->config.connections_max &&
           (lane->stash_count > 0 || idle_of(room, lane) > 0)) {
        start_run(room, lane, queue_take(room, lane), now_us);
    }
    ask_for_connections(room, lane, now_us);
    lane->is_pumping = false;
}

void sp_lane_tick(struct sp_relay_room *room, struct lane *lane, uint64_t now_us)
{
    /* The queue is in order of arrival but for the few that were put back at its front a moment ago. */
    while (lane->waiting > 0 &&
           now_us >= room->runs[lane->first].queued_us + SP_RELAY_WAIT_MS * 1000U) {
        sp_relay_end_not_started(room, queue_take(room, lane), RETRY_SOON_MS,
                                 SP_SLICE_LITERAL("no connection to the pool came free in time"),
                                 now_us);
    }
    sp_lane_pump(room, lane, now_us);
}

void sp_lane_turn_away(struct sp_relay_room *room, struct lane *lane, uint64_t now_us)
{
    for (size_t left = lane->waiting; left > 0; left--) {
        struct run *run = queue_take(room, lane);
        if (sp_route_again(room, run, now_us) == SP_OK) {
            sp_relay_offer(room, run, false, now_us);
        } else {
            sp_relay_end_not_started(room, run, RETRY_SOON_MS,
                                     SP_SLICE_LITERAL("memory is used up"), now_us);
        }
    }
}
