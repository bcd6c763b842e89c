#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "admit/workers.h"

static void test_jobs_go_to_the_least_busy_and_two_are_the_most(void **state)
{
    (void)state;
    struct sp_workers workers;
    unsigned got[4] = {9, 9, 9, 9};
    unsigned none = 9;
    sp_workers_init(&workers, 2, 0);
    for (unsigned i = 0; i < 4; i++) {
        assert_true(sp_workers_book(&workers, false, 0, &got[i]));
    }
    assert_int_equal(got[0], 0);
    assert_int_equal(got[1], 1);
    assert_int_equal(workers.all[0].jobs, 2);
    assert_false(sp_workers_book(&workers, false, 0, &none));
    assert_int_equal(none, 9);
    sp_workers_done(&workers, 1);
    assert_true(sp_workers_book(&workers, false, 0, &none));
    assert_int_equal(none, 1);
}

static void test_a_dead_worker_rests_longer_each_time_until_it_judges(void **state)
{
    (void)state;
    struct sp_workers workers;
    unsigned got = 9;
    uint64_t now = 1000000;
    uint64_t last = 0;
    sp_workers_init(&workers, 1, 0);
    for (unsigned i = 0; i < 12; i++) {
        assert_true(sp_workers_book(&workers, false, now, &got));
        assert_true(sp_workers_book(&workers, false, now, &got));
        sp_workers_lost(&workers, 0, now);
        sp_workers_lost(&workers, 0, now);
        uint64_t rest = workers.all[0].rests_until_us - now;
        assert_true(rest >= last && rest <= SP_WORKER_REST_MAX);
        assert_false(sp_workers_book(&workers, false, now + rest - 1, &got));
        now += rest;
        last = rest;
    }
    assert_int_equal(last, SP_WORKER_REST_MAX);
    assert_true(sp_workers_book(&workers, false, now, &got));
    sp_workers_done(&workers, 0);
    assert_true(sp_workers_book(&workers, false, now, &got));
    sp_workers_lost(&workers, 0, now);
    assert_int_equal(workers.all[0].rests_until_us - now, SP_WORKER_REST_US);
}

static void test_more_workers_than_there_may_be_are_not_used(void **state)
{
    (void)state;
    struct sp_workers workers;
    sp_workers_init(&workers, 1000, 0);
    assert_int_equal(workers.count, SP_WORKERS_MAX);
    unsigned got = 9;
    sp_workers_init(&workers, 0, 0);
    assert_false(sp_workers_book(&workers, false, 0, &got));
}

static void test_large_files_have_workers_of_their_own(void **state)
{
    struct sp_workers workers;
    unsigned got = 99;
    (void)state;
    sp_workers_init(&workers, 2, 1);
    for (unsigned i = 0; i < SP_WORKER_JOBS_MAX; i++) {
        assert_true(sp_workers_book(&workers, true, 1, &got));
        assert_int_equal(got, 2);
    }
    assert_false(sp_workers_book(&workers, true, 1, &got));
    assert_true(sp_workers_book(&workers, false, 1, &got));
    assert_true(got < 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jobs_go_to_the_least_busy_and_two_are_the_most),
        cmocka_unit_test(test_a_dead_worker_rests_longer_each_time_until_it_judges),
        cmocka_unit_test(test_more_workers_than_there_may_be_are_not_used),
        cmocka_unit_test(test_large_files_have_workers_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
