#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quota/time.h"

#define DAY SP_QUOTA_DAY_US

static void test_it_goes_on_with_the_monotonic_clock_and_follows_the_wall_forward_only(void **state)
{
    (void)state;
    struct sp_quota_clock clock;
    sp_quota_clock_start(&clock, 0, 500, 100 * DAY);
    assert_true(sp_quota_clock_now(&clock, 510, 100 * DAY + 10) == 100 * DAY + 10);
    assert_true(sp_quota_clock_now(&clock, 520, 50 * DAY) == 100 * DAY + 20); /* set back */
    assert_true(sp_quota_clock_now(&clock, 530, 101 * DAY) == 101 * DAY);     /* set forward */
    assert_true(sp_quota_clock_now(&clock, 400, 0) == 101 * DAY); /* nothing goes back */
}

static void test_a_wall_clock_behind_what_was_written_is_not_believed(void **state)
{
    (void)state;
    struct sp_quota_clock clock;
    sp_quota_clock_start(&clock, 100 * DAY, 0, 99 * DAY);
    assert_true(sp_quota_clock_now(&clock, 7, 99 * DAY + 7) == 100 * DAY + 7);
    sp_quota_clock_start(&clock, 98 * DAY, 0, 99 * DAY);
    assert_true(sp_quota_clock_now(&clock, 0, 99 * DAY) == 99 * DAY);
}

static void test_days_are_whole(void **state)
{
    (void)state;
    assert_int_equal(sp_quota_day(3 * DAY - 1), 2);
    assert_int_equal(sp_quota_day(3 * DAY), 3);
    assert_true(sp_quota_day_left_us(3 * DAY - 1) == 1);
    assert_true(sp_quota_day_left_us(3 * DAY) == DAY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_it_goes_on_with_the_monotonic_clock_and_follows_the_wall_forward_only),
        cmocka_unit_test(test_a_wall_clock_behind_what_was_written_is_not_believed),
        cmocka_unit_test(test_days_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
