#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "command/bar.h"

static void test_sizes_are_short(void **state)
{
    (void)state;
    const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {{0, "0 B"},
                 {1023, "1023 B"},
                 {1024, "1.0 KiB"},
                 {1536, "1.5 KiB"},
                 {1048575, "1023.9 KiB"},
                 {1048576, "1.0 MiB"},
                 {134217728, "128.0 MiB"},
                 {1099511627776U * 5000, "5000.0 TiB"}};
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf out;
        sp_buf_init(&out, 64);
        assert_int_equal(sp_bar_size(cases[i].bytes, &out), SP_OK);
        assert_true(sp_slice_is(sp_buf_slice(&out), cases[i].text));
    }
}

static void test_a_line_fits_its_terminal(void **state)
{
    (void)state;
    const struct {
        uint64_t done;
        uint64_t all;
        uint64_t spent_ms;
        unsigned columns;
        const char *line;
    } cases[] = {
        {524288, 1048576, 500, 79, "data.csv 512.0 KiB [##########..........]  50%"},
        {1048576, 1048576, 2000, 79, "data.csv 1.0 MiB [####################] 100% 512.0 KiB/s"},
        {512, 0, 100, 79, "data.csv 512 B"},
        {2000000, 1000000, 100, 79, "data.csv 1.9 MiB [####################] 100%"},
        {524288, 1048576, 2000, 40, "data.csv 512.0 KiB 256.0 KiB/s"},
        {524288, 1048576, 500, 10, "dat 512.0 "},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf out;
        sp_buf_init(&out, 256);
        assert_int_equal(sp_bar_line("data.csv", cases[i].done, cases[i].all, cases[i].spent_ms,
                                     cases[i].columns, &out),
                         SP_OK);
        assert_true(sp_slice_is(sp_buf_slice(&out), cases[i].line));
        assert_true(out.len <= cases[i].columns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_are_short),
        cmocka_unit_test(test_a_line_fits_its_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
