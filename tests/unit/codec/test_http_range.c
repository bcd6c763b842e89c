/* http_range: one range, and what means the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/http_range.h"

static const struct {
    const char *value;
    uint64_t size;
    enum sp_err err;
    bool is_part;
    uint64_t from;
    uint64_t len;
} cases[] = {
    {"bytes=0-3", 10, SP_OK, true, 0, 4},
    {"bytes=9-9", 10, SP_OK, true, 9, 1},
    {"bytes=5-", 10, SP_OK, true, 5, 5},
    {"bytes=5-99999999999999999999", 10, SP_OK, false, 0, 10},
    {"bytes=5-18446744073709551614", 10, SP_OK, true, 5, 5},
    {"bytes=-3", 10, SP_OK, true, 7, 3},
    {"bytes=-30", 10, SP_OK, true, 0, 10},
    {" Bytes= 1-2 ", 10, SP_OK, true, 1, 2},
    {"", 10, SP_OK, false, 0, 10},
    {"bytes", 10, SP_OK, false, 0, 10},
    {"bytes=", 10, SP_OK, false, 0, 10},
    {"bytes=-", 10, SP_OK, false, 0, 10},
    {"bytes=3-1", 10, SP_OK, false, 0, 10},
    {"bytes=1-2,4-5", 10, SP_OK, false, 0, 10},
    {"bytes=a-b", 10, SP_OK, false, 0, 10},
    {"bytes=1 - 2", 10, SP_OK, false, 0, 10},
    {"items=0-1", 10, SP_OK, false, 0, 10},
    {"bytes=10-", 10, SP_ERR_NOT_SATISFIABLE, false, 0, 10},
    {"bytes=10-20", 10, SP_ERR_NOT_SATISFIABLE, false, 0, 10},
    {"bytes=-0", 10, SP_ERR_NOT_SATISFIABLE, false, 0, 10},
    {"bytes=0-", 0, SP_ERR_NOT_SATISFIABLE, false, 0, 0},
    {"bytes=-1", 0, SP_ERR_NOT_SATISFIABLE, false, 0, 0},
};

static void test_ranges(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_http_range range = {.from = 77};
        print_message("'%s'\n", cases[i].value);
        assert_int_equal(sp_http_range(sp_slice_of(cases[i].value), cases[i].size, &range),
                         cases[i].err);
        assert_int_equal(range.is_part, cases[i].is_part);
        assert_true(range.from == cases[i].from && range.len == cases[i].len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
