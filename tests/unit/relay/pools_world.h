/*
 * pools_world - a room with pools that do as a test says, under a clock of the test's own.
 *
 * Runs in: unit tests of the relay room only.
 */
#ifndef SP_TEST_RELAY_POOLS_WORLD_H
#define SP_TEST_RELAY_POOLS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>

#include "relay/room.h"

#define S  ((uint64_t)1000000)
#define MS ((uint64_t)1000)

struct world {
    struct sp_relay_room *room;
    uint64_t now;
    size_t idle; /* of every pool */
    unsigned dials;
    uint32_t ticket;
    unsigned started;
    size_t slot;
    size_t pool;
    char target[256];
    char method[8]; /* "" of a run */
    uint32_t timeout_ms;
    uint32_t random;
    unsigned refused; /* bearers */
    unsigned outcomes;
    struct sp_msg_outcome last;
    char outcome_pool[32];
    char detail[SP_WHERE_TEXT_MAX];
    unsigned news;
    bool is_open;
    uint32_t open_ms;
};

static inline bool dial(void *ctx, size_t pool, uint32_t ticket)
{
    struct world *w = ctx;
    w->dials++;
    w->ticket = ticket;
    w->pool = pool;
    return true;
}

static inline enum sp_err start(void *ctx, size_t pool, size_t slot,
                                const struct sp_http_request *request)
{
    struct world *w = ctx;
    w->started++;
    w->pool = pool;
    w->slot = slot;
    w->timeout_ms = request->timeout_ms;
    sp_slice_to_text(sp_slice_of(request->method), w->method, sizeof(w->method));
    w->target[sp_slice_copy(request->target, w->target, sizeof(w->target) - 1)] = '\0';
    return SP_OK;
}

static inline size_t idle(void *ctx, size_t pool)
{
    const struct world *w = ctx;
    (void)pool;
    return w->idle;
}

static inline bool is_alive(void *ctx, int fd)
{
    (void)ctx;
    (void)fd;
    return true;
}

static inline void bearer_refused(void *ctx)
{
    struct world *w = ctx;
    w->refused++;
}

static inline void outcome(void *ctx, struct sp_msg_outcome *msg, struct sp_slice answer)
{
    struct world *w = ctx;
    (void)answer;
    w->outcomes++;
    w->last = *msg;
    sp_slice_to_text(msg->pool, w->outcome_pool, sizeof(w->outcome_pool));
    w->detail[sp_slice_copy(msg->detail, w->detail, sizeof(w->detail) - 1)] = '\0';
}

static inline void breaker(void *ctx, const struct sp_relay_breaker_news *news)
{
    struct world *w = ctx;
    w->news++;
    w->is_open = news->is_open;
    w->open_ms = news->open_ms;
}

static inline uint32_t draw(void *ctx)
{
    const struct world *w = ctx;
    return w->random;
}

static inline void open_world_with(struct world *w, size_t pools, uint32_t attempts_max,
                                   uint32_t failures_max, const char *version, bool needs_bearer)
{
    static const char *const names[] = {"a", "b", "c"};
    static const char *const paths[] = {"/pa", "/pb", "/pc"};
    struct sp_relay_ops ops = {dial,    start, idle,    is_alive, bearer_refused,
                               outcome, NULL,  breaker, draw,     w};
    struct sp_relay_config config = {.pool_count = pools,
                                     .connections_max = 8,
                                     .attempts_max = attempts_max,
                                     .failures_max = failures_max,
                                     .rests = true,
                                     .needs_bearer = needs_bearer};
    *w = (struct world){.idle = 1, .now = 100 * S};
    for (size_t i = 0; i < pools; i++) {
        config.pools[i].name = sp_slice_of(names[i]);
        config.pools[i].weight = 1;
        assert_int_equal(sp_upstream_init(&config.pools[i].upstream, sp_slice_of(paths[i]),
                                          sp_slice_of(version), false),
                         SP_OK);
    }
    assert_int_equal(sp_relay_room_new(&config, &ops, &w->room), SP_OK);
}
#define open_world(w, pools, attempts, failures)                                                   \
    open_world_with(w, pools, attempts, failures, "", false)

static inline void tell(struct world *w, const struct sp_order *order, sp_exchange exchange,
                        const char *session)
{
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_writer writer;
    sp_buf_init(&bytes, 512);
    sp_writer_init(&writer, &bytes);
    sp_order_write(&writer, order);
    struct sp_msg_run msg = {
        .exchange = exchange,
        .operation = (uint8_t)order->operation,
        .session = sp_slice_of(session),
        .run_ms_max = order->timeout_s * 1000,
        .order = {.bytes = sp_buf_slice(&bytes), .fd = -1, .is_heap = false},
    };
    sp_relay_room_run(w->room, &msg, w->now);
}

static inline void run(struct world *w, sp_exchange exchange, const char *session)
{
    const struct sp_order order = {
        .operation = SP_OPERATION_EXECUTE, .timeout_s = 7, .code = SP_SLICE_LITERAL("1+1")};
    tell(w, &order, exchange, session);
}

static inline void answered(struct world *w, unsigned status, const char *body,
                            uint32_t retry_after_s)
{
    struct sp_http_end end = {.state = SP_HTTP_ANSWERED,
                              .status = status,
                              .body = sp_slice_of(body),
                              .why = "",
                              .retry_after_s = retry_after_s};
    sp_relay_room_ended(w->room, w->slot, &end, w->now);
}

static inline void ended(struct world *w, enum sp_http_state state)
{
    struct sp_http_end end = {.state = state, .why = "why"};
    sp_relay_room_ended(w->room, w->slot, &end, w->now);
}

static inline void good(struct world *w)
{
    answered(w, 200,
             "{\"status\":\"Succeeded\",\"result\":{\"stdout\":\"\",\"stderr\":\"\","
             "\"executionResult\":2,"
             "\"executionTimeInMilliseconds\":9}}",
             0);
}

static inline void full(struct world *w)
{
    answered(w, 429, "{}", 0);
}

static inline void later(struct world *w, uint64_t us)
{
    w->now += us;
    sp_relay_room_tick(w->room, w->now);
}

#endif
