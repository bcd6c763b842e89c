#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "command/check_source.h"

#define TEN "aaaaaaaaaa"

static void test_the_mark_stands_beneath_what_is_meant(void **state)
{
    static const struct {
        const char *name;
        const char *code;
        struct sp_place place;
        const char *shown;
    } cases[] = {
        {"a name", "x = eval(y)\n", {1, 5, 1, 9}, "    x = eval(y)\n        ^~~~\n"},
        {"behind a tab", "if 1:\n\teval(y)\n", {2, 2, 2, 6}, "     eval(y)\n     ^~~~\n"},
        {"behind wide characters",
         "'\xe4\xb8\xad'; f()\n",
         {1, 6, 1, 7},
         "    '\xe4\xb8\xad'; f()\n          ^\n"},
        {"behind a combining mark",
         "'a\xcc\x81'; f()\n",
         {1, 7, 1, 8},
         "    'a\xcc\x81'; f()\n         ^\n"},
        {"behind the end", "x = (\n", {1, 6, 1, 6}, "    x = (\n         ^\n"},
        {"over several lines", "f('''\n''')\n", {1, 3, 2, 4}, "    f('''\n      ^~~\n"},
        {"control bytes", "x\x1b[31m\n", {1, 1, 1, 2}, "    x.[31m\n    ^\n"},
        {"an empty line", "\n\n", {2, 1, 2, 1}, ""},
        {"carriage returns", "a\rb\r\nc\n", {3, 1, 3, 2}, "    c\n    ^\n"},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf out;
        print_message("%s\n", cases[i].name);
        sp_buf_init(&out, 1024);
        assert_int_equal(
            check_put_source(&out, sp_slice_of(cases[i].code), &cases[i].place, "", ""), SP_OK);
        assert_int_equal(out.len, strlen(cases[i].shown));
        assert_true(sp_slice_is(sp_buf_slice(&out), cases[i].shown));
    }
}

static void test_long_lines_are_shown_around_the_mark(void **state)
{
    static const char far[] = "x = '" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "'; eval(y)\n";
    const struct sp_place place = {1, 109, 1, 113};
    SP_AUTO_BUF struct sp_buf out;
    (void)state;
    sp_buf_init(&out, 1024);
    assert_int_equal(check_put_source(&out, sp_slice_of(far), &place, "", ""), SP_OK);
    size_t end = sp_slice_find(sp_buf_slice(&out), 0, '\n');
    assert_in_range(end, 20, 80);
    assert_true(sp_slice_starts(sp_buf_slice(&out), "    ...aaa"));
    size_t eval = sp_slice_search(sp_buf_slice(&out), 0, SP_SLICE_LITERAL("eval"));
    size_t mark = sp_slice_find(sp_buf_slice(&out), 0, '^');
    assert_int_equal(mark - end - 1, eval);
    const struct sp_place near = {1, 1, 1, 2};
    sp_buf_clear(&out);
    assert_int_equal(check_put_source(&out, sp_slice_of(far), &near, "", ""), SP_OK);
    assert_true(sp_slice_search(sp_buf_slice(&out), 0, SP_SLICE_LITERAL("aaa...\n    ^")) <
                out.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_mark_stands_beneath_what_is_meant),
        cmocka_unit_test(test_long_lines_are_shown_around_the_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
