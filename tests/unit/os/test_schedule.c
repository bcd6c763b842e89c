#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <sched.h>
#include <stdlib.h>

#include "os/schedule.h"

static void test_a_process_takes_turns(void **state)
{
    (void)state;
    assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
    assert_int_equal(sp_schedule_in_batches(), SP_OK);
    assert_int_equal(sched_getscheduler(0), SCHED_BATCH);
    assert_int_equal(sp_schedule_in_batches(), SP_OK);
}

/* Under a sanitizer, which has a malloc of its own, this says nothing and must do no harm. */
static void test_freed_memory_goes_back(void **state)
{
    enum { BLOCKS = 4096 };
    static void *blocks[BLOCKS];
    (void)state;
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = calloc(1, 4096);
        assert_non_null(blocks[i]);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        free(blocks[i]);
    }
    sp_schedule_rest();
    assert_true(mallinfo2().fordblks < BLOCKS * 4096 / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_freed_memory_goes_back),
        cmocka_unit_test(test_a_process_takes_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
