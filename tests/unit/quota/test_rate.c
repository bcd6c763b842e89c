#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quota/rate.h"

#define SECOND ((uint64_t)1000000)
#define START  ((uint64_t)1000 * SECOND)

static unsigned take_all(struct sp_rate *rate, uint32_t per_minute, uint64_t now_us)
{
    uint64_t after_us = 0;
    unsigned taken = 0;
    while (sp_rate_take(rate, per_minute, now_us, &after_us) == SP_OK) {
        taken++;
        assert_true(taken <= per_minute);
    }
    return taken;
}

static void test_a_minutes_worth_is_free_at_once_and_not_one_more(void **state)
{
    (void)state;
    static const uint32_t rates[] = {1, 7, 60, 600, 999983};
    for (size_t i = 0; i < SP_COUNT(rates); i++) {
        struct sp_rate rate = {0};
        assert_int_equal(take_all(&rate, rates[i], START), rates[i]);
        assert_int_equal(sp_rate_free(&rate, rates[i], START), 0);
    }
}

static void test_the_wait_that_is_told_is_exact(void **state)
{
    (void)state;
    static const uint32_t rates[] = {1, 7, 60, 601, 70001};
    for (size_t i = 0; i < SP_COUNT(rates); i++) {
        struct sp_rate rate = {0};
        uint64_t after_us = 0;
        (void)take_all(&rate, rates[i], START);
        assert_int_equal(sp_rate_take(&rate, rates[i], START, &after_us), SP_ERR_QUOTA);
        assert_true(after_us > 0 && after_us <= 60 * SECOND);
        uint64_t ignored = 0;
        assert_int_equal(sp_rate_take(&rate, rates[i], START + after_us - 1, &ignored),
                         SP_ERR_QUOTA);
        assert_int_equal(sp_rate_take(&rate, rates[i], START + after_us, &ignored), SP_OK);
    }
}

/* A model that counts: over any span, at most what was saved up plus what the span brings. */
static void test_never_one_over_in_a_long_walk(void **state)
{
    (void)state;
    const uint32_t per_minute = 60;
    struct sp_rate rate = {0};
    uint64_t seed = 1;
    uint64_t now = START;
    uint64_t taken = 0;
    for (unsigned i = 0; i < 200000; i++) {
        uint64_t after_us = 0;
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        now += (seed >> 33) % (2 * SECOND);
        taken += sp_rate_take(&rate, per_minute, now, &after_us) == SP_OK ? 1 : 0;
        assert_true(taken <= per_minute + (now - START) / SECOND);
    }
    assert_true(taken >= (now - START) / SECOND * 9 / 10);
}

static void test_a_refusal_takes_nothing(void **state)
{
    (void)state;
    struct sp_rate rate = {0};
    uint64_t after_us = 0;
    (void)take_all(&rate, 5, START);
    struct sp_rate before = rate;
    assert_int_equal(sp_rate_take(&rate, 5, START, &after_us), SP_ERR_QUOTA);
    assert_int_equal(rate.arrival_us, before.arrival_us);
    assert_int_equal(sp_rate_free(&rate, 5, START), 0);
}

static void test_zero_is_no_limit_and_a_rate_over_the_most_is_refused(void **state)
{
    (void)state;
    struct sp_rate rate = {0};
    uint64_t after_us = 7;
    assert_int_equal(sp_rate_take(&rate, 0, START, &after_us), SP_OK);
    assert_int_equal(sp_rate_take(&rate, SP_RATE_PER_MINUTE_MAX, START, &after_us), SP_OK);
    assert_int_equal(sp_rate_take(&rate, SP_RATE_PER_MINUTE_MAX + 1, START, &after_us),
                     SP_ERR_RANGE);
    assert_int_equal(sp_rate_take(&rate, 2, UINT64_MAX, &after_us), SP_ERR_RANGE);
    assert_int_equal(after_us, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_minutes_worth_is_free_at_once_and_not_one_more),
        cmocka_unit_test(test_the_wait_that_is_told_is_exact),
        cmocka_unit_test(test_never_one_over_in_a_long_walk),
        cmocka_unit_test(test_a_refusal_takes_nothing),
        cmocka_unit_test(test_zero_is_no_limit_and_a_rate_over_the_most_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
