/* retry: how long a run rests between two attempts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/retry.h"

static void test_delay_doubles_up_to_four_seconds(void **state)
{
    static const uint32_t most[] = {1000, 2000, 4000, 4000, 4000};
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(sp_retry_delay_ms(i + 1, 0, 0), most[i] / 2);
        assert_int_equal(sp_retry_delay_ms(i + 1, 0, most[i] / 2), most[i]);
    }
    assert_int_equal(sp_retry_delay_ms(UINT32_MAX, 0, 0), 2000);
    assert_int_equal(sp_retry_delay_ms(0, 0, 0), 500);
}

static void test_delay_lies_between_half_and_whole_for_every_number(void **state)
{
    uint32_t random = 1;
    uint32_t least = UINT32_MAX;
    uint32_t most = 0;
    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        random = random * 1664525U + 1013904223U;
        uint32_t delay = sp_retry_delay_ms(2, 0, random);
        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
    }
    assert_in_range(least, 1000, 1010);
    assert_in_range(most, 1990, 2000);
}

static void test_what_the_pool_asks_for_is_waited_out(void **state)
{
    (void)state;
    assert_in_range(sp_retry_delay_ms(1, 7000, 12345), 7000, 7249);
    assert_in_range(sp_retry_delay_ms(3, 1000, 0), 2000,
                    4000); /* longer than asked is polite too */
    assert_int_equal(sp_retry_delay_ms(1, UINT32_MAX, 0), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delay_doubles_up_to_four_seconds),
        cmocka_unit_test(test_delay_lies_between_half_and_whole_for_every_number),
        cmocka_unit_test(test_what_the_pool_asks_for_is_waited_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
