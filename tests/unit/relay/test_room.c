/* room: what becomes of runs when connections, bearers and peers come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "relay/room.h"

struct world {
    struct sp_relay_room *room;
    bool has_dial;
    unsigned dials;
    uint32_t last_ticket;
    size_t idle;
    bool is_dead;
    unsigned started;
    size_t slot;
    char body[512];
    char target[256];
    uint32_t timeout_ms;
    enum sp_err start_err;
    char fields[256]; /* "name=value;" each */
    unsigned refused;
    unsigned outcomes;
    struct sp_msg_outcome last;
    char detail[SP_WHERE_TEXT_MAX];
    char answer[512];
    size_t answer_len;
};

static bool dial(void *ctx, size_t pool, uint32_t ticket)
{
    (void)pool;
    struct world *w = ctx;
    w->dials += w->has_dial ? 1 : 0;
    w->last_ticket = ticket;
    return w->has_dial;
}

static enum sp_err start(void *ctx, size_t pool, size_t slot, const struct sp_http_request *request)
{
    struct world *w = ctx;
    (void)pool;
    w->started++;
    w->slot = slot;
    w->body[sp_slice_copy(request->body, w->body, sizeof(w->body) - 1)] = '\0';
    w->target[sp_slice_copy(request->target, w->target, sizeof(w->target) - 1)] = '\0';
    w->timeout_ms = request->timeout_ms;
    size_t at = 0;
    for (size_t i = 0; i < SP_HTTP_FIELDS_MAX && request->fields[i].name != NULL; i++) {
        const struct sp_slice pieces[] = {sp_slice_of(request->fields[i].name),
                                          SP_SLICE_LITERAL("="), request->fields[i].value,
                                          SP_SLICE_LITERAL(";")};
        for (size_t k = 0; k < SP_COUNT(pieces); k++) {
            at += sp_slice_copy(pieces[k], w->fields + at, sizeof(w->fields) - 1 - at);
        }
    }
    w->fields[at] = '\0';
    return w->start_err;
}

static size_t idle(void *ctx, size_t pool)
{
    const struct world *w = ctx;
    (void)pool;
    return w->idle;
}

static bool is_alive(void *ctx, int fd)
{
    const struct world *w = ctx;
    (void)fd;
    return !w->is_dead;
}

static void bearer_refused(void *ctx)
{
    struct world *w = ctx;
    w->refused++;
}

static void outcome(void *ctx, struct sp_msg_outcome *msg, struct sp_slice answer)
{
    struct world *w = ctx;
    w->outcomes++;
    w->last = *msg;
    w->detail[sp_slice_copy(msg->detail, w->detail, sizeof(w->detail) - 1)] = '\0';
    w->answer_len = sp_slice_copy(answer, w->answer, sizeof(w->answer));
}

static void breaker(void *ctx, const struct sp_relay_breaker_news *news)
{
    (void)ctx;
    (void)news;
}

static uint32_t draw(void *ctx)
{
    (void)ctx;
    return 0;
}

static void open_world(struct world *w, bool is_embedded, uint32_t connections_max, uint32_t spare)
{
    struct sp_relay_ops ops = {dial,    start, idle,    is_alive, bearer_refused,
                               outcome, NULL,  breaker, draw,     w};
    struct sp_relay_config config = {.pool_count = 1,
                                     .pools = {{.name = SP_SLICE_LITERAL("one"), .weight = 1}},
                                     .attempts_max = SP_RELAY_ATTEMPTS_MAX,
                                     .connections_max = connections_max,
                                     .spare = spare,
                                     .needs_bearer = !is_embedded};
    *w = (struct world){.has_dial = true};
    assert_int_equal(sp_upstream_init(&config.pools[0].upstream, sp_slice_of("/pool"),
                                      sp_slice_of(""), is_embedded),
                     SP_OK);
    assert_int_equal(sp_relay_room_new(&config, &ops, &w->room), SP_OK);
}

static void run_within(struct world *w, sp_exchange exchange, uint32_t ms, uint64_t now_us)
{
    static uint8_t bytes[256];
    static struct sp_buf buf;
    struct sp_writer writer;
    struct sp_order order = {.operation = SP_OPERATION_EXECUTE,
                             .timeout_s = 7,
                             .denied = 3,
                             .code = SP_SLICE_LITERAL("1+1")};
    sp_buf_init(&buf, sizeof(bytes));
    sp_writer_init(&writer, &buf);
    sp_order_write(&writer, &order);
    size_t len = sp_slice_copy(sp_buf_slice(&buf), bytes, sizeof(bytes));
    sp_buf_done(&buf);
    struct sp_msg_run msg = {
        .exchange = exchange,
        .operation = SP_OPERATION_EXECUTE,
        .session = SP_SLICE_LITERAL("0123abcd"),
        .template_key = 0xAB01,
        .run_ms_max = ms,
        .order = {.bytes = sp_slice_make(bytes, len), .fd = -1, .is_heap = false},
    };
    sp_relay_room_run(w->room, &msg, now_us);
}

static void run(struct world *w, sp_exchange exchange, uint64_t now_us)
{
    run_within(w, exchange, 7000, now_us);
}

static int some_fd(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void dialled(struct world *w, uint32_t ticket, uint64_t now_us)
{
    sp_relay_room_dialled(w->room, ticket, SP_OK, some_fd(), sp_slice_of(""), now_us);
}

static void take(struct world *w)
{
    int fd = -1;
    assert_int_equal(sp_relay_room_take_connection(w->room, 0, &fd), SP_OK);
    (void)close(fd);
    assert_int_equal(sp_relay_room_take_connection(w->room, 0, &fd), SP_ERR_NOT_FOUND);
}

static void ended(struct world *w, enum sp_http_state state, unsigned status, const char *body)
{
    struct sp_http_end end = {
        .state = state, .status = status, .body = sp_slice_of(body), .why = "why"};
    sp_relay_room_ended(w->room, w->slot, &end, 5000);
}

static const char *const good_body = "{\"status\":\"Succeeded\",\"result\":{\"stdout\":\"out\","
                                     "\"stderr\":\"\",\"executionResult\":2,"
                                     "\"executionTimeInMilliseconds\":9}}";

static void test_room_dials_starts_and_tells_the_outcome(void **state)
{
    (void)state;
    struct world w;
    struct sp_result result;
    open_world(&w, true, 4, 0);
    run(&w, 77, 1000);
    assert_int_equal(w.dials, 1);
    assert_int_equal(w.started, 0);
    dialled(&w, w.last_ticket, 2000);
    assert_int_equal(w.started, 1);
    assert_string_equal(w.target,
                        "/pool/executions?api-version=2025-10-02-preview&identifier=0123abcd");
    assert_string_equal(
        w.body, "{\"codeInputType\":\"Inline\",\"executionType\":\"Synchronous\",\"code\":\"1+1\","
                "\"timeoutInSeconds\":7}");
    assert_int_equal(w.timeout_ms, 7000 + SP_RELAY_MARGIN_MS);
    take(&w);
    ended(&w, SP_HTTP_ANSWERED, 200, good_body);
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.exchange, 77);
    assert_int_equal(w.last.state, SP_END_DONE);
    assert_int_equal(w.last.err, SP_OK);
    assert_int_equal(w.last.pool_status, 200);
    assert_int_equal(w.last.attempts, 1);
    assert_int_equal(w.last.relay_us, 4000);
    assert_int_equal(w.last.run_ms, 9);
    assert_int_equal(w.last.stdout_bytes, 3);
    assert_true(sp_slice_is(w.last.run_status, "Succeeded"));
    assert_int_equal(sp_result_read(sp_slice_make(w.answer, w.answer_len), &result), SP_OK);
    assert_true(sp_slice_is(result.value_json, "2"));
    assert_int_equal(sp_relay_room_busy(w.room), 0);
    sp_relay_room_free(w.room);
}

static void test_room_tells_an_embedded_pool_alone_what_the_policy_denies_at_run_time(void **state)
{
    struct world w;
    (void)state;
    for (unsigned is_embedded = 0; is_embedded < 2; is_embedded++) {
        open_world(&w, is_embedded == 1, 4, 0);
        sp_relay_room_bearer(w.room, SP_OK, true, 0);
        run(&w, 77, 1000);
        dialled(&w, w.last_ticket, 2000);
        assert_int_equal(w.started, 1);
        assert_string_equal(w.fields,
                            is_embedded == 1
                                ? "X-Sallyport-Template=000000000000ab01;"
                                  "X-Sallyport-Deny=process,network;X-Sallyport-Own-Code=deny;"
                                : "");
        take(&w);
        ended(&w, SP_HTTP_ANSWERED, 200, good_body);
        sp_relay_room_free(w.room);
    }
}

static void test_room_uses_idle_connections_before_it_dials(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, 4, 0);
    w.idle = 1;
    run(&w, 1, 1000);
    assert_int_equal(w.started, 1);
    assert_int_equal(w.dials, 0);
    sp_relay_room_free(w.room);
}

static void test_room_asks_ahead_and_never_for_more_than_may_be_open(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, 2, 8);
    sp_relay_room_dial_wired(w.room, 1);
    assert_int_equal(w.dials, 2);
    dialled(&w, 1, 2);
    dialled(&w, 2, 2);
    assert_int_equal(w.dials, 2);
    sp_relay_room_free(w.room);
}

static void test_room_holds_runs_back_at_its_maximum(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, 1, 0);
    w.idle = 5;
    run(&w, 1, 1000);
    run(&w, 2, 1000);
    assert_int_equal(w.started, 1);
    ended(&w, SP_HTTP_ANSWERED, 200, good_body);
    assert_int_equal(w.started, 2);
    assert_int_equal(w.last.exchange, 1);
    sp_relay_room_free(w.room);
}

static void test_room_calls_a_broken_request_unknown_and_never_tries_again(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, 4, 0);
    w.idle = 1;
    run(&w, 1, 1000);
    ended(&w, SP_HTTP_BROKEN, 0, "");
    assert_int_equal(w.started, 1);
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.state, SP_END_UNKNOWN);
    assert_int_equal(w.last.err, SP_ERR_OUTCOME_UNKNOWN);
    assert_int_equal(w.last.retry_after_ms, 0);
    sp_relay_room_free(w.room);
}

static void test_room_tries_again_what_was_not_sent_but_not_for_ever(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, 4, 0);
    w.idle = 1;
    run(&w, 1, 1000);
    for (unsigned i = 2; i <= SP_RELAY_ATTEMPTS_MAX; i++) {
        ended(&w, SP_HTTP_NO_CONNECTION, 0, "");
        assert_int_equal(w.started, i);
        assert_int_equal(w.outcomes, 0);
    }
    ended(&w, SP_HTTP_NO_CONNECTION, 0, "");
    assert_int_equal(w.started, SP_RELAY_ATTEMPTS_MAX);
    assert_int_equal(w.last.state, SP_END_NOT_STARTED);
    assert_int_equal(w.last.err, SP_ERR_POOL_UNAVAILABLE);
    assert_int_equal(w.last.attempts, SP_RELAY_ATTEMPTS_MAX);
    assert_true(w.last.retry_after_ms > 0);
    sp_relay_room_free(w.room);
}

static void test_room_gives_a_run_back_when_dialling_fails(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, 4, 0);
    run(&w, 1, 1000);
    sp_relay_room_dialled(w.room, w.last_ticket, SP_ERR_POOL_UNAVAILABLE, -1,
                          sp_slice_of("cannot connect"), 2000);
    assert_int_equal(w.started, 0);
    assert_int_equal(w.last.state, SP_END_NOT_STARTED);
    assert_int_equal(w.last.err, SP_ERR_POOL_UNAVAILABLE);
    assert_string_equal(w.detail, "cannot connect");
    sp_relay_room_free(w.room);
}

static void test_room_passes_over_tickets_of_a_dial_that_died(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, 4, 0);
    run(&w, 1, 1000);
    uint32_t old = w.last_ticket;
    sp_relay_room_dial_lost(w.room);
    dialled(&w, old, 2000);
    assert_int_equal(w.started, 0);
    sp_relay_room_dial_wired(w.room, 3000);
    assert_int_equal(w.dials, 2);
    assert_true(w.last_ticket > old);
    dialled(&w, w.last_ticket, 4000);
    assert_int_equal(w.started, 1);
    sp_relay_room_free(w.room);
}

static void test_room_does_not_wait_for_ever_for_a_connection(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, 4, 0);
    w.has_dial = false;
    run(&w, 1, 1000);
    sp_relay_room_tick(w.room, 1000 + SP_RELAY_WAIT_MS * 1000 - 1);
    assert_int_equal(w.outcomes, 0);
    sp_relay_room_tick(w.room, 1000 + SP_RELAY_WAIT_MS * 1000);
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.state, SP_END_NOT_STARTED);
    sp_relay_room_free(w.room);
}

/* The order is the word of inspection alone, which may be taken over; the time is what was reserved. */
static void test_room_refuses_an_order_that_gives_more_time_than_is_reserved(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, 8, 0);
    w.idle = 1;
    run_within(&w, 1, 6999, 0);
    assert_int_equal(w.started, 0);
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.state, SP_END_NOT_STARTED);
    run_within(&w, 2, 7000, 0);
    assert_int_equal(w.started, 1);
    assert_int_equal(w.outcomes, 1);
    sp_relay_room_free(w.room);
}

static void test_room_waits_for_a_bearer_and_gives_up_without_one(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, false, 4, 0);
    w.idle = 1;
    run(&w, 1, 1000);
    assert_int_equal(w.started, 0);
    sp_relay_room_bearer(w.room, SP_OK, true, 2000);
    assert_int_equal(w.started, 1);
    ended(&w, SP_HTTP_ANSWERED, 401, "");
    assert_int_equal(w.last.err, SP_ERR_POOL_CREDENTIAL);
    assert_int_equal(w.last.state, SP_END_NOT_STARTED);
    assert_int_equal(w.refused, 1);
    sp_relay_room_bearer(w.room, SP_ERR_POOL_CREDENTIAL, false, 3000);
    run(&w, 2, 4000);
    assert_int_equal(w.started, 1);
    assert_int_equal(w.last.exchange, 2);
    assert_int_equal(w.last.err, SP_ERR_POOL_UNAVAILABLE);
    sp_relay_room_free(w.room);
}

static void test_room_hands_on_the_pools_own_patience(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, 4, 0);
    w.idle = 1;
    run(&w, 1, 1000);
    struct sp_http_end end = {
        .state = SP_HTTP_ANSWERED, .status = 429, .retry_after_s = 12, .why = ""};
    sp_relay_room_ended(w.room, w.slot, &end, 2000);
    assert_int_equal(w.last.err, SP_ERR_SESSIONS_FULL);
    assert_int_equal(w.last.state, SP_END_NOT_STARTED);
    assert_int_equal(w.last.retry_after_ms, 12000);
    sp_relay_room_free(w.room);
}

static void test_room_keeps_silent_to_a_new_audit_about_runs_of_the_old_one(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, 4, 0);
    w.idle = 1;
    run(&w, 1, 1000);
    sp_relay_room_audit_lost(w.room);
    ended(&w, SP_HTTP_ANSWERED, 200, good_body);
    assert_int_equal(w.outcomes, 0);
    assert_int_equal(sp_relay_room_busy(w.room), 0);
    sp_relay_room_free(w.room);
}

/* Whoever takes an inspect worker over must not have audit ended by what it has to pass on. */
static void test_room_refuses_an_order_that_nobody_writes(void **state)
{
    (void)state;
    struct world w;
    struct sp_msg_run msg = {
        .operation = SP_OPERATION_EXECUTE,
        .session = SP_SLICE_LITERAL("0123abcd"),
        .order = {.bytes = SP_SLICE_LITERAL("nonsense"), .fd = -1, .is_heap = false}};
    open_world(&w, true, 4, 0);
    sp_relay_room_run(w.room, &msg, 1000);
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.state, SP_END_NOT_STARTED);
    assert_int_equal(w.last.err, SP_ERR_UNAVAILABLE);
    assert_int_equal(sp_relay_room_busy(w.room), 0);
    sp_relay_room_free(w.room);
}

static void test_room_is_bounded(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, 4, 0);
    for (size_t i = 0; i < SP_HTTP_SLOTS_MAX; i++) {
        run(&w, i, 1000);
    }
    assert_int_equal(w.outcomes, 0);
    run(&w, 5000, 1000);
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.exchange, 5000);
    assert_int_equal(w.last.state, SP_END_NOT_STARTED);
    sp_relay_room_free(w.room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_room_dials_starts_and_tells_the_outcome),
        cmocka_unit_test(test_room_tells_an_embedded_pool_alone_what_the_policy_denies_at_run_time),
        cmocka_unit_test(test_room_uses_idle_connections_before_it_dials),
        cmocka_unit_test(test_room_asks_ahead_and_never_for_more_than_may_be_open),
        cmocka_unit_test(test_room_holds_runs_back_at_its_maximum),
        cmocka_unit_test(test_room_calls_a_broken_request_unknown_and_never_tries_again),
        cmocka_unit_test(test_room_tries_again_what_was_not_sent_but_not_for_ever),
        cmocka_unit_test(test_room_gives_a_run_back_when_dialling_fails),
        cmocka_unit_test(test_room_passes_over_tickets_of_a_dial_that_died),
        cmocka_unit_test(test_room_does_not_wait_for_ever_for_a_connection),
        cmocka_unit_test(test_room_refuses_an_order_that_gives_more_time_than_is_reserved),
        cmocka_unit_test(test_room_waits_for_a_bearer_and_gives_up_without_one),
        cmocka_unit_test(test_room_hands_on_the_pools_own_patience),
        cmocka_unit_test(test_room_keeps_silent_to_a_new_audit_about_runs_of_the_old_one),
        cmocka_unit_test(test_room_refuses_an_order_that_nobody_writes),
        cmocka_unit_test(test_room_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
