#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room_world.h"

/* --- how runs end --- */

static void test_what_did_not_start_may_be_tried_again(void **state)
{
    struct world *w = *state;
    run(w, X);
    assert_int_equal(tell_outcome(w, X, SP_END_NOT_STARTED), SP_OK);
    commit(w);
    assert_int_equal(w->sent[w->seen].retry_after_ms, 5);
    answered(w, SP_ERR_POOL_UNAVAILABLE, true, SP_END_NOT_STARTED);
}

/* relay says 503 and when to retry; a run that may have happened is never offered for a retry. */
static void test_what_may_have_run_is_unknown_whatever_relay_says(void **state)
{
    struct world *w = *state;
    run(w, X);
    assert_int_equal(tell_outcome(w, X, SP_END_UNKNOWN), SP_OK);
    commit(w);
    assert_int_equal(w->sent[w->seen].retry_after_ms, 0);
    answered(w, SP_ERR_OUTCOME_UNKNOWN, true, SP_END_UNKNOWN);
    assert_int_equal(fake_disk_lines(&w->fake, "\"state\":\"unknown\""), 1);
}

static void test_a_lost_relay_makes_its_runs_unknown(void **state)
{
    struct world *w = *state;
    run(w, X);
    sp_audit_lost(w->room, relay, w->now);
    nothing_more(w);
    commit(w);
    answered(w, SP_ERR_OUTCOME_UNKNOWN, true, SP_END_UNKNOWN);
}

/* It was judged, the intent was durable, and then relay was gone: it surely did not start. */
static void test_relay_lost_before_the_commit_means_not_started(void **state)
{
    struct world *w = *state;
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(tell_verdict(w, X), SP_OK);
    (void)next(w, SENT_JUDGED);
    sp_audit_lost(w->room, relay, w->now);
    commit(w);
    nothing_more(w);
    assert_true(sp_audit_is_waiting(w->room));
    commit(w);
    assert_true(w->sent[w->seen].retry_after_ms > 0);
    answered(w, SP_ERR_UNAVAILABLE, true, SP_END_NOT_STARTED);
    assert_int_equal(fake_disk_lines(&w->fake, "\"state\":\"not-started\""), 1);
}

static void test_a_deaf_relay_means_not_started(void **state)
{
    struct world *w = *state;
    w->is_relay_deaf = true;
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(tell_verdict(w, X), SP_OK);
    (void)next(w, SENT_JUDGED);
    commit(w);
    commit(w);
    answered(w, SP_ERR_UNAVAILABLE, true, SP_END_NOT_STARTED);
}

static void test_without_relay_no_intent_is_written(void **state)
{
    struct world *w = *state;
    sp_audit_lost(w->room, relay, w->now);
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(tell_verdict(w, X), SP_OK);
    (void)next(w, SENT_JUDGED);
    commit(w);
    answered(w, SP_ERR_UNAVAILABLE, true, SP_END_NOT_STARTED);
    assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"intent\""), 0);
    assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"refusal\""), 1);
}

/* The late outcome is no mistake of relay's: it is counted, and closes nothing. */
static void test_a_run_over_its_time_is_unknown_and_its_outcome_late(void **state)
{
    struct world *w = *state;
    run(w, X);
    later(w, SECOND + SP_AUDIT_MARGIN_US - 1);
    sp_audit_tick(w->room, w->now);
    commit(w);
    nothing_more(w);
    later(w, 1);
    sp_audit_tick(w->room, w->now);
    commit(w);
    answered(w, SP_ERR_OUTCOME_UNKNOWN, true, SP_END_UNKNOWN);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_OK);
    assert_int_equal(sp_audit_late(w->room), 1);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_ERR_WIRE);
    assert_false(sp_audit_is_waiting(w->room));
}

/* --- peers that are lost before a verdict --- */

static void test_a_lost_worker_ends_its_own_jobs_only(void **state)
{
    struct world *w = *state;
    struct sp_msg_who other = who_of(FRONT_1 | 6);
    other.worker = 1;
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(sp_audit_who(w->room, &other, w->now), SP_OK);
    sp_audit_lost(w->room, worker_0, w->now);
    commit(w);
    assert_int_equal(w->sent[w->seen].exchange, X);
    assert_true(w->sent[w->seen].retry_after_ms > 0);
    answered(w, SP_ERR_UNAVAILABLE, true, SP_END_NOT_STARTED);
    assert_int_equal(sp_audit_open(w->room), 1);
    /* Until it is back, what is meant for it ends at once. */
    assert_int_equal(tell_who(w, FRONT_1 | 7), SP_OK);
    commit(w);
    answered(w, SP_ERR_UNAVAILABLE, true, SP_END_NOT_STARTED);
    sp_audit_wired(w->room, worker_0, w->now);
    run(w, FRONT_1 | 8);
}

static void test_a_verdict_for_somebody_elses_job_closes_the_wire(void **state)
{
    struct world *w = *state;
    struct sp_msg_verdict verdict = verdict_of(X);
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(sp_audit_verdict(w->room, 1, &verdict, w->now), SP_ERR_WIRE);
    assert_int_equal(tell_verdict(w, X), SP_OK); /* its own worker's still counts */
    commit(w);
    assert_int_equal(w->sent[w->sent_count - 1].type, SENT_RUN);
}

static void test_halves_that_never_meet_are_given_up(void **state)
{
    struct world *w = *state;
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(tell_verdict(w, FRONT_1 | 6), SP_OK);
    nothing_more(w); /* whose job that is, nobody said */
    later(w, SP_AUDIT_JOIN_US);
    sp_audit_tick(w->room, w->now);
    commit(w);
    answered(w, SP_ERR_UNAVAILABLE, true, SP_END_NOT_STARTED);
    assert_int_equal(sp_audit_open(w->room), 0);
    assert_int_equal(tell_verdict(w, X), SP_OK); /* late, not wrong */
    (void)next(w, SENT_JUDGED);
    commit(w);
    nothing_more(w);
}

/* front could not hand the job over, so admit takes its part back. */
static void test_a_refusal_after_who_takes_it_back(void **state)
{
    struct world *w = *state;
    struct sp_msg_refusal refusal = {
        .exchange = X, .tenant = sp_slice_of("acme"), .err = SP_ERR_UNAVAILABLE};
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(sp_audit_refusal(w->room, &refusal, w->now), SP_OK);
    commit(w);
    answered(w, SP_ERR_UNAVAILABLE, true, SP_END_NOT_STARTED);
    assert_int_equal(tell_verdict(w, X), SP_OK);
    (void)next(w, SENT_JUDGED);
    run(w, FRONT_1 | 6);
    refusal.exchange = FRONT_1 | 6;
    assert_int_equal(sp_audit_refusal(w->room, &refusal, w->now), SP_OK); /* too late: it runs */
    commit(w);
    nothing_more(w);
}

static void test_a_lost_front_is_not_answered_but_its_runs_are_recorded(void **state)
{
    struct world *w = *state;
    run(w, X);
    assert_int_equal(tell_who(w, FRONT_1 | 6), SP_OK);
    sp_audit_lost(w->room, front, w->now);
    commit(w);
    assert_int_equal(next(w, SENT_ENDED)->exchange, FRONT_1 | 6);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_OK);
    commit(w);
    assert_int_equal(next(w, SENT_ENDED)->exchange, X);
    nothing_more(w);
    assert_int_equal(tell_who(w, FRONT_1 | 7), SP_OK); /* was under way when front died */
    commit(w);
    (void)next(w, SENT_ENDED);
    nothing_more(w);
    run(w, FRONT_2 | 5); /* the new front's exchange in the same slot */
}

static void test_a_lost_admit_changes_nothing_for_what_runs(void **state)
{
    struct world *w = *state;
    run(w, X);
    sp_audit_lost(w->room, admit, w->now);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_OK);
    commit(w);
    answered(w, SP_OK, true, SP_END_DONE);
}

/* --- the disk --- */

static void test_without_the_intent_on_disk_nothing_runs(void **state)
{
    struct world *w = *state;
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(tell_verdict(w, X), SP_OK);
    (void)next(w, SENT_JUDGED);
    w->fake.is_failing_sync = true;
    commit(w);
    answered(w, SP_ERR_LOG_UNAVAILABLE, false, SP_END_NOT_STARTED);
    assert_string_not_equal(sp_audit_trouble(w->room), "");
    /* The next request is refused as well, and the cause's end is noticed by itself. */
    assert_int_equal(tell_who(w, FRONT_1 | 6), SP_OK);
    assert_int_equal(tell_verdict(w, FRONT_1 | 6), SP_OK);
    (void)next(w, SENT_JUDGED);
    answered(w, SP_ERR_LOG_UNAVAILABLE, false, SP_END_NOT_STARTED);
    w->fake.is_failing_sync = false;
    later(w, SP_LOG_RETRY_US);
    sp_audit_tick(w->room, w->now);
    assert_string_equal(sp_audit_trouble(w->room), "");
    run(w, FRONT_1 | 7);
    assert_int_equal(fake_disk_lines(&w->fake, "\"refused\":2"), 1);
}

/* It ran: the client is told that it may have, and the outcome is written when the log is back. */
static void test_an_outcome_that_cannot_be_recorded_is_owed(void **state)
{
    struct world *w = *state;
    run(w, X);
    run(w, FRONT_1 | 6);
    w->fake.room = 10;
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_OK);
    commit(w);
    answered(w, SP_ERR_OUTCOME_UNKNOWN, true, SP_END_DONE);
    assert_int_equal(tell_outcome(w, FRONT_1 | 6, SP_END_NOT_STARTED), SP_OK);
    answered(w, SP_ERR_LOG_UNAVAILABLE, true, SP_END_NOT_STARTED);
    assert_int_equal(sp_audit_open(w->room), 2);
    w->fake.room = UINT64_MAX;
    later(w, SP_LOG_RETRY_US);
    sp_audit_tick(w->room, w->now);
    w->fake.is_failing_sync = true; /* and once more, while it is being paid */
    commit(w);
    assert_int_equal(sp_audit_open(w->room), 2);
    w->fake.is_failing_sync = false;
    later(w, SP_LOG_RETRY_US);
    sp_audit_tick(w->room, w->now);
    commit(w);
    nothing_more(w);
    assert_int_equal(sp_audit_open(w->room), 0);
    assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"outcome\""), 2);
}

static void test_a_start_without_a_disk_refuses_and_recovers(void **state)
{
    struct world *w = *state;
    sp_audit_room_free(w->room);
    w->fake.is_failing_open = true;
    open_room(w);
    assert_string_not_equal(sp_audit_trouble(w->room), "");
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(tell_verdict(w, X), SP_OK);
    (void)next(w, SENT_JUDGED);
    answered(w, SP_ERR_LOG_UNAVAILABLE, false, SP_END_NOT_STARTED);
    w->fake.is_failing_open = false;
    later(w, SECOND);
    run(w, FRONT_1 | 6);
    assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"start\""), 2);
}

/* --- starts and stops --- */

static void test_a_start_closes_open_intents_as_unknown(void **state)
{
    struct world *w = *state;
    run(w, X);
    run(w, FRONT_1 | 6);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_OK);
    commit(w);
    sp_audit_room_free(w->room); /* as a SIGKILL leaves it */
    open_room(w);
    assert_int_equal(
        fake_disk_lines(&w->fake, "\"kind\":\"start\",\"lost_entries\":0,\"open_intents\":1,"), 1);
    assert_int_equal(fake_disk_lines(&w->fake, "\"state\":\"unknown\""), 1);
    assert_int_equal(fake_disk_lines(&w->fake, "\"exchange\":\"0001000000000006\""), 2);
}

static void test_a_stop_ends_what_runs_and_is_the_last_entry(void **state)
{
    struct world *w = *state;
    run(w, X);
    sp_audit_stop(w->room, w->now);
    answered(w, SP_ERR_OUTCOME_UNKNOWN, true, SP_END_UNKNOWN);
    assert_int_equal(fake_disk_lines(&w->fake, "{\"index\":3,\"kind\":\"stop\","), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_did_not_start_may_be_tried_again),
        TEST(test_what_may_have_run_is_unknown_whatever_relay_says),
        TEST(test_a_lost_relay_makes_its_runs_unknown),
        TEST(test_relay_lost_before_the_commit_means_not_started),
        TEST(test_a_deaf_relay_means_not_started),
        TEST(test_without_relay_no_intent_is_written),
        TEST(test_a_run_over_its_time_is_unknown_and_its_outcome_late),
        TEST(test_a_lost_worker_ends_its_own_jobs_only),
        TEST(test_a_verdict_for_somebody_elses_job_closes_the_wire),
        TEST(test_halves_that_never_meet_are_given_up),
        TEST(test_a_refusal_after_who_takes_it_back),
        TEST(test_a_lost_front_is_not_answered_but_its_runs_are_recorded),
        TEST(test_a_lost_admit_changes_nothing_for_what_runs),
        TEST(test_without_the_intent_on_disk_nothing_runs),
        TEST(test_an_outcome_that_cannot_be_recorded_is_owed),
        TEST(test_a_start_without_a_disk_refuses_and_recovers),
        TEST(test_a_start_closes_open_intents_as_unknown),
        TEST(test_a_stop_ends_what_runs_and_is_the_last_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
