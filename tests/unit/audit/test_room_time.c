#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room_world.h"

/* A run for which less time is reserved than its verdict says. */
static enum sp_err tell_short(struct world *w, sp_exchange exchange, uint32_t reserved_ms,
                              uint32_t wanted_ms)
{
    struct sp_msg_who who = who_of(exchange);
    struct sp_msg_verdict verdict = verdict_of(exchange);
    who.run_ms_max = reserved_ms;
    verdict.run_ms_max = wanted_ms;
    SP_TRY(sp_audit_who(w->room, &who, w->now));
    SP_TRY(sp_audit_verdict(w->room, 0, &verdict, w->now));
    assert_int_equal(next(w, SENT_JUDGED)->run_ms, wanted_ms);
    return SP_OK;
}

static enum sp_err tell_time(struct world *w, sp_exchange exchange, uint32_t ms)
{
    const struct sp_msg_time time = {.exchange = exchange, .run_ms_max = ms};
    return sp_audit_time(w->room, &time, w->now);
}

static void test_a_run_waits_for_the_time_that_it_asks_for(void **state)
{
    struct world *w = *state;
    assert_int_equal(tell_short(w, X, 999, 1000), SP_OK);
    commit(w);
    nothing_more(w);
    assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"intent\""), 0);
    assert_int_equal(tell_time(w, X, 1000), SP_OK);
    commit(w);
    assert_int_equal(next(w, SENT_RUN)->exchange, X);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_OK);
    commit(w);
    answered(w, SP_OK, true, SP_END_DONE);
    /* what is reserved is enough: it does not wait */
    assert_int_equal(tell_short(w, FRONT_1 | 6, 1000, 1000), SP_OK);
    commit(w);
    assert_int_equal(next(w, SENT_RUN)->exchange, FRONT_1 | 6);
}

static void test_a_time_that_says_nothing_is_the_longest(void **state)
{
    static const uint32_t hostile[] = {0, SP_AUDIT_RUN_MS_MAX + 1, UINT32_MAX};
    struct world *w = *state;
    for (size_t i = 0; i < SP_COUNT(hostile); i++) {
        const sp_exchange exchange = FRONT_1 | (10 + i);
        assert_int_equal(tell_short(w, exchange, SP_AUDIT_RUN_MS_MAX - 1, hostile[i]), SP_OK);
        commit(w);
        nothing_more(w);
        assert_int_equal(tell_time(w, exchange, SP_AUDIT_RUN_MS_MAX), SP_OK);
        commit(w);
        assert_int_equal(next(w, SENT_RUN)->exchange, exchange);
    }
}

static void test_too_little_time_is_no_answer(void **state)
{
    struct world *w = *state;
    assert_int_equal(tell_short(w, X, 1, 1000), SP_OK);
    assert_int_equal(tell_time(w, X, 999), SP_ERR_WIRE);
    commit(w);
    answered(w, SP_ERR_WIRE, true, SP_END_NOT_STARTED);
    assert_int_equal(tell_time(w, X, 1000), SP_OK); /* too late */
    nothing_more(w);
}

static void test_admit_refuses_a_run_whose_time_is_not_there(void **state)
{
    struct world *w = *state;
    const struct sp_msg_refusal refusal = {.exchange = X,
                                           .tenant = sp_slice_of("acme"),
                                           .principal = sp_slice_of("t1"),
                                           .operation = 1,
                                           .err = SP_ERR_QUOTA,
                                           .retry_after_ms = 1000};
    assert_int_equal(tell_short(w, X, 1, 1000), SP_OK);
    assert_int_equal(sp_audit_refusal(w->room, &refusal, w->now), SP_OK);
    commit(w);
    answered(w, SP_ERR_QUOTA, true, SP_END_NOT_STARTED);
    assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"intent\""), 0);
    assert_int_equal(sp_audit_open(w->room), 0);
}

static void test_a_run_does_not_wait_for_whoever_is_gone(void **state)
{
    struct world *w = *state;
    assert_int_equal(tell_short(w, X, 1, 1000), SP_OK);
    sp_audit_lost(w->room, admit, w->now);
    commit(w);
    answered(w, SP_ERR_UNAVAILABLE, true, SP_END_NOT_STARTED);
    assert_int_equal(tell_short(w, FRONT_1 | 6, 1, 1000), SP_OK);
    later(w, SP_AUDIT_JOIN_US);
    sp_audit_tick(w->room, w->now);
    commit(w);
    answered(w, SP_ERR_UNAVAILABLE, true, SP_END_NOT_STARTED);
    assert_int_equal(tell_short(w, FRONT_1 | 7, 1, 1000), SP_OK);
    sp_audit_lost(w->room, front, w->now);
    commit(w);
    assert_int_equal(next(w, SENT_ENDED)->state, SP_END_NOT_STARTED);
    assert_int_equal(sp_audit_open(w->room), 0);
}

static void test_a_denied_run_asks_for_no_time(void **state)
{
    struct world *w = *state;
    struct sp_msg_who who = who_of(X);
    struct sp_msg_verdict denial = denial_of(X);
    who.run_ms_max = 1;
    denial.run_ms_max = 60000;
    assert_int_equal(sp_audit_who(w->room, &who, w->now), SP_OK);
    assert_int_equal(sp_audit_verdict(w->room, 0, &denial, w->now), SP_OK);
    assert_int_equal(next(w, SENT_JUDGED)->run_ms, 0);
    commit(w);
    answered(w, SP_ERR_DENIED, true, SP_END_NOT_STARTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_run_waits_for_the_time_that_it_asks_for),
        TEST(test_a_time_that_says_nothing_is_the_longest),
        TEST(test_too_little_time_is_no_answer),
        TEST(test_admit_refuses_a_run_whose_time_is_not_there),
        TEST(test_a_run_does_not_wait_for_whoever_is_gone),
        TEST(test_a_denied_run_asks_for_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
