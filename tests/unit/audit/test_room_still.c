/* What admit is told of runs that began before it did. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room_world.h"

#define RUN_MS 1000U

static void expect_run(struct world *w, sp_exchange exchange, uint32_t left_ms)
{
    const struct sent *still = next(w, SENT_STILL);
    assert_false(still->is_last);
    assert_int_equal(still->exchange, exchange);
    assert_int_equal(still->left_ms, left_ms);
    assert_string_equal(still->text, "acme");
}

static void expect_last(struct world *w)
{
    const struct sent *still = next(w, SENT_STILL);
    assert_true(still->is_last);
    assert_true(still->is_whole);
    nothing_more(w);
}

static uint32_t whole_ms(uint32_t run_ms)
{
    return run_ms + (uint32_t)(SP_AUDIT_MARGIN_US / 1000);
}

static void restart(struct world *w)
{
    sp_audit_room_free(w->room);
    w->sent_count = 0;
    w->seen = 0;
    open_room(w);
}

static void test_an_admit_of_a_quiet_house_is_told_so(void **state)
{
    struct world *w = *state;
    sp_audit_wired(w->room, admit, w->now);
    expect_last(w);
}

static void test_a_new_admit_hears_of_what_runs_and_of_its_end(void **state)
{
    struct world *w = *state;
    run(w, X);
    later(w, SECOND / 2);
    sp_audit_wired(w->room, admit, w->now);
    expect_run(w, X, whole_ms(RUN_MS) - 500);
    expect_last(w);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_OK);
    commit(w);
    answered(w, SP_OK, true, SP_END_DONE);
    sp_audit_wired(w->room, admit, w->now);
    expect_last(w);
}

static void test_what_was_told_but_not_judged_may_run_as_well(void **state)
{
    struct world *w = *state;
    assert_int_equal(tell_who(w, X), SP_OK);
    sp_audit_wired(w->room, admit, w->now);
    expect_run(w, X, (uint32_t)(SP_AUDIT_JOIN_US / 1000) + whole_ms(SP_AUDIT_RUN_MS_MAX));
    expect_last(w);
}

static void test_a_verdict_without_a_name_does_not_run(void **state)
{
    struct world *w = *state;
    assert_int_equal(tell_verdict(w, X), SP_OK);
    w->seen = w->sent_count;
    sp_audit_wired(w->room, admit, w->now);
    expect_last(w);
}

static void test_an_unknown_end_is_told_until_its_time_is_over(void **state)
{
    struct world *w = *state;
    run(w, X);
    assert_int_equal(tell_outcome(w, X, SP_END_UNKNOWN), SP_OK);
    commit(w);
    w->seen = w->sent_count;
    later(w, SECOND);
    sp_audit_wired(w->room, admit, w->now);
    expect_run(w, 0, whole_ms(RUN_MS) - 1000);
    expect_last(w);
    later(w, SP_AUDIT_MARGIN_US);
    sp_audit_wired(w->room, admit, w->now);
    expect_last(w);
}

/* In a crash of all: what was open is closed as unknown, and counts for as long as it may go on. */
static void test_open_runs_of_the_last_start_are_told(void **state)
{
    struct world *w = *state;
    run(w, X);
    run(w, FRONT_1 | 6);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_OK);
    commit(w);
    later(w, 2 * SECOND);
    restart(w);
    sp_audit_wired(w->room, admit, w->now);
    expect_run(w, 0, whole_ms(RUN_MS) - 2000);
    expect_last(w);
}

/* Its outcome is on record, and yet it may run: the start after the next still knows. Exchanges come again by then. */
static void test_no_number_of_starts_forgets_one(void **state)
{
    struct world *w = *state;
    run(w, X);
    later(w, SECOND);
    restart(w);
    run(w, X);
    later(w, SECOND);
    restart(w);
    later(w, SECOND);
    restart(w);
    sp_audit_wired(w->room, admit, w->now);
    const struct sent *first = next(w, SENT_STILL);
    const struct sent *second = next(w, SENT_STILL);
    assert_int_equal(first->left_ms + second->left_ms, 2 * whole_ms(RUN_MS) - 3000 - 2000);
    expect_last(w);
    later(w, SP_AUDIT_MARGIN_US + SECOND);
    restart(w);
    sp_audit_wired(w->room, admit, w->now);
    expect_last(w);
}

/* Nobody is told that nothing runs by an audit that could not read its log. */
static void test_without_a_log_nothing_is_told_until_it_is_there(void **state)
{
    struct world *w = *state;
    run(w, X);
    w->fake.is_failing_open = true;
    restart(w);
    sp_audit_wired(w->room, admit, w->now);
    nothing_more(w);
    w->fake.is_failing_open = false;
    later(w, 2 * SECOND);
    sp_audit_tick(w->room, w->now);
    expect_run(w, 0, whole_ms(RUN_MS) - 2000);
    expect_last(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_admit_of_a_quiet_house_is_told_so),
        TEST(test_a_new_admit_hears_of_what_runs_and_of_its_end),
        TEST(test_what_was_told_but_not_judged_may_run_as_well),
        TEST(test_a_verdict_without_a_name_does_not_run),
        TEST(test_an_unknown_end_is_told_until_its_time_is_over),
        TEST(test_open_runs_of_the_last_start_are_told),
        TEST(test_no_number_of_starts_forgets_one),
        TEST(test_without_a_log_nothing_is_told_until_it_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
