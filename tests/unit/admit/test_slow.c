#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "admit/slow.h"

#define SECOND UINT64_C(1000000)
#define START  (1000 * SECOND)

static void failed(struct sp_slow *slow, const char *source, unsigned times, uint64_t now)
{
    for (unsigned i = 0; i < times; i++) {
        sp_slow_failed(slow, sp_slice_of(source), now);
    }
}

static uint64_t wait_of(struct sp_slow *slow, const char *source, uint64_t now)
{
    return sp_slow_wait_us(slow, sp_slice_of(source), now);
}

static void test_a_burst_passes_and_then_the_rate_holds(void **state)
{
    (void)state;
    struct sp_slow *slow = NULL;
    assert_int_equal(sp_slow_new(60, 7, &slow), SP_OK);
    failed(slow, "192.0.2.7", 59, START);
    assert_int_equal(wait_of(slow, "192.0.2.7", START), 0);
    failed(slow, "192.0.2.7", 1, START);
    assert_int_equal(wait_of(slow, "192.0.2.7", START), SECOND);
    failed(slow, "192.0.2.7", 1000, START); /* what is refused does not lengthen the wait */
    assert_int_equal(wait_of(slow, "192.0.2.7", START), SECOND);
    assert_int_equal(wait_of(slow, "192.0.2.7", START + SECOND), 0);
    failed(slow, "192.0.2.7", 1, START + SECOND);
    assert_int_equal(wait_of(slow, "192.0.2.7", START + SECOND), SECOND);
    assert_int_equal(wait_of(slow, "192.0.2.8", START + SECOND), 0);
    assert_int_equal(wait_of(slow, "192.0.2.7", START + 3600 * SECOND), 0);
    sp_slow_free(slow);
}

static void test_addresses_of_one_customer_are_one_source(void **state)
{
    (void)state;
    struct sp_slow *slow = NULL;
    assert_int_equal(sp_slow_new(1, 7, &slow), SP_OK);
    failed(slow, "2001:db8:1:2::1", 1, START);
    assert_true(wait_of(slow, "2001:db8:1:2:ffff::9", START) > 0);
    assert_true(wait_of(slow, "2001:0db8:0001:0002::1", START) > 0);
    assert_int_equal(wait_of(slow, "2001:db8:1:3::1", START), 0);
    failed(slow, "unknown", 1, START);
    assert_true(wait_of(slow, "unknown", START) > 0);
    sp_slow_free(slow);
}

static void test_none_is_no_limit(void **state)
{
    (void)state;
    struct sp_slow *slow = NULL;
    assert_int_equal(sp_slow_new(0, 7, &slow), SP_OK);
    failed(slow, "192.0.2.7", 100000, START);
    assert_int_equal(wait_of(slow, "192.0.2.7", START), 0);
    sp_slow_free(slow);
}

/* A flood from everywhere: the table stays as large as it is, and whoever failed just now is in it. */
static void test_many_sources_push_out_those_that_owe_least(void **state)
{
    (void)state;
    struct sp_slow *slow = NULL;
    char source[32];
    unsigned slowed = 0;
    assert_int_equal(sp_slow_new(10, 7, &slow), SP_OK);
    failed(slow, "192.0.2.7", 10, START);
    for (unsigned i = 0; i < 100000; i++) {
        (void)snprintf(source, sizeof(source), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        failed(slow, source, 1, START);
    }
    assert_true(wait_of(slow, "192.0.2.7", START) > 0);
    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(source, sizeof(source), "172.16.0.%u", i);
        failed(slow, source, 10, START + 30 * SECOND);
        slowed += wait_of(slow, source, START + 30 * SECOND) > 0;
    }
    assert_int_equal(slowed, 100);
    sp_slow_free(slow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_burst_passes_and_then_the_rate_holds),
        cmocka_unit_test(test_addresses_of_one_customer_are_one_source),
        cmocka_unit_test(test_none_is_no_limit),
        cmocka_unit_test(test_many_sources_push_out_those_that_owe_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
