/* Runs whose end nobody knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/room.h"
#include "audit/still.h"

#define T UINT64_C(1795258800000000)

static struct sp_still *still;

static int begin(void **state)
{
    (void)state;
    return sp_still_new(&still) == SP_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    sp_still_free(still);
    return 0;
}

static struct sp_still_run run_of(uint64_t intent, uint64_t until_us)
{
    return (struct sp_still_run){
        .intent = intent, .until_us = until_us, .tenant = "acme", .principal = "t1"};
}

static void test_they_go_when_their_time_is_over(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 10; i++) {
        const struct sp_still_run run = run_of(100 - i, T + i);
        assert_int_equal(sp_still_add(still, &run), SP_OK);
    }
    assert_int_equal(sp_still_oldest(still), 91);
    sp_still_expire(still, T + 3);
    assert_int_equal(sp_still_count(still), 6);
    sp_still_expire(still, T + 9);
    assert_int_equal(sp_still_count(still), 0);
    assert_int_equal(sp_still_oldest(still), UINT64_MAX);
}

static void test_an_intent_is_there_once(void **state)
{
    (void)state;
    const struct sp_still_run first = run_of(7, T);
    const struct sp_still_run second = run_of(7, T + 5);
    const struct sp_still_run same_bucket = run_of(7 + SP_EXCHANGE_SLOTS, T);
    assert_int_equal(sp_still_add(still, &first), SP_OK);
    assert_int_equal(sp_still_add(still, &second), SP_OK);
    assert_int_equal(sp_still_add(still, &same_bucket), SP_OK);
    assert_int_equal(sp_still_count(still), 2);
    sp_still_expire(still, T);
    assert_int_equal(sp_still_count(still), 1);
}

static void test_past_the_bound_it_is_not_whole(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < SP_STILL_MAX; i++) {
        const struct sp_still_run run = run_of(i, T);
        assert_int_equal(sp_still_add(still, &run), SP_OK);
    }
    assert_true(sp_still_is_whole(still));
    const struct sp_still_run more = run_of(SP_STILL_MAX, T);
    assert_int_equal(sp_still_add(still, &more), SP_ERR_FULL);
    assert_false(sp_still_is_whole(still));
}

static void note(const char *line)
{
    struct sp_record_glance glance;
    assert_int_equal(sp_record_look(sp_slice_of(line), &glance), SP_OK);
    assert_int_equal(sp_still_note(still, sp_slice_of(line), &glance), SP_OK);
}

#define INTENT(index, operation, run_ms)                                                           \
    "{\"exchange\":\"0001000000000005\",\"index\":" index                                          \
    ",\"kind\":\"intent\",\"operation\":\"" operation                                              \
    "\",\"principal\":\"t\\u00041\",\"run_ms_max\":" run_ms                                        \
    ",\"tenant\":\"acme\",\"time\":\"2026-11-21T12:00:00.000000Z\"}"
#define OUTCOME(index, intent, end)                                                                \
    "{\"exchange\":\"0001000000000005\",\"index\":" index ",\"intent\":" intent                    \
    ",\"kind\":\"outcome\",\"state\":\"" end "\",\"time\":\"2026-11-21T12:00:01.000000Z\"}"

static enum sp_err copy(void *ctx, const struct sp_still_run *run)
{
    *(struct sp_still_run *)ctx = *run;
    return SP_OK;
}

static void test_a_log_is_read_entry_by_entry(void **state)
{
    struct sp_still_run run = {.intent = 0};
    struct sp_record_glance glance;
    (void)state;
    note(INTENT("1", "execute", "5000"));
    note(INTENT("2", "upload", "0")); /* no run */
    note(INTENT("3", "execute", "0"));
    note(OUTCOME("4", "1", "done"));
    note(OUTCOME("5", "3", "unknown")); /* it may go on */
    note(INTENT("6", "execute", "7"));
    note(OUTCOME("7", "6", "not-started"));
    assert_int_equal(sp_still_count(still), 1);
    assert_int_equal(sp_still_each(still, copy, &run), SP_OK);
    assert_int_equal(run.intent, 3);
    assert_string_equal(run.tenant, "acme");
    assert_string_equal(run.principal, "t\x04"
                                       "1");
    assert_int_equal(sp_record_look(SP_SLICE_LITERAL(INTENT("3", "execute", "0")), &glance), SP_OK);
    assert_int_equal(run.until_us,
                     glance.wall_us + SP_AUDIT_RUN_MS_MAX * 1000U + SP_AUDIT_MARGIN_US);
}

static void test_the_time_of_a_run_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(sp_still_time_us(5), 5000 + SP_AUDIT_MARGIN_US);
    assert_int_equal(sp_still_time_us(0), SP_AUDIT_RUN_MS_MAX * 1000U + SP_AUDIT_MARGIN_US);
    assert_int_equal(sp_still_time_us(UINT64_MAX),
                     SP_AUDIT_RUN_MS_MAX * 1000U + SP_AUDIT_MARGIN_US);
    assert_true(sp_still_is_run("execute"));
    assert_false(sp_still_is_run("upload"));
    assert_false(sp_still_is_run(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_they_go_when_their_time_is_over, begin, end),
        cmocka_unit_test_setup_teardown(test_an_intent_is_there_once, begin, end),
        cmocka_unit_test_setup_teardown(test_past_the_bound_it_is_not_whole, begin, end),
        cmocka_unit_test_setup_teardown(test_a_log_is_read_entry_by_entry, begin, end),
        cmocka_unit_test_setup_teardown(test_the_time_of_a_run_is_bounded, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
