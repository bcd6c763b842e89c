/* early: verdicts that come before admit's word, from workers that may be taken over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room_world.h"

#define WORKER_1 UINT64_C(2)

static enum sp_err judge_as(struct world *w, unsigned worker, sp_exchange exchange)
{
    struct sp_msg_verdict verdict = verdict_of(exchange);
    return sp_audit_verdict(w->room, worker, &verdict, w->now);
}

static void test_an_early_verdict_is_told_of_when_admit_named_its_worker(void **state)
{
    struct world *w = *state;
    assert_int_equal(judge_as(w, 0, X), SP_OK);
    nothing_more(w); /* admit would take it for another worker's word */
    assert_int_equal(tell_who(w, X), SP_OK);
    (void)next(w, SENT_JUDGED);
    commit(w);
    (void)next(w, SENT_RUN);
    assert_int_equal(sp_audit_take_liars(w->room), 0);
}

/* Neither admit, who speaks then, nor audit, who would pass the word on, is at fault. */
static void test_a_verdict_of_anothers_job_ends_only_its_worker(void **state)
{
    struct world *w = *state;
    assert_int_equal(judge_as(w, 1, X), SP_OK);
    assert_int_equal(tell_who(w, X), SP_OK); /* it is worker 0's */
    nothing_more(w);
    assert_int_equal(sp_audit_take_liars(w->room), WORKER_1);
    assert_int_equal(sp_audit_take_liars(w->room), 0);
    assert_int_equal(judge_as(w, 0, X), SP_OK);
    (void)next(w, SENT_JUDGED);
    commit(w);
    (void)next(w, SENT_RUN);
}

static void test_who_is_right_is_not_ended_for_who_came_before(void **state)
{
    struct world *w = *state;
    assert_int_equal(judge_as(w, 1, X), SP_OK);
    assert_int_equal(judge_as(w, 0, X), SP_OK); /* the right one, passed over */
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(sp_audit_take_liars(w->room), WORKER_1);
    commit(w);
    answered(w, SP_ERR_UNAVAILABLE, true, SP_END_NOT_STARTED);
}

static void test_a_rival_of_the_right_one_is_ended(void **state)
{
    struct world *w = *state;
    assert_int_equal(judge_as(w, 0, X), SP_OK);
    assert_int_equal(judge_as(w, 1, X), SP_OK);
    assert_int_equal(judge_as(w, 0, X), SP_ERR_WIRE); /* it said so before */
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(sp_audit_take_liars(w->room), WORKER_1);
    (void)next(w, SENT_JUDGED);
    commit(w);
    (void)next(w, SENT_RUN);
}

/* The table of exchanges is everybody's. */
static void test_a_worker_holds_few_rows_that_nobody_asked_for(void **state)
{
    struct world *w = *state;
    for (uint64_t i = 0; i < SP_AUDIT_EARLY_MAX; i++) {
        assert_int_equal(judge_as(w, 1, FRONT_1 | i), SP_OK);
    }
    assert_int_equal(judge_as(w, 1, FRONT_1 | 2000), SP_ERR_WIRE);
    assert_int_equal(judge_as(w, 0, FRONT_1 | 2000), SP_OK); /* another's are its own */
    struct sp_msg_who who = who_of(FRONT_1 | 7);
    who.worker = 1;
    assert_int_equal(sp_audit_who(w->room, &who, w->now), SP_OK);
    assert_int_equal(judge_as(w, 1, FRONT_1 | 2001), SP_OK); /* one was asked for after all */
    assert_int_equal(judge_as(w, 1, FRONT_1 | 2002), SP_ERR_WIRE);
    later(w, SP_AUDIT_JOIN_US);
    sp_audit_tick(w->room, w->now);
    assert_int_equal(judge_as(w, 1, FRONT_1 | 2002), SP_OK); /* the others were forgotten */
}

static void test_a_refusal_by_admit_frees_the_place(void **state)
{
    struct world *w = *state;
    for (uint64_t i = 0; i < SP_AUDIT_EARLY_MAX; i++) {
        assert_int_equal(judge_as(w, 1, FRONT_1 | i), SP_OK);
    }
    const struct sp_msg_refusal refusal = {.exchange = FRONT_1 | 3,
                                           .tenant = sp_slice_of("acme"),
                                           .operation = who_of(X).operation,
                                           .err = SP_ERR_UNAVAILABLE};
    assert_int_equal(sp_audit_refusal(w->room, &refusal, w->now), SP_OK);
    assert_int_equal(judge_as(w, 1, FRONT_1 | 2000), SP_OK);
    assert_int_equal(judge_as(w, 1, FRONT_1 | 2001), SP_ERR_WIRE);
}

/* Else whoever takes a worker over has every exchange of the fronts to come refused. */
static void test_a_worker_is_not_believed_about_fronts(void **state)
{
    struct world *w = *state;
    assert_int_equal(judge_as(w, 1, UINT64_C(0xFFFF) << 48 | 9), SP_OK);
    run(w, X);
    sp_audit_lost(w->room, front, w->now);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_OK);
    commit(w);
    w->seen = w->sent_count;
    run(w, FRONT_2 | 1);
    assert_int_equal(tell_outcome(w, FRONT_2 | 1, SP_END_DONE), SP_OK);
    commit(w);
    answered(w, SP_OK, true, SP_END_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_early_verdict_is_told_of_when_admit_named_its_worker),
        TEST(test_a_verdict_of_anothers_job_ends_only_its_worker),
        TEST(test_who_is_right_is_not_ended_for_who_came_before),
        TEST(test_a_rival_of_the_right_one_is_ended),
        TEST(test_a_worker_holds_few_rows_that_nobody_asked_for),
        TEST(test_a_refusal_by_admit_frees_the_place),
        TEST(test_a_worker_is_not_believed_about_fronts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
