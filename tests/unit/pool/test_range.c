#include "pool/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_ranges_and_what_means_the_whole_file(void **state)
{
    static const struct {
        const char *value;
        uint64_t size;
        enum sp_err want;
        bool is_part;
        uint64_t from;
        uint64_t len;
    } cases[] = {
        {"", 10, SP_OK, false, 0, 10},
        {"bytes=0-3", 10, SP_OK, true, 0, 4},
        {"bytes=9-", 10, SP_OK, true, 9, 1},
        {"bytes=-3", 10, SP_OK, true, 7, 3},
        {"bytes=-30", 10, SP_OK, true, 0, 10},
        {"bytes=5-99", 10, SP_OK, true, 5, 5},
        {"bytes=0-0", 1, SP_OK, true, 0, 1},
        {"bytes=10-", 10, SP_ERR_NOT_SATISFIABLE, false, 0, 10},
        {"bytes=-0", 10, SP_ERR_NOT_SATISFIABLE, false, 0, 10},
        {"bytes=0-", 0, SP_ERR_NOT_SATISFIABLE, false, 0, 0},
        {"bytes=3-2", 10, SP_OK, false, 0, 10},
        {"bytes=0-1,3-4", 10, SP_OK, false, 0, 10},
        {"bytes=a-b", 10, SP_OK, false, 0, 10},
        {"bytes=5", 10, SP_OK, false, 0, 10},
        {"lines=0-1", 10, SP_OK, false, 0, 10},
        {"bytes=99999999999999999999-", 10, SP_OK, false, 0, 10},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_pool_range out = {.is_part = false};
        enum sp_err err = sp_pool_range_read(sp_slice_of(cases[i].value), cases[i].size, &out);
        if (err != cases[i].want || out.is_part != cases[i].is_part || out.from != cases[i].from ||
            out.len != cases[i].len) {
            fail_msg("%s of %u: %s", cases[i].value, (unsigned)cases[i].size, sp_err_name(err));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges_and_what_means_the_whole_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
