/* breaker: when a pool that fails is left alone, and when it is asked again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/breaker.h"

#define MS ((uint64_t)1000)

static void test_breaker_opens_after_so_many_failures_in_a_row(void **state)
{
    struct sp_breaker b;
    (void)state;
    sp_breaker_init(&b, 3);
    assert_false(sp_breaker_failed(&b, 0, 0));
    assert_false(sp_breaker_failed(&b, 0, 0));
    assert_false(sp_breaker_good(&b)); /* not in a row any more */
    assert_false(sp_breaker_failed(&b, 0, 0));
    assert_false(sp_breaker_failed(&b, 0, 0));
    assert_true(sp_breaker_passes(&b, 0));
    assert_true(sp_breaker_failed(&b, 0, 0));
    assert_false(sp_breaker_passes(&b, SP_BREAKER_FIRST_MS * MS - 1));
    assert_true(sp_breaker_passes(&b, SP_BREAKER_FIRST_MS * MS));
}

static void test_breaker_lets_one_request_try(void **state)
{
    struct sp_breaker b;
    uint64_t now = SP_BREAKER_FIRST_MS * MS;
    (void)state;
    sp_breaker_init(&b, 1);
    assert_false(sp_breaker_try(&b)); /* shut: nothing to try */
    assert_true(sp_breaker_failed(&b, 0, 0));
    assert_true(sp_breaker_try(&b));
    assert_false(sp_breaker_passes(&b, now));
    sp_breaker_untried(&b);
    assert_true(sp_breaker_passes(&b, now));
    assert_true(sp_breaker_try(&b));
    assert_true(sp_breaker_good(&b));
    assert_true(sp_breaker_passes(&b, now));
    assert_false(sp_breaker_try(&b));
}

static void test_breaker_stays_open_longer_each_time_up_to_a_bound(void **state)
{
    struct sp_breaker b;
    uint64_t now = 0;
    (void)state;
    sp_breaker_init(&b, 1);
    assert_true(sp_breaker_failed(&b, 0, now));
    for (uint32_t ms = SP_BREAKER_FIRST_MS; ms < SP_BREAKER_LAST_MS; ms *= 2) {
        assert_int_equal(b.open_ms, ms);
        assert_int_equal(sp_breaker_wait_ms(&b, now), ms);
        now += ms * MS;
        assert_true(sp_breaker_try(&b));
        assert_true(sp_breaker_failed(&b, 0, now));
    }
    assert_int_equal(b.open_ms, SP_BREAKER_LAST_MS);
    now += SP_BREAKER_LAST_MS * MS;
    assert_true(sp_breaker_try(&b));
    assert_true(sp_breaker_failed(&b, 0, now));
    assert_int_equal(b.open_ms, SP_BREAKER_LAST_MS);
    assert_true(sp_breaker_try(&b));
    assert_true(sp_breaker_good(&b));
    assert_true(sp_breaker_failed(&b, 0, now));
    assert_int_equal(b.open_ms, SP_BREAKER_FIRST_MS);
}

static void test_breaker_takes_late_failures_for_nothing_new(void **state)
{
    struct sp_breaker b;
    (void)state;
    sp_breaker_init(&b, 1);
    assert_true(sp_breaker_failed(&b, 0, 0));
    assert_false(sp_breaker_failed(&b, 0, 500 * MS));
    assert_true(sp_breaker_passes(&b, SP_BREAKER_FIRST_MS * MS));
}

static void test_breaker_counts_one_sessions_failures_once(void **state)
{
    struct sp_breaker b;
    (void)state;
    sp_breaker_init(&b, 2);
    for (unsigned i = 0; i < 10; i++) {
        assert_false(sp_breaker_failed(&b, 77, 0));
    }
    assert_true(sp_breaker_failed(&b, 78, 0));
}

static void test_breaker_of_none_never_opens(void **state)
{
    struct sp_breaker b;
    (void)state;
    sp_breaker_init(&b, 0);
    for (unsigned i = 0; i < 1000; i++) {
        assert_false(sp_breaker_failed(&b, 0, 0));
    }
    assert_true(sp_breaker_passes(&b, 0));
}

static void test_breaker_tells_for_how_long(void **state)
{
    struct sp_breaker b;
    (void)state;
    sp_breaker_init(&b, 1);
    b.open_ms = 2 * SP_BREAKER_FIRST_MS;
    b.is_open = true;
    b.is_tried = true;
    assert_true(sp_breaker_failed(&b, 0, 0)); /* 4 s */
    assert_int_equal(sp_breaker_wait_ms(&b, 1), 4000);
    assert_int_equal(sp_breaker_wait_ms(&b, 1500 * MS), 2500);
    assert_int_equal(sp_breaker_wait_ms(&b, 3900 * MS), 1000); /* never less than a second */
    assert_int_equal(sp_breaker_wait_ms(&b, 9000 * MS), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_breaker_opens_after_so_many_failures_in_a_row),
        cmocka_unit_test(test_breaker_lets_one_request_try),
        cmocka_unit_test(test_breaker_stays_open_longer_each_time_up_to_a_bound),
        cmocka_unit_test(test_breaker_takes_late_failures_for_nothing_new),
        cmocka_unit_test(test_breaker_counts_one_sessions_failures_once),
        cmocka_unit_test(test_breaker_of_none_never_opens),
        cmocka_unit_test(test_breaker_tells_for_how_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
