#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/npy.h"

#define ARRAY(text)                                                                                \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

static const struct {
    const char *name;
    struct sp_slice in;
    enum sp_err err;
    bool has_objects;
    size_t data;
} rows[] = {
    {"numbers", ARRAY("\x93NUMPY\1\0\x10\0{'descr': '<f8'}abc"), SP_OK, false, 3},
    {"objects", ARRAY("\x93NUMPY\1\0\x0F\0{'descr': '|O'}abc"), SP_OK, true, 3},
    {"objects of numpy 0", ARRAY("\x93NUMPY\1\0\x10\0{'descr': '|O8'}"), SP_OK, true, 0},
    {"objects among other columns", ARRAY("\x93NUMPY\2\0\x12\0\0\0[('a','<i4'),'O' ]"), SP_OK, true,
     0},
    {"a header beyond the end", ARRAY("\x93NUMPY\1\0\x11\0{'descr': '<f8'}"), SP_ERR_CORRUPT, false,
     0},
    {"a version of the future", ARRAY("\x93NUMPY\4\0\x10\0{'descr': '<f8'}"), SP_ERR_CORRUPT, false,
     0},
    {"an escape", ARRAY("\x93NUMPY\1\0\x13\0{'descr': '|\\x4f'}"), SP_ERR_CORRUPT, false, 0},
    {"a header of nothing", ARRAY("\x93NUMPY\1\0\2\0{}"), SP_ERR_CORRUPT, false, 0},
    {"something else", ARRAY("\x93NUMBER\1\0\2\0{}"), SP_ERR_CORRUPT, false, 0},
};

static void test_the_header_says_what_follows(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        struct sp_npy npy = {.has_objects = false};
        enum sp_err err = sp_npy_open(rows[i].in, &npy);
        if (err != rows[i].err || npy.has_objects != rows[i].has_objects) {
            print_error("%s: %s\n", rows[i].name, sp_err_text(err));
        }
        assert_int_equal(err, rows[i].err);
        assert_int_equal(npy.has_objects, rows[i].has_objects);
        assert_int_equal(npy.data.len, rows[i].data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_header_says_what_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
