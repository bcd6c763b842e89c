/* The guard: how a connection ends: lost fronts, clients that leave, deadlines, draining. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "play.h"

/* What a lost front means goes by how much of the request it has. */
static const struct lost_case {
    const char *name;
    const char *request;
    bool is_delivered;
    const char *said; /* by front, before it was lost */
    const char *status;
    bool has_retry;
} lost_cases[] = {
    {"nothing was asked", "", true, "", NULL, false},
    {"half a head", "GET /a HT", true, "", NULL, false},
    {"a whole request, delivered", GET, true, "", "HTTP/1.1 502 ", false},
    {"a whole request, not delivered", GET, false, "", "HTTP/1.1 503 ", true},
    {"half a body", POST "Content-Length: 9\r\n\r\nab", true, "", "HTTP/1.1 503 ", true},
    {"half an answer's head", GET, true, "HTTP/1.1 200 OK\r\nConte", "HTTP/1.1 502 ", false},
    {"an interim answer", GET, true, "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 502 ", false},
};

static void test_a_lost_front_is_answered_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(lost_cases); i++) {
        const struct lost_case *c = &lost_cases[i];
        struct play p;
        print_message("%s\n", c->name);
        sp_play_start(&p);
        sp_guard_from_client(&p.guard, sp_slice_of(c->request), p.now_ms);
        if (c->is_delivered) {
            sp_play_deliver(&p);
        }
        if (c->said[0] != '\0') {
            sp_guard_from_front(&p.guard, sp_slice_of(c->said), p.now_ms);
        }
        sp_guard_front_gone(&p.guard, p.now_ms);
        sp_play_deliver(&p);
        if (c->status == NULL) {
            assert_int_equal(p.client.len, 0);
            assert_int_equal(p.guard.end, SP_GUARD_OPEN);
        } else {
            assert_true(sp_play_client_has(&p, c->status));
            assert_int_equal(sp_play_client_has(&p, "Retry-After: 1\r\n"), c->has_retry);
            assert_int_equal(p.guard.end, SP_GUARD_LINGER);
        }
        sp_play_end(&p);
    }
}

static void test_a_cut_answer_is_cut_for_the_client_too(void **state)
{
    struct play p;
    (void)state;
    sp_play_start(&p);
    sp_guard_from_client(&p.guard, SP_SLICE_LITERAL(GET), p.now_ms);
    sp_play_deliver(&p);
    sp_guard_from_front(
        &p.guard, SP_SLICE_LITERAL("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"), p.now_ms);
    sp_guard_front_gone(&p.guard, p.now_ms);
    assert_int_equal(p.guard.end, SP_GUARD_DROP);
    sp_play_end(&p);
}

static void test_the_next_request_survives_a_front_that_was_lost_between(void **state)
{
    struct play p;
    (void)state;
    sp_play_start(&p);
    sp_play_feed(&p, SP_SLICE_LITERAL(GET), ENOUGH);
    sp_guard_front_gone(&p.guard, p.now_ms);
    assert_true(p.guard.is_front_over);
    p.guard.is_front_over = false;
    sp_play_feed(&p, SP_SLICE_LITERAL(GET), ENOUGH);
    assert_int_equal(sp_play_count(&p.client, OK), 2);
    sp_play_end(&p);
}

static void test_a_client_that_half_closed_gets_its_answer(void **state)
{
    struct play p;
    (void)state;
    sp_play_start(&p);
    p.answer = NULL;
    sp_play_feed(&p, SP_SLICE_LITERAL(GET), ENOUGH);
    sp_guard_client_over(&p.guard, p.now_ms);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_guard_tick(&p.guard, p.now_ms + SP_GUARD_PROBE_MS - 1);
    assert_int_equal(p.guard.to_client.len, 0);
    sp_guard_tick(&p.guard, p.now_ms + SP_GUARD_PROBE_MS);
    sp_guard_tick(&p.guard, p.now_ms + SP_GUARD_PROBE_MS + 1);
    sp_guard_from_front(&p.guard, SP_SLICE_LITERAL(OK), p.now_ms);
    sp_play_deliver(&p);
    assert_int_equal(sp_play_count(&p.client, "HTTP/1.1 100 "), 1);
    assert_int_equal(sp_play_count(&p.client, "HTTP/1.1 200 "), 1);
    assert_int_equal(p.guard.end, SP_GUARD_LINGER);
    sp_play_end(&p);
}

static void test_a_client_that_leaves_inside_a_request_ends_the_stream(void **state)
{
    struct play p;
    (void)state;
    sp_play_start(&p);
    sp_play_feed(&p, SP_SLICE_LITERAL(POST "Content-Length: 9\r\n\r\nab"), ENOUGH);
    sp_guard_client_over(&p.guard, p.now_ms);
    assert_int_equal(p.guard.end, SP_GUARD_DROP);
    assert_true(p.guard.is_front_over);
    assert_int_equal(p.client.len, 0);
    sp_play_end(&p);
}

static void test_slow_heads_are_refused_and_idle_connections_closed(void **state)
{
    struct play p;
    (void)state;
    sp_play_start(&p); /* never a byte: closed without a word */
    sp_guard_tick(&p.guard, 1000 + sp_play_limits.head_ms);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_guard_tick(&p.guard, 1001 + sp_play_limits.head_ms);
    assert_int_equal(p.guard.end, SP_GUARD_LINGER);
    assert_int_equal(p.guard.to_client.len, 0);
    sp_play_end(&p);

    sp_play_start(&p); /* a byte now and then does not help */
    sp_play_feed(&p, SP_SLICE_LITERAL("GET /"), ENOUGH);
    p.now_ms += sp_play_limits.head_ms;
    sp_play_feed(&p, SP_SLICE_LITERAL("a"), ENOUGH);
    sp_guard_tick(&p.guard, p.now_ms);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_guard_tick(&p.guard, p.now_ms + 1);
    sp_play_deliver(&p);
    assert_int_equal(p.guard.refused, SP_ERR_TIMEOUT);
    assert_true(sp_play_client_has(&p, "HTTP/1.1 408 "));
    sp_play_end(&p);

    sp_play_start(&p); /* between requests the longer time holds */
    sp_play_feed(&p, SP_SLICE_LITERAL(GET), ENOUGH);
    sp_guard_tick(&p.guard, p.now_ms + sp_play_limits.idle_ms);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_guard_tick(&p.guard, p.now_ms + sp_play_limits.idle_ms + 1);
    assert_int_equal(p.guard.end, SP_GUARD_LINGER);
    sp_play_end(&p);
}

static void test_a_body_has_to_keep_coming(void **state)
{
    struct play p;
    static const uint8_t block[8 * 1024];
    (void)state;
    sp_play_start(&p);
    sp_play_feed(&p, SP_SLICE_LITERAL(POST "Content-Length: 99999999\r\n\r\n"), ENOUGH);
    sp_guard_tick(&p.guard, p.now_ms + sp_play_limits.body_ms);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_play_feed(&p, sp_slice_make(block, sizeof(block)), ENOUGH); /* earns two seconds */
    sp_guard_tick(&p.guard, p.now_ms + sp_play_limits.body_ms + 2000);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_guard_tick(&p.guard, p.now_ms + sp_play_limits.body_ms + 2001);
    assert_int_equal(p.guard.refused, SP_ERR_TIMEOUT);
    sp_play_end(&p);
}

static void test_time_that_front_takes_is_not_the_client_s(void **state)
{
    struct play p;
    static const uint8_t block[SP_GUARD_READ_BYTES_MAX];
    (void)state;
    sp_play_start(&p);
    sp_play_feed(&p, SP_SLICE_LITERAL(POST "Content-Length: 99999999\r\n\r\n"), ENOUGH);
    sp_guard_from_client(&p.guard, sp_slice_make(block, sizeof(block)),
                         p.now_ms); /* and front takes nothing */
    assert_false(sp_guard_wants_client(&p.guard));
    sp_guard_tick(&p.guard, p.now_ms + 100 * sp_play_limits.body_ms);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_play_end(&p);

    sp_play_start(&p); /* nor is the time before 100-continue */
    sp_play_feed(&p, SP_SLICE_LITERAL(POST "Expect: 100-continue\r\nContent-Length: 9\r\n\r\n"),
                 ENOUGH);
    sp_guard_tick(&p.guard, p.now_ms + 100 * sp_play_limits.body_ms);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_guard_from_front(&p.guard, SP_SLICE_LITERAL("HTTP/1.1 100 Continue\r\n\r\n"), p.now_ms);
    sp_play_deliver(&p);
    sp_guard_tick(&p.guard, p.now_ms + 102 * sp_play_limits.body_ms);
    assert_int_equal(p.guard.refused, SP_ERR_TIMEOUT);
    sp_play_end(&p);
}

static void test_a_client_that_takes_nothing_is_dropped(void **state)
{
    struct play p;
    (void)state;
    sp_play_start(&p);
    sp_guard_from_client(&p.guard, SP_SLICE_LITERAL(GET), p.now_ms);
    sp_guard_front_wrote(&p.guard, p.guard.to_front.len);
    sp_guard_from_front(&p.guard, SP_SLICE_LITERAL(OK), p.now_ms);
    sp_guard_tick(&p.guard, p.now_ms);
    sp_guard_tick(&p.guard, p.now_ms + sp_play_limits.body_ms);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_guard_tick(&p.guard, p.now_ms + sp_play_limits.body_ms + 1);
    assert_int_equal(p.guard.end, SP_GUARD_DROP);
    sp_play_end(&p);
}

static void test_draining_ends_with_the_present_answer(void **state)
{
    struct play p;
    (void)state;
    sp_play_start(&p);
    p.answer = NULL;
    sp_play_feed(&p, SP_SLICE_LITERAL(GET GET), ENOUGH);
    sp_guard_drain(&p.guard);
    assert_int_equal(p.guard.end, SP_GUARD_OPEN);
    sp_guard_from_front(&p.guard, SP_SLICE_LITERAL(OK), p.now_ms);
    sp_play_deliver(&p);
    assert_int_equal(p.guard.end, SP_GUARD_LINGER);
    assert_true(sp_play_client_has(&p, "Connection: close\r\n\r\nok"));
    assert_int_equal(p.guard.requests, 1);
    sp_play_end(&p);

    sp_play_start(&p); /* an idle one ends at once */
    sp_play_feed(&p, SP_SLICE_LITERAL(GET), ENOUGH);
    sp_guard_drain(&p.guard);
    assert_int_equal(p.guard.end, SP_GUARD_LINGER);
    sp_play_end(&p);
}

static void test_a_request_that_says_close_is_the_last(void **state)
{
    struct play p;
    (void)state;
    sp_play_start(&p);
    sp_play_feed(&p,
                 SP_SLICE_LITERAL("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" GET),
                 ENOUGH);
    assert_int_equal(p.guard.requests, 1);
    assert_int_equal(p.guard.end, SP_GUARD_LINGER);
    assert_true(sp_play_client_has(&p, "Connection: close\r\n"));
    sp_play_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_lost_front_is_answered_for),
        cmocka_unit_test(test_a_cut_answer_is_cut_for_the_client_too),
        cmocka_unit_test(test_the_next_request_survives_a_front_that_was_lost_between),
        cmocka_unit_test(test_a_client_that_half_closed_gets_its_answer),
        cmocka_unit_test(test_a_client_that_leaves_inside_a_request_ends_the_stream),
        cmocka_unit_test(test_slow_heads_are_refused_and_idle_connections_closed),
        cmocka_unit_test(test_a_body_has_to_keep_coming),
        cmocka_unit_test(test_time_that_front_takes_is_not_the_client_s),
        cmocka_unit_test(test_a_client_that_takes_nothing_is_dropped),
        cmocka_unit_test(test_draining_ends_with_the_present_answer),
        cmocka_unit_test(test_a_request_that_says_close_is_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
