#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>

#include "os/schedule.h"

static void test_a_process_takes_turns(void **state)
{
    (void)state;
    assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
    assert_int_equal(sp_schedule_in_batches(), SP_OK);
    assert_int_equal(sched_getscheduler(0), SCHED_BATCH);
    assert_int_equal(sp_schedule_in_batches(), SP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_process_takes_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
