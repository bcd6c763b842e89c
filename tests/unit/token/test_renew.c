/* renew: asks ahead of the end, once at a time, with growing patience. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "token/renew.h"

#define HOUR_MS   ((uint64_t)3600 * 1000)
#define MINUTE_MS ((uint64_t)60 * 1000)

static void test_renewal_is_ahead_of_the_end(void **state)
{
    (void)state;
    const struct {
        uint64_t lives_ms;
        uint64_t refresh_ms;
        uint64_t asked_ms;
    } cases[] = {
        {HOUR_MS, 0, HOUR_MS - 5 * MINUTE_MS},    {24 * HOUR_MS, 0, 12 * HOUR_MS},
        {24 * HOUR_MS, 3 * HOUR_MS, 3 * HOUR_MS}, {HOUR_MS, 2 * HOUR_MS, 55 * MINUTE_MS},
        {4 * MINUTE_MS, 0, 2 * MINUTE_MS},        {1, 0, SP_RENEW_FIRST_DELAY_MS},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_renew r;
        sp_renew_init(&r);
        assert_true(sp_renew_is_due(&r, 1000));
        sp_renew_asked(&r);
        assert_false(sp_renew_is_due(&r, 1000)); /* one question at a time */
        sp_renew_got(&r, 1000, cases[i].lives_ms, cases[i].refresh_ms);
        assert_false(sp_renew_is_due(&r, 1000 + cases[i].asked_ms - 1));
        assert_true(sp_renew_is_due(&r, 1000 + cases[i].asked_ms));
    }
}

static void test_a_value_serves_until_just_before_its_end(void **state)
{
    (void)state;
    struct sp_renew r;
    sp_renew_init(&r);
    sp_renew_asked(&r);
    sp_renew_got(&r, 0, HOUR_MS, 0);
    sp_renew_asked(&r);
    sp_renew_failed(&r, 55 * MINUTE_MS, 503, 0, 0);
    assert_true(sp_renew_is_good(&r, HOUR_MS - SP_RENEW_MARGIN_MS -
                                         1)); /* the old one, while renewing fails */
    assert_false(sp_renew_is_good(&r, HOUR_MS - SP_RENEW_MARGIN_MS));
}

static void test_patience_grows_with_failures(void **state)
{
    (void)state;
    const struct {
        unsigned status;
        uint64_t retry_after_ms;
        uint64_t delays_ms[4];
    } cases[] = {
        {0, 0, {800, 1600, 3200, 6400}},
        {500, 0, {800, 1600, 3200, 6400}},
        {410, 0, {3000, 6000, 12000, 24000}},
        {429, 7000, {7000, 7000, 7000, 7000}},
        {429, HOUR_MS, {5 * MINUTE_MS, 5 * MINUTE_MS, 5 * MINUTE_MS, 5 * MINUTE_MS}},
        {400, 0, {MINUTE_MS, MINUTE_MS, MINUTE_MS, MINUTE_MS}},
        {401, 0, {MINUTE_MS, MINUTE_MS, MINUTE_MS, MINUTE_MS}},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_renew r;
        uint64_t at = 5000;
        sp_renew_init(&r);
        for (unsigned k = 0; k < 4; k++) {
            sp_renew_asked(&r);
            sp_renew_failed(&r, at, cases[i].status, cases[i].retry_after_ms, 0);
            assert_false(sp_renew_is_due(&r, at + cases[i].delays_ms[k] - 1));
            at += cases[i].delays_ms[k];
            assert_true(sp_renew_is_due(&r, at));
        }
    }
}

static void test_patience_has_an_end_and_a_little_chance(void **state)
{
    (void)state;
    struct sp_renew r;
    sp_renew_init(&r);
    for (unsigned i = 0; i < 100; i++) {
        sp_renew_failed(&r, 0, 503, 0, 255);
    }
    assert_true(sp_renew_next_ms(&r, 0) > SP_RENEW_LAST_DELAY_MS);
    assert_true(sp_renew_next_ms(&r, 0) <= SP_RENEW_LAST_DELAY_MS * 5 / 4);
}

static void test_a_refused_value_is_dropped_once_in_a_while(void **state)
{
    (void)state;
    struct sp_renew r;
    sp_renew_init(&r);
    assert_false(sp_renew_drop(&r, 0)); /* there is none */
    sp_renew_got(&r, 0, HOUR_MS, 0);
    assert_true(sp_renew_drop(&r, 1000));
    assert_true(sp_renew_is_due(&r, 1000));
    assert_false(sp_renew_is_good(&r, 1000));
    sp_renew_got(&r, 1100, HOUR_MS, 0);
    assert_false(sp_renew_drop(&r, 1000 + SP_RENEW_DROP_MS - 1));
    assert_true(sp_renew_drop(&r, 1000 + SP_RENEW_DROP_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_renewal_is_ahead_of_the_end),
        cmocka_unit_test(test_a_value_serves_until_just_before_its_end),
        cmocka_unit_test(test_patience_grows_with_failures),
        cmocka_unit_test(test_patience_has_an_end_and_a_little_chance),
        cmocka_unit_test(test_a_refused_value_is_dropped_once_in_a_while),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
