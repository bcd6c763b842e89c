#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quota/quota.h"

#define NOW ((uint64_t)5000000)

static struct sp_quota *make(size_t tenants, struct sp_quota_limits limits)
{
    struct sp_quota *quota = NULL;
    assert_int_equal(sp_quota_new(tenants, &quota), SP_OK);
    for (size_t i = 0; i < tenants; i++) {
        assert_int_equal(sp_quota_set(quota, i, limits), SP_OK);
    }
    return quota;
}

static void test_runs_at_once_are_bounded_and_each_end_frees_one(void **state)
{
    (void)state;
    struct sp_quota *quota = make(2, (struct sp_quota_limits){.concurrent_runs = 2});
    struct sp_quota_refusal refusal = {0};
    assert_int_equal(sp_quota_reserve(quota, 0, true, NOW, &refusal), SP_OK);
    assert_int_equal(sp_quota_reserve(quota, 0, true, NOW, &refusal), SP_OK);
    assert_int_equal(sp_quota_reserve(quota, 0, true, NOW, &refusal), SP_ERR_QUOTA);
    assert_int_equal(refusal.limit, SP_QUOTA_CONCURRENT_RUNS);
    assert_int_equal(refusal.size, 2);
    assert_int_equal(refusal.used, 2);
    /* neither another tenant nor a request that is no run is touched by it */
    assert_int_equal(sp_quota_reserve(quota, 1, true, NOW, &refusal), SP_OK);
    assert_int_equal(sp_quota_reserve(quota, 0, false, NOW, &refusal), SP_OK);
    sp_quota_end_run(quota, 0);
    assert_int_equal(sp_quota_runs(quota, 0), 1);
    assert_int_equal(sp_quota_reserve(quota, 0, true, NOW, &refusal), SP_OK);
    sp_quota_free(quota);
}

static void test_a_run_refused_for_its_count_takes_no_request(void **state)
{
    (void)state;
    struct sp_quota *quota = make(1, (struct sp_quota_limits){.requests_per_minute = 2, .concurrent_runs = 1});
    struct sp_quota_refusal refusal = {0};
    assert_int_equal(sp_quota_reserve(quota, 0, true, NOW, &refusal), SP_OK);
    assert_int_equal(sp_quota_reserve(quota, 0, true, NOW, &refusal), SP_ERR_QUOTA);
    sp_quota_end_run(quota, 0);
    assert_int_equal(sp_quota_reserve(quota, 0, true, NOW, &refusal), SP_OK);
    sp_quota_end_run(quota, 0);
    assert_int_equal(sp_quota_reserve(quota, 0, true, NOW, &refusal), SP_ERR_QUOTA);
    assert_int_equal(refusal.limit, SP_QUOTA_REQUESTS_PER_MINUTE);
    assert_int_equal(refusal.used, 2);
    assert_int_equal(refusal.after_us, 30000000);
    assert_int_equal(sp_quota_runs(quota, 0), 0);
    sp_quota_free(quota);
}

static void test_impossible_limits_and_tenants_are_refused(void **state)
{
    (void)state;
    struct sp_quota *quota = make(1, (struct sp_quota_limits){0});
    assert_int_equal(sp_quota_set(quota, 1, (struct sp_quota_limits){0}), SP_ERR_RANGE);
    assert_int_equal(sp_quota_set(quota, 0, (struct sp_quota_limits){.requests_per_minute = 1000001}), SP_ERR_RANGE);
    assert_int_equal(sp_quota_runs(quota, 9), 0);
    assert_string_equal(sp_quota_limit_name(SP_QUOTA_CONCURRENT_RUNS), "concurrent_runs");
    sp_quota_free(quota);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_at_once_are_bounded_and_each_end_frees_one),
        cmocka_unit_test(test_a_run_refused_for_its_count_takes_no_request),
        cmocka_unit_test(test_impossible_limits_and_tenants_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
